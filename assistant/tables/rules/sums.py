"""Read questions for a sum, an average or a share."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.tables.rules.counts import grouped, read_counts
from assistant.tables.rules.parts import QuestionParts
from assistant.tables.rules.reading import Reading, label

COUNTED = re.compile(r"how many|number of|times|多少", re.I)
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
    group = parts.group()
    for choice in parts.measures():
        if group and group.column.name != choice.column.name:
            marks, said = [words, "grouped", choice.mark], parts.say(words, label(choice.column))
            yield grouped(parts, group.column, f"{function}({choice.name})", said, marks, choice.column.unit)
            continue
        yield parts.reading(
            f"SELECT {function}({choice.name}) FROM {parts.table}{parts.where()}",
            parts.say(words, label(choice.column)),
            "number",
            [words, choice.mark],
            choice.column.unit,
        )


def read_shares(parts: QuestionParts) -> Iterator[Reading]:
    """Yield the readings of the share of some rows, or of their part of a sum."""
    if not parts.filters:
        return
    for choice in (*parts.measures()[:1], None):
        whole = f"sum({choice.name})" if choice else "count(*)"
        yield parts.reading(
            f"SELECT round(100.0 * {whole} FILTER (WHERE {parts.filters}) / {whole}, 2) FROM {parts.table}",
            parts.say("share", label(choice.column)) if choice else parts.say("share of rows"),
            "number",
            ["share", choice.mark if choice else "share of rows"],
            "%",
        )
