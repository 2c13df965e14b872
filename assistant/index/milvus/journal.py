"""The journal of a shared library: which files and named values each commit has changed.

A machine that has read the ledger reads only the rows of later commits, by their primary keys. The entry of a commit that has
changed anything else (roots, exclusions) or very many files says so: then everything is read again. Sweeping old entries and a
change of a lease give the journal a new base: then everything is read again too. An entry is written in the request that makes
its commit visible, under a key of its own, so that no commit can hide another one.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assistant.index.milvus.connection import MilvusConnection, Row, listed
from assistant.index.milvus.rows import JOURNAL, ledger_row, row_id, unpacked_text
from assistant.index.milvus.schema import LEDGER

BASE_KEY = "base"
MOST_FILES = 2_000  # of one entry, and of the entries that are read instead of the whole ledger
MOST_ENTRIES = 200  # older ones are swept


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """What a commit has changed: files by their paths in the library, and keys of named values; the version before it.

    is_partial: whether it has changed more than that.
    """

    files: frozenset[str]
    keys: frozenset[str]
    previous: str = ""
    is_partial: bool = False


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
        if any(entry.is_partial for entry in new) or not {entry.previous for entry in new} <= {known_version, *self.entries}:
            return None
        files = frozenset().union(*(entry.files for entry in new))
        keys = frozenset().union(*(entry.keys for entry in new))
        return JournalEntry(files, keys) if len(files) <= MOST_FILES else None

    def with_entry(self, version: str, entry: JournalEntry) -> Journal:
        """Return the journal with the entry of one more commit."""
        return Journal(self.base, {**self.entries, version: entry})


NO_JOURNAL = Journal("", {})


def read_journal(connection: MilvusConnection, known: Journal = NO_JOURNAL) -> Journal:
    """Return the journal as it is now; entries that are known are not fetched.

    One request returns the new entries and the base: if that has not changed, no entry was swept that is not known.
    """
    ids = [row_id(JOURNAL, version) for version in known.entries]
    without = f" and id not in {listed(ids)}" if ids else ""
    rows = connection.query(LEDGER, f'kind == "{JOURNAL}"{without}', ("value",))
    values = [json.loads(unpacked_text(row["value"])) for row in rows]
    base = next((str(value[BASE_KEY]) for value in values if BASE_KEY in value), "")
    new = {value["version"]: parsed_entry(value) for value in values if BASE_KEY not in value}
    return Journal(base, {**known.entries, **new})


def parsed_entry(value: Mapping[str, Any]) -> JournalEntry:
    """Return the entry in a row of the ledger."""
    return JournalEntry(frozenset(value["files"]), frozenset(value["keys"]), str(value["previous"]), bool(value["is_partial"]))


def entry_row(version: str, entry: JournalEntry) -> Row:
    """Return the row of the entry of a commit; it is partial if the commit has changed too many files for one row."""
    value = {"version": version, "previous": entry.previous, "files": [], "keys": [], "is_partial": True}
    if entry.is_partial or len(entry.files) > MOST_FILES:
        return ledger_row(JOURNAL, version, value)
    try:
        return ledger_row(JOURNAL, version, {
            **value, "files": sorted(entry.files), "keys": sorted(entry.keys), "is_partial": False})
    except ValueError:  # too long
        return ledger_row(JOURNAL, version, value)


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
