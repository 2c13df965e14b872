"""Link "without a delivery date", "have no nickname" and the like to the rows in which a column is empty."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from assistant.tables.links import Link, LinkKind, tokens_in
from assistant.tables.parquet import quoted
from assistant.tables.tokens import QuestionToken

MISSING_SCORE = 0.8
NAMED = 0.64  # score of a link to a header, or to a part of it that no other header has
NO = re.compile(
    r"\b(?:(?:ha(?:s|ve|d)|with|list(?:s|ed)?|show(?:s|ed)?|is|are|was|were) no|without(?: an?| any)?|lack(?:s|ed|ing)?(?: an?| any)?"
    r"|missing(?: an?| the)?|(?:do|does|did|has|have|had)(?: not|n't) (?:have|had|list|show)(?: an?| any)?)\s+$|(?:没有|缺少?|无)$",
    re.I,
)


def missing_links(question: str, tokens: Sequence[QuestionToken], columns: Sequence[Link], taken: set[int]) -> Iterator[Link]:
    """Yield the condition that a column is empty for each column that a question names behind "no" or "without"."""
    for link in columns:
        start = tokens[link.start].start
        match = NO.search(question[:start])
        if link.score < NAMED or match is None or taken & set(range(link.start, link.end)):
            continue
        span = tokens_in(tokens, match.start(), tokens[link.end - 1].end) or (link.start, link.end)
        label = link.column.header or link.column.name
        sql = f"{quoted(link.column.name)} IS NULL"
        yield Link(LinkKind.CONDITION, link.column, *span, MISSING_SCORE, sql, f"{label} is empty")
