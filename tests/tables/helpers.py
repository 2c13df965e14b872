"""Tables for tests, from lines with semicolons."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assistant.datatypes.tables import TableInfo, TableSource
from assistant.tables.answer_text import ComputedAnswer
from assistant.tables.answering import compute, understand
from assistant.tables.catalog import name_tables
from assistant.tables.connection import TableConnection
from assistant.tables.model_statements import WriteSql
from assistant.tables.parquet import TableFiles
from assistant.tables.raw import RawRow, RawTable
from assistant.tables.typed import type_table
from assistant.text.calculations import recognize_intent


def stored(folder: Path, path: str, *lines: str, number: int = 0) -> TableSource:
    rows = [RawRow(line.split(";"), at, 0, 0) for at, line in enumerate(lines, 1)]
    typed = type_table(RawTable(rows))
    assert typed is not None
    return TableSource(path, "", TableFiles(folder / "tables").write(f"{number:064x}", number, typed))


@contextmanager
def opened(folder: Path, **tables: tuple[str, ...]) -> Iterator[tuple[dict[str, TableInfo], TableConnection]]:
    """Open tables given as lines by their names."""
    sources = [stored(folder, f"/x/{name}.csv", *lines, number=number) for number, (name, lines) in enumerate(tables.items())]
    infos = {table.name: table for table in name_tables(sources)}
    with TableConnection(infos.values(), {source.stored.file: folder / "tables" for source in sources}) as connection:
        yield infos, connection


def answered(
    question: str,
    table: TableInfo,
    connection: TableConnection,
    write: WriteSql | None = None,
    others: tuple[TableInfo, ...] = (),
) -> ComputedAnswer:
    intent = recognize_intent(question)
    assert intent is not None
    return compute(understand(question, intent, table, connection, others), connection, write)


def values_of(answer: ComputedAnswer) -> tuple[str, ...]:
    assert answer.computation is not None, answer.text
    return answer.computation.values
