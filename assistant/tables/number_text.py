"""Read the numbers of text columns, as in "231+", "4th" or "12,400 (estimate)", and durations such as "4:31" as seconds."""

from __future__ import annotations

import re

from assistant.datatypes.tables import Column, ColumnType
from assistant.tables.parquet import quoted

NUMBER_FIRST = re.compile(r"^[^\w\d]{0,2}\d[\d.,]*\s?(?P<unit>[^\W\d_]*)")
ORDINAL_ENDINGS = frozenset({"st", "nd", "rd", "th"})
YEAR_FIRST = re.compile(r"^\W{0,2}(?:1[5-9]|20)\d\d\b")
DURATION = re.compile(r"^\d{1,3}(?::\d\d){1,2}(?:[.,]\d+)?\b")


def number_expression(column: Column) -> str:
    """Return the SQL expression of a column's numbers: for a column of text, the first number in each cell, or its seconds."""
    name = quoted(column.name)
    if column.is_numeric or column.is_temporal:
        return name
    if holds_durations(column):
        hours, minutes, seconds = (
            f"TRY_CAST(regexp_extract({name}, '^(?:([0-9]+):)?([0-9]+):([0-9]+(?:[.][0-9]+)?)', {group}) AS DOUBLE)"
            for group in (1, 2, 3)
        )
        return f"(coalesce({hours}, 0) * 3600 + {minutes} * 60 + {seconds})"
    return f"TRY_CAST(regexp_extract(replace({name}, ',', ''), '-?[0-9]+([.][0-9]+)?') AS DOUBLE)"


def holds_numbers_in_text(column: Column) -> bool:
    """Return whether most cells of a column of text begin with a number, and no two of their units differ."""
    found = [match for cell in column.samples if (match := NUMBER_FIRST.match(cell))]
    units = {match["unit"].lower() for match in found if match["unit"]} - ORDINAL_ENDINGS
    return column.type is ColumnType.TEXT and 2 * len(found) > len(column.samples) and len(units) <= 1


def holds_years_in_text(column: Column) -> bool:
    """Return whether most cells of a column of text begin with a year, as in "1997–98"."""
    found = sum(bool(YEAR_FIRST.match(cell)) for cell in column.samples)
    return column.type is ColumnType.TEXT and 2 * found > len(column.samples)


def holds_durations(column: Column) -> bool:
    """Return whether most cells of a column of text are durations such as "4:31" or "1:02:33.5"."""
    found = sum(bool(DURATION.match(cell)) for cell in column.samples)
    return column.type is ColumnType.TEXT and 2 * found > len(column.samples)


def holds_amounts(column: Column) -> bool:
    """Return whether a column has numbers to compare with: typed as such, or at the beginning of its texts."""
    return column.is_numeric or holds_numbers_in_text(column)
