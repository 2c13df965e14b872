"""Write typed tables as Parquet files beside a library, named after their content, and check them."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from errno import EIO, ENOSPC
from itertools import compress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from assistant.datatypes.tables import Column, ColumnType, StoredTable
from assistant.system.atomic_files import sync_folder
from assistant.system.interrupts import import_whole
from assistant.tables.description import ColumnDescription, notes_on
from assistant.tables.typed import TypedChunk, TypedTable

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PRIVATE_FOLDER = 0o700
HASH_DIGITS = 16  # of the content, behind the hash of the file
PLACE_COLUMNS = ("_row", "_place", "_line", "_start", "_end", "_total")
TEXT_SUFFIX = "_text"  # of the column with the cells of another as they are written
PIECE = 2**20
PLACE_TYPES = "_row BIGINT, _place VARCHAR, _line BIGINT, _start BIGINT, _end BIGINT, _total BOOLEAN"
MEMORY = "256MB"
CELLS_IN_MEMORY = 100_000
ROW_GROUP, SMALLEST_ROW_GROUP = 122_880, 2048  # rows; the first is DuckDB's default
GROUP_CELLS = 4_000_000  # in a row group of a wide table
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
        with TemporaryDirectory(prefix=f"{document_hash}-{number}.", dir=self.folder) as scratch:
            partial = Path(scratch) / "table.parquet"
            columns = write_parquet(table, partial)
            name = f"{document_hash}-{number}-{digest(partial)[:HASH_DIGITS]}.parquet"
            partial.replace(self.folder / name)
        sync_folder(self.folder)
        marked = sum(table.totals)
        notes = (*table.notes, *notes_on(columns))
        return StoredTable(name, table.title, table.sheet, columns, table.count - marked, marked, notes)

    def missing(self, names: Iterable[str]) -> set[str]:
        """Return which of these files do not exist."""
        return {name for name in names if not (self.folder / name).is_file()}

    def damaged(self, names: Iterable[str]) -> set[str]:
        """Return which of these files are missing or do not have the content that their names state."""
        return {name for name in names if not is_intact(self.folder / name)}

    def keep_only(self, names: Set[str]) -> list[str]:
        """Delete everything else in the folder, such as what an interrupted run left; return the names."""
        stale = [path for path in self.folder.iterdir() if path.name not in names] if self.folder.is_dir() else []
        for path in stale:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        return [path.name for path in stale]


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


def write_parquet(table: TypedTable, path: Path) -> tuple[Column, ...]:
    """Write a table with the places of its rows as one Parquet file, and return its columns with their descriptions.

    The rows go chunk by chunk into a database, as texts, because a column's SQL type depends on all values; that of a table with
    many cells is beside the file. Raises OSError.
    """
    import_whole("duckdb")
    import duckdb

    is_small = table.count * len(table.columns) <= CELLS_IN_MEMORY
    scratch = ":memory:" if is_small else str(path.with_suffix(".duckdb"))
    with as_os_error(), duckdb.connect(scratch, config={"threads": 1, "memory_limit": MEMORY}) as database:
        described = insert_rows(table, database)
        columns = tuple(
            replace(column, distinct=count_distinct(f"v{index}", database)) for index, column in enumerate(described)
        )
        selected = [*PLACE_COLUMNS]
        for index, column in enumerate(columns):
            selected.append(f"CAST(v{index} AS {sql_type(column)}) AS {quoted(column.name)}")
            if table.columns[index].has_odd and column.unparsed:
                selected.append(f"t{index} AS {quoted(column.name + TEXT_SUFFIX)}")
        size = min(ROW_GROUP, max(SMALLEST_ROW_GROUP, GROUP_CELLS // len(selected)))
        target = str(path).replace("'", "''")
        options = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {size}"
        database.execute(f"COPY (SELECT {', '.join(selected)} FROM rows) TO '{target}' ({options})")
    return columns


def insert_rows(table: TypedTable, database: DuckDBPyConnection) -> list[Column]:
    """Insert the rows of a table into a new table `rows`, and return its columns with their descriptions, but for `distinct`."""
    texts = [f"v{index} VARCHAR" for index in range(len(table.columns))]
    texts += [f"t{index} VARCHAR" for index, column in enumerate(table.columns) if column.has_odd]
    database.execute(f"CREATE TABLE rows ({PLACE_TYPES}, {', '.join(texts)})")
    descriptions = [ColumnDescription() for _ in table.columns]
    inserted = 0
    for chunk in table.chunks():
        data = [not is_total for is_total in chunk.totals]
        for description, cells, values in zip(descriptions, chunk.texts, chunk.values, strict=True):
            description.add(list(compress(cells, data)), list(compress(values, data)))
        database.register("chunk", arrays_of(chunk, table, inserted))
        database.execute("INSERT INTO rows BY NAME FROM chunk")
        database.unregister("chunk")
        inserted += len(chunk.rows)
    return [description.describe(column.column) for description, column in zip(descriptions, table.columns, strict=True)]


def arrays_of(chunk: TypedChunk, table: TypedTable, before: int) -> dict[str, Any]:
    """Return the columns of some rows as arrays. before: the number of rows before them."""
    import numpy as np

    rows = chunk.rows
    arrays: dict[str, Any] = {
        "_row": np.arange(before + 1, before + len(rows) + 1),
        "_line": np.array([row.line for row in rows]),
        "_start": np.array([row.start for row in rows]),
        "_end": np.array([row.end for row in rows]),
        "_place": text_array([row.place or None for row in rows]),
        "_total": np.frombuffer(chunk.totals, dtype=bool),
    }
    for index, (column, texts, values) in enumerate(zip(table.columns, chunk.texts, chunk.values, strict=True)):
        is_text = column.column.type is ColumnType.TEXT
        arrays[f"v{index}"] = text_array(values if is_text else [None if value is None else written(value) for value in values])
        if column.has_odd:
            arrays[f"t{index}"] = text_array([text or None for text in texts])
    return arrays


def count_distinct(name: str, database: DuckDBPyConnection) -> int:
    """Return the number of distinct values of a column in the rows that are no totals."""
    found = database.execute(f"SELECT count(DISTINCT {name}) FROM rows WHERE NOT _total").fetchone()
    assert found is not None
    return int(found[0])


@contextmanager
def as_os_error() -> Iterator[None]:
    """Raise OSError for an error of DuckDB that comes from the disk or from memory."""
    import duckdb

    try:
        yield
    except duckdb.OperationalError as error:
        cause = str(error).split("\n")[0]
        raise OSError(ENOSPC if "space" in cause.lower() else EIO, cause) from error


def written(value: object) -> str:
    """Return a value as DuckDB casts it."""
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def text_array(values: Sequence[object]) -> Any:  # noqa: ANN401 - a NumPy array
    """Return an array of Python strings."""
    import numpy as np

    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
