"""Read Parquet files with DuckDB: a line with the names of the columns, then a line for each row, as comma-separated values.

DuckDB can only open a file by its path, so that the bytes are written to one: on Linux in memory, since a confined process may be
unable to write files, elsewhere in the temporary folder. The connection can open no other file and load no extension.
"""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.datatypes import Extraction, Part, Shape, Table
from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import Source, as_row
from assistant.ingest.extractors.embedded_data import replace_embedded_data

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST_ROWS = 20_000_000
MOST_COLUMNS = 2_000
LONGEST_CELL = 100_000  # characters; the rest is cut off
MOST_CHARACTERS = 200_000_000  # of all rows: a small file that yields more is a decompression bomb
CELLS_AT_ONCE = 100_000
MEMORY = "512MB"
LOCKS = (
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET max_temp_directory_size = '0B'",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)


def read_parquet(source: Source) -> Extraction:
    """Read a Parquet file as one table. Raises UnreadableFile if it is too large."""
    import duckdb

    with path_of(source.data) as path, locked_connection(path) as connection:
        try:
            described = connection.execute(f"DESCRIBE FROM read_parquet('{path}')").fetchall()
            columns = [(str(name), str(kind)) for name, kind, *_ in described]
            refuse_large(path, len(columns), connection)
            cells = ", ".join(cell_expression(name, kind) for name, kind in columns)
            names = [name for name, _ in columns]
            text = "".join(lines_of(f"SELECT {cells} FROM read_parquet('{path}')", names, source, connection))
        except duckdb.OutOfMemoryException as error:
            raise UnreadableFile(f"too large: reading it takes more than {MEMORY} of memory") from error
    return Extraction(text, (Part(0, len(text)),), tables=(Table(0, len(text), as_row(names)),), shape=Shape.ROWS)


def locked_connection(path: str) -> DuckDBPyConnection:
    """Return a connection that can open no file but the one at a path."""
    import duckdb

    connection = duckdb.connect(":memory:", config={"threads": 1, "memory_limit": MEMORY})
    for setting in (f"SET allowed_paths = ['{path}']", *LOCKS):
        connection.execute(setting)
    return connection


@contextmanager
def path_of(data: bytes) -> Iterator[str]:
    """Yield the path of a file with these bytes, which lasts as long as the block."""
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("parquet"), "wb") as file:
            file.write(data)
            file.flush()
            yield f"/proc/self/fd/{file.fileno()}"
    else:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "file.parquet").write_bytes(data)
            yield str(Path(folder) / "file.parquet")


def refuse_large(path: str, columns: int, connection: DuckDBPyConnection) -> None:
    """Raise UnreadableFile if a file has too many rows or columns."""
    found = connection.execute(f"SELECT sum(num_rows) FROM parquet_file_metadata('{path}')").fetchone()
    if columns > MOST_COLUMNS:
        raise UnreadableFile(f"too large: a table of more than {MOST_COLUMNS:,} columns")
    if found is None or int(found[0] or 0) > MOST_ROWS:
        raise UnreadableFile(f"too large: a table of more than {MOST_ROWS / 1e6:.0f} million rows")


def cell_expression(name: str, kind: str) -> str:
    """Return the SQL expression for the text of a column's cells; binary data become a placeholder."""
    column = '"' + name.replace('"', '""') + '"'
    if kind == "BLOB":
        return f"CASE WHEN {column} IS NOT NULL THEN '[data]' END"
    return f"left(CAST({column} AS VARCHAR), {LONGEST_CELL})"


def lines_of(select: str, names: Sequence[str], source: Source, connection: DuckDBPyConnection) -> Iterator[str]:
    """Yield the line of the names, then those of the rows, many at once. Raises UnreadableFile if they are too long."""
    yield as_lines([names])
    cursor = connection.execute(select)
    rows = characters = 0
    while taken := cursor.fetchmany(max(1, CELLS_AT_ONCE // len(names))):
        lines = as_lines(taken)
        rows += len(taken)
        characters += len(lines)
        if characters > MOST_CHARACTERS:
            raise UnreadableFile(f"it unpacks to more than {MOST_CHARACTERS // 1_000_000} million characters")
        source.on_step(f"row {rows:,}")
        yield lines


def as_lines(rows: Sequence[Sequence[str | None]]) -> str:
    """Return rows as comma-separated values, each on one line."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows([" ".join((cell or "").split()) for cell in row] for row in rows)
    return replace_embedded_data(buffer.getvalue())
