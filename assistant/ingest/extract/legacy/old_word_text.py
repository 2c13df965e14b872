"""The text of an old Word file in; the same with what nobody sees blanked out: field codes, hidden and deleted text."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator

from assistant.ingest.extract.legacy.old_word_fib import Fib
from assistant.ingest.extract.legacy.old_word_pieces import Stored
from assistant.ingest.extract.legacy.old_word_properties import DELETED, HIDDEN, SYMBOL, Run, character_runs, fonts, is_on
from assistant.ingest.extract.legacy.rtf_fonts import symbols

FIELD = re.compile(r"[\x13\x14\x15]")
BEGIN, SEPARATOR, END = "\x13", "\x14", "\x15"
NOT_A_CELL = re.compile(r"[^\x07]", re.S)
BLANK = "\0"
CHARACTERS = {**dict.fromkeys(range(9), ""), **dict.fromkeys(range(0x0E, 0x20), ""), 0x0B: "\n", 0x0E: "\n", 0x1E: "-"}

Span = tuple[int, int, str]


def shown(stored: Stored, fib: Fib) -> str:
    """Return the text, as long as it was, with blanks for what is not seen."""
    spans = list(_fields(stored.text))
    if fib.is_modern:
        spans += _replaced(stored, _apart(sorted(character_runs(fib), key=lambda run: run.start)), fonts(fib))
    return _with(stored.text, sorted(spans))


def clean(text: str) -> str:
    """Return a paragraph without the characters that stand for pictures, notes and blanks."""
    return text.translate(CHARACTERS)


def _fields(text: str) -> Iterator[Span]:
    """Yield where the codes of fields are, and their marks; a field that never ends is no field."""
    begins: list[tuple[int, int]] = []
    for found in FIELD.finditer(text):
        at = found.start()
        if found[0] == BEGIN:
            begins.append((at, -1))
        elif begins and found[0] == SEPARATOR:
            begins[-1] = (begins[-1][0], at)
        elif begins:
            start, separator = begins.pop()
            yield start, (separator if separator > 0 else at) + 1, ""


def _apart(runs: Iterable[Run]) -> list[Run]:
    """Return runs that do not overlap, as those of a sound file never do."""
    found: list[Run] = []
    for run in runs:
        if run.end > run.start and (not found or run.start >= found[-1].end):
            found.append(run)
    return found


def _replaced(stored: Stored, runs: list[Run], names: list[str]) -> Iterator[Span]:
    starts = [run.start for run in runs]
    bounds = [piece.start for piece in stored.pieces[1:]] + [len(stored.text)]
    for piece, bound in zip(stored.pieces, bounds, strict=True):
        end = piece.offset + (bound - piece.start) * piece.width
        place = max(0, bisect_right(starts, piece.offset) - 1)
        while place < len(runs) and runs[place].start < end:
            first = max(runs[place].start, piece.offset) - piece.offset
            last = min(runs[place].end, end) - piece.offset
            if last > first:
                yield piece.start + first // piece.width, piece.start + -(-last // piece.width), _instead(runs[place], names)
            place += 1


def _instead(run: Run, names: list[str]) -> str:
    """Return what is seen instead of the characters of a run."""
    if is_on(run.properties, DELETED) or is_on(run.properties, HIDDEN):
        return BLANK
    symbol = run.properties.get(SYMBOL, b"").ljust(4, b"\0")
    font, code = int.from_bytes(symbol[:2], "little"), int.from_bytes(symbol[2:], "little")
    return symbols(chr(code - 0xF000), names[font] if font < len(names) else "") if 0xF020 <= code < 0xF100 else chr(code)


def _with(text: str, spans: list[Span]) -> str:
    pieces, at = [], 0
    for start, end, instead in spans:
        if end > at:
            start = max(start, at)
            pieces += [text[at:start], _filled(text[start:end], instead)]
            at = end
    return "".join(pieces) + text[at:]


def _filled(text: str, instead: str) -> str:
    """Return as many characters: one to each of a symbol, else blanks; the ends of cells stay."""
    return instead * len(text) if instead and instead != BLANK else NOT_A_CELL.sub(BLANK, text)
