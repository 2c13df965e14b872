"""A Filter in, the SQL that finds its passages out."""

from __future__ import annotations

import os

from assistant.datatypes import Filter


def chunks_wanted(wanted: Filter) -> tuple[str, list[object]]:
    """Return the SELECT for the ids of the chunks of the files wanted, and its values; nothing where all are."""
    tests: list[str] = []
    values: list[object] = []
    if wanted.paths:
        each = [path_test(path) for path in wanted.paths]
        tests.append(" OR ".join(test for test, _ in each))
        values += [value for _, those in each for value in those]
    if wanted.types:
        tests.append(" OR ".join("lower(files.path) GLOB ?" for _ in wanted.types))
        values += [f"*.{kind.lower().lstrip('.')}" for kind in wanted.types]
    if wanted.since_ns is not None:
        tests.append("files.mtime_ns >= ?")
        values.append(wanted.since_ns)
    if not tests:
        return "", []
    joined = " AND ".join(f"({test})" for test in tests)
    return f"SELECT chunks.id FROM chunks JOIN files ON files.path = chunks.path WHERE {joined}", values


def path_test(path: str) -> tuple[str, list[object]]:
    """Return the SQL that says whether a file is this path, is below it, or fits it as a pattern, and its values."""
    if "*" in path or "?" in path:
        return "files.path GLOB ?", [path if path.startswith((os.sep, "*")) else f"*{os.sep}{path}"]
    below = path.rstrip(os.sep) + os.sep
    return "files.path = ? OR substr(files.path, 1, ?) = ?", [path, len(below), below]
