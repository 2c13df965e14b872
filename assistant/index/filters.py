"""A Filter in, the SQL that finds its passages out."""

from __future__ import annotations

import os
import re

from assistant.datatypes import Filter
from assistant.system.paths import is_pattern, verbatim

BRACKET = re.compile(r"\[(?![*?[]\])")  # that does not begin one of the three ways to write a character that is meant as it is


def chunk_ids_query(wanted: Filter) -> tuple[str, list[object]]:
    """Return the SELECT for the ids of the chunks of the files wanted, and its values; nothing where all are."""
    tests: list[str] = []
    values: list[object] = []
    if wanted.paths:
        each = [path_condition(path) for path in wanted.paths]
        tests.append(" OR ".join(test for test, _ in each))
        values += [value for _, those in each for value in those]
    if wanted.types:
        tests.append(" OR ".join("lower(files.path) GLOB ?" for _ in wanted.types))
        values += [f"*.{verbatim(escape_bytes(kind).lower().lstrip('.'))}" for kind in wanted.types]
    if wanted.since_ns is not None:
        tests.append("files.mtime_ns >= ?")
        values.append(wanted.since_ns)
    if not tests:
        return "", []
    joined = " AND ".join(f"({test})" for test in tests)
    return f"SELECT chunks.id FROM chunks JOIN files ON files.path = chunks.path WHERE {joined}", values


def path_condition(path: str) -> tuple[str, list[object]]:
    """Return the SQL that says whether a file is this path, is below it, or fits it as a pattern, and its values.

    A file fits a pattern where its path does, or that of a folder it is in.
    """
    path = escape_bytes(path)
    if is_pattern(path):
        return "files.path GLOB ? OR files.path GLOB ?", [sqlite_glob(path), f"{sqlite_glob(path)}{os.sep}*"]
    below = path.rstrip(os.sep) + os.sep
    return "files.path = ? OR substr(files.path, 1, ?) = ?", [path, len(below), below]


def escape_bytes(name: str) -> str:
    """Return a name with the bytes that are no UTF-8 written out, as the ledger has it."""
    return name.encode("utf-8", "backslashreplace").decode()


def sqlite_glob(pattern: str) -> str:
    """Return a pattern as SQLite's GLOB wants it: there "[" begins a set of characters, here only in "[*]", "[?]" and "[[]".

    A pattern that begins with neither the root nor "*" may begin in any folder.
    """
    escaped = BRACKET.sub("[[]", pattern)
    return escaped if escaped.startswith((os.sep, "*")) else f"*{os.sep}{escaped}"
