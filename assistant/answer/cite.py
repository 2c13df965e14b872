"""Citation numbers: what a model writes, checked and completed while it streams; and the quote behind each number.

The model's own markers move to the end of their sentence. A number that names no passage is dropped; one whose passage
does not hold the sentence's words gives way to the passage that does; a sentence without any gets that passage's number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.answer.prompt import NOT_STATED
from assistant.answer.sentences import CLOSERS, END, LONGEST_ABBREVIATION, is_cjk, is_end, numbers_stand, spans, support, tokens
from assistant.datatypes import Citation, Hit, Location

# white space before it, or at least no letter or digit: x[1] is somebody's code
MARKER = re.compile(
    r"(?:\s{1,4}|(?<![A-Za-z0-9_]))[\[【［]\s*(?:passages? )?(\d{1,3}(?:\s*[,，、;]\s*\d{1,3})*)\s*[\]】］]", re.IGNORECASE
)
OPENING = re.compile(r"\s*(?:[\[【［][^\]】］]{0,24})?$")  # a marker may be on its way
SENTINEL = re.compile(rf"[\s,;(]{{0,4}}\b{NOT_STATED}\b\)?")
LINE_END = re.compile(r"\r\n|\r|\n")
LONGEST_MARKER = 26
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
            marker, end = self._next_marker(), self._next_end()
            if marker and (end is None or marker[0] <= end[0]):
                yield from self._show(self._pending[: marker[0]])
                self._pending = self._pending[marker[1]:]
                self._numbers += marker[2]
            elif end is not None:
                after = self._pending[end[1]:]
                if not final and OPENING.match(after) and len(after) <= LONGEST_MARKER:
                    # a marker behind the full stop still belongs to the sentence: wait until it is clear
                    yield from self._show(self._pending[: end[0]])
                    self._pending = self._pending[end[0]:]
                    return
                yield from self._end_sentence(*end)
            else:
                shown = len(self._pending) - (0 if final else held(self._pending))
                yield from self._show(self._pending[:shown])
                self._pending = self._pending[shown:]
                return

    def _in_context(self) -> tuple[str, int]:
        """Return what is pending behind the end of what was shown, and where it begins there."""
        context = self._sentence[-LONGEST_ABBREVIATION:]
        return context + self._pending, len(context)

    def _next_marker(self) -> tuple[int, int, list[int]] | None:
        """Return the span of the first marker (with its numbers) or agreed refusal (without) in what is pending."""
        text, offset = self._in_context()
        marker, said = self._first_marker(text, offset), SENTINEL.search(text, offset)
        if said and (marker is None or said.start() <= marker.start()):
            return said.start() - offset, said.end() - offset, []
        return (marker.start() - offset, marker.end() - offset, numbers_of(marker)) if marker else None

    def _first_marker(self, text: str, start: int) -> re.Match[str] | None:
        for match in MARKER.finditer(text, start):
            if self._is_marker(match):
                return match
        return None

    def _is_marker(self, match: re.Match[str]) -> bool:
        """Return whether the match is the model's: a number that is none of ours may be the passage's own text."""
        if any(1 <= number <= len(self._sources) for number in numbers_of(match)):
            return True
        return not any(match.group().strip() in source for source in self._sources)

    def _next_end(self) -> tuple[int, int] | None:
        text, offset = self._in_context()
        for match in END.finditer(text, offset):
            if is_end(text, match.start(), match.end()):
                return match.start() - offset, match.end() - offset
        return None

    def _end_sentence(self, start: int, end: int) -> Iterator[str]:
        yield from self._show(self._pending[:start])
        terminator = self._pending[start:end]
        while (follower := MARKER.match(self._pending, end)) and self._is_marker(follower):
            self._numbers += numbers_of(follower)
            end = follower.end()
        self._pending = self._pending[end:]
        yield from self._close(terminator)

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
        if terminator and (body or not terminator.strip()):
            yield terminator
        if body:
            self.sentences.append(Sentence(body + terminator.strip(), numbers))
        self._sentence, self._numbers = "", []


def numbers_of(marker: re.Match[str]) -> list[int]:
    """Return the numbers in a marker."""
    return [int(number) for number in re.findall(r"\d+", marker.group(1))]


def held(pending: str) -> int:
    """Return how many characters at the end may turn out to be part of a marker, a sentence's end or a refusal."""
    bare = pending.rstrip()
    tail = bare[-LONGEST_MARKER:]
    match = re.search(rf"[.!?][{re.escape(CLOSERS)}]*$|\s*[\[【［][^\]】］]{{0,24}}$", tail)
    begun = next((size for size in range(len(NOT_STATED), 2, -1) if tail.endswith(NOT_STATED[:size])), 0)
    return len(pending) - len(bare) + max(len(match.group()) if match else 0, begun)


def choose(sentence: str, written: Sequence[int], sources: Sequence[str]) -> tuple[int, ...]:
    """Return the numbers that a sentence gets: the written ones that exist and hold, or the one that supports it best.

    A passage in which a number of the sentence does not stand bears nothing out. Where a passage is in another script than
    the sentence, words cannot tell, and the model's number is believed.
    """
    claim = tokens(sentence)
    if not claim:
        return ()
    existing = list(dict.fromkeys(number for number in written if 1 <= number <= len(sources)))
    scores = {
        number: support(claim, source) if numbers_stand(sentence, source) else 0.0 for number, source in enumerate(sources, 1)
    }
    foreign = [number for number in existing if is_cjk(sentence) != is_cjk(sources[number - 1])]
    holding = [number for number in existing if scores[number] >= WEAK or number in foreign]
    if holding:
        return tuple(holding)
    best = max(scores, key=lambda number: (scores[number], -number), default=0)
    return (best,) if best and scores[best] >= SUPPORTED else ()


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
