"""Stream a reply with verified citation numbers, and record the support of each sentence.

The model's own markers move to the end of their sentence. Numbers of no chunk are dropped; a number whose chunk does not
support the sentence is replaced by the best supporting one; a sentence without a marker gets one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from assistant.datatypes import Hit, Sentence
from assistant.generation.prompt import NOT_STATED
from assistant.generation.support import attribute, parse_hit
from assistant.text.facts import parse_claim
from assistant.text.sentences import CLOSERS, END, LONGEST_ABBREVIATION, is_end

# preceded by white space, or at least not by a letter or digit: x[1] is code
MARKER = re.compile(
    r"(?:\s{1,4}|(?<![A-Za-z0-9_]))[\[【［]\s*(?:passages? )?(\d{1,3}(?:\s*[,，、;]\s*\d{1,3})*)\s*[\]】］]", re.IGNORECASE
)
MARKER_START = re.compile(r"\s*(?:[\[【［][^\]】］]{0,24})?$")  # possible beginning of a marker
REFUSAL_TOKEN = re.compile(rf"[\s,;(]{{0,4}}\b{NOT_STATED}\b\)?")
MAX_MARKER = 26


class CitingStream:
    """Streaming filter that verifies citation markers and buffers as little text as possible.

    With `strict`, a sentence is emitted only when complete, and dropped if no chunk supports it; `sentences` records it anyway.
    """

    def __init__(self, passages: Sequence[Hit], question: str = "", *, strict: bool = False) -> None:
        self.sources = [parse_hit(hit) for hit in passages]
        self._question, self._strict = question, strict
        self._kept_back = ""
        self._pending = ""
        self._sentence = ""
        self._numbers: list[int] = []
        self.sentences: list[Sentence] = []

    def feed(self, piece: str) -> Iterator[str]:
        """Accept a piece of the reply; yield the text that is final."""
        self._pending += piece
        yield from self._advance(final=False)

    def finish(self) -> Iterator[str]:
        """Yield the remaining text."""
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
                if not final and MARKER_START.match(after) and len(after) <= MAX_MARKER:
                    # a marker after the full stop still belongs to the sentence: wait for more text
                    yield from self._show(self._pending[: end[0]])
                    self._pending = self._pending[end[0]:]
                    return
                yield from self._end_sentence(*end)
            else:
                shown = len(self._pending) - (0 if final else undecided_length(self._pending))
                yield from self._show(self._pending[:shown])
                self._pending = self._pending[shown:]
                return

    def _in_context(self) -> tuple[str, int]:
        """Return the pending text with the end of the emitted text before it, and the offset where it begins."""
        context = self._sentence[-LONGEST_ABBREVIATION:]
        return context + self._pending, len(context)

    def _next_marker(self) -> tuple[int, int, list[int]] | None:
        """Return the span of the first marker (with numbers) or refusal token (without) in the pending text."""
        text, offset = self._in_context()
        marker = next((match for match in MARKER.finditer(text, offset)
                       if self._is_marker(match) or (self._is_quoted(match) and is_behind_end(match))), None)
        refusal = REFUSAL_TOKEN.search(text, offset)
        if refusal and (marker is None or refusal.start() <= marker.start()):
            return refusal.start() - offset, refusal.end() - offset, []
        if marker is None:
            return None
        return marker.start() - offset, marker.end() - offset, [] if self._is_quoted(marker) else marker_numbers(marker)

    def _is_quoted(self, match: re.Match[str]) -> bool:
        """Return whether a chunk has these brackets after the same word: "source [2]" is its own text, not a citation."""
        before = match.string[: match.start()].split()
        quoted = "".join([*before[-1:], *match.group().split()])
        return bool(before) and any(quoted in "".join(source.text.split()) for source in self.sources)

    def _is_marker(self, match: re.Match[str]) -> bool:
        """Return whether the match was written by the model: a number out of range may be text of a chunk."""
        if self._is_quoted(match):
            return False
        in_range = any(1 <= number <= len(self.sources) for number in marker_numbers(match))
        return in_range or not any(match.group().strip() in source.text for source in self.sources)

    def _next_end(self) -> tuple[int, int] | None:
        text, offset = self._in_context()
        ends = (match.span() for match in END.finditer(text, offset) if is_end(text, *match.span()))
        return next(((start - offset, end - offset) for start, end in ends), None)

    def _end_sentence(self, start: int, end: int) -> Iterator[str]:
        yield from self._show(self._pending[:start])
        terminator = self._pending[start:end]
        while (follower := MARKER.match(self._pending, end)) and (self._is_marker(follower) or self._is_quoted(follower)):
            self._numbers += [] if self._is_quoted(follower) else marker_numbers(follower)  # a footnote mark of the text
            end = follower.end()
        self._pending = self._pending[end:]
        yield from self._close(terminator)

    def _show(self, text: str) -> Iterator[str]:
        self._sentence += text
        yield from self._give(text)

    def _give(self, text: str) -> Iterator[str]:
        if self._strict:
            self._kept_back += text
        elif text:
            yield text

    def _close(self, terminator: str) -> Iterator[str]:
        """End the sentence: emit its numbers, then its full stop. The lead-in of a list is not a claim."""
        body, written = self._sentence.strip(), self._numbers
        self._sentence, self._numbers = "", []
        if body.endswith((":", "：")) or not body:
            yield from self._give(terminator if body or not terminator.strip() else "")
            return
        choice = attribute(parse_claim(body, self._question), written, self.sources)
        self.sentences.append(Sentence(body + terminator.strip(), choice.numbers, choice.support))
        marks = "".join(f"[{number}]" for number in choice.numbers)
        yield from self._give((f" {marks}" if marks else "") + terminator)
        kept, self._kept_back = self._kept_back, ""
        if kept and choice.support != "none":
            yield kept


def is_behind_end(marker: re.Match[str]) -> bool:
    """Return whether a marker follows the end of a sentence, as a footnote mark does."""
    return marker.string[: marker.start()].rstrip()[-1:] in set(".!?。！？")


def marker_numbers(marker: re.Match[str]) -> list[int]:
    """Return the numbers in a marker."""
    return [int(number) for number in re.findall(r"\d+", marker.group(1))]


def undecided_length(pending: str) -> int:
    """Return how many characters at the end may be part of a marker, a sentence end or the refusal token.

    Of white space that is longer than a marker only so much: nothing before it can be part of one.
    """
    stripped = pending.rstrip()
    if len(pending) - len(stripped) > MAX_MARKER:
        return MAX_MARKER
    tail = stripped[-MAX_MARKER:]
    match = re.search(rf"[.!?][{re.escape(CLOSERS)}]*$|\s*[\[【［][^\]】］]{{0,24}}$", tail)
    begun = next((size for size in range(len(NOT_STATED), 2, -1) if tail.endswith(NOT_STATED[:size])), 0)
    return len(pending) - len(stripped) + max(len(match.group()) if match else 0, begun)
