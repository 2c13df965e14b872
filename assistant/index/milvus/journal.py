"""The journal of a shared library: which files and named values each commit has changed.

A machine that has read the ledger reads only the rows of later commits, by their primary keys. A change of anything else (roots,
leases, exclusions), and a commit of very many files, gives the journal a new base instead of an entry: then everything is read
again. So does sweeping old entries. An entry or base is written in the request that makes its commit visible.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from assistant.index.milvus.connection import MilvusConnection, Row
from assistant.index.milvus.rows import JOURNAL, ledger_row, row_id, unpacked_text
from assistant.index.milvus.schema import LEDGER

BASE_KEY = "base"
MOST_FILES = 2_000  # of one entry, and of the entries that are read instead of the whole ledger
MOST_ENTRIES = 200  # older ones are swept


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """What a commit has changed: files by their paths in the library, and keys of named values; the version before it."""

    files: frozenset[str]
    keys: frozenset[str]
    previous: str = ""


@dataclass(frozen=True, slots=True)
class Journal:
    """The entries since the base, by the version of their commit."""

    base: str
    entries: Mapping[str, JournalEntry]

    def since(self, known: Journal, known_version: str, version: str) -> JournalEntry | None:
        """Return what has changed up to a version since another, at which the journal was `known`; None if it does not say.

        It does not if a commit has no entry, as those of older programs.
        """
        if self.base != known.base or version not in self.entries:
            return None
        new = [entry for name, entry in self.entries.items() if name not in known.entries]
        if not {entry.previous for entry in new} <= {known_version, *self.entries}:
            return None
        files = frozenset().union(*(entry.files for entry in new))
        keys = frozenset().union(*(entry.keys for entry in new))
        return JournalEntry(files, keys) if len(files) <= MOST_FILES else None


def read_journal(connection: MilvusConnection) -> Journal:
    """Return the journal as it is now."""
    rows = connection.query(LEDGER, f'kind == "{JOURNAL}"', ("value",))
    values = [json.loads(unpacked_text(row["value"])) for row in rows]
    base = next((str(value[BASE_KEY]) for value in values if BASE_KEY in value), "")
    return Journal(base, {value["version"]: JournalEntry(frozenset(value["files"]), frozenset(value["keys"]), value["previous"])
                          for value in values if BASE_KEY not in value})


def entry_row(version: str, previous: str, files: Collection[str], keys: Collection[str]) -> Row:
    """Return the row of a commit, given with the version before it; a new base if it has changed too many files for an entry."""
    if len(files) > MOST_FILES:
        return base_row()
    try:
        return ledger_row(JOURNAL, version, {
            "version": version, "previous": previous, "files": sorted(files), "keys": sorted(keys)})
    except ValueError:  # too long
        return base_row()


def base_row() -> Row:
    """Return the row of a new base."""
    return ledger_row(JOURNAL, BASE_KEY, {BASE_KEY: secrets.token_hex(16)})


def sweep_journal(connection: MilvusConnection) -> None:
    """Delete the entries if there are many. Those that are written meanwhile stay."""
    rows = connection.query(LEDGER, f'kind == "{JOURNAL}"', ("id",))
    old = [str(row["id"]) for row in rows if row["id"] != row_id(JOURNAL, BASE_KEY)]
    if len(old) > MOST_ENTRIES:
        connection.upsert(LEDGER, [base_row()])  # before any entry is missing
        connection.delete(LEDGER, "id", old)
