"""Find the cited files that have changed or are gone since the library read them, by one `stat` call for each."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Literal

from assistant.app.library.library import Library
from assistant.datatypes import AnswerStreaming, LedgerEntry, OnProgress, OutdatedFile, SearchResult, Sentence, StreamedAnswer
from assistant.ingest import clamped_mtime_ns


def find_outdated(libraries: Sequence[Library], paths: Iterable[str]) -> tuple[OutdatedFile, ...]:
    """Return those of the files that differ on the disk from what the libraries have read; paths in no library are left out.

    Of a file inside another one the outer file counts. A file that cannot be accessed is left out: nothing is known of it.
    """
    found: dict[str, OutdatedFile] = {}
    for path in dict.fromkeys(paths):
        entry = _entry_of(libraries, path)
        if entry is not None and entry.path not in found and (state := _state_on_disk(entry)):
            found[entry.path] = OutdatedFile(entry.path, state)
    return tuple(found.values())


def outdated_of_search(libraries: Sequence[Library], result: SearchResult) -> SearchResult:
    """Return the result with the files of its hits that are outdated."""
    return replace(result, outdated=find_outdated(libraries, (hit.path for hit in result.hits if hit.kind == "file")))


class CheckedAnswerStream(StreamedAnswer):
    """An answer stream whose finished answer names the cited files that are outdated."""

    def __init__(self, stream: AnswerStreaming, libraries: Sequence[Library]) -> None:
        self.question, self.hits = stream.question, stream.hits
        self._stream, self._libraries = stream, libraries

    @property
    def sentences(self) -> Sequence[Sentence]:
        """The finished sentences."""
        return self._stream.sentences

    def prepare(self, on_progress: OnProgress) -> None:
        """Prepare the stream."""
        self._stream.prepare(on_progress)
        self.hits = self._stream.hits

    def __iter__(self) -> Iterator[str]:
        """Yield the text of the stream."""
        yield from self._stream
        answer = self._stream.answer
        sides = (side.citation for conflict in answer.conflicts for side in conflict.sides)
        cited = (citation.path for citation in (*answer.citations, *sides) if citation.kind == "file")
        self._finished = (replace(answer, outdated=find_outdated(self._libraries, cited)),)


def _entry_of(libraries: Sequence[Library], path: str) -> LedgerEntry | None:
    """Return the ledger entry of the file on the disk that holds a path, or None if no library knows it.

    A file of a shared library may be on another machine: it is compared only if what was added is on this one too.
    """
    for library in libraries:
        if library.exists() and (entry := library.store.entry(path)):
            if library.is_shared and not is_on_this_machine(entry.root):
                return None
            return library.store.entry(entry.container) if entry.container else entry
    return None


def is_on_this_machine(root: str) -> bool:
    """Return whether a root of a shared library is on this machine; that of other machines only is a name and no path."""
    return os.path.isabs(root) and os.path.exists(root)  # noqa: PTH110, PTH117 - Path.exists raises in a closed folder


def _state_on_disk(entry: LedgerEntry) -> Literal["", "changed", "missing"]:
    """Compare a file with its ledger entry; return "" if it is the same or cannot be accessed."""
    try:
        status = os.stat(entry.path)  # noqa: PTH116 - Path.stat is the same, and slower
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    except OSError:
        return ""
    return "" if (status.st_size, clamped_mtime_ns(status)) == (entry.size, entry.mtime_ns) else "changed"
