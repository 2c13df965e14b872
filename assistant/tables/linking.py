"""Link the words of a question to the columns, cells and conditions of a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import PurePath

from assistant.datatypes.tables import TableInfo
from assistant.tables.cell_links import containing_links, in_named_columns, specific, value_links
from assistant.tables.coded_cells import code_links
from assistant.tables.column_links import column_links, synonym_links
from assistant.tables.conditions import comparisons_behind, condition_links, equality_links
from assistant.tables.connection import TableConnection
from assistant.tables.implied_measures import implied_links
from assistant.tables.joins import join_links
from assistant.tables.links import DISTINCT_PART, Link, LinkedQuestion, best_links, tokens_in
from assistant.tables.missing_values import missing_links
from assistant.tables.row_names import counted_rows
from assistant.tables.settlement import state_links
from assistant.tables.tokens import QuestionToken, chinese_fillers, is_filler, root, tokenize

WHOLE_HEADER = 0.95  # score of a link to a whole header, which a link to a part of a cell does not replace


def link_question(
    question: str,
    table: TableInfo,
    connection: TableConnection,
    others: Sequence[TableInfo],
    today: date,
) -> LinkedQuestion:
    """Link a question to one table of a connection, and to cells of others that share a key column with it.

    today: from which "overdue" and "last month" are told
    """
    tokens = tuple(tokenize(question))
    headers = column_links(tokens, table)
    values = in_named_columns(best_links(specific(value_links(tokens, table, connection))), headers)
    whole = places_of(link for link in headers if link.score >= WHOLE_HEADER)
    values = tuple(link for link in values if link.score >= 1 or not places_of([link]) <= whole)
    states = list(state_links(question, tokens, table, values, connection, today))
    values = tuple(link for link in values if not places_of([link]) <= places_of(states))
    bare = tuple(link for link in values if is_bare_number(link, tokens))
    values = tuple(link for link in values if link not in bare)
    taken = places_of(values) | places_of(states)
    columns = [link for link in headers if not places_of([link]) <= taken]
    conditions = [*states, *condition_links(question, tokens, table, columns, taken, today)]
    taken |= places_of(conditions)
    values = (*values, *(link for link in bare if not places_of([link]) & taken))
    taken |= places_of(values)
    known, fillers = table_words(table), chinese_fillers(question)
    implied = tuple(implied_links(question, tokens, table, values))
    taken |= places_of(columns) | places_of(conditions) | places_of(implied)
    naming = {place for place, token in enumerate(tokens) if root(token.form) in known}
    values = (*values, *code_links(tokens, table, connection, taken | naming))
    taken |= places_of(values)
    unsure = places_of(link for link in columns if link.score < DISTINCT_PART) - places_of(implied)
    columns += synonym_links(tokens, table, taken - unsure)
    conditions += comparisons_behind(question, tokens, table, columns, taken)
    taken |= places_of(columns) | places_of(conditions)
    conditions += list(missing_links(question, tokens, columns, taken - places_of(columns)))
    conditions += equality_links(question, tokens, table, columns, (taken - places_of(columns)) | naming)
    taken |= places_of(columns) | places_of(conditions)
    values = (*values, *join_links(tokens, table, others, connection, taken | naming))
    taken |= places_of(values)
    values = (*values, *containing_links(tokens, table, connection, taken | naming))
    used = taken | places_of(values)
    if (counted := counted_rows(question, table)) and (span := tokens_in(tokens, *counted)):
        used |= set(range(*span))
    unlinked = tuple(
        token.form
        for place, token in enumerate(tokens)
        if place not in used and token.start not in fillers and not is_filler(token.form) and root(token.form) not in known
    )
    return LinkedQuestion(question, tokens, table, tuple(columns), values, tuple(conditions), unlinked, implied)


def is_bare_number(link: Link, tokens: Sequence[QuestionToken]) -> bool:
    """Return whether a link to a cell rests on one number, which may as well belong to a date or a comparison."""
    return link.end - link.start == 1 and tokens[link.start].form.isdigit()


def places_of(links: Iterable[Link]) -> set[int]:
    """Return the places of the tokens of links."""
    return {place for link in links for place in range(link.start, link.end)}


def table_words(table: TableInfo) -> frozenset[str]:
    """Return the stems of the words that name a table: of its files, sheets, titles and units; of several, what all have."""
    named = [
        frozenset(
            root(token.form)
            for text in (
                PurePath(source.path).stem.replace("_", " ").replace("-", " "),
                source.stored.sheet,
                source.stored.title,
                source.document_title,
            )
            for token in tokenize(text)
        )
        for source in table.sources
    ]
    units = {root(token.form) for column in table.columns for token in tokenize(column.unit)}
    return frozenset.intersection(*named) | units
