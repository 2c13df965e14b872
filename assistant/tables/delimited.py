"""Parse delimiter-separated text: detect its dialect, and yield its rows with their places in the text."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.tables.raw import RawRow

DELIMITERS = ",;\t|"
SAMPLE_LINES = 200
SAMPLE_CHARACTERS = 65_536
SEPARATOR_LINE = re.compile(r"\ufeff?\"?sep=(.)\"?[ \t]*\r?\n", re.I)  # Excel's own first line
ESCAPED_QUOTE = re.compile(r'\\"')
LINE = re.compile(r"[^\r\n]*+(?:\r\n?|\n)|[^\r\n]+")
MAX_FIELD = 1_000_000


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a text is delimited. start: offset of its first row."""

    delimiter: str
    escape: str | None = None
    start: int = 0


def detect_dialect(text: str) -> Dialect | None:
    """Return the dialect whose rows agree most on a number of columns; None if none yields two columns."""
    stated = SEPARATOR_LINE.match(text)
    start = stated.end() if stated else 0
    sample = "\n".join(text[start : start + SAMPLE_CHARACTERS].splitlines()[:SAMPLE_LINES])
    escape = "\\" if len(ESCAPED_QUOTE.findall(sample)) > sample.count('""') else None
    if stated:
        return Dialect(stated[1], escape, start)
    scored = [(agreement(sample, delimiter, escape), -DELIMITERS.index(delimiter), delimiter) for delimiter in DELIMITERS]
    score, _, delimiter = max(scored)
    return Dialect(delimiter, escape) if score > 0 else None


def agreement(sample: str, delimiter: str, escape: str | None) -> float:
    """Return the share of rows with the most frequent number of columns, times the logarithm of that number; 0 for one column."""
    try:
        rows = [row for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter, escapechar=escape) if any(row)]
    except csv.Error:
        return 0.0
    counts = Counter(len(row) for row in rows if len(row) > 1)
    if not counts:
        return 0.0
    width, agreeing = counts.most_common(1)[0]
    return agreeing / len(rows) * (1 + width.bit_length() / 10)


class DelimitedRows:
    """The rows of delimited text that have a filled cell, parsed anew by each iteration; none if it has no two columns.

    dialect: detected if it is not given; place: words for the place of each row, with {} for its number, which is that of the
    line before it
    """

    def __init__(self, text: str, dialect: Dialect | None = None, place: str = "") -> None:
        self._text, self._dialect, self._place = text, dialect, place

    def __iter__(self) -> Iterator[RawRow]:
        """Yield the rows, up to the first that cannot be parsed."""
        dialect = self._dialect or detect_dialect(self._text)
        if dialect is None:
            return
        lines = _Lines(self._text, dialect.start)
        csv.field_size_limit(MAX_FIELD)
        line, start = lines.number, lines.offset
        try:
            for cells in csv.reader(lines, delimiter=dialect.delimiter, escapechar=dialect.escape):
                if any(cells):
                    yield RawRow([cell.strip() for cell in cells], line + 1, start, lines.offset, self._place.format(line))
                line, start = lines.number, lines.offset
        except csv.Error:
            return


class _Lines:
    """Iterates over the lines of a text from an offset on, and knows the number (from 1) and the end of the last one."""

    def __init__(self, text: str, start: int) -> None:
        self.number, self.offset = text.count("\n", 0, start), start
        self._text = text

    def __iter__(self) -> Iterator[str]:
        for match in LINE.finditer(self._text, self.offset):
            self.number += 1
            self.offset = match.end()
            yield match[0].replace("\x00", "")
