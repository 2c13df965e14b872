"""Read questions for what stands in more than so many rows: "more than two orders", "at least twice", "only once"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.tables.conditions import NUMBER_WORDS, number_of
from assistant.tables.rules.parts import HOW_MANY, QuestionParts
from assistant.tables.rules.reading import Reading, label

FREQUENT = re.compile(
    r"\b(?:(?P<more>more than|over)|(?P<least>at least)|(?P<less>less than|fewer than|under)|(?P<only>only|exactly|just))\s+"
    rf"(?P<number>\d{{1,4}}|once|twice|{'|'.join(NUMBER_WORDS)})\b|\b(?P<several>multiple|several|more than once)\b",
    re.I,
)
TIMES = {"once": 1, "twice": 2}


def read_groups(parts: QuestionParts) -> Iterator[Reading]:
    """Yield the readings of the values that stand in as many rows as a question says, or of their number."""
    match = FREQUENT.search(parts.question)
    if match is None:
        return
    written = (match["number"] or "one").lower()
    number = TIMES.get(written) or number_of(written)
    sign = ">" if match["more"] or match["several"] else ">=" if match["least"] else "<" if match["less"] else "="
    start, end = match.span()
    inside = [link for link in parts.conditions if start <= parts.linked.tokens[link.start].start < end]
    if inside:
        return
    for target in parts.targets()[:3]:
        where = parts.where(f"{target.name} IS NOT NULL")
        groups = f"FROM {parts.table}{where} GROUP BY {target.name} HAVING count(*) {sign} {number}"
        words = parts.say("each", f"{parts.say('rows')} {sign} {number}", label(target.column))
        if HOW_MANY.search(parts.question):
            sql = f"SELECT count(*) FROM (SELECT {target.name} {groups})"
            yield parts.reading(sql, words, "number", ["frequent counted", target.mark])
        else:
            yield parts.reading(f"SELECT {target.name} {groups}", words, "rows", ["frequent", target.mark])
