"""Read questions for the values of the rows that fulfil the conditions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from assistant.tables.rules.parts import THING, QuestionParts, condition_of
from assistant.tables.rules.reading import Reading, label

OTHER = re.compile(
    r"\b(?:other than|besides|aside from|apart from|except(?: for)?|along with|in addition to|excluding)\b|除了", re.I
)


def read_lists(parts: QuestionParts) -> Iterator[Reading]:
    """Yield the readings of the values of a column in the rows that fulfil the conditions."""
    if not parts.filters:
        return
    other = OTHER.search(parts.question)
    for target in parts.targets():
        if other:
            yield from other_values(parts, target.name, target.mark, label(target.column), other.end())
        where = parts.where(f"{target.name} IS NOT NULL")
        sql = f"SELECT DISTINCT {target.name} FROM {parts.table}{where}"
        rivals = parts.rivals(THING) if target.mark == THING else ""
        yield replace(parts.reading(sql, parts.say("list", label(target.column)), "rows", ["list", target.mark]), rivals=rivals)


def other_values(parts: QuestionParts, name: str, mark: str, words: str, behind: int) -> Iterator[Reading]:
    """Yield the readings of the rows that fulfil the conditions without the one named behind "other than"."""
    excluded = [link for link in parts.values if parts.linked.tokens[link.start].start >= behind][:1]
    if not excluded:
        return
    kept = condition_of([link for link in parts.values if link not in excluded], parts.conditions)
    where = " AND ".join(filter(None, (f"NOT ({excluded[0].sql})", kept)))
    sql = f"SELECT DISTINCT {name} FROM {parts.table} WHERE {where}"
    yield parts.reading(sql, parts.say("other than", words), "rows", ["other than", mark], "", where)
