"""The ledger of a shared library in memory, in the tables of the default store, so that filters mean the same in both."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from assistant.datatypes import FileState, Filter
from assistant.index.change_log import Ids
from assistant.index.chunks import file_condition
from assistant.index.database import create_tables
from assistant.index.file_text import FileTextReader
from assistant.index.files import FILE_COLUMNS, entry_from_row
from assistant.index.milvus.connection import Row
from assistant.index.milvus.leases import Lease
from assistant.index.milvus.names import RootNames, name_of
from assistant.index.milvus.rows import (
    EXCLUDED,
    FILE,
    LEASE,
    META,
    MOUNT,
    ROOT,
    FileRow,
    parsed_file,
    translated,
    unpacked_text,
)
from assistant.index.rights import Access, Rights, rights_of

Value = dict[str, Any]
GENERATIONS = ("CREATE TABLE generations (path TEXT PRIMARY KEY, first INTEGER NOT NULL, words INTEGER NOT NULL, "
               "waiting INTEGER NOT NULL) WITHOUT ROWID")
BY_FIRST = "CREATE INDEX generations_first ON generations (first)"
OWN_ROOTS = "CREATE TABLE own_roots (path TEXT PRIMARY KEY) WITHOUT ROWID"
CLEARED = ("files", "generations", "own_roots", "roots", "excluded", "meta")


class LedgerMirror(FileTextReader):
    """Files, added paths and named values, with paths of this machine, whose writer id is given.

    `own_roots` are the added paths that this machine has. Rows of files that are not of the current epoch of their root are left
    out: see `leases`.
    """

    def __init__(self, writer: str) -> None:
        self._writer, self.names = writer, RootNames()
        self.leases: dict[str, Lease] = {}
        self._writers: set[str] = set()
        self.root_values: dict[str, Value] = {}  # what the rows of the roots hold, by root
        self.path = Path()
        self._connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._depth = 0
        create_tables(self._connection)
        self._connection.execute(GENERATIONS)
        self._connection.execute(BY_FIRST)
        self._connection.execute(OWN_ROOTS)

    @contextmanager
    def unsaved(self) -> Iterator[None]:
        """Group changes; if the block raises, they are undone."""
        with self.transaction():
            yield

    def load(self, rows: Iterable[Row], access: Access) -> None:
        """Replace everything by the rows of the ledger; if the library is not opened whole, by those that the reader may see.

        Rights are judged by the paths that the library holds, which are the same on all machines.
        """
        values = [(str(row["kind"]), json.loads(unpacked_text(row["value"]))) for row in rows]
        mounts = [value for kind, value in values if kind == MOUNT and value["writer"] == self._writer]
        self.names = RootNames((value["root"], value["path"]) for value in mounts)
        self.leases = {value["name"]: Lease(**value) for kind, value in values if kind == LEASE}
        self.root_values = {value["path"]: value for kind, value in values if kind == ROOT}
        self._writers = set()
        with self.transaction():
            for table in CLEARED:
                self._connection.execute(f"DELETE FROM {table}")
            for kind, value in values if access.is_whole else readable_values(values, self.rights(), access.groups):
                self._load_row(kind, value)

    def update(self, files: Iterable[str], keys: Iterable[str], rows: Iterable[Row], access: Access) -> None:
        """Replace these files, given by their paths in the library, and named values by the rows that they have now."""
        values = [(str(row["kind"]), json.loads(unpacked_text(row["value"]))) for row in rows if row["kind"] in {FILE, META}]
        with self.transaction():
            for path in files:
                self.drop(self.names.to_local(path))
            self.drop_meta(keys)
            for kind, value in values if access.is_whole else readable_values(values, self.rights(), access.groups):
                self._load_row(kind, value)

    def _load_row(self, kind: str, value: Value) -> None:
        if kind == FILE:
            if value.get("epoch", "") == self.epoch_of(name_of(value["path"])):
                row = parsed_file(value)
                self.put(replace(row, entry=translated(row.entry, self.names.to_local)))
        elif kind == META:
            self.set_meta(str(value["key"]), str(value["value"]))
        elif kind == ROOT:
            self.add_root(self.names.to_local(value["path"]))
            if "writer" in value:  # of version 1
                self._load_mount(value["writer"], value["path"])
        elif kind == MOUNT:
            self._load_mount(value["writer"], value["root"])
        elif kind == EXCLUDED:
            self.exclude(self.names.to_local(value["path"]))

    def _load_mount(self, writer: str, root: str) -> None:
        self._writers.add(writer)
        if writer == self._writer:
            self.own(self.names.to_local(root))

    def epoch_of(self, name: str) -> str:
        """Return the current epoch of a root by its name."""
        return self.leases[name].epoch if name in self.leases else ""

    def own(self, root: str) -> None:
        """Record an added path that this machine has."""
        with self.transaction():
            self._connection.execute("INSERT OR REPLACE INTO own_roots VALUES (?)", (root,))

    def rights(self) -> Rights:
        """Return who may read the added paths, also those that the reader may not see, by the paths that the library holds."""
        return rights_of((root, value.get("groups", ())) for root, value in self.root_values.items())

    def stored_root(self, path: str) -> str:
        """Return an added path as the library holds it; "" if it was not added."""
        return next((root for root in self.root_values if self.names.to_local(root) == path), "")

    def writers(self) -> set[str]:
        """Return the machines that have an added path, as far as the reader may see it."""
        return set(self._writers)

    def root_groups(self) -> dict[str, tuple[str, ...]]:
        """Return the groups of every added path; none if all may read it."""
        groups = {self.names.to_local(root): value.get("groups", ()) for root, value in self.root_values.items()}
        return {path: tuple(sorted(groups[path])) for path in self.roots() if path in groups}

    def own_roots(self) -> tuple[str, ...]:
        """Return the added paths that this machine has."""
        rows = self._rows("SELECT path FROM own_roots WHERE path IN (SELECT path FROM roots) ORDER BY path")
        return tuple(str(row[0]) for row in rows)

    def put(self, row: FileRow) -> None:
        """Record a file."""
        with self.transaction():
            self._put_entry(row.entry, row.title)
            self._connection.execute("INSERT OR REPLACE INTO generations VALUES (?, ?, ?, ?)",
                                     (row.entry.path, row.first, row.words, row.waiting))

    def drop(self, path: str) -> None:
        """Forget a file."""
        with self.transaction():
            for table in ("files", "generations"):
                self._connection.execute(f"DELETE FROM {table} WHERE path = ?", (path,))

    def row(self, path: str) -> FileRow | None:
        """Return the row of a file, or None if the library does not know it."""
        rows = self._rows(f"SELECT {FILE_COLUMNS}, title, first, words, waiting FROM files JOIN generations USING (path) "
                          "WHERE path = ?", (path,))
        return file_row_of(rows[0]) if rows else None

    def rows_waiting(self) -> list[FileRow]:
        """Return the files with chunks that have no vector: newest day first, within a day the smallest file first."""
        rows = self._rows(f"SELECT {FILE_COLUMNS}, title, first, words, waiting FROM files JOIN generations USING (path) "
                          f"WHERE waiting AND first ORDER BY mtime_ns / {86_400 * 10**9} DESC, size, first")
        return [file_row_of(row) for row in rows]

    def rows_of(self, firsts: Iterable[int]) -> list[FileRow]:
        """Return the files with these generations."""
        sql = (f"SELECT {FILE_COLUMNS}, title, first, words, waiting FROM generations JOIN files USING (path) "
               "WHERE first IN ({})")
        return [file_row_of(row) for row in self._rows_in(sql, list(firsts))]

    def owner_of(self, firsts: Iterable[int]) -> dict[int, tuple[str, str]]:
        """Return (path, title) of the files with these generations, by generation."""
        rows = self._rows_in("SELECT first, path, title FROM files JOIN generations USING (path) WHERE first IN ({})",
                             list(set(firsts)))
        return {int(first): (str(path), str(title)) for first, path, title in rows}

    def generations(self, filter: Filter | None = None) -> tuple[Ids, Ids]:
        """Return the first chunk id and the number of chunks of every file that passes a filter, by rising id."""
        condition, values = file_condition(filter) if filter else ("", [])
        within = f" AND {condition}" if condition else ""
        rows = self._rows(f"SELECT DISTINCT first, chunks FROM files JOIN generations USING (path) WHERE first{within} "
                          "ORDER BY first", values)
        found = np.array(rows, np.int64).reshape(-1, 2)
        return np.ascontiguousarray(found[:, 0]), np.ascontiguousarray(found[:, 1])

    def count_words(self) -> int:
        """Return the number of words of all chunks."""
        return self._number("SELECT sum(words) FROM generations WHERE first")

    def filtered_files(self, filter: Filter) -> list[tuple[str, str, str, int]]:
        """Return (path, title, content hash, mtime in ns) of the indexed files that pass the filter, by path."""
        condition, values = file_condition(filter)
        within = f" AND {condition}" if condition else ""
        sql = "SELECT path, title, content_hash, mtime_ns FROM files WHERE chunks > 0 AND state = ?"
        return [(str(path), str(title), str(content), int(changed)) for path, title, content, changed
                in self._rows(f"{sql}{within} ORDER BY path", [FileState.INDEXED.value, *values])]

    def put_touched(self, path: str, size: int, mtime_ns: int) -> list[FileRow]:
        """Record a new size and mtime of a file and of the files inside it; return their rows."""
        self.touch(path, size, mtime_ns)
        inside = [str(row[0]) for row in self._rows("SELECT path FROM files WHERE container = ?", (path,))]
        return [row for each in (path, *inside) if (row := self.row(each))]


def readable_values(values: Iterable[tuple[str, Value]], rights: Rights, reader: frozenset[str]) -> Iterator[tuple[str, Value]]:
    """Yield the rows of the ledger that a reader in these groups may see."""
    roots = rights.readable_roots(reader)
    for kind, value in values:
        if (kind == ROOT and value["path"] not in roots) or (kind == MOUNT and value["root"] not in roots):
            continue
        if kind in {FILE, EXCLUDED} and not rights.allows(str(value["path"]), str(value.get("root", "")), reader):
            continue
        if kind == FILE and value["root"] in rights.groups and value["root"] not in roots:
            yield kind, {**value, "root": rights.innermost(value["path"])}  # it was read from a folder that is not readable
        else:
            yield kind, value


def file_row_of(row: Sequence[object]) -> FileRow:
    """Return the file in a row of the tables `files` and `generations`."""
    *entry, title, first, words, waiting = row
    return FileRow(entry_from_row(entry), str(title), int(str(first)), int(str(words)), bool(waiting))
