"""A question and the turns before it in; what to search for out, made to stand alone by rule.

An ellipsis ("and in 2023?", "那违约金呢？") takes the last question with one constituent exchanged, as in Dalrymple, Shieber and
Pereira's (1991) account of ellipsis by substitution; a pronoun gets the names or the topic of the last turn. Where rules cannot
tell what is exchanged for what, each reading is searched for.
"""

from __future__ import annotations

from collections.abc import Sequence

from assistant.answer.talk import by_chinese, by_english
from assistant.answer.talk.nouns import Rewriting
from assistant.datatypes import Turn
from assistant.text.languages import language


def topical(turns: Sequence[Turn]) -> list[Turn]:
    """Return the turns that are about something: those about the conversation itself have no topic to go on with."""
    return [turn for turn in turns if not any(cited.kind == "turn" for cited in turn.citations)]


def rewrite(question: str, turns: Sequence[Turn]) -> Rewriting:
    """Return what to search for, by rule; the question itself where it stands alone."""
    asked = " ".join(question.split())
    about_files = topical(turns)
    if not about_files:
        return Rewriting((asked,))
    last = about_files[-1]
    if language(asked) == "zh":
        return by_chinese.rewritten(asked, last)
    return by_english.rewritten(asked, last)
