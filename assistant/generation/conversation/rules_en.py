"""Rewrite English follow-up questions by rule."""

from __future__ import annotations

import re
from itertools import dropwhile, takewhile

from assistant.datatypes import CITED, Turn
from assistant.generation.conversation.entities import FollowUpKind, Rewriting, entities, replace_span, substitute_entities
from assistant.generation.conversation.persons import persons_among

FEW, SHORT = 2, 4  # content words
MOST_NAMES = 2
CONNECTIVE = re.compile(
    r"^(?:(?:ok(?:ay)?|yes|right|thanks|thank you|hm+|well)[,.!]?\s+)*"
    r"(?:(?:and|or|but|so|then|also)\b[,]?\s*)*(?:(?:what|how) about\b\s*|(?:the )?same (?:question )?for\b\s*)?", re.IGNORECASE
)
WITHIN = re.compile(r"\b(?:who|whom|whose|what|which|where|why|how|is|are|was|were|may|can|could|must|should|does|did)\b",
re.IGNORECASE)
ASKS = re.compile(
    r"^(?:in |for |from |to |by |with |on |at |since |until |under |of )?"
    r"(?:who|whom|whose|what|which|when|where|why|how|is|are|was|were|do|does|did|can|could|may|must|should|shall|will|would|has"
    r"|have|had|name|list|tell|give|show|explain|describe|say|find|translate|compare)\b", re.IGNORECASE,
)
PREPOSITION = re.compile(r"^(?:in|for|from|to|by|with|on|at|since|until|under|of|after|before|during|without|about|between)\b",
                         re.IGNORECASE)
PRONOUN = re.compile(
    r"\b(?:it|its|they|them|their|theirs|he|she|him|his|her|hers)\b"
    r"|\b(?:this|these|those)\b(?=\s*(?:$|[?.,!]|(?:is|are|was|were|do|does|did|has|have|can|will|may|must|one|ones)\b))"
    r"|\bthat\b(?=\s*(?:$|[?.,!]))|^(?:is|was|does|did|will|can|has|must) that\b"
    r"|\b(?:the same|the other|the latter|the former|the (?:first|second|last|third) one)\b|\bboth\b(?=\s*(?:$|\?))"
    r"|\bthere\b(?=\s*(?:$|\?))", re.IGNORECASE,
)
DUMMY = re.compile(r"\bit (?:is|was|has been|can be|may be)?(?: ?\w+){1,3} (?:that|to|for)\b|\b(?:is"
                   r"|was) it (?:\w+ )?(?:possible|allowed"
                   r"|permitted|necessary|required|true|forbidden|mandatory|legal|safe)\b|\b(?:does|will|did) it (?:take"
                   r"|cost) to\b"
                   r"|\bwhat time is it\b", re.IGNORECASE)
PERSONAL = re.compile(r"\b(?:he|she|him|his|her|hers)\b", re.IGNORECASE)
POSSESSIVES = {"its", "their", "theirs"}
DEFINES = re.compile(r"^(?:what|who) (?:is|are|was|were)(?! the\b)|^what does \S+ mean|^define\b", re.IGNORECASE)
CONTINUATION = re.compile(
    r"^(?:but |and |so )*(?:why(?: not| is that| so)?|how so|how come|since when|until when|how much|how many|how long|how often|"
    r"when|where|who|which(?: one| ones)?|what else|anything else|what then|and then|by whom|for whom|go on|"
    r"(?:tell me |say )?more(?: details?| about (?:it|that|this))?|explain(?: that| it| this)?(?: please)?|are you sure|really"
    r"|says who|"
    r"where does it say (?:that|so)|what does that mean)[\s?.!]*$", re.IGNORECASE,
)
INITIAL = r"(?:Dr|Mr|Mrs|Ms|Prof|[A-Z])\.\s+(?=[A-Z])(?!(?:The|It|He|She|They|This|That|In|On|For|And|But|A|An)\b)"
NAME = re.compile(rf"(?<![A-Za-z])(?:{INITIAL})*(?:[a-z]?[A-Z][\w'’&-]*|[A-Z]\.)"
                  rf"(?:\s+(?:(?:of|the|and|de|van|von)\s+)?(?:{INITIAL})*(?:[A-Z][\w'’&-]*|\d+[A-Z]\b|\d{{1,3}}(?![\w.,:/-]*\d|\w)))*")
CORRECTION = re.compile(
    r"^(?:(?:no|nope|nah|sorry|wait|oops|actually|well)\b[,.!;:\s—–-]*)*"
    r"(?:(?:(?<=\W)|^)(?:i (?:meant?|(?:was|am) asking(?: about)?|was talking about|wanted)"
    r"|i['’]m asking(?: about)?|make that|rather|instead|i said)\s+(?:to (?:say|ask(?: about)?)\s+)?)?(?P<right>.+)$",
    re.IGNORECASE)
CORRECTS = re.compile(r"^(?:no|nope|nah|sorry|wait|oops|actually)\b[,.!;:—–-]|^i (?:meant?|was (?:asking|talking) about)\b"
                      r"|^(?:rather|make that)\b|^not\s[^,;?]+[,;]\s*(?:but\s+)?\w", re.IGNORECASE)
NOT_THAT = re.compile(r"[,;]?\s+(?:and )?not\s+[^,;]+$|^not\s+[^,;]+[,;]\s*(?:but\s+)?", re.IGNORECASE)
AGREES = re.compile(r"^(?:(?:yes|yeah|yep|sure|ok(?:ay)?|please|please do|go ahead|do (?:it|that)|of course|correct|exactly|right"
                    r"|that(?:['’]s| is) (?:right|it|what i mean(?:t)?)|i do)[\s,.!]*)+$", re.IGNORECASE)
OFFER = re.compile(r"(?:would you like(?: me)?|do you want(?: me)?|shall i|should i|may i|can i)(?: to)?"
                   r"(?: (?:know|see|hear|tell you|show you|look up|list|find|say|give you))?(?: about)? "
                   r"(?P<about>[^.?!]+)\?\s*$",
                   re.IGNORECASE)
DETERMINER = re.compile(r"^(?:the|an?|my|our|your)\s+", re.IGNORECASE)
DETERMINED = re.compile(r"\b(?:the|an?|my|our|your|each|every|any)\s+((?:[\w'’&/-]+\s*){1,4})", re.IGNORECASE)
WORD = re.compile(r"[^\W_][\w'’./&-]*[^\W_]|[^\W_]")
BREAKS = frozenset(
    "of in on at to for from by with under after before during without about between since until into than and or but if when "
    "while is are was were be been do does did has have had can could may must should shall will would who whom whose what "
    "which where why how that this these those it its they them their he she his her not there as per each every any all".split()
)
FUNCTION_WORDS = BREAKS | frozenset(
    "a an the my our your me i you we us many much long often far old big high large name list tell give show explain describe "
    "say find please same other one ones also then so kind sort again exactly actually mean means whole ever".split()
)
SUPPORTED = re.compile(r"\b(?:do|does|did|can|could|may|must|should|shall|will|would)\s+"
                       r"(?:the|an?|my|our|your|each|every|any)\s+$", re.IGNORECASE)
AUXILIARY = re.compile(r"(?:\w+ ){0,3}(?:do|does|did|can|could|may|must|should|shall|will|would)\b", re.IGNORECASE)
POSSESSIVE = re.compile(r"['’]s?$")


def rewrite_en(question: str, last: Turn) -> Rewriting:
    """Return the search queries for a question, given the last turn."""
    before = last.standalone
    core, opened = strip_connective(question)
    core = core.rstrip(" ?.!") or question
    if AGREES.match(question):
        return agree(last)
    if CORRECTS.match(question) and (meant := correction(question)) not in {"", question.strip(" ?.!")}:
        return meant_instead(meant, last)
    if CONTINUATION.match(question) or (core.lower().startswith("why ") and len(content_words(core)) < FEW):
        return Rewriting((f"{before.rstrip(' ?')}? {question}",), FollowUpKind.CONTINUATION)
    if not ASKS.match(core) and is_fragment(core, opened):
        return ellipsis(core, before)
    if has_unresolved_pronoun(question):
        return resolve_pronoun(question, last)
    own = content_words(core)
    if (proper_names(f"… {core}") or entities(core)) and not opened:
        return Rewriting((question,))
    if DEFINES.match(core) and not opened and own:
        return Rewriting((question,))
    if len(own) < FEW or (len(own) == FEW and re.search(r"\bthe\b", core)):
        return Rewriting((f"{question} ({topic(last)})", question), FollowUpKind.ELLIPSIS, confident=False)
    if opened and len(own) <= SHORT:
        return Rewriting((f"{core}? ({topic(last)})", f"{core}?"), FollowUpKind.ELLIPSIS, confident=False)
    return Rewriting((question,))


def agree(last: Turn) -> Rewriting:
    """Return the query for "yes": what the last answer offers, or else the last question again."""
    offer = OFFER.search(CITED.sub("", last.answer))
    return Rewriting((offer["about"].strip() if offer else last.standalone,), FollowUpKind.CONTINUATION)


def correction(question: str) -> str:
    """Return what is meant instead: "the Lumen 3" of "No, I meant the Lumen 3, not the 5."; an empty string if nothing is."""
    found = CORRECTION.match(question)
    return NOT_THAT.sub("", found["right"].strip(" ?.!")).strip() if found else ""


def meant_instead(meant: str, last: Turn) -> Rewriting:
    """Return the last question with what is meant instead; a whole question is rewritten like any other."""
    if ASKS.match(meant) or WITHIN.search(meant):
        return rewrite_en(f"{meant[:1].upper()}{meant[1:]}?", last)
    return ellipsis(meant, last.standalone)


def is_fragment(core: str, opened: bool) -> bool:
    """Return whether the words are a question fragment; without a leading "and", only a very short one is."""
    if WITHIN.search(core):
        return False
    own = len(content_words(core))
    begins = bool(PREPOSITION.match(core) or re.match(r"(?:the|an?|my|our|your)\b", core, re.IGNORECASE))
    return own <= SHORT * 2 if opened else own <= (SHORT if begins else FEW)


def ellipsis(fragment: str, before: str) -> Rewriting:
    """Return the last question with the fragment substituted; up to two readings if it is ambiguous."""
    exchange, rest = substitute_entities(before, fragment)
    if exchange != before and not ends_a_new_name(fragment, before):
        known = {word.lower() for word in content_words(before)}
        more = [word for word in content_words(rest) if word.lower() not in known]
        return Rewriting((" ".join([exchange, *more]),), FollowUpKind.ELLIPSIS, confident=not more)
    readings = list(dict.fromkeys(substitute(fragment, before)))
    added = f"{before.rstrip(' ?')} {fragment}?"
    named = entities(fragment) or proper_names(f"… {fragment}")
    alone = [] if named else [DETERMINER.sub("", PREPOSITION.sub("", fragment).strip())]
    return Rewriting((*(readings[:2] or [added]), *alone), FollowUpKind.ELLIPSIS, confident=len(readings) == 1)


def ends_a_new_name(fragment: str, before: str) -> bool:
    """Return whether a number of the fragment belongs to a word before it that the last question lacks: "the Terra 2"."""
    known = before.casefold()
    return any(word.casefold() not in known and word.lower() not in FUNCTION_WORDS
               for word in re.findall(r"([^\W\d_][\w'’&-]*) \d{1,4}\b(?![\w.,:/-]*\d)", fragment))


def substitute(fragment: str, before: str) -> list[str]:
    """Return the last question with the fragment in place of each possible constituent, the likeliest first."""
    if preposition := PREPOSITION.match(fragment):
        span = prepositional_phrase(before, preposition.group())
        if span:
            return [replace_span(fragment, before, span)]
        bare_part = fragment[preposition.end():].strip()
        return [f"{before.rstrip(' ?')} {fragment}?", *replace_name(bare_part, before)]
    spans = noun_phrases(before)
    bare_part = DETERMINER.sub("", fragment)
    named = replace_name(fragment, before)
    if named:
        return named
    # which end in the same word: "the 2024 agreement", "the 2023 agreement"
    alike = [span for span in spans if last_word(bare_part) and last_word(bare_part) == last_word(before[slice(*span)])]
    chosen = alike[-1:] or (spans[:1] + spans[-1:])
    return [replace_span(bare_part, before, span) for span in chosen]


def last_word(phrase: str) -> str:
    """Return the last word in lower case; an empty string if there is none."""
    return "".join(words(phrase)[-1:]).lower()


def replace_name(fragment: str, before: str) -> list[str]:
    """Return the last question with the fragment in place of each of its names; an empty list if the fragment is no name."""
    given = proper_names(f"… {fragment}")
    if not given or given[0] not in fragment or len(given[0]) < len(fragment) - 4:
        return []
    dated = " ".join(thing.text for thing in entities(before))
    return [before.replace(name, given[0]) for name in reversed(proper_names(before)) if name not in dated]


def resolve_pronoun(question: str, last: Turn) -> Rewriting:
    """Return the question with its pronoun replaced by a name, or with the topic appended."""
    named, said = proper_names(last.standalone), CITED.sub("", last.answer)
    answered = [name for name in map(without_possessive, proper_names(f"… {said}")) if not is_known(name, last)]
    asks_name = re.match(r"who|which|whom|what(?:'s| is) the name|name", last.question, re.IGNORECASE)
    if not answered and asks_name and not last.abstained:
        answered = roles_told(said, last)
    about = " ".join(dict.fromkeys([*(answered[:MOST_NAMES] if asks_name and not last.abstained else []), topic(last)]))
    personal = PERSONAL.search(question)
    told = [] if last.abstained else persons_among(answered, said)
    person = told if asks_name and answered else persons_among(named, last.standalone) or told
    if personal and len(person) == 1:
        rest = question[personal.end():]
        owned = "'s" if re.match(r"his|hers|her\b(?=\s+[a-z])", personal.group() + rest, re.IGNORECASE) else ""
        return Rewriting((question[: personal.start()] + person[0] + owned + rest,), FollowUpKind.PRONOUN)
    return Rewriting((f"{question} ({about})",), FollowUpKind.PRONOUN, confident=bool(about) and not personal)


def is_known(name: str, last: Turn) -> bool:
    """Return whether the last question has all words of a name: "Signed by ..." after "Who signed it?" names nobody."""
    asked = {word.lower() for word in words(last.standalone)}
    return all(word.lower() in asked for word in words(name))


def without_possessive(name: str) -> str:
    """Return a name without its possessive ending."""
    return POSSESSIVE.sub("", name) if re.search(r"['’]s$", name) else name


def roles_told(said: str, last: Turn) -> list[str]:
    """Return who an answer without a name says it was: all of a very short one, else the phrases that are new: "the director"."""
    given = said.strip(" .")
    if len(given.split()) <= FEW:
        return [given] if given else []
    return [f"the {given[slice(*span)]}" for span in noun_phrases(given) if not is_known(given[slice(*span)], last)]


def topic(last: Turn) -> str:
    """Return the content words of the last question, with the title of its source if they are few."""
    own = list(dict.fromkeys(content_words(last.standalone)))
    titled = [last.citations[0].title] if last.citations and len(own) < FEW else []
    return " ".join([*own, *titled])


def words(text: str) -> list[str]:
    """Return the words of a text."""
    return WORD.findall(text)


def content_words(text: str) -> list[str]:
    """Return the words of a text except function words."""
    return [word for word in words(text) if POSSESSIVE.sub("", word.lower()) not in FUNCTION_WORDS]


def strip_connective(question: str) -> tuple[str, bool]:
    """Return the question without a leading "and", "what about" and the like, and whether there was one."""
    opening = CONNECTIVE.match(question)
    rest = question[opening.end():] if opening else question
    return rest.strip(), len(rest) < len(question)


def proper_names(text: str) -> list[str]:
    """Return the proper names in a text; a single capitalized word at the beginning of a sentence does not count."""
    found = []
    for match in NAME.finditer(text):
        # function words are capitalized only at the beginning of a sentence
        name = " ".join(dropwhile(lambda word: word.lower() in FUNCTION_WORDS, match.group().split()))
        starts = match.start() == 0 or re.search(r"[.!?:\n]\s*$", text[: match.start()])
        if name and not (starts and name == match.group() and " " not in name):
            found.append(name)
    return found


def noun_phrases(question: str) -> list[tuple[int, int]]:
    """Return the spans of the phrases after a determiner ("the", "a", "my", ...)."""
    found = []
    for match in DETERMINED.finditer(question):
        inside = list(takewhile(lambda word: word.group().lower() not in BREAKS, WORD.finditer(question, *match.span(1))))
        if not inside:
            continue
        start, end = match.start(1), inside[-1].end()
        if SUPPORTED.search(question[:start]) and " " in question[start:end]:  # the question's verb: "did the movers cost ...?"
            end = question.rindex(" ", start, end)
        found.append((start, end))
    return found


def prepositional_phrase(question: str, preposition: str) -> tuple[int, int] | None:
    """Return the span of the last phrase with this preposition; None if there is none."""
    found = list(re.finditer(rf"\b{preposition}\b", question, re.IGNORECASE))
    if not found:
        return None
    start = found[-1].start()
    after = question[found[-1].end():]
    stop = re.search(r"\s(?:in|on|at|to|for|from|by|with|under|after|before|during|and|or|if|when)\s|[?,.;!]|$", after)
    end = found[-1].end() + (stop.start() if stop else len(after))
    inside = question[found[-1].end():end].strip()
    if AUXILIARY.match(question) and " " in inside and inside.rpartition(" ")[2].islower() and not question[end:].strip(" ?.!"):
        end = question.rindex(" ", 0, end)  # exclude the question's verb: "does the concert in Haarlem begin?"
    return start, end


def has_unresolved_pronoun(question: str) -> bool:
    """Return whether a pronoun of the question refers to something outside it."""
    meant = DUMMY.sub("", question)
    match = PRONOUN.search(meant)
    if not match:
        return False
    before = meant[: match.start()]
    most = 0 if PERSONAL.match(match.group()) else 2 if match.group().lower() in POSSESSIVES else 3
    return not (proper_names(f"… {before}") or re.search(r"\d", before) or (most and len(content_words(before)) >= most))
