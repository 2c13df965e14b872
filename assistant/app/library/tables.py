"""The tables of a library: stored with its documents, removed with them, and opened for statements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from assistant.app.library.library import Library
from assistant.datatypes import EVERY_FILE, Document, Filter, Finding, Severity
from assistant.datatypes.tables import QueryResult, StoredTable, TableInfo, TableQuery, TableSource
from assistant.errors import NO_ROOM, DiskFull, LibraryUnwritable, UsageError
from assistant.index import LibraryStore
from assistant.tables.catalog import from_json, name_tables, to_json
from assistant.tables.connection import StatementFailed, StatementStopped, TableConnection
from assistant.tables.extract import raw_tables
from assistant.tables.near_names import columns_hint, missing_column, name_in_sql, tables_called, tables_hint
from assistant.tables.parquet import TableFiles, quoted
from assistant.tables.typed import type_table
from assistant.tables.validate import StatementRefused, validate_statement

TABLES_VERSION = 4  # of everything that decides how a table is stored; another version reads the files again
KEY = "tables:"  # of the metadata that describe a document's tables, before its hash
SYNC = "Run: assistant sync"


def table_files(store: LibraryStore) -> TableFiles:
    """Return the Parquet files in a library's folder."""
    return TableFiles(store.folder / "tables")


def store_tables(store: LibraryStore, document: Document) -> str:
    """Write the tables of a document and return their description for the metadata; an empty string if none are stored.

    A shared library stores no tables: the Parquet files would be on this machine only. Raises DiskFull or LibraryUnwritable.
    """
    if store.is_shared:
        return ""
    files = table_files(store)
    try:
        found = (typed for raw in raw_tables(document) if (typed := type_table(raw)))
        stored = [files.write(document.content_hash, number, table) for number, table in enumerate(found)]
    except OSError as error:
        if error.errno in NO_ROOM:
            raise DiskFull(
                f"The disk has no room left for {files.folder}.", "Free some space, then run: assistant sync"
            ) from error
        raise LibraryUnwritable(
            f"{files.folder} cannot be written: {error.strerror or error}.", "Check its permissions."
        ) from error
    return to_json(stored) if stored else ""


def record_tables(store: LibraryStore, content_hash: str, description: str) -> None:
    """Record in the metadata which tables a document has."""
    if description:
        store.set_meta(KEY + content_hash, description)
    else:
        store.drop_meta([KEY + content_hash])


def stored_tables(store: LibraryStore) -> dict[str, tuple[StoredTable, ...]]:
    """Return the tables of each document by its content hash."""
    return {key.removeprefix(KEY): from_json(value) for key, value in store.meta_with_prefix(KEY).items()}


def purge_tables(store: LibraryStore) -> None:
    """Delete the tables of documents that the library no longer has, and files that belong to none."""
    files, described = table_files(store), store.meta_with_prefix(KEY)
    if not described and not files.folder.exists():
        return
    known = {entry.content_hash for entry in store.ledger().values()}
    store.drop_meta([key for key in described if key.removeprefix(KEY) not in known])
    kept = {table.file for tables in stored_tables(store).values() for table in tables}
    files.keep_only(kept)


def documents_without_files(store: LibraryStore) -> frozenset[str]:
    """Return the hashes of the documents of which a table's file is missing: they must be read again."""
    files = table_files(store)
    return frozenset(
        content_hash for content_hash, tables in stored_tables(store).items() if files.missing(table.file for table in tables)
    )


def check_tables(store: LibraryStore, *, repair: bool) -> tuple[Finding, ...]:
    """Return a finding for each document with a missing or damaged table file; `repair` has it read again by the next sync."""
    files, found = table_files(store), []
    for content_hash, tables in stored_tables(store).items():
        damaged = files.damaged(table.file for table in tables)
        if not damaged:
            continue
        paths = ", ".join(path for path, entry in store.ledger().items() if entry.content_hash == content_hash)
        detail = f"{len(damaged)} of the stored tables of {paths} {'is' if len(damaged) == 1 else 'are'} missing or damaged"
        if repair:
            for name in damaged:
                (files.folder / name).unlink(missing_ok=True)
        found.append(
            Finding("repaired", Severity.WARNING, f"{detail}: it will be read again.", SYNC)
            if repair
            else Finding("library", Severity.ERROR, f"{detail}.", "Run: assistant doctor --check --repair")
        )
    return tuple(found)


def holds_tables(libraries: Sequence[Library], wanted: Filter) -> bool:
    """Return whether a file that passes a filter has a table. Raises NothingIndexed if a library does not exist."""
    for library in libraries:
        library.require()
        described = library.store.meta_with_prefix(KEY)
        if described and any(KEY + content in described for _, _, content, _ in library.store.filtered_files(wanted)):
            return True
    return False


class LibraryTables:
    """The tables of some libraries that pass a filter, by SQL name. A file in several libraries counts once."""

    def __init__(self, libraries: Sequence[Library], wanted: Filter = EVERY_FILE) -> None:
        self.folder_of: dict[str, Path] = {}
        self._libraries, self._seen = libraries, set[str]()
        sources: list[TableSource] = []
        for library in libraries:
            library.require()
            sources += self._sources(library.store, wanted)
        self.tables = name_tables(sources)

    def _sources(self, store: LibraryStore, wanted: Filter) -> Iterable[TableSource]:
        tables, files = stored_tables(store), table_files(store)
        for path, title, content_hash, _ in store.filtered_files(wanted):
            if path in self._seen:
                continue
            self._seen.add(path)
            for stored in tables.get(content_hash, ()):
                self.folder_of[stored.file] = files.folder
                yield TableSource(path, title, stored)

    def named(self, name: str) -> TableInfo:
        """Return a table by its name in SQL or the name of its file. Raises UsageError if none or several are called that."""
        found = tables_called(name, self.tables)
        if len(found) > 1:
            raise UsageError(f"{name} may mean several tables.", f"Name one of them: {', '.join(each.name for each in found)}")
        if not found:
            raise UsageError(f"There is no table {name}.", tables_hint(name, [table.name for table in self.tables]))
        return found[0]

    def open(self, tables: Iterable[TableInfo]) -> TableConnection:
        """Return a locked connection to these tables. Raises TableMissing."""
        return TableConnection(tables, self.folder_of)

    def query(self, sql: str, most_rows: int) -> QueryResult:
        """Run a statement over the tables that it names. Raises StatementRefused, StatementFailed or TableMissing."""
        return self._run(sql, most_rows).result

    def _run(self, sql: str, most_rows: int) -> TableQuery:
        """Run a statement over the tables that it names. An error says what the tables and columns are called."""
        try:
            names = validate_statement(sql, [table.name for table in self.tables])
        except StatementRefused as error:
            raise StatementRefused(str(error), name_in_sql(sql, self.tables) or error.hint) from error
        used = tuple(table for table in self.tables if table.name.lower() in names)
        with self.open(used) as connection:
            try:
                return TableQuery(connection.query(sql, most_rows), used)
            except StatementStopped:
                raise
            except StatementFailed as error:
                missing = missing_column(str(error))
                says = f"There is no column {missing}." if missing else str(error)
                raise StatementFailed(says, error.hint or columns_hint(missing, used)) from error

    def page(self, wanted: Filter, after: str, limit: int) -> tuple[TableInfo, ...]:
        """Return at most `limit` tables with a file that passes a filter, by name, from the name behind `after`.

        The names are those among all tables, whatever the filter, so that a statement can use them.
        """
        paths = {path for library in self._libraries for path, *_ in library.store.filtered_files(wanted)} if wanted else None
        found = (table for table in self.tables if table.name > after
                 and (paths is None or any(source.path in paths for source in table.sources)))
        return tuple(islice(found, limit))

    def query_for_client(self, sql: str, most_rows: int, longest_text: int) -> TableQuery:
        """Run a statement of another program; longer texts in its result are cut. Raises what `query` raises."""
        found = self._run(sql, most_rows)
        rows = tuple(tuple(cut_text(value, longest_text) for value in row) for row in found.result.rows)
        return replace(found, result=replace(found.result, rows=rows))

    def first_rows(self, table: TableInfo, count: int) -> QueryResult:
        """Return the first rows of a table."""
        with self.open([table]) as connection:
            return connection.query(f"SELECT * FROM {quoted(table.name)}", count)


def cut_text(value: object, longest: int) -> object:
    """Return a value of a result; a text is cut after so many characters."""
    return f"{value[:longest]}…" if isinstance(value, str) and len(value) > longest else value
