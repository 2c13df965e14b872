"""Link "without a delivery date", "have no nickname" and the like to the rows in which a column is empty."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from assistant.tables.links import Link, LinkKind, is_year_column, tokens_in
from assistant.tables.parquet import quoted
from assistant.tables.tokens import QuestionToken

MISSING_SCORE = 0.8
NAMED = 0.64  # score of a link to a header, or to a part of it that no other header has
NO = re.compile(
    r"\b(?:(?:[a-z]{2,}(?<!there is)(?<!there are)(?<!there was)(?<!there were)) no"
    r"|without(?: an?| any)?|lack(?:s|ed|ing)?(?: an?| any)?"
    r"|missing(?: an?| the)?"
    r"|(?:do|does|did|has|have|had)(?: not|n't) (?:have|had|list|show)(?: an?| any)?)\s+$|(?:没有|缺少?|无)$",
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
        name = quoted(link.column.name)
        sql, words = f"{name} IS NULL", f"{label} is empty"
        if link.column.is_numeric and not is_year_column(link.column):
            sql, words = f"{name} IS NULL OR {name} = 0", f"{label} is empty or 0"
        yield Link(LinkKind.CONDITION, link.column, *span, MISSING_SCORE, sql, words)
