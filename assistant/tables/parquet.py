"""Write typed tables as Parquet files beside a library, named after their content, and check them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence, Set
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

from assistant.datatypes.tables import Column, ColumnType, StoredTable
from assistant.system.atomic_files import sync_folder
from assistant.tables.typed import TypedColumn, TypedTable

PRIVATE_FOLDER = 0o700
HASH_DIGITS = 16  # of the content, behind the hash of the file
PLACE_COLUMNS = ("_row", "_place", "_line", "_start", "_end", "_total")
TEXT_SUFFIX = "_text"  # of the column with the cells of another as they are written
PIECE = 2**20
LARGEST_INTEGER = 2**63 - 1


def sql_type(column: Column) -> str:
    """Return the DuckDB type of a column."""
    if column.type is ColumnType.INTEGER:
        bound = max((abs(int(float(text))) for text in (column.lowest, column.highest) if text), default=0)
        return "BIGINT" if bound < LARGEST_INTEGER // 2 else "DECIMAL(38, 0)"
    if column.type is ColumnType.DECIMAL:
        return "DOUBLE" if column.scale < 0 else f"DECIMAL(38, {column.scale})"
    return {ColumnType.DATE: "DATE", ColumnType.TIMESTAMP: "TIMESTAMP"}.get(column.type, "VARCHAR")


def quoted(name: str) -> str:
    """Return an SQL identifier in quotation marks."""
    return '"' + name.replace('"', '""') + '"'


class TableFiles:
    """The folder of a library's Parquet files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, document_hash: str, number: int, table: TypedTable) -> StoredTable:
        """Write a table and return it as stored. Raises OSError if the disk does not allow it."""
        self.folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        partial = self.folder / f"{document_hash}-{number}.{os.getpid()}.partial"
        try:
            write_parquet(table, partial)
            name = f"{document_hash}-{number}-{digest(partial)[:HASH_DIGITS]}.parquet"
            partial.replace(self.folder / name)
        finally:
            partial.unlink(missing_ok=True)
        sync_folder(self.folder)
        marked = sum(table.totals)
        return StoredTable(
            name,
            table.title,
            table.sheet,
            tuple(column.column for column in table.columns),
            len(table.rows) - marked,
            marked,
            table.notes,
        )

    def missing(self, names: Iterable[str]) -> set[str]:
        """Return which of these files do not exist."""
        return {name for name in names if not (self.folder / name).is_file()}

    def damaged(self, names: Iterable[str]) -> set[str]:
        """Return which of these files are missing or do not have the content that their names state."""
        return {name for name in names if not is_intact(self.folder / name)}

    def keep_only(self, names: Set[str]) -> list[str]:
        """Delete all other files; return their names."""
        stale = [file.name for file in self.files() if file.name not in names]
        for name in stale:
            with suppress(FileNotFoundError):
                (self.folder / name).unlink()
        return stale

    def files(self) -> Iterator[Path]:
        """Yield the files in the folder."""
        if self.folder.is_dir():
            yield from (file for file in self.folder.iterdir() if file.is_file())


def is_intact(path: Path) -> bool:
    """Return whether a file has the content that its name states."""
    stated = path.stem.rpartition("-")[2]
    try:
        return digest(path)[:HASH_DIGITS] == stated
    except OSError:
        return False


def digest(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            found.update(piece)
    return found.hexdigest()


def write_parquet(table: TypedTable, path: Path) -> None:
    """Write a table with the places of its rows as one Parquet file."""
    import duckdb

    arrays, selected = columns_of(table)
    connection = duckdb.connect(":memory:", config={"threads": 1})
    try:
        connection.register("raw", arrays)
        target = str(path).replace("'", "''")
        connection.execute(f"COPY (SELECT {', '.join(selected)} FROM raw) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
    finally:
        connection.close()


def columns_of(table: TypedTable) -> tuple[dict[str, Any], list[str]]:
    """Return the columns of a table as arrays, and the expressions that give them their types."""
    import numpy as np

    rows = table.rows
    arrays: dict[str, Any] = {
        "_row": np.arange(1, len(rows) + 1),
        "_line": np.array([row.line for row in rows]),
        "_start": np.array([row.start for row in rows]),
        "_end": np.array([row.end for row in rows]),
        "_place": text_array([row.place or None for row in rows]),
        "_total": np.array(table.totals, dtype=bool),
    }
    selected = [*PLACE_COLUMNS]
    for index, column in enumerate(table.columns):
        name, kind = column.column.name, sql_type(column.column)
        arrays[f"v{index}"] = text_array([None if value is None else written(value) for value in column.values])
        selected.append(f"CAST(v{index} AS {kind}) AS {quoted(name)}")
        if keeps_text(column):
            arrays[f"t{index}"] = text_array([text or None for text in column.texts])
            selected.append(f"t{index} AS {quoted(name + TEXT_SUFFIX)}")
    return arrays, selected


def keeps_text(column: TypedColumn) -> bool:
    """Return whether a column has cells that are no value of its type, so that their text is kept beside it."""
    return column.column.type is not ColumnType.TEXT and column.column.unparsed > 0


def written(value: object) -> str:
    """Return a value as DuckDB casts it."""
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def text_array(values: Sequence[str | None]) -> Any:  # noqa: ANN401 - a NumPy array
    """Return an array of Python strings."""
    import numpy as np

    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
