"""Links between the words of a question and the columns, cells and conditions of a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from assistant.datatypes.tables import Column, ColumnType, TableInfo
from assistant.tables.tokens import QuestionToken


class LinkKind(StrEnum):
    """What a part of a question is linked to."""

    COLUMN = "column"
    VALUE = "value"
    CONDITION = "condition"


@dataclass(frozen=True, slots=True)
class Link:
    """Tokens [start, end) of a question linked to a column, or to a condition on it.

    sql: the condition; words: the condition in words; score: 1 for the whole header or cell, less for a part
    value: the cell
    """

    kind: LinkKind
    column: Column
    start: int
    end: int
    score: float = 1.0
    sql: str = ""
    words: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class LinkedQuestion:
    """A question with what its tokens are linked to in one table; `unlinked` are the content words that are not."""

    question: str
    tokens: tuple[QuestionToken, ...]
    table: TableInfo
    columns: tuple[Link, ...]
    values: tuple[Link, ...]
    conditions: tuple[Link, ...]
    unlinked: tuple[str, ...]


def best_links(found: Iterable[Link]) -> tuple[Link, ...]:
    """Return the longest and best links that do not overlap; those that fit the same words equally well are all kept."""
    best: list[Link] = []
    for link in sorted(found, key=lambda link: (-(link.end - link.start), -link.score)):
        overlapping = [other for other in best if other.start < link.end and link.start < other.end]
        if not overlapping or all(
            (other.start, other.end, other.score) == (link.start, link.end, link.score) for other in overlapping
        ):
            best.append(link)
    return tuple(sorted(best, key=lambda link: link.start))


def is_year_column(column: Column) -> bool:
    """Return whether a column of integers holds years."""
    low, high = column.lowest, column.highest
    return column.type is ColumnType.INTEGER and bool(low) and int(Decimal(low)) >= 1000 and int(Decimal(high)) <= 2200
