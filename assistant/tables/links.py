"""Links between the words of a question and the columns, cells and conditions of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from assistant.datatypes.tables import Column, ColumnType, TableInfo
from assistant.tables.tokens import QuestionToken

DISTINCT_PART = 0.64  # score of a link to a part of a header that no other header has; less is a part that others have


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
    """A question with what its tokens are linked to in one table; `unlinked` are the content words that are not.

    implied: the columns of numbers that words imply without naming them, such as the amounts by "spent"
    """

    question: str
    tokens: tuple[QuestionToken, ...]
    table: TableInfo
    columns: tuple[Link, ...]
    values: tuple[Link, ...]
    conditions: tuple[Link, ...]
    unlinked: tuple[str, ...]
    implied: tuple[Link, ...] = ()


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


def token_span(tokens: Sequence[QuestionToken], start: int, end: int) -> tuple[int, int] | None:
    """Return the tokens that lie in a span of the question; None if there are none."""
    inside = [
        place for place, token in enumerate(tokens) if token.start >= start - 1 and token.end <= end + 1 and token.end > start
    ]
    return (inside[0], inside[-1] + 1) if inside else None


def tokens_in(tokens: Sequence[QuestionToken], start: int, end: int) -> tuple[int, int] | None:
    """Return the tokens with a character in a span of the question; None if there are none."""
    inside = [place for place, token in enumerate(tokens) if token.start < end and token.end > start]
    return (inside[0], inside[-1] + 1) if inside else None


def nearest(columns: Sequence[Link], span: tuple[int, int] | None, fits: Callable[[Column], bool]) -> Column | None:
    """Return the mentioned column that fits and stands nearest to a span; None if there is none."""
    fitting = [link for link in columns if fits(link.column)]
    if span is None or not fitting:
        return None
    return min(fitting, key=lambda link: min(abs(link.start - span[1]), abs(span[0] - link.end))).column


def only(table: TableInfo, fits: Callable[[Column], bool]) -> Column | None:
    """Return the only column of a table that fits; None if there are several or none."""
    fitting = [column for column in table.columns if fits(column)]
    return fitting[0] if len(fitting) == 1 else None
