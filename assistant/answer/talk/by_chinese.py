"""A Chinese follow-up question and the turn before it in; what to search for out."""

from __future__ import annotations

from assistant.answer.talk import chinese
from assistant.answer.talk.kinds import exchanged, things
from assistant.answer.talk.nouns import Leaning, Rewriting
from assistant.datatypes import CITED, Turn

FEW, SHORT = 4, 12  # characters with a meaning of their own
END = "？?。！! "


def rewritten(question: str, last: Turn) -> Rewriting:
    """Return what to search for."""
    before = last.standalone
    core, opened = chinese.stripped(question)
    core = core.strip(END)
    own = chinese.content(core)
    if chinese.BARE.match(question) or (core.startswith(("为什么", "为何")) and len(own) <= FEW):
        return Rewriting((f"{before.rstrip(END)}？{question}",), Leaning.BARE)
    if not chinese.ASKS.search(core) and len(chinese.content(core)) <= SHORT and not is_pronoun(core):
        return ellipsis(core, before) if opened or len(core) <= FEW else Rewriting((question,))
    if chinese.refers(question):
        return with_referent(question, last)
    if (things(core) and len(own) > FEW) or chinese.DEFINING.search(core) or "《" in core:
        return Rewriting((question,))
    if len(own) <= FEW or (opened and len(own) <= SHORT):
        return Rewriting((f"{topic(last)} {core}", core), Leaning.ELLIPSIS, sure=False)
    return Rewriting((question,))


def is_pronoun(core: str) -> bool:
    """Return whether the words are nothing but a pronoun."""
    return bool(chinese.PRONOUN.fullmatch(core))


def ellipsis(fragment: str, before: str) -> Rewriting:
    """Return the last question with the fragment in its place there; each reading where there are several."""
    exchange, rest = exchanged(before, fragment)
    if exchange != before:
        more = chinese.content(rest)
        sure = not more or more in before
        return Rewriting((exchange if sure else f"{exchange} {more}",), Leaning.ELLIPSIS, sure=sure)
    readings = list(dict.fromkeys(placed(fragment, before)))
    alone = f"{before.rstrip(END)} {fragment}"
    return Rewriting(tuple(readings[:2]) or (alone,), Leaning.ELLIPSIS, sure=len(readings) == 1)


def placed(fragment: str, before: str) -> list[str]:
    """Return the last question with the fragment in place of each part that it may stand for, the likeliest first."""
    spans = chinese.segments(before)
    alike = {span: chinese.likeness(fragment, before[slice(*span)]) for span in spans}
    nearest = max(alike.values(), default=0)
    if nearest:
        chosen = [span for span in spans if alike[span] == nearest]
        return [put(fragment, before, chosen[-1])]
    asked = chinese.ASKED.search(before)
    focus = [span for span in spans if asked is None or span[1] <= asked.start()]
    return [*(put(fragment, before, span) for span in focus[-1:]), f"{before.rstrip(END)} {fragment}"]


def put(fragment: str, before: str, span: tuple[int, int]) -> str:
    """Return the text with the fragment in place of the span."""
    return before[: span[0]] + fragment + before[span[1]:]


def with_referent(question: str, last: Turn) -> Rewriting:
    """Return the question with what its pronoun stands for in its place."""
    match = chinese.PRONOUN.search(question)
    assert match is not None
    about, sure = referent(question[match.end():], bool(chinese.PERSONAL.match(match.group())), last)
    return Rewriting((question[: match.start()] + about + question[match.end():],), Leaning.PRONOUN, sure)


def referent(after: str, personal: bool, last: Turn) -> tuple[str, bool]:
    """Return what a pronoun stands for, and whether that is sure: `after` is what follows it ("合同" of "该合同")."""
    before = last.standalone
    parts = [before[slice(*span)] for span in chinese.segments(before)]
    if personal:
        if "谁" in before or "哪位" in before or "叫什么" in before:
            name = chinese.person_in(CITED.sub("", last.answer), before)
            return (name, True) if name else (f"{topic(last)} ", False)
        return (parts[0], True) if parts else (topic(last), False)
    # "这份合同" is the last thing that ends in the same word
    headed = [part for part in parts if len(part) > 2 and part[-2:] == after[:2]]
    return (headed[-1][:-2], True) if headed else (f"{topic(last)} ", False)


def topic(last: Turn) -> str:
    """Return the words that say what the last turn was about; with the title of its source where they are few."""
    before = last.standalone
    parts = [before[slice(*span)] for span in chinese.segments(before)]
    titled = [last.citations[0].title] if last.citations and sum(map(len, parts)) < FEW else []
    given = CITED.sub("", last.answer).rstrip("。. ")
    named = [given] if chinese.CHOICE.search(before) and len(given) <= SHORT and not last.abstained else []
    return " ".join([*titled, *dict.fromkeys([*named, *parts])])
