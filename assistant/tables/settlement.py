"""Conditions on what is settled: overdue, unpaid, paid and out of stock, where a table has no cell with that word.

What is open is told by a column of states (paid, open), of yes and no, or of the dates of payment. Overdue is what is open and
whose due date lies before today. A question for these over a table that does not tell them is not answered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from assistant.datatypes.tables import Column, ColumnType, TableInfo
from assistant.tables.cell_links import distinct_values
from assistant.tables.connection import TableConnection, literal
from assistant.tables.date_conditions import DUE_HEADER, PAID_DATE_HEADER
from assistant.tables.links import Link, LinkKind, tokens_in
from assistant.tables.parquet import quoted
from assistant.tables.quantities import Quantity, columns_of
from assistant.tables.tokens import QuestionToken

OVERDUE = re.compile(r"\b(?:overdue|past (?:its |their |the )?due(?: date)?)\b|逾期|超期|过期未付", re.I)
UNPAID = re.compile(
    r"\b(?:still )?(?:unpaid|unsettled)\b|\b(?:still )?outstanding(?= (?:invoices?|bills?|amounts?|payments?|balances?)\b|\W*$)"
    r"|\b(?:still )?ow(?:e|es|ed|ing)\b"
    r"|\b(?:not|n't|never) (?:yet )?(?:been )?(?:yet )?(?:paid|settled|pay)(?: yet)?\b|未付款?|未支付|没有?付款?|未结清|拖欠|欠",
    re.I,
)
PAID = re.compile(r"\bpa(?:y|ys|id)\b|已付款?|已支付|付了|付清", re.I)
NO_STOCK = re.compile(r"\b(?:out of stock|sold out|not (?:in stock|available))\b|没有?库存了?|无库存|缺货|断货|售罄|没货", re.I)
STATES = (OVERDUE, UNPAID, NO_STOCK)  # words without which a question means something else
PAID_HEADER = re.compile(r"^(?:(?:is_)?(?:paid|settled)|bezahlt|已付款?|是否付款|是否支付|已支付)_?$", re.I)
SETTLED = frozenset("paid settled bezahlt beglichen 已付 已付款 已支付 已结清 付清".split())
OPEN = frozenset("open unpaid outstanding overdue due pending offen unbezahlt überfällig".split()) | {"not paid"}
OPEN |= frozenset("未付 未付款 未支付 待付 待付款 待支付 逾期 未结清".split())
YES = frozenset("yes y true ja j x 1 是".split())
NO = frozenset("no n false nein 0 否".split())
MOST_STATES = 12


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a table tells what is settled: the column, and the conditions of the open and of the settled rows with their words."""

    column: Column
    open_sql: str
    open_words: str
    paid_sql: str
    paid_words: str


def state_links(
    question: str,
    tokens: Sequence[QuestionToken],
    table: TableInfo,
    values: Sequence[Link],
    connection: TableConnection,
    today: date,
) -> Iterator[Link]:
    """Yield the conditions of the words of a question that tell what is overdue, unpaid, paid or out of stock."""
    cells = {place for link in values if link.score >= 1 for place in range(link.start, link.end)}
    settlement = read_settlement(table, connection)
    due = next((column for column in table.columns if column.is_temporal and DUE_HEADER.search(column.name)), None)
    stock = columns_of(table, [Quantity.COUNT])
    for match in NO_STOCK.finditer(question) if len(stock) == 1 else ():
        yield from state_link(tokens, match, stock[0], f"{quoted(stock[0].name)} = 0", f"{label_of(stock[0])} is 0")
    if settlement is None:
        return
    unpaid = list(UNPAID.finditer(question))
    for match in unpaid:
        yield from state_link(tokens, match, settlement.column, settlement.open_sql, settlement.open_words)
    for match in OVERDUE.finditer(question):
        span = tokens_in(tokens, *match.span())
        if due is not None and span and not cells & set(range(*span)):
            sql = f"{quoted(due.name)} < DATE '{today}' AND {settlement.open_sql}"
            yield from state_link(tokens, match, due, sql, f"{label_of(due)} before {today} and {settlement.open_words}")
            return
    for match in PAID.finditer(question) if not unpaid else ():
        span = tokens_in(tokens, *match.span())
        if span and not cells & set(range(*span)):
            yield from state_link(tokens, match, settlement.column, settlement.paid_sql, settlement.paid_words)


def state_link(tokens: Sequence[QuestionToken], match: re.Match[str], column: Column, sql: str, words: str) -> Iterator[Link]:
    """Yield the condition that some words of a question mean."""
    if span := tokens_in(tokens, *match.span()):
        yield Link(LinkKind.CONDITION, column, *span, 1.0, sql, words)


def has_state(text: str) -> bool:
    """Return whether a text has a word for what is overdue, unpaid or out of stock."""
    return any(pattern.search(text) for pattern in STATES)


def read_settlement(table: TableInfo, connection: TableConnection) -> Settlement | None:
    """Return how a table tells what is settled; None if it does not, or if a part of a row may be."""
    for column in table.columns:
        name, label = quoted(column.name), label_of(column)
        if column.is_temporal and PAID_DATE_HEADER.search(column.name) and not column.unparsed:
            is_open, is_paid = f"{name} IS NULL", f"{name} IS NOT NULL"
            return Settlement(column, is_open, f"{label} is empty", is_paid, f"{label} is filled")
        if column.type is ColumnType.TEXT and 1 <= column.distinct <= MOST_STATES:
            cells = distinct_values(table, column, connection)
            plain = {cell: cell.strip().lower() for cell in cells}
            is_named = bool(PAID_HEADER.search(column.name))
            paid = [cell for cell in cells if plain[cell] in SETTLED or (is_named and plain[cell] in YES)]
            unpaid = [cell for cell in cells if plain[cell] in OPEN or (is_named and plain[cell] in NO)]
            if (paid and unpaid) or (is_named and paid):
                return of_cells(column, paid, unpaid, leaves_empty=is_named)
    return None


def of_cells(column: Column, paid: Sequence[str], unpaid: Sequence[str], *, leaves_empty: bool) -> Settlement:
    """Return the conditions of a column of states. leaves_empty: an empty cell is open."""
    name, label = quoted(column.name), label_of(column)
    is_open = f"{name} IN ({', '.join(map(literal, unpaid))})" if unpaid else "FALSE"
    if leaves_empty:
        is_open = f"({is_open} OR {name} IS NULL)"
    is_paid = f"{name} IN ({', '.join(map(literal, paid))})"
    return Settlement(column, is_open, f"{label} is {' or '.join(unpaid) or 'empty'}", is_paid, f"{label} is {' or '.join(paid)}")


def label_of(column: Column) -> str:
    """Return the header of a column for a sentence."""
    return column.header or column.name
