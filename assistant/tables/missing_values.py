"""Link "without a delivery date", "have no nickname" and the like to the rows in which a column is empty."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from assistant.tables.connection import literal
from assistant.tables.links import DISTINCT_PART, Link, LinkKind, is_year_column, tokens_in
from assistant.tables.parquet import quoted
from assistant.tables.tokens import QuestionToken

MISSING_SCORE = 0.8
NO_CELLS = frozenset({"no", "none", "false", "否", "无"})  # of a column that says so itself, whose empty cells say nothing
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
        if link.score < DISTINCT_PART or match is None or taken & set(range(link.start, link.end)):
            continue
        span = tokens_in(tokens, match.start(), tokens[link.end - 1].end) or (link.start, link.end)
        label = link.column.header or link.column.name
        name = quoted(link.column.name)
        sql, words = f"{name} IS NULL", f"{label} is empty"
        if NO_CELLS & {cell.strip().lower() for cell in link.column.samples}:
            sql = f"lower({name}) IN ({', '.join(map(literal, sorted(NO_CELLS)))})"
            words = f"{label} is no"
        if link.column.is_numeric and not is_year_column(link.column):
            sql, words = f"{name} IS NULL OR {name} = 0", f"{label} is empty or 0"
        yield Link(LinkKind.CONDITION, link.column, *span, MISSING_SCORE, sql, words)
