"""An English follow-up question and the turn before it in; what to search for out."""

from __future__ import annotations

import re

from assistant.answer.talk import english
from assistant.answer.talk.kinds import exchanged, things
from assistant.answer.talk.nouns import Leaning, Rewriting
from assistant.datatypes import CITED, Turn

FEW, SHORT = 2, 4  # words with a meaning of their own
MOST_NAMES = 2


def rewritten(question: str, last: Turn) -> Rewriting:
    """Return what to search for."""
    before = last.standalone
    core, opened = english.stripped(question)
    core = core.rstrip(" ?.!") or question
    if english.BARE.match(question) or (core.lower().startswith("why ") and len(english.content(core)) < FEW):
        return bare(question, last)
    if not english.ASKS.match(core) and is_fragment(core, opened):
        return ellipsis(core, before)
    if english.refers(question):
        return with_referent(question, last)
    own = english.content(core)
    if (english.names(f"… {core}") or things(core)) and not opened:
        return Rewriting((question,))
    if english.DEFINES.match(core) and not opened and own:
        return Rewriting((question,))
    if len(own) < FEW or (len(own) == FEW and re.search(r"\bthe\b", core)):
        return Rewriting((f"{question} ({topic(last)})", question), Leaning.ELLIPSIS, sure=False)
    if opened and len(own) <= SHORT:
        return Rewriting((f"{core}? ({topic(last)})", f"{core}?"), Leaning.ELLIPSIS, sure=False)
    return Rewriting((question,))


def is_fragment(core: str, opened: bool) -> bool:
    """Return whether the words are a part of a question; without "and" before it only a very short one is."""
    if english.WITHIN.search(core):
        return False
    own = len(english.content(core))
    begins = bool(english.PREPOSITION.match(core) or re.match(r"(?:the|an?|my|our|your)\b", core, re.IGNORECASE))
    return own <= SHORT * 2 if opened else own <= (SHORT if begins else FEW)


def bare(question: str, last: Turn) -> Rewriting:
    """Return the last question with the word that asks for more of it."""
    before = last.standalone
    return Rewriting((f"{before.rstrip(' ?')}? {question}",), Leaning.BARE)


def ellipsis(fragment: str, before: str) -> Rewriting:
    """Return the last question with the fragment in its place there; each reading where there are several."""
    exchange, rest = exchanged(before, fragment)
    if exchange != before:
        known = {word.lower() for word in english.content(before)}
        more = [word for word in english.content(rest) if word.lower() not in known]
        return Rewriting((" ".join([exchange, *more]),), Leaning.ELLIPSIS, sure=not more)
    readings = list(dict.fromkeys(placed(fragment, before)))
    alone = f"{before.rstrip(' ?')} {fragment}?"
    return Rewriting(tuple(readings[:2]) or (alone,), Leaning.ELLIPSIS, sure=len(readings) == 1)


def placed(fragment: str, before: str) -> list[str]:
    """Return the last question with the fragment in place of each part that it may stand for, the likeliest first."""
    if preposition := english.PREPOSITION.match(fragment):
        span = english.prepositional(before, preposition.group())
        if span:
            return [put(fragment, before, span)]
        bare_part = fragment[preposition.end():].strip()
        return [f"{before.rstrip(' ?')} {fragment}?", *put_name(bare_part, before)]
    spans = english.noun_phrases(before)
    bare_part = re.sub(r"^(?:the|an?|my|our|your)\s+", "", fragment, flags=re.IGNORECASE)
    named = put_name(fragment, before)
    if named:
        return named
    alike = [span for span in spans if share_end(bare_part, before[slice(*span)])]
    chosen = alike[-1:] or (spans[:1] + spans[-1:])
    return [put(bare_part, before, span) for span in chosen]


def share_end(first: str, second: str) -> bool:
    """Return whether two phrases end in the same word: "the 2024 agreement", "the 2023 agreement"."""
    one, other = english.words(first), english.words(second)
    return bool(one and other) and one[-1].lower() == other[-1].lower()


def put_name(fragment: str, before: str) -> list[str]:
    """Return the last question with a proper name in place of each of its own; nothing unless the fragment is a name."""
    given = english.names(f"… {fragment}")
    if not given or given[0] not in fragment or len(given[0]) < len(fragment) - 4:
        return []
    dated = " ".join(thing.text for thing in things(before))
    return [before.replace(name, given[0]) for name in reversed(english.names(before)) if name not in dated]


def put(fragment: str, before: str, span: tuple[int, int]) -> str:
    """Return the text with the fragment in place of the span."""
    return before[: span[0]] + fragment + before[span[1]:]


def with_referent(question: str, last: Turn) -> Rewriting:
    """Return the question with what its pronoun stands for: a name that can take its place, or the topic beside it."""
    named = english.names(last.standalone)
    answered = [name for name in english.names(f"… {CITED.sub('', last.answer)}") if name not in named]
    asks_name = re.match(r"who|which|whom|what(?:'s| is) the name|name", last.question, re.IGNORECASE)
    given = CITED.sub("", last.answer).strip(" .")
    if not answered and len(given.split()) <= FEW and asks_name and not last.abstained:
        answered = [given]
    about = " ".join(dict.fromkeys([*(answered[:MOST_NAMES] if asks_name and not last.abstained else []), topic(last)]))
    personal = english.PERSONAL.search(question)
    person = answered if asks_name and answered else named
    if personal and len(person) == 1:
        rest = question[personal.end():]
        owned = "'s" if re.match(r"his|hers|her\b(?=\s+[a-z])", personal.group() + rest, re.IGNORECASE) else ""
        return Rewriting((question[: personal.start()] + person[0] + owned + rest,), Leaning.PRONOUN)
    return Rewriting((f"{question} ({about})",), Leaning.PRONOUN, sure=bool(about) and not personal)


def topic(last: Turn) -> str:
    """Return the words that say what the last turn was about; with the title of its source where they are few."""
    own = list(dict.fromkeys(english.content(last.standalone)))
    titled = [last.citations[0].title] if last.citations and len(own) < FEW else []
    return " ".join([*own, *titled])
