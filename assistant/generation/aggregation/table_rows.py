"""Read the rows of a chunk of a table: cells under their header, and the columns of numbers."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePath

from assistant.datatypes import Hit
from assistant.text.sentences import tokens
from assistant.text.stems import terms

SUFFIXES = frozenset(".csv .tsv .xlsx .xls .xlsb .xlsm .ods .parquet".split())
RULER = re.compile(r"^\s*\|?[\s:|-]+\|?\s*$")
NUMERIC = re.compile(r"^[^\w]{0,3}\d[\d.,' ]*\s?(?:%|[^\W\d_]{1,4}|[€$£¥])?$")
LONG_CELL = 60  # characters: a longer cell is prose
PROSE_CELL = 160  # characters: with such cells in most rows, a table is a text in cells
FEWEST_ROWS = 2


@dataclass(frozen=True, slots=True)
class HitRow:
    """A row of a table: its cells, and all words in them."""

    cells: tuple[str, ...]
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class TablePart:
    """The rows of a chunk, the cells of their header (empty if unknown), and the words of the file's name and title."""

    path: str
    header: tuple[str, ...]
    rows: tuple[HitRow, ...]
    named: frozenset[str]

    @property
    def header_words(self) -> frozenset[str]:
        """The words of the header."""
        return frozenset().union(*map(words_of, self.header))

    @property
    def values(self) -> frozenset[str]:
        """The words of short cells that are no numbers."""
        return frozenset().union(*(words_of(cell) for row in self.rows for cell in row.cells
                                   if len(cell) < LONG_CELL and not NUMERIC.match(cell)))

    def column_words(self, *, numeric: bool) -> Iterator[frozenset[str]]:
        """Yield the words of the header of each column whose cells are numbers, or of each other column."""
        for place, name in enumerate(self.header):
            filled = [row.cells[place] for row in self.rows if place < len(row.cells) and row.cells[place]]
            share = sum(bool(NUMERIC.match(cell)) for cell in filled) / len(filled) if filled else 0.0
            if (share > 1 / 2) == numeric:
                yield words_of(name)


def words_of(text: str) -> frozenset[str]:
    """Return the words of a text as they are compared: stems, bigrams of Chinese, and numbers and codes whole."""
    plain = re.sub(r"(?<=\w)_(?=\w)", " ", text)
    return terms(plain) | {word for word in tokens(plain) if any(character.isdigit() for character in word)}


def name_of(hit: Hit) -> str:
    """Return the name of a hit's file and its title as words."""
    return f"{re.sub('[_-]', ' ', PurePath(hit.path).stem)} {hit.title} {hit.chunk.location.sheet or ''}"


def read_table(hit: Hit) -> TablePart | None:
    """Return the rows of a chunk; None if it is no table, or a text in cells."""
    is_file = PurePath(hit.path).suffix.lower() in SUFFIXES
    lines = [line for line in hit.chunk.text.splitlines() if line.strip()]
    separator = separator_of(lines, is_file=is_file)
    if not separator:
        return None
    ruled = next((place for place, line in enumerate(lines) if "-" in line and RULER.match(line)), 0)
    rows = [split_row(line, separator) for line in lines if not RULER.match(line)]
    if 2 * sum(any(len(cell) > PROSE_CELL for cell in row) for row in rows) >= len(rows):
        return None
    width = max(len(row) for row in rows)
    above = hit.chunk.context.splitlines()[-1:]
    header = split_row(above[0], "|") if above and above[0].count("|") == width - 1 else ()
    if not header and (ruled or is_file) and rows:
        header, rows = rows[max(0, ruled - 1)], rows[max(1, ruled):]
    return TablePart(hit.path, tuple(header), tuple(HitRow(tuple(row), words_of(" ".join(row))) for row in rows),
                     words_of(name_of(hit)))


def separator_of(lines: Sequence[str], *, is_file: bool) -> str:
    """Return what separates the cells of most lines; an empty string if the lines are no rows."""
    separators: tuple[str, ...] = ("|", "\t", ";", ",") if is_file else ("|", "\t")
    for separator in separators:
        if lines and 2 * sum(separator in line for line in lines) > len(lines) and (is_file or holds_rows(lines, separator)):
            return separator
    return ""


def holds_rows(lines: Sequence[str], separator: str) -> bool:
    """Return whether consecutive lines have equally many separators."""
    counts = [line.count(separator) for line in lines]
    return any(one == other > 0 for one, other in pairwise(counts))


def split_row(line: str, separator: str) -> list[str]:
    """Return the cells of a line."""
    cells = next(csv.reader([line], delimiter=separator), [])
    cells = cells[1:] if cells and not cells[0].strip() and line.lstrip().startswith("|") else cells
    return [cell.strip() for cell in cells]


def prose_of(hit: Hit, part: TablePart | None, sentences: Sequence[str]) -> list[str]:
    """Return the sentences of a chunk, or the long cells of a table."""
    if part is None:
        return list(sentences)
    return [cell for row in part.rows for cell in row.cells if len(cell) >= LONG_CELL]
