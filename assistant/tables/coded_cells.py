"""Link "won", "female" and the like to the cells of a column of codes for it, such as "W 3-1" and "F"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from assistant.datatypes.tables import Column, ColumnType, TableInfo
from assistant.tables.cell_links import distinct_values
from assistant.tables.connection import TableConnection
from assistant.tables.links import Link, LinkKind
from assistant.tables.parquet import quoted
from assistant.tables.tokens import QuestionToken

CODE_SCORE = 0.9
FEWEST_CODES = 2  # different ones in a column of codes
CODES = tuple(  # words of a question, and how cells write them
    {frozenset(words.split()): frozenset(codes.split()) for words, codes in family.items()}
    for family in (
        {
            "win won victory winning beat": "w win won victory winner",
            "loss lost lose losing defeat defeated": "l loss lost defeat",
            "draw drew drawn tie tied": "d t draw drawn tie tied",
        },
        {"male man men": "m male", "female woman women": "f w female"},
    )
)
CODE = re.compile(r"(?P<code>[a-z]+)(?:[\s,(]|$)", re.I)  # "W", "W 3-1" and "L, 20-17"; "W-100" is a product


def code_links(tokens: Sequence[QuestionToken], table: TableInfo, connection: TableConnection, taken: set[int]) -> Iterator[Link]:
    """Yield the cells that begin with a code for a word of a question; of several columns, those of the first."""
    wanted = [(place, token.form) for place, token in enumerate(tokens) if place not in taken and family_of(token.form)]
    columns = [column for column in table.columns if column.type is ColumnType.TEXT] if wanted else []
    for place, form in wanted:
        links = (code_link(column, distinct_values(table, column, connection), form, place) for column in columns)
        yield from [link for link in links if link][:1]


def family_of(form: str) -> dict[frozenset[str], frozenset[str]]:
    """Return the codes among which one stands for a word; an empty dictionary if none does."""
    return next((family for family in CODES if any(form in words for words in family)), {})


def code_link(column: Column, cells: Sequence[str], form: str, place: int) -> Link | None:
    """Return the link of a word to the cells that begin with a code for it; None if the column does not hold such codes."""
    family = family_of(form)
    codes = next(codes for words, codes in family.items() if form in words)
    known = {code for each in family.values() for code in each}
    begins = [match["code"].lower() for cell in cells if (match := CODE.match(cell))]
    coded = [begin for begin in begins if begin in known]
    if 2 * len(coded) <= len(cells) or len(set(coded)) < FEWEST_CODES or not codes & set(coded):
        return None
    sql = f"regexp_matches(lower({quoted(column.name)}), '^({'|'.join(sorted(codes))})([\\s,(]|$)')"
    words = f"{column.header or column.name} begins with {' or '.join(sorted(codes & set(coded)))}"
    return Link(LinkKind.VALUE, column, place, place + 1, CODE_SCORE, sql, words, form)
