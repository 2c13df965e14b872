"""The sentences of an answer and its passages in; a citation for each number used out, with its quote and where that stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from assistant.answer.sentences import spans, support, tokens
from assistant.datatypes import Citation, Hit, Location, Sentence

LINE_END = re.compile(r"\r\n|\r|\n")


def citations(sentences: Sequence[Sentence], passages: Sequence[Hit], question: str) -> tuple[Citation, ...]:
    """Return a citation for each number used, by number, with the passage's sentence that says it best."""
    used = sorted({number for sentence in sentences for number in sentence.numbers})
    return tuple(
        cite(number, passages[number - 1], " ".join(s.text for s in sentences if number in s.numbers), question)
        for number in used
    )


def cite(number: int, hit: Hit, claim: str, question: str) -> Citation:
    """Return the citation of one passage for a claim: the sentence with most of its words, and where that stands."""
    text = hit.chunk.text
    wanted, asked = tokens(claim), tokens(question)
    start, end = max(
        spans(text),
        key=lambda span: (support(wanted, text[slice(*span)]) + 0.3 * support(asked, text[slice(*span)]), -span[0]),
        default=(0, len(text)),
    )
    return Citation(number, hit.path, hit.title, narrowed(hit.chunk.location, text, start, end), text[start:end], hit.kind)


def narrowed(location: Location, text: str, start: int, end: int) -> Location:
    """Return the location of text[start:end] within the passage at `location`."""
    first = location.line_start + len(LINE_END.findall(text[:start]))
    return replace(location, line_start=first, line_end=first + len(LINE_END.findall(text[start:end])),
                   char_start=location.char_start + start, char_end=location.char_start + end)
