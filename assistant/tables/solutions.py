"""A question linked to a table, and the results of its readings by rule and of the chat model's statements."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from assistant.datatypes.tables import QueryResult, TableRow
from assistant.tables.links import LinkedQuestion
from assistant.tables.rules import Reading
from assistant.text.calculations import Intent


@dataclass(frozen=True, slots=True)
class Solved:
    """A reading with its result and the rows behind it. doubts: what speaks against a statement of the chat model."""

    reading: Reading
    result: QueryResult
    count: int = 0
    rows: tuple[TableRow, ...] = ()
    by_model: bool = False
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableQuestion:
    """A question linked to one table, with what it asks to compute and its readings by rule, best first."""

    linked: LinkedQuestion
    intent: Intent
    readings: tuple[Reading, ...]

    @property
    def confidence(self) -> float:
        """The confidence of the best reading; 0 without one."""
        return self.readings[0].confidence if self.readings else 0.0

    @property
    def links(self) -> int:
        """The number of columns, cells and conditions that the question names."""
        return (
            len({link.column.name for link in (*self.linked.columns, *self.linked.implied) if link.score >= 0.9})
            + len({link.start for link in self.linked.values if link.score >= 0.6})
            + len(self.linked.conditions)
        )

    @property
    def names_a_phrase(self) -> bool:
        """Whether the question has a column's name of several words, such as "hours per week"."""
        return any(link.score >= 0.9 and link.end - link.start > 1 for link in self.linked.columns)


def is_empty_result(result: QueryResult) -> bool:
    """Return whether a result has no value."""
    return not result.rows or all(value is None for row in result.rows for value in row)


def is_decided(reading: Reading, result: QueryResult) -> bool:
    """Return whether a comparison has two sides that differ."""
    if reading.target != "compare":
        return True
    return len(result.rows) == 2 and result.rows[0][1] != result.rows[1][1]


def same_result(one: QueryResult, other: QueryResult) -> bool:
    """Return whether two results begin with the same values."""
    first, second = ({comparable(value) for value in row[:2]} for row in (one.rows[0], other.rows[0]))
    return len(one.rows) == len(other.rows) and bool(first & second)


def same_answer(one: Solved, other: Solved) -> bool:
    """Return whether two readings give the same values in the first columns of their results, in any order."""
    return answer_values(one) == answer_values(other)


def answer_values(solved: Solved) -> Counter[object]:
    """Return the values that answer a question: of a comparison those of its first row, whose others are what is compared."""
    rows = solved.result.rows[:1] if solved.reading.target == "compare" else solved.result.rows
    return Counter(comparable(row[0]) for row in rows)


def comparable(value: object) -> object:
    """Return a value for comparison: numbers rounded, text in lower case."""
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return round(float(value), 4)
    return str(value).strip().lower()
