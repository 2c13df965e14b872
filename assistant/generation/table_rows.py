"""Find claims that give a table row the value of another row, or of another column."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.generation.token_matching import is_claimed
from assistant.text.facts import ParsedChunk, ParsedSentence
from assistant.text.statements import Statement, Token

MIN_NAMED = 0.6  # of the words of a header cell, for a claim to name its column


def is_other_column(part: Statement, unit: ParsedSentence, _source: ParsedChunk) -> str:
    """Return "column" if a row's value is claimed of another column that the claim names by its header."""
    if not unit.header or len(unit.header) != unit.columns:
        return ""
    row = unit.statement
    cells = [[token for token in row.content if token.clause == column] for column in range(unit.columns)]
    claimed = {column for column, cell in enumerate(cells) if any(is_claimed(token, part) for token in cell)}
    named = {
        column
        for column, head in enumerate(unit.header)
        if head.content and sum(is_claimed(token, part) for token in head.content) >= MIN_NAMED * len(head.content)
    }
    shared = {
        column
        for column in named
        if all(is_in_other_head(token, column, unit) for token in unit.header[column].content if is_claimed(token, part))
    }
    figures = [claimed_figures(cell, part) for cell in cells]
    ranges = {column for column, each in enumerate(figures) if len(each) > 1 and sum(each) == 1}
    if ranges - named and any(each and not any(each) for each in figures):
        return "column"  # a bound of a range for the value
    for column in named - claimed - shared:
        rivals = [other for other in claimed - named if other and has_figure(cells[other]) == has_figure(cells[column])]
        if cells[column] and rivals and column:
            return "column"
    return ""


def claimed_figures(cell: Sequence[Token], part: Statement) -> list[bool]:
    """Return for each number of a cell whether a statement has it. A date is one number, with or without its year."""
    by_place: dict[int, bool] = {}
    for token in cell:
        if token.kind == "number":
            by_place[token.start] = by_place.get(token.start, False) or is_claimed(token, part)
    return list(by_place.values())


def is_in_other_head(token: Token, column: int, unit: ParsedSentence) -> bool:
    """Return whether another column has a word of a column's header in its own."""
    return any(token.held & other.held for place, head in enumerate(unit.header) if place != column for other in head.content)


def has_figure(cell: Sequence[Token]) -> bool:
    """Return whether a cell has a number."""
    return any(token.kind == "number" for token in cell)


def is_other_row(part: Statement, unit: ParsedSentence, source: ParsedChunk) -> str:
    """Return "row" if a statement has the words of a cell of another row, which this row and what is above it have not."""
    if not unit.is_row:
        return ""
    here = frozenset().union(unit.statement.words, source.heading.words, *(head.words for head in unit.header))
    for before, other in zip((None, *source.units), source.units, strict=False):
        if not other.is_row or other.is_heading or other is unit:
            continue
        is_first = (before is None or not before.is_row) and not unit.header
        for column in range(other.columns):
            words = frozenset(key for token in cell_words(other, column) for key in token.keys)
            if words - here and words <= part.words and not (is_first and may_be_head(other, unit, column, part)):
                return "row"
    return ""


def may_be_head(first: ParsedSentence, unit: ParsedSentence, column: int, part: Statement) -> bool:
    """Return whether the first row of a table may be its header: no row has numbers, and the row's own cell is claimed too."""
    if first.statement.numbers or unit.statement.numbers or first.columns != unit.columns:
        return False
    return any(is_claimed(token, part) for token in cell_words(unit, column))


def cell_words(row: ParsedSentence, column: int) -> list[Token]:
    """Return the words and names in a cell of a table row."""
    return [token for token in row.statement.content if token.clause == column and token.kind in {"word", "name"}]
