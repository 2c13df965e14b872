"""Find tables in the text layer of a PDF page by the gaps between words, and write each row as one line of cells.

A table is a run of lines with wide gaps whose words leave the same vertical gutters free in at least MIN_ROWS lines. What could
be something else stays as it is: two columns of prose, lists with marks, justified lines, lines whose gaps do not align.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from ctypes import c_double
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from assistant.ingest.extractors.builder import as_row, header_of
from assistant.ingest.extractors.pdf.layout import DIGIT, LINE, Gap

if TYPE_CHECKING:
    from pypdfium2 import PdfTextPage

MIN_ROWS = 3
MIN_GAP = 0.9  # of the line height, between two cells; spaces in justified prose are narrower
MAX_ROW_DISTANCE = 4.0  # line heights from one row to the next
MIN_FILLED = 0.6  # share of the rows in which at least two columns are filled
MIN_FULL = 0.5  # share of the lines with more than one cell, and of the cells of a column that are aligned
MAX_SHIFT = 1.0  # line heights, between the edges of cells that are aligned
HEADER_ROWS = 2  # of a table in which a column of currency signs may hold a name
PROSE_WORDS = 5  # words of a typical cell in a column of prose
MAX_COLUMNS = 40
MAX_LINES = 1000  # of a page that is searched
SPACES = re.compile(r"[^\S\r\n]+")
LIST_MARK = re.compile(r"[•●▪◦·–—\-*o§]|[(\[]?(?:\d{1,3}(?:\.\d{1,3})*(?:-\d{1,3})?|[A-Za-z]|[ivxIVX]{1,5})[.)\]:\-]?")
LEADER = re.compile(r"[.…_·]+")  # dots that lead the eye to the next column
CURRENCY_BEHIND = re.compile(r"(.*\S)\s+([$€£¥])")  # the sign of the next column
BEFORE_NUMBER = frozenset({"$", "€", "£", "¥", "US$", "(", "$("})  # cells that belong to the number on their right
BEHIND_NUMBER = frozenset({")", "%", ")%"})
HYPHENS = str.maketrans({"\ufffe": "-", "\x02": "-"})  # how PDFium marks a hyphen at the end of a line


@dataclass(frozen=True, slots=True)
class PageTable:
    """A table on one page: its rows as lines, its header row or "", and the horizontal span of each column.

    `continues`: it has the columns of the table that ends the page before it, and no header of its own.
    """

    rows: tuple[str, ...]
    header: str
    columns: tuple[Gap, ...]
    continues: bool = False
    ends_page: bool = False


@dataclass(frozen=True, slots=True)
class _Cell:
    """A piece of a line between two wide gaps."""

    left: float
    right: float
    text: str


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the page: its span in the text, its vertical position and its cells."""

    start: int
    end: int
    top: float
    height: float
    cells: tuple[_Cell, ...]


def find_tables(textpage: PdfTextPage, text: str, above: PageTable | None) -> tuple[str, tuple[PageTable, ...]]:
    """Return the text with each table row as a line of cells, and the tables. `above` is the table that ends the page before.

    The text must be that of the page, character for character.
    """
    spans = [match.span() for match in LINE.finditer(text)]
    if len(spans) > MAX_LINES:
        return text, ()
    lines = [_read_line(textpage, text, start, end) for start, end in spans]
    pieces, tables, at = [], [], 0
    for run in _runs(lines, above):
        first, last = lines.index(run[0]), lines.index(run[-1])
        table = _table_of(run, above if first <= 1 else None, ends_page=last >= len(lines) - 2)
        if table is None:
            continue
        for line, row in zip(run, table.rows, strict=True):
            pieces += [text[at : line.start], row]
            at = line.end
        tables.append(table)
    return "".join([*pieces, text[at:]]), tuple(tables)


def _read_line(textpage: PdfTextPage, text: str, start: int, end: int) -> _Line:
    """Split a line into cells at its wide gaps."""
    from pypdfium2 import raw

    left, right, bottom, top = (c_double() for _ in range(4))

    def box(index: int) -> tuple[float, float]:
        raw.FPDFText_GetCharBox(textpage, index, left, right, bottom, top)
        return left.value, right.value

    rectangle = raw.FS_RECTF()
    raw.FPDFText_GetLooseCharBox(textpage, start, rectangle)
    height = max(1.0, abs(rectangle.top - rectangle.bottom))
    found = list(re.finditer(r"\S+", text[start:end]))
    words = [match for match in found if not LEADER.fullmatch(match[0])] or found
    cells: list[_Cell] = []
    first, cell_left, right_edge = 0, 0.0, 0.0
    for word in words:
        word_left = box(start + word.start())[0]
        if word is not words[0] and word_left - right_edge > MIN_GAP * height:
            cells.append(_Cell(cell_left, right_edge, text[start + first : start + word.start()].translate(HYPHENS).strip()))
            first = word.start()
        cell_left = word_left if first == word.start() or word is words[0] else cell_left
        right_edge = box(start + word.end() - 1)[1]
    last = [_Cell(cell_left, right_edge, text[start + first : end].translate(HYPHENS).strip())] if words else []
    return _Line(start, end, rectangle.top, height, (*cells, *last))


def _runs(lines: Sequence[_Line], above: PageTable | None) -> Iterator[list[_Line]]:
    """Yield runs of lines that keep the same gutters free, each of MIN_ROWS rows at least, or fewer if they continue `above`."""
    run: list[_Line] = []
    columns: tuple[Gap, ...] = ()
    for line in lines:
        grown = _grown(columns, line) if run and _is_below(run[-1], line) else ()
        if grown:
            run.append(line)
            columns = grown
            continue
        yield from _complete(run, columns, above)
        run, columns = ([line], _merged(line.cells, ())) if len(line.cells) > 1 else ([], ())
    yield from _complete(run, columns, above)


def _complete(run: list[_Line], columns: Sequence[Gap], above: PageTable | None) -> Iterator[list[_Line]]:
    """Yield a run without the lines of one cell at its end, if it has enough rows."""
    while run and len(run[-1].cells) < 2:
        run = run[:-1]
    rows = sum(len(line.cells) > 1 for line in run)
    if rows >= MIN_ROWS or (rows and above and _are_aligned(columns, above.columns)):
        yield run


def _is_below(line: _Line, other: _Line) -> bool:
    distance = line.top - other.top
    return 0 < distance <= MAX_ROW_DISTANCE * max(line.height, other.height)


def _grown(columns: tuple[Gap, ...], line: _Line) -> tuple[Gap, ...]:
    """Return the columns with a further line, or an empty tuple if it closes a gutter or is no row of this table."""
    grown = _merged(line.cells, columns)
    if len(grown) < len(columns) or len(grown) > MAX_COLUMNS:
        return ()
    if len(line.cells) == 1 and len(grown) > len(columns):
        return ()
    return grown


def _merged(cells: Sequence[_Cell], columns: Sequence[Gap]) -> tuple[Gap, ...]:
    """Return the union of the horizontal spans of cells and columns."""
    merged: list[Gap] = []
    for left, right in sorted([*columns, *((cell.left, cell.right) for cell in cells)]):
        if merged and left <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], right))
        else:
            merged.append((left, right))
    return tuple(merged)


def _table_of(run: Sequence[_Line], above: PageTable | None, *, ends_page: bool) -> PageTable | None:
    """Return the table that the lines of a run make, or None if they may be something else."""
    columns = _merged([cell for line in run for cell in line.cells], ())
    rows = [_row(line, columns) for line in run]
    full = [row for row, line in zip(rows, run, strict=True) if len(line.cells) > 1]
    filled = [sum(bool(row[number]) for row in full) for number in range(len(columns))]
    columns_of_cells = [number for number, count in enumerate(filled) if count >= MIN_FILLED * len(full)]
    has_columns = len(columns_of_cells) > 1 and len(full) >= MIN_FULL * len(rows)
    is_aligned = has_columns and all(_is_lined_up(run, columns[number]) for number in columns_of_cells)
    if not is_aligned or _is_prose(full) or _is_list(full):
        return None
    rows = _join_symbols(rows)
    header = header_of(rows) if _has_digits_below_words(rows) or not _has_digits(rows) else ""
    is_like_above = above is not None and _are_aligned(columns, above.columns)
    continues = above is not None and is_like_above and (header == above.header or not _has_digits_below_words(rows))
    inherited = above.header if above and continues else header
    return PageTable(tuple(as_row(row) for row in rows), inherited, columns, continues, ends_page)


def _is_lined_up(run: Sequence[_Line], column: Gap) -> bool:
    """Return True if most cells of a column share their left edge, their right edge or their middle."""
    full = [cell for line in run if len(line.cells) > 1 for cell in line.cells]
    cells = [cell for cell in full if column[0] <= cell.left and cell.right <= column[1]]
    nearby = MAX_SHIFT * median(line.height for line in run)
    edges = ([cell.left for cell in cells], [cell.right for cell in cells], [(cell.left + cell.right) / 2 for cell in cells])
    return any(sum(abs(edge - median(each)) <= nearby for edge in each) >= MIN_FULL * len(each) for each in edges)


def _has_digits(rows: Sequence[Sequence[str]]) -> bool:
    return any(DIGIT.search(cell) for row in rows for cell in row)


def _has_digits_below_words(rows: Sequence[Sequence[str]]) -> bool:
    """Return True if a column holds digits, but not in the first row: that row names the columns."""
    columns = zip(*rows, strict=True)
    return any(first and not DIGIT.search(first) and sum(bool(DIGIT.search(cell)) for cell in below) > MIN_FILLED * len(below)
               for first, *below in columns)


def _row(line: _Line, columns: Sequence[Gap]) -> list[str]:
    """Return the text of a line in each column."""
    row = [""] * len(columns)
    for cell in line.cells:
        number = next(number for number, (left, right) in enumerate(columns) if left <= cell.left and cell.right <= right)
        row[number] = f"{row[number]} {cell.text}".strip()
    for number in range(len(row) - 1):
        if sign := CURRENCY_BEHIND.fullmatch(row[number]):
            row[number], row[number + 1] = sign[1], f"{sign[2]} {row[number + 1]}".strip()
    return row


def _is_prose(rows: Sequence[Sequence[str]]) -> bool:
    """Return True if at least two columns are prose, as on a page of two columns."""
    def words(number: int) -> float:
        return median([len(row[number].split()) for row in rows if row[number]] or [0])

    return sum(words(number) >= PROSE_WORDS for number in range(len(rows[0]))) > 1


def _is_list(rows: Sequence[Sequence[str]]) -> bool:
    """Return True if all that stands before the last column are the marks of a list, and the last column is text."""
    marks = [cell for row in rows for cell in row[:-1] if cell]
    texts = [row[-1] for row in rows if row[-1]]
    is_text = median([len(text.split()) for text in texts] or [0]) >= 2 and any(text[:1].isalpha() for text in texts)
    return is_text and sum(bool(LIST_MARK.fullmatch(mark)) for mark in marks) > 0.8 * len(marks)


def _join_symbols(rows: list[list[str]]) -> list[list[str]]:
    """Join columns that hold only currency signs or brackets, but for the header, with the number beside them."""
    number, body = 0, min(HEADER_ROWS, len(rows) - 1)
    while rows and number < len(rows[0]):
        cells = {row[number] for row in rows[body:] if row[number]}
        is_before = cells <= BEFORE_NUMBER and number + 1 < len(rows[0])
        is_behind = cells <= BEHIND_NUMBER and number > 0
        is_name_alone = is_before and not cells and not any(row[number + 1] for row in rows[:body])
        if is_name_alone or (cells and (is_before or is_behind)):
            first = number if is_before else number - 1
            rows = [[*row[:first], f"{row[first]} {row[first + 1]}".strip(), *row[first + 2 :]] for row in rows]
        else:
            number += 1
    return rows


def _are_aligned(columns: Sequence[Gap], others: Sequence[Gap]) -> bool:
    """Return True if both have the same number of columns, at the same places."""
    pairs = list(zip(columns, others, strict=False))
    return len(columns) == len(others) > 1 and all(left < other_right and other_left < right
                                                   for (left, right), (other_left, other_right) in pairs)
