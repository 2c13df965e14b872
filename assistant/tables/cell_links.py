"""Link the words of a question to the cells of a table: whole cells, parts of them, and cells that contain a word."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from assistant.datatypes.tables import Column, ColumnType, TableInfo
from assistant.tables.connection import TableConnection, literal
from assistant.tables.countries import country_link
from assistant.tables.links import Link, LinkKind
from assistant.tables.parquet import quoted
from assistant.tables.tokens import QuestionToken, find_run, is_filler, tokenize

MOST_VALUES = 50_000  # distinct values of a column that are compared with a question
MOST_SHARING = 2  # cells that share the part of them that a question names
LONGEST_VALUE = 12  # tokens
MIN_WORD = 3
CONTAINS_SCORE = 0.5
PHRASE_SCORE = 0.62  # of a phrase that cells contain
LONGEST_PHRASE = 4  # words
ADJECTIVE = re.compile(r"^(?P<stem>[a-z]{3,}?)(?:ians?|ans?|ns?|ese|ish|i|is)$")


def value_links(tokens: Sequence[QuestionToken], table: TableInfo, connection: TableConnection) -> Iterator[Link]:
    """Yield the cells of text columns that occur in a question: as a whole, by their distinctive beginning, or by a phrase."""
    written = [token.form for token in tokens]
    present, phrases = set(written), question_phrases(written)
    capitals = frozenset(token.text for token in tokens if len(token.text) > 1 and token.text.isupper())
    for column in table.columns:
        if column.type is ColumnType.TEXT and not column.is_temporal:
            found: set[tuple[str, ...]] = set()
            for value in distinct_values(table, column, connection):
                cell = [token.form for token in tokenize(value)]
                yield from cell_links(written, present, column, value, cell, is_capitals=value in capitals)
                if phrases and len(cell) > 2:
                    found |= phrases.keys() & phrases_of(cell)
            yield from (phrase_link(column, phrase, phrases[phrase]) for phrase in sorted(found))


def question_phrases(written: Sequence[str]) -> dict[tuple[str, ...], int]:
    """Return where each phrase of a question begins that has two to four words and no filler at its ends."""
    return {
        tuple(written[start : start + length]): start
        for length in range(2, LONGEST_PHRASE + 1)
        for start in range(len(written) - length + 1)
        if all(is_phrase_end(written[place]) for place in (start, start + length - 1))
    }


def is_phrase_end(form: str) -> bool:
    """Return whether a phrase may begin or end with a word: an ASCII word that says something."""
    return form.isascii() and form.isalnum() and not is_filler(form) and (len(form) > 1 or form.isdigit())


def phrases_of(cell: Sequence[str]) -> set[tuple[str, ...]]:
    """Return the phrases of two to four words in a cell."""
    return {
        tuple(cell[start : start + length])
        for length in range(2, LONGEST_PHRASE + 1)
        for start in range(len(cell) - length + 1)
    }


def phrase_link(column: Column, phrase: tuple[str, ...], start: int) -> Link:
    """Return the link to the rows whose cells contain a phrase."""
    pattern = "\\W+".join(phrase)
    sql = f"regexp_matches(lower(strip_accents({quoted(column.name)})), '\\b{pattern}')"
    words = f"{column.header or column.name} contains {' '.join(phrase)}"
    return Link(LinkKind.VALUE, column, start, start + len(phrase), PHRASE_SCORE, sql, words, " ".join(phrase))


def distinct_values(table: TableInfo, column: Column, connection: TableConnection) -> list[str]:
    """Return the distinct cells of a text column."""
    if column.distinct > MOST_VALUES:
        return []
    name = quoted(column.name)
    rows = connection.run(f"SELECT DISTINCT {name} FROM {quoted(table.name)} WHERE {name} IS NOT NULL", MOST_VALUES).rows
    return [str(row[0]) for row in rows]


def cell_links(
    written: Sequence[str], present: set[str], column: Column, value: str, cell: Sequence[str], *, is_capitals: bool
) -> Iterator[Link]:
    """Yield the place where a cell occurs in a question.

    cell: the forms of its tokens; is_capitals: the question writes it in capitals, so that "IT" is no pronoun
    """
    if not cell or len(cell) > LONGEST_VALUE or (cell[0] not in present and cell[-1] not in present):
        return
    at = find_run(cell, written)
    if at >= 0 and (len(cell) > 1 or is_capitals or is_name(cell[0])):
        yield equal_link(column, value, at, at + len(cell), 1.0 + 0.01 * len(cell))
        return
    if len(cell) > 1:
        for part, score in ((cell[:-1], 0.7), (cell[1:], 0.65), (cell[:1], 0.45), (cell[-1:], 0.5)):
            content = [form for form in part if not is_filler(form)]
            at = find_run(part, written)
            if at >= 0 and content and len("".join(content)) > 3 - 2 * (not content[0].isascii()) and not part[0].isdigit():
                yield equal_link(column, value, at, at + len(part), score)
                return


def is_name(form: str) -> bool:
    """Return whether a word alone may be a cell: no filler, and no single letter."""
    return not is_filler(form) and (len(form) > 1 or form.isdigit() or not form.isascii())


def specific(found: Iterable[Link]) -> list[Link]:
    """Return links without those of a part of a cell that as many cells share as make it no name."""
    links = list(found)
    sharing = Counter((link.column.name, link.start, link.end) for link in links if link.score < 1)
    return [link for link in links if link.score >= 1 or sharing[(link.column.name, link.start, link.end)] <= MOST_SHARING]


def in_named_columns(links: Sequence[Link], headers: Sequence[Link]) -> tuple[Link, ...]:
    """Return links; of cells of several columns that fit the same words, those of the column that the question names."""
    named = {link.column.name for link in headers if link.score >= 0.95}
    chosen = {(link.start, link.end) for link in links if link.column.name in named}
    return tuple(link for link in links if (link.start, link.end) not in chosen or link.column.name in named)


def equal_link(column: Column, value: str, start: int, end: int, score: float) -> Link:
    """Return the link to the rows with a cell."""
    return Link(
        LinkKind.VALUE,
        column,
        start,
        end,
        score,
        f"{quoted(column.name)} = {literal(value)}",
        f"{column.header or column.name} is {value}",
        value,
    )


def containing_links(
    tokens: Sequence[QuestionToken], table: TableInfo, connection: TableConnection, taken: set[int]
) -> Iterator[Link]:
    """Yield the cells of text columns that contain a word of a question as a word, or a name of a country for its adjective.

    Only words that nothing else is linked to, and at most two columns for each.
    """
    columns = [column for column in table.columns if column.type is ColumnType.TEXT and column.distinct <= MOST_VALUES]
    cells = {column.name: distinct_values(table, column, connection) for column in columns}
    words = {name: words_of_cells(each) for name, each in cells.items()}
    for place, token in enumerate(tokens):
        if place in taken or is_filler(token.form) or (len(token.form) < MIN_WORD and token.form.isascii()):
            continue
        countries = [link for column in columns if (link := country_link(column, cells[column.name], token.form, place))]
        if countries:
            yield from countries[:2]
            continue
        fitting = [(column, found) for column in columns if (found := fitting_word(token.form, words[column.name]))]
        for column, word in fitting[:2]:
            yield Link(
                LinkKind.VALUE,
                column,
                place,
                place + 1,
                CONTAINS_SCORE,
                f"regexp_matches(lower(strip_accents({quoted(column.name)})), '\\b{word}')",
                f"{column.header or column.name} contains {word}",
                word,
            )


def words_of_cells(cells: Iterable[str]) -> frozenset[str]:
    """Return the comparable words of cells."""
    return frozenset(token.form for cell in cells for token in tokenize(cell))


def fitting_word(form: str, words: frozenset[str]) -> str:
    """Return the word of cells that a word of a question is, or that begins like it ("italian", "italy"); "" if there is none."""
    if form in words:
        return form if form.isascii() and form.isalnum() else ""
    match = ADJECTIVE.match(form)
    if not match or len(match["stem"]) < MIN_WORD:
        return ""
    stem = match["stem"]
    return min(
        (word for word in words if word.startswith(stem) and 0 <= len(word) - len(stem) <= 4 and word.isalpha()), default=""
    )
