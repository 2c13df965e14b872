"""A library's file in; one transaction after another, and what the library notes about itself, out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assistant.index.schema import connect, translated


class Connection:
    """An open library's file. Each method is one transaction unless `transaction` holds several together."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = connect(path)
        self._depth = 0

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold several changes together: all of them are kept, or none."""
        if self._depth:
            yield
            return
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._depth = 1
            yield
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            raise translated(error, self.path) from error
        except BaseException:
            self._roll_back()
            raise
        finally:
            self._depth = 0

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Hold several reads together: they see one state, whatever another program writes meanwhile."""
        if self._connection.in_transaction:
            yield
            return
        self._rows("BEGIN")
        try:
            yield
        finally:
            self._roll_back()

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise translated(error, self.path) from error

    def _number(self, sql: str, values: Sequence[object] = ()) -> int:
        return int(self._rows(sql, values)[0][0] or 0)

    @property
    def statements(self) -> sqlite3.Connection:
        """SQLite's own connection, for what looks at the tables themselves."""
        return self._connection

    def meta(self, key: str) -> str:
        """Return a note that the library keeps about itself; empty where there is none."""
        rows = self._rows("SELECT value FROM meta WHERE key = ?", (key,))
        return str(rows[0][0]) if rows else ""

    def set_meta(self, key: str, value: str) -> None:
        """Keep a note about the library."""
        with self.transaction():
            self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    @property
    def generation(self) -> int:
        """A number that grows with every change of the chunks: a view that carries the same number is current."""
        return int(self.meta("generation") or 0)

    def integrity(self) -> str:
        """Return "ok", or what SQLite finds wrong with the file."""
        return str(self._rows("PRAGMA quick_check(1)")[0][0])
