"""Citation numbers: what a model writes, checked and completed while it streams; and the quote behind each number.

The model's own markers move to the end of their sentence. A number that names no passage is dropped; one whose passage
does not hold the sentence's words gives way to the passage that does; a sentence without any gets that passage's number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.answer.sentences import CLOSERS, END, is_end, spans, support, tokens
from assistant.datatypes import Citation, Hit, Location

MARKER = re.compile(r"\s*[\[【［]\s*(?:passage |passages )?(\d{1,3}(?:\s*[,，、;]\s*\d{1,3})*)\s*[\]】］]", re.IGNORECASE)
OPENING = re.compile(r"\s*(?:[\[【［][^\]】］]{0,24})?$")  # a marker may be on its way
SUPPORTED = 0.5
WEAK = 0.3


@dataclass(frozen=True, slots=True)
class Sentence:
    """A finished sentence of an answer and the numbers of the passages that it stands on."""

    text: str
    numbers: tuple[int, ...]


class CitingStream:
    """Takes a reply piece by piece and gives it back with checked numbers, holding back no more than it must."""

    def __init__(self, passages: Sequence[Hit]) -> None:
        self._sources = [hit.chunk.searchable for hit in passages]
        self._pending = ""
        self._sentence = ""
        self._numbers: list[int] = []
        self.sentences: list[Sentence] = []

    def feed(self, piece: str) -> Iterator[str]:
        """Take a piece; yield what can be shown."""
        self._pending += piece
        yield from self._advance(final=False)

    def finish(self) -> Iterator[str]:
        """Yield the rest."""
        yield from self._advance(final=True)
        yield from self._close("")

    def _advance(self, *, final: bool) -> Iterator[str]:
        while self._pending:
            marker, end = MARKER.search(self._pending), self._next_end()
            if marker and (end is None or marker.start() <= end.start()):
                yield from self._show(self._pending[: marker.start()])
                self._numbers += [int(number) for number in re.findall(r"\d+", marker.group(1))]
                self._pending = self._pending[marker.end():]
            elif end is not None:
                after = self._pending[end.end():]
                follower = MARKER.match(after)
                if not final and follower is None and OPENING.match(after):
                    # a marker behind the full stop still belongs to the sentence: wait until it is clear
                    yield from self._show(self._pending[: end.start()])
                    self._pending = self._pending[end.start():]
                    return
                yield from self._end_sentence(end, follower)
            else:
                held = 0 if final else len(self._tail())
                yield from self._show(self._pending[: len(self._pending) - held])
                self._pending = self._pending[len(self._pending) - held:]
                return

    def _next_end(self) -> re.Match[str] | None:
        said = self._sentence + self._pending
        for match in END.finditer(self._pending):
            shift = len(self._sentence)
            if is_end(said, match.start() + shift, match.end() + shift):
                return match
        return None

    def _tail(self) -> str:
        """Return the end of what is pending that may turn out to be part of a marker or of a sentence's end."""
        match = re.search(rf"[.!?][{re.escape(CLOSERS)}]*$|\s*[\[【［][^\]】］]{{0,24}}$|\s+$", self._pending)
        return match.group() if match else ""

    def _end_sentence(self, end: re.Match[str], follower: re.Match[str] | None) -> Iterator[str]:
        yield from self._show(self._pending[: end.start()])
        if follower:
            self._numbers += [int(number) for number in re.findall(r"\d+", follower.group(1))]
        self._pending = self._pending[end.end() + (follower.end() if follower else 0):]
        yield from self._close(end.group())

    def _show(self, text: str) -> Iterator[str]:
        if text:
            self._sentence += text
            yield text

    def _close(self, terminator: str) -> Iterator[str]:
        """End the sentence: its numbers, then its full stop."""
        body = self._sentence.strip()
        numbers = choose(body, self._numbers, self._sources) if body else ()
        marks = "".join(f"[{number}]" for number in numbers)
        if marks:
            yield f" {marks}"
        if terminator:
            yield terminator
        if body:
            self.sentences.append(Sentence(body + terminator.strip(), numbers))
        self._sentence, self._numbers = "", []


def choose(sentence: str, written: Sequence[int], sources: Sequence[str]) -> tuple[int, ...]:
    """Return the numbers that a sentence gets: the written ones that exist and hold, or the one that supports it best."""
    claim = tokens(sentence)
    existing = list(dict.fromkeys(number for number in written if 1 <= number <= len(sources)))
    scores = {number: support(claim, source) for number, source in enumerate(sources, 1)}
    best = max(scores, key=lambda number: (scores[number], -number), default=0)
    if not best or len(claim) < 1:
        return ()
    holding = [number for number in existing if scores[number] >= WEAK or scores[best] < SUPPORTED]
    if holding:
        return tuple(holding)
    return (best,) if scores[best] >= SUPPORTED else ()


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
    return Citation(number, hit.path, hit.title, narrowed(hit.chunk.location, text, start, end), text[start:end])


def narrowed(location: Location, text: str, start: int, end: int) -> Location:
    """Return the location of text[start:end] within the passage at `location`."""
    first = location.line_start + text.count("\n", 0, start)
    return replace(location, line_start=first, line_end=first + text.count("\n", start, end),
                   char_start=location.char_start + start, char_end=location.char_start + end)
