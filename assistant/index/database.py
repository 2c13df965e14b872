"""The SQLite file of a library: its tables, how it is opened, and its transactions.

Times are nanoseconds, sizes bytes. There is one schema version; a file of any other version is refused.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from assistant.errors import DiskFull, LibraryBusy, LibraryDamaged, LibraryTooNew, LibraryUnwritable

SCHEMA_VERSION = 1
BUSY_SECONDS = 30.0
SQL_VALUES = 500  # parameters of one IN (...)
PRIVATE_FOLDER = 0o700  # a library folder holds the text of all files
SECURE_WORDS = (3, 42)  # since this SQLite version FTS5 can overwrite deleted text at once
WRITABLE_HINT = "Check its permissions, or set ASSISTANT_HOME."

WORDS = 'CREATE VIRTUAL TABLE words USING fts5(body, tokenize = "porter unicode61 remove_diacritics 2")'

# the change log: changed chunks, and how many of these changes each version of the library includes
JOURNAL = (
    "CREATE TABLE changes (number INTEGER PRIMARY KEY, chunk INTEGER NOT NULL)",
    "CREATE TABLE versions (generation INTEGER PRIMARY KEY, version TEXT NOT NULL, changes INTEGER NOT NULL)",
    "CREATE TRIGGER chunk_came AFTER INSERT ON chunks BEGIN INSERT INTO changes (chunk) VALUES (NEW.id); END",
    "CREATE TRIGGER chunk_left AFTER DELETE ON chunks BEGIN INSERT INTO changes (chunk) VALUES (OLD.id); END",
    "CREATE TRIGGER chunk_changed AFTER UPDATE OF path, vector_key ON chunks "
    "BEGIN INSERT INTO changes (chunk) VALUES (NEW.id); END",
    "CREATE TRIGGER vector_came AFTER DELETE ON pending_embeddings BEGIN INSERT INTO changes (chunk) VALUES (OLD.chunk); END",
    # a random version id: a generation number alone can occur twice, for example after a restored backup
    """CREATE TRIGGER new_version AFTER INSERT ON meta WHEN NEW.key = 'generation' BEGIN
        INSERT OR REPLACE INTO meta VALUES ('version', lower(hex(randomblob(16))));
        INSERT OR REPLACE INTO versions SELECT CAST(NEW.value AS INTEGER), value,
            coalesce((SELECT max(number) FROM changes), 0) FROM meta WHERE key = 'version'; END""",
)

TABLES = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE roots (path TEXT PRIMARY KEY) WITHOUT ROWID",
    # paths below a root that the user removed by hand
    "CREATE TABLE excluded (path TEXT PRIMARY KEY) WITHOUT ROWID",
    # the ledger: every file that a scan has seen
    """CREATE TABLE files (
        path TEXT PRIMARY KEY, root TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL,
        size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, content_hash TEXT NOT NULL,
        title TEXT NOT NULL, chunks INTEGER NOT NULL, pages INTEGER NOT NULL,
        empty_pages TEXT NOT NULL, encoding TEXT, notes TEXT NOT NULL,
        ocr_pages TEXT NOT NULL, container TEXT NOT NULL) WITHOUT ROWID""",
    # AUTOINCREMENT: an id is never reused, since a vector view may still hold it
    """CREATE TABLE chunks (
        id INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL REFERENCES files(path), ordinal INTEGER NOT NULL,
        text TEXT NOT NULL, context TEXT NOT NULL, vector_key BLOB NOT NULL,
        char_start INTEGER NOT NULL, char_end INTEGER NOT NULL, line_start INTEGER NOT NULL, line_end INTEGER NOT NULL,
        page INTEGER, slide INTEGER, sheet TEXT, cells TEXT, chapter TEXT, time TEXT, heading TEXT,
        page_label TEXT, message INTEGER)""",
    "CREATE UNIQUE INDEX chunks_of_file ON chunks(path, ordinal)",
    "CREATE INDEX chunks_of_vector ON chunks(vector_key)",
    # float16 vectors, keyed by the hash of the embedded text
    "CREATE TABLE vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID",
    # chunks without a vector: only keyword search finds them
    "CREATE TABLE pending_embeddings (chunk INTEGER PRIMARY KEY)",
    # vectors whose text was removed, and when (seconds since 1970): kept for a while in case it comes back
    "CREATE TABLE orphaned_vectors (key BLOB PRIMARY KEY, since REAL NOT NULL) WITHOUT ROWID",
    *JOURNAL,
    WORDS,
)


def connect(path: Path) -> sqlite3.Connection:
    """Open a library's file, or create it; open a file that cannot be written read-only.

    Raises LibraryDamaged, LibraryTooNew, LibraryBusy or LibraryUnwritable.
    """
    try:
        path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        return open_connection(path)
    except OSError as error:
        raise LibraryUnwritable(f"{path.parent} cannot be written: {error.strerror or error}.", WRITABLE_HINT) from error
    except sqlite3.Error as error:
        failure = translate_error(error, path)
    if isinstance(failure, LibraryUnwritable) and path.is_file():
        return connect_for_reading(path, failure)
    raise failure


def connect_for_reading(path: Path, failure: Exception) -> sqlite3.Connection:
    """Open a library that cannot be written. Raises `failure` if it cannot be read either."""
    with suppress(sqlite3.Error):
        return open_connection(path, "?mode=ro")
    log = path.with_name(path.name + "-wal")
    # "immutable" needs no log file beside the database, but would ignore a log that is there
    if not log.exists() or not log.stat().st_size:
        with suppress(sqlite3.Error):
            return open_connection(path, "?mode=ro&immutable=1")
    raise failure


def open_connection(path: Path, manner: str = "") -> sqlite3.Connection:
    """Return a connection to the file. Raises sqlite3.Error or LibraryTooNew."""
    # transactions are explicit; one thread may embed while another writes
    connection = sqlite3.connect(path.absolute().as_uri() + manner if manner else path, uri=bool(manner),
                                 timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        if not manner:
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")
        create_tables(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def create_tables(connection: sqlite3.Connection) -> None:
    """Create the tables of a new file. Raises LibraryTooNew if the file has another schema version."""
    if is_current(connection):
        return
    connection.execute("BEGIN IMMEDIATE")
    if not is_current(connection):  # another process may have created them meanwhile
        for statement in TABLES:
            connection.execute(statement)
        enable_secure_delete(connection)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("COMMIT")


def is_current(connection: sqlite3.Connection) -> bool:
    """Return True if the file has this program's tables, False if it is new. Raises LibraryTooNew for any other version."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version not in {0, SCHEMA_VERSION}:
        raise LibraryTooNew(
            f"The library has format {version}; this version of the program reads format {SCHEMA_VERSION} only.",
            "Use the version that wrote it, use another library (-L NAME), or delete this one (assistant library delete NAME) "
            "and add your files again.")
    return version == SCHEMA_VERSION


def enable_secure_delete(connection: sqlite3.Connection) -> None:
    """Make FTS5 overwrite deleted text at once, if this SQLite version supports it."""
    if sqlite3.sqlite_version_info >= SECURE_WORDS:
        connection.execute("INSERT INTO words (words, rank) VALUES ('secure-delete', 1)")


def translate_error(error: sqlite3.Error, path: Path) -> Exception:
    """Return the program's own error, with a hint, for one of SQLite's."""
    text = str(error)
    if "disk is full" in text or "disk I/O" in text:
        return DiskFull(f"There is no room to write {path}: {text}.", "Free some space, then run the command again.")
    if "locked" in text:
        return LibraryBusy("Another program is writing to this library.", "Wait until it is done, and try again.")
    if "readonly" in text or "unable to open" in text:
        return LibraryUnwritable(f"{path} cannot be written: {text}.", WRITABLE_HINT)
    return LibraryDamaged(f"{path} is not a readable library: {text}.",
                          "Move the file away and add your files again; the files themselves are untouched.")


class Connection:
    """An open library file. Each method is one transaction unless `transaction` groups several."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = connect(path)
        self._depth = 0

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Group several changes into one transaction: all are committed, or none."""
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
            raise translate_error(error, self.path) from error
        except BaseException:
            self._roll_back()
            raise
        finally:
            self._depth = 0

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Group several reads into one snapshot, unaffected by concurrent writers."""
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
            raise translate_error(error, self.path) from error

    def _rows_in(self, sql: str, keys: Sequence[object], values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query that ends in `IN ({})` and a rest without parameters, for any number of keys."""
        found: list[tuple[Any, ...]] = []
        for start in range(0, len(keys), SQL_VALUES):
            part = keys[start : start + SQL_VALUES]
            found += self._rows(sql.format(",".join("?" * len(part))), (*values, *part))
        return found

    def _number(self, sql: str, values: Sequence[object] = ()) -> int:
        return int(self._rows(sql, values)[0][0] or 0)

    @property
    def statements(self) -> sqlite3.Connection:
        """The SQLite connection itself, for code that inspects the tables."""
        return self._connection

    def meta(self, key: str) -> str:
        """Return a value from the library's metadata; an empty string if the key is absent."""
        rows = self._rows("SELECT value FROM meta WHERE key = ?", (key,))
        return str(rows[0][0]) if rows else ""

    def set_meta(self, key: str, value: str) -> None:
        """Store a value in the library's metadata."""
        with self.transaction():
            self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def meta_with_prefix(self, prefix: str) -> dict[str, str]:
        """Return the metadata whose keys start with a prefix, by key."""
        behind = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        rows = self._rows("SELECT key, value FROM meta WHERE key >= ? AND key < ?", (prefix, behind))
        return {str(key): str(value) for key, value in rows}

    def drop_meta(self, keys: Iterable[str]) -> None:
        """Remove keys from the library's metadata."""
        with self.transaction():
            self._connection.executemany("DELETE FROM meta WHERE key = ?", [(key,) for key in keys])

    @property
    def generation(self) -> int:
        """A counter that grows with every change of the chunks."""
        return int(self.meta("generation") or 0)

    def integrity(self) -> str:
        """Return "ok", or what SQLite's quick check finds wrong with the file."""
        return str(self._rows("PRAGMA quick_check(1)")[0][0])
