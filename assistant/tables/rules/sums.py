"""Read questions for a sum, an average or a share."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.tables.number_text import holds_durations
from assistant.tables.quantities import is_per_unit
from assistant.tables.rules.counts import grouped, read_counts
from assistant.tables.rules.parts import EXACT, QuestionParts
from assistant.tables.rules.reading import Reading, label
from assistant.tables.units import units_differ
from assistant.text.calculations.vocabulary import MEASURE_WORD

FIRST_ROWS = re.compile(r"\b(?:first|top|last|bottom)\b|前|最后", re.I)
SUMMED = re.compile(r"\b(?:sum|total|add(?:ed)?)\b|合计|总", re.I)  # without which prices of one thing each are not added up
COUNTED = re.compile(rf"how many|number of|times|(?:多少|几){MEASURE_WORD}", re.I)
EXTREME_WORD = re.compile(r"\b(?:highest|lowest|most|least|above|below|over|under|greater|less|more)\b|最", re.I)


def read_sums(parts: QuestionParts) -> Iterator[Reading]:
    """Yield the readings of a sum; of a count if the question says "how many"."""
    yield from aggregated(parts, "sum", "sum")
    if COUNTED.search(parts.question):
        yield from read_counts(parts)


def read_averages(parts: QuestionParts) -> Iterator[Reading]:
    """Yield the readings of an average, unless "average" belongs to a header of which an extreme is asked."""
    headers = [link.column.header.lower() for link in parts.linked.columns]
    if not (EXTREME_WORD.search(parts.question) and any("average" in header for header in headers)):
        yield from aggregated(parts, "avg", "average")


def aggregated(parts: QuestionParts, function: str, words: str) -> Iterator[Reading]:
    """Yield the aggregate of each column that the question may measure."""
    group, rows = parts.group(), first_rows(parts)
    for choice in parts.measures():
        if holds_durations(choice.column):
            continue  # seconds without a unit, or minutes, would be no answer
        if function == "sum" and is_per_unit(choice.column) and not SUMMED.search(parts.question):
            continue
        if group and group.column.name != choice.column.name:
            marks, said = [words, "grouped", choice.mark], parts.say(words, label(choice.column))
            yield grouped(parts, group.column, f"{function}({choice.number})", said, marks, choice.column.unit)
            if group.score >= EXACT:
                continue
        said, unit = parts.say(words, label(choice.column)), choice.column.unit
        sql = f"SELECT {function}({choice.number}) FROM {rows or parts.table + parts.where()}"
        yield parts.reading(sql, said, "number", [words, "of first rows" if rows else "of all rows", choice.mark], unit)
    yield from sum_of_columns(parts, function)


def first_rows(parts: QuestionParts) -> str:
    """Return the subquery of the first or last rows that "the top three" means; "" if the question does not say so."""
    match = FIRST_ROWS.search(parts.question) if parts.intent.limit else None
    if not match:
        return ""
    direction = "DESC" if match[0].lower() in {"last", "bottom", "最后"} else "ASC"
    return f"(SELECT * FROM {parts.table}{parts.where()} ORDER BY _row {direction} LIMIT {parts.intent.limit})"


def sum_of_columns(parts: QuestionParts, function: str) -> Iterator[Reading]:
    """Yield the sum of two columns that the question names, if they are of one unit."""
    named = [
        choice for choice in parts.measures() if choice.mark.startswith(("measure named", "measure distinctly", "measure part"))
    ]
    if function != "sum" or len(named) < 2 or units_differ(named[0].column, named[1].column):
        return
    first, second = named[:2]
    sql = f"SELECT sum({first.number}) + sum({second.number}) FROM {parts.table}{parts.where()}"
    words = parts.say("sum", f"{label(first.column)} + {label(second.column)}")
    yield parts.reading(sql, words, "number", ["sum of columns", second.mark], first.column.unit)


def read_shares(parts: QuestionParts) -> Iterator[Reading]:
    """Yield the readings of the share of some rows, or of their part of a sum."""
    if not parts.filters:
        return
    for choice in (*parts.measures()[:1], None):
        whole = f"sum({choice.number})" if choice else "count(*)"
        yield parts.reading(
            f"SELECT round(100.0 * {whole} FILTER (WHERE {parts.filters}) / {whole}, 2) FROM {parts.table}",
            parts.say("share", label(choice.column)) if choice else parts.say("share of rows"),
            "number",
            ["share", choice.mark if choice else "share of rows"],
            "%",
        )
