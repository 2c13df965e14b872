"""Scan roots and compare the files found with the ledger: changed, unchanged, gone, or not visible.

Only a file in a folder that was scanned can be gone. Files below a missing root or an unreadable folder stay as they are.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from assistant.datatypes import FileState, LedgerEntry, OnProgress, Progress
from assistant.ingest import Candidate, ExcludedEntry, discover
from assistant.system.paths import is_under

Ledger = Mapping[str, LedgerEntry]


@dataclass(frozen=True, slots=True)
class ScanResult:
    """Result of a scan. `kept` are known files that were not visible, `away` the roots that are missing.

    In an `entangled` root, links lead to other places inside it: it can only be scanned as a whole.
    """

    changed: tuple[Candidate | ExcludedEntry, ...]
    unchanged: int
    gone: tuple[str, ...]
    kept: tuple[str, ...]
    away: tuple[str, ...]
    entangled: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Scanner:
    """Scan roots. `excluded` paths were removed by the user; files that are stale count as changed.

    Files modified less than `quiet_ns` ago are left for the next scan.
    """

    ledger: Ledger
    excluded: Sequence[str]
    max_file_bytes: int
    on_progress: OnProgress
    is_stale: Callable[[LedgerEntry], bool]
    quiet_ns: int = 0

    def scan(self, roots: Sequence[Path], within: Sequence[Path] | None = None) -> ScanResult:
        """Compare the files under these roots with the ledger. With `within`, scan only there; the ledger must cover no more."""
        away = [root for root in roots if is_away(root, self.ledger)]
        present = [root for root in roots if root not in away]
        changed: dict[str, Candidate | ExcludedEntry] = {}
        seen: set[str] = set()
        unchanged = 0
        blind = [str(root) for root in away]
        entangled: set[str] = set()
        everything = chain.from_iterable(self._discover(root, within, entangled) for root in present)
        for count, found in enumerate(everything, 1):
            path = str(found.path)
            if count % 256 == 0:
                self.on_progress(Progress("looking", count, 0, current=path))
            if path in seen:
                continue
            if isinstance(found, ExcludedEntry) and found.is_inaccessible:
                blind.append(path)
                if path in self.ledger and self.ledger[path].state is FileState.INDEXED:
                    continue
            seen.add(path)
            if self._is_unchanged(found):
                unchanged += 1
            elif not 0 <= time.time_ns() - found.mtime_ns < self.quiet_ns:
                changed[path] = found
        gone, kept = self._missing(seen, {str(root) for root in present}, blind)
        return ScanResult(tuple(changed.values()), unchanged, gone, kept, tuple(str(root) for root in away), frozenset(entangled))

    def _discover(self, root: Path, within: Sequence[Path] | None, entangled: set[str]) -> Iterator[Candidate | ExcludedEntry]:
        # an excluded path above a root was excluded before the root was added
        excluded = [path for path in self.excluded if is_under(path, [str(root)])]
        for found in discover(root, self.max_file_bytes, within, lambda _link: entangled.add(str(root))):
            if not is_under(str(found.path), excluded):
                yield found

    def _is_unchanged(self, found: Candidate | ExcludedEntry) -> bool:
        """Return whether a file need not be read: refused for the same reason, or same size and modification time.

        A file that failed before its bytes were read (permissions, disk errors) has no hash and is tried again.
        """
        known = self.ledger.get(str(found.path))
        if known is None or self.is_stale(known):
            return False
        if isinstance(found, ExcludedEntry):
            return known.reason == found.reason
        return bool(known.content_hash) and (known.size, known.mtime_ns) == (found.size, found.mtime_ns)

    def _missing(self, seen: set[str], present: set[str], blind: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the known files that are gone, and those that were not visible."""
        gone: list[str] = []
        kept: list[str] = []
        for path in self.ledger.keys() - seen:
            is_gone = self.ledger[path].root in present and not is_under(path, blind)
            (gone if is_gone else kept).append(path)
        return tuple(gone), tuple(kept)


def is_away(root: Path, ledger: Ledger) -> bool:
    """Return whether a root is missing, or empty although it held files, like the mount point of an unplugged drive."""
    if not os.path.exists(root):  # noqa: PTH110 - Path.exists raises if a parent folder is not accessible
        return True
    return is_empty(root) and any(path != str(root) and is_under(path, [str(root)]) for path in ledger)


def is_empty(folder: Path) -> bool:
    """Return whether a path is a readable, empty folder."""
    with suppress(OSError), os.scandir(folder) as entries:
        return next(entries, None) is None
    return False
