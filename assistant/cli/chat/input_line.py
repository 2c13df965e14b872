"""The file of what was typed into a terminal in; the same without the questions of deleted conversations out."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path

PRIVATE = 0o600


def make_private(history: Path) -> None:
    """Make the file where there is none; nobody but the person can read it."""
    history.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(history, os.O_CREAT | os.O_WRONLY, PRIVATE))
    history.chmod(PRIVATE)


def delete_typed_questions(history: Path, questions: Collection[str]) -> None:
    """Take the entries that are these questions out of the file; one that is not there stays so."""
    if not history.exists():
        return
    entries = list(history_entries(history.read_text("utf-8", "replace")))
    kept = [entry for entry in entries if typed_text(entry) not in questions]
    if len(kept) < len(entries):
        aside = history.with_suffix(".partial")
        make_private(aside)
        aside.write_text("".join(kept), "utf-8")
        aside.replace(history)


def history_entries(text: str) -> Iterator[str]:
    """Yield the entries: each begins with a comment that says when, and has a plus before each line that was typed."""
    entry = ""
    for line in re.findall(r"[^\n]*\n|[^\n]+", text):  # a question may hold what else Python takes for the end of a line
        if not line.startswith("+") and entry.rstrip().rpartition("\n")[2].startswith("+"):
            yield entry
            entry = ""
        entry += line
    if entry:
        yield entry


def typed_text(entry: str) -> str:
    """Return what was typed."""
    return "\n".join(line[1:] for line in entry.split("\n") if line.startswith("+")).strip()
