"""The default store of a library: one SQLite file and a FAISS view, in a folder of its own on this machine."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from assistant.datatypes import Finding, LibraryMetrics
from assistant.errors import UsageError
from assistant.index.integrity import Inspection
from assistant.index.store import Store
from assistant.index.vector_index import check_view, prepare_view, remove_stale_files

REMOVED_TEXT_KEY = "removed"  # metadata key: set while files may still contain removed text


class SqliteLibrary(Store):
    """A library in SQLite and FAISS; implements `LibraryStore`."""

    is_shared = False

    @property
    def folder(self) -> Path:
        """The folder of the SQLite file."""
        return self.path.parent

    @property
    def place(self) -> str:
        """The path of the SQLite file."""
        return str(self.path)

    def size(self) -> int:
        """Return the total size of the files in the folder in bytes."""
        return size_of(self.folder)

    def own_roots(self) -> tuple[str, ...]:
        """Return the paths that were added: all of them are this machine's."""
        return self.roots()

    def name_root(self, path: str, name: str) -> None:
        """Raise UsageError: the files of a library on one machine are known by their paths."""
        raise UsageError("Only the folders of a shared library have names.", "Add it without --root.")

    def root_names(self) -> dict[str, str]:
        """Return an empty dict: paths have no names."""
        return {}

    def hold(self, roots: Iterable[str]) -> dict[str, str]:
        """Return an empty dict: no other machine uses the library."""
        return {}

    def renew(self) -> None:
        """Do nothing: there are no leases."""

    def release(self) -> None:
        """Do nothing: there are no leases."""

    def root_groups(self) -> dict[str, tuple[str, ...]]:
        """Return the added paths without groups: whoever may open the file may read it."""
        return dict.fromkeys(self.roots(), ())

    def set_groups(self, path: str, groups: Iterable[str]) -> None:
        """Raise UsageError: a library on one machine has one reader."""
        raise UsageError("Only the folders of a shared library have groups.",
                         "Leave --groups out, or share the library: assistant library create NAME --at PLACE")

    def record_sync(self) -> None:
        """Record nothing: no other machine uses the library."""

    def metrics(self) -> LibraryMetrics | None:
        """Return None: the library is of this machine only."""
        return None

    def prepare(self, dimension: int) -> None:
        """Write the vector view of a large library if it is due, so that no search has to."""
        prepare_view(self, dimension)

    def inspect(self, *, repair: bool) -> tuple[Finding, ...]:
        """Check the database and the vector view; return what is wrong. Raises LibraryDamaged if it cannot be repaired."""
        found = (*Inspection(self, repair=repair).run(), *check_view(self))
        if found:
            self.set_meta(REMOVED_TEXT_KEY, "yes")
        return found

    def erase_removed(self, *, thorough: bool) -> bool:
        """Empty the log; if `thorough`, also rewrite the files that may contain removed text. Return whether all is erased."""
        if not thorough:
            return self.truncate_wal()
        is_swept = remove_stale_files(self.path, everything=bool(self.meta(REMOVED_TEXT_KEY)))
        self.rewrite_keyword_index()
        if is_swept:
            self.set_meta(REMOVED_TEXT_KEY, "")
        return self.truncate_wal() and is_swept


def size_of(folder: Path) -> int:
    """Return the total size of the files in a folder in bytes; files that vanish or cannot be read count 0."""
    total = 0
    for file in folder.iterdir():
        with suppress(OSError):
            status = file.stat()
            total += status.st_size if stat.S_ISREG(status.st_mode) else 0
    return total
