"""What is on the disk beside what the ledger says: files to read, files as they were, files gone, files out of sight.

Only what was looked at can be gone. A root that is away and a folder that cannot be opened keep what is known of them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from assistant.datatypes import FileState, LedgerEntry, OnProgress, Progress
from assistant.ingest import Candidate, Refusal, discover
from assistant.system.paths import is_under

Ledger = Mapping[str, LedgerEntry]


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What a run has to do. `kept` are known files that it did not come to see, `away` the roots that are not there.

    In a root that is `entangled`, links lead to other places inside: it can be looked at as a whole only.
    """

    changed: tuple[Candidate | Refusal, ...]
    unchanged: int
    gone: tuple[str, ...]
    kept: tuple[str, ...]
    away: tuple[str, ...]
    entangled: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Scanner:
    """Looks through roots. `excluded` was taken out by hand; those that are due are read even if they are unchanged.

    Files that were written to less than `quiet_ns` ago are left for the next look.
    """

    ledger: Ledger
    excluded: Sequence[str]
    max_file_bytes: int
    on_progress: OnProgress
    is_due: Callable[[LedgerEntry], bool]
    quiet_ns: int = 0

    def survey(self, roots: Sequence[Path], within: Sequence[Path] | None = None) -> ScanResult:
        """Compare what is under these roots with the ledger; `within` they are looked at, and the ledger has no more."""
        away = [root for root in roots if is_away(root, self.ledger)]
        present = [root for root in roots if root not in away]
        changed: dict[str, Candidate | Refusal] = {}
        seen: set[str] = set()
        unchanged = 0
        blind = [str(root) for root in away]
        entangled: set[str] = set()
        for found in self._look_through(present, within, entangled):
            path = str(found.path)
            if path in seen:
                continue
            if isinstance(found, Refusal) and found.is_out_of_sight:
                blind.append(path)
                if self._is_indexed(path):
                    continue
            seen.add(path)
            if self._is_unchanged(found):
                unchanged += 1
            elif not 0 <= time.time_ns() - found.mtime_ns < self.quiet_ns:
                changed[path] = found
        gone, kept = self._missing(seen, {str(root) for root in present}, blind)
        return ScanResult(tuple(changed.values()), unchanged, gone, kept, tuple(str(root) for root in away),
                      frozenset(entangled))

    def _look_through(self, roots: Sequence[Path], within: Sequence[Path] | None, entangled: set[str]
                      ) -> Iterator[Candidate | Refusal]:
        count = 0
        for root in roots:
            # what was taken out above a root was taken out before that root was added
            excluded = [path for path in self.excluded if is_under(path, [str(root)])]
            for found in discover(root, self.max_file_bytes, within, recorder_of_entangled(entangled, str(root))):
                count += 1
                if count % 256 == 0:
                    self.on_progress(Progress("looking", count, 0, current=str(found.path)))
                if not is_under(str(found.path), excluded):
                    yield found

    def _is_indexed(self, path: str) -> bool:
        return path in self.ledger and self.ledger[path].state is FileState.INDEXED

    def _is_unchanged(self, found: Candidate | Refusal) -> bool:
        """Return whether a file needs no second look: refused for the same reason, or the same bytes as were read.

        A file that failed before its bytes were had (permissions, a disk's error) has no hash, and is tried again.
        """
        known = self.ledger.get(str(found.path))
        if known is None or self.is_due(known):
            return False
        if isinstance(found, Refusal):
            return known.reason == found.reason
        return bool(known.content_hash) and (known.size, known.mtime_ns) == (found.size, found.mtime_ns)

    def _missing(self, seen: set[str], present: set[str], blind: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the known files that are gone, and those that are merely out of sight."""
        gone: list[str] = []
        kept: list[str] = []
        for path in self.ledger.keys() - seen:
            is_gone = self.ledger[path].root in present and not is_under(path, blind)
            (gone if is_gone else kept).append(path)
        return tuple(gone), tuple(kept)


def recorder_of_entangled(entangled: set[str], root: str) -> Callable[[str], None]:
    """Return what is to be called where a link in a root leads to something inside."""
    return lambda _link: entangled.add(root)


def is_away(root: Path, ledger: Ledger) -> bool:
    """Return whether a root is not there, or empty where it held files: so an unplugged drive leaves its folder."""
    if not os.path.exists(root):  # noqa: PTH110 - Path.exists raises where a folder above is closed
        return True
    return is_empty(root) and any(path != str(root) and is_under(path, [str(root)]) for path in ledger)


def is_empty(folder: Path) -> bool:
    """Return whether it is a folder that can be opened and holds nothing."""
    with suppress(OSError), os.scandir(folder) as entries:
        return next(entries, None) is None
    return False
