"""Do random operations on folders that two machines watch into a shared library, and compare it with a library built anew.

    python benchmarks/shared_operations.py [--operations 10000] [--minutes 6] [--seed 1] [--at PLACE]

Machine one has a folder of its own, and both have a share, under different paths: one of them holds its lease, and is stopped and
started again `--handovers` times, gracefully or with its lease left to expire, so that the other takes over. At the end the
library is compared with one in SQLite and FAISS into which the same folders are added once: every file's status, title, passages
and vectors, how many passages hold each word, and the BM25 score of each passage for it. The place is milvus-lite in a process of
its own (one request at a time), unless --at names an empty database. The operations are spread over `--minutes`, after which they
end even if there were fewer; the time to catch up after the last one is reported.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import checkout  # noqa: F401
from kills import QUICK
from operations import WORDS, Operations
from report import markdown_table
from shared_kills import fork, free_port, opened, serve

from assistant import Assistant, Settings
from assistant.app.library import registry
from assistant.datatypes import Change
from assistant.index import LibraryStore
from assistant.index.milvus import canonical, leases
from assistant.watch import Watcher, WatchStatus

MOST_FILES = 300  # in each folder
BLOCK = 20  # operations between two prunings
CATCH_UP_SECONDS = 240.0  # without any change in what differs
START_SECONDS = 120.0
LEASE = 8.0  # seconds, so that leases that are left to expire do so within the run

Known = Mapping[str, object]


@dataclass(slots=True)
class Tally:
    """A listener that counts what a watch reports."""

    changes: Counter[str] = field(default_factory=Counter)
    notices: list[str] = field(default_factory=list)
    status: WatchStatus = field(default_factory=WatchStatus)

    def changed(self, change: Change) -> None:
        """Count a change."""
        self.changes[change.kind] += 1

    def noticed(self, words: str) -> None:
        """Keep a notice."""
        self.notices.append(words)

    def stands(self, status: WatchStatus) -> None:
        """Keep the status."""
        self.status = status


class Machine:
    """A machine with a home of its own that watches its folders in a thread."""

    def __init__(self, home: Path, address: str, folders: Mapping[str, Path]) -> None:
        self.settings = Settings(home=home, library="team", embed="fake:", reader_processes=1)
        self.folders, self.heard = folders, Tally()
        registry.create(self.settings, "team", {}, address)
        with Assistant(self.settings) as assistant:
            for name, folder in folders.items():
                assistant.add([folder], name=name)

    def start(self) -> None:
        """Start watching, and wait until the first look is over."""
        self._stopped, self.heard.status = threading.Event(), WatchStatus()
        self._thread = threading.Thread(target=self._follow, args=(self._stopped,))
        self._thread.start()
        end = time.monotonic() + START_SECONDS
        while self.heard.status.doing != "watching" and time.monotonic() < end:
            time.sleep(0.05)

    def _follow(self, stopped: threading.Event) -> None:
        with Assistant(self.settings) as assistant:
            Watcher(assistant, self.heard, QUICK).follow(stopped.is_set)

    def stop(self) -> None:
        """Stop watching; the leases are released."""
        self._stopped.set()
        self._thread.join(START_SECONDS)

    def works_on(self, folder: Path) -> bool:
        """Return whether this machine keeps a folder up to date."""
        return any(each.path == str(folder) and each.method in {"events", "polling"} for each in self.heard.status.followed)


def hand_over(machines: list[Machine], share: str, *, expires: bool) -> int:
    """Stop the machine that keeps the share, wait until the other does, start the first again; return 1 if the other did."""
    first, second = sorted(machines, key=lambda machine: not machine.works_on(machine.folders[share]))
    release = leases.LeaseTable.release
    if expires:
        leases.LeaseTable.release = lambda _self: None  # type: ignore[assignment, method-assign]
    try:
        first.stop()
    finally:
        leases.LeaseTable.release = release  # type: ignore[method-assign]
    end = time.monotonic() + START_SECONDS
    while not second.works_on(second.folders[share]) and time.monotonic() < end:
        time.sleep(0.05)
    took = second.works_on(second.folders[share])
    first.start()
    return int(took)


def contents(store: LibraryStore) -> Known:
    """Return what a library holds of each file: status, reason, content hash, title, passages and vectors."""
    view = store.view(256, None)
    found: dict[str, object] = {}
    with store.reading():
        for path, entry in store.ledger().items():
            stored = store.chunks_of_file(path)
            vectors = view.vectors([each.chunk_id for each in stored])[1].tolist()
            found[path] = (entry.state.value, entry.reason, entry.content_hash, entry.chunks,
                           [(each.title, each.chunk) for each in stored], vectors)
    return found


def statistics(store: LibraryStore) -> dict[str, list[tuple[str, int, float]]]:
    """Return, for each word of the texts, the passages that hold it by path and first character, with their BM25 scores."""
    words = sorted({each for word in WORDS for each in (word, word[:2])} | {"report", "notes", "many", "inside"})
    found: dict[str, list[tuple[str, int, float]]] = {}
    with store.reading():
        for word in words:
            scores = dict(store.match([(word,)], 10**6))
            chunks = store.chunks(list(scores))
            found[word] = sorted((chunks[number].path, chunks[number].chunk.location.char_start, round(float(score), 4))
                                 for number, score in scores.items())
    return found


def fresh_library(home: Path, folders: list[Path]) -> tuple[Known, dict[str, list[tuple[str, int, float]]]]:
    """Return the contents and the keyword statistics of a new library of these folders."""
    with Assistant(Settings(home=home, embed="fake:", reader_processes=1)) as assistant:
        assistant.add(folders)
        return contents(assistant._store()), statistics(assistant._store())


def different(one: Mapping[str, object], other: Mapping[str, object]) -> list[str]:
    """Return the keys whose values differ."""
    return sorted(key for key in one.keys() | other.keys() if one.get(key) != other.get(key))


def operate(machines: list[Machine], folders: list[Operations], options: argparse.Namespace) -> tuple[int, int, float]:
    """Do the operations; return how many were done, how many handovers succeeded, and the seconds."""
    chance, begun = random.Random(options.seed), time.monotonic()
    blocks, seconds = options.operations // BLOCK, 60 * options.minutes
    took = tried = done = 0
    while done < blocks and time.monotonic() - begun < seconds:
        for _ in range(BLOCK):
            chance.choice(folders).one()
        for folder in folders:
            folder.prune(MOST_FILES)
        done += 1
        share = max(done / blocks, (time.monotonic() - begun) / seconds)
        if tried < options.handovers and share > (tried + 1) / (options.handovers + 1):
            took += hand_over(machines, "share", expires=tried % 2 == 1)
            tried += 1
        print(f"\r{BLOCK * done} operations", end="", file=sys.stderr)
        time.sleep(max(0.0, begun + done * seconds / blocks - time.monotonic()))
    return BLOCK * done, took, time.monotonic() - begun


def compare(store: LibraryStore, home: Path, folders: list[Path]) -> tuple[list[str], list[str], float, int]:
    """Wait until the library equals a new one, or nothing changes any more.

    Return the files and the words that differ, the seconds, and the number of files.
    """
    expected, counted = fresh_library(home, folders)
    begun = changed = time.monotonic()
    before: list[str] = []
    while (wrong := different(contents(store), expected)) and time.monotonic() - changed < CATCH_UP_SECONDS:
        if wrong != before:
            before, changed = wrong, time.monotonic()
        time.sleep(2)
    return wrong, different(statistics(store), counted), time.monotonic() - begun, len(expected)


def measure(place: Path, address: str, options: argparse.Namespace) -> int:
    """Follow the operations, compare and report; return the number of differences."""
    own, share, mounted = place / "own", place / "share", place / "mounted"
    folders = [Operations(own, options.seed), Operations(share, options.seed + 1)]
    mounted.symlink_to(share)
    machines = [Machine(place / "one", address, {"own": own, "share": share}),
                Machine(place / "two", address, {"share": mounted})]
    for machine in machines:
        machine.start()
    try:
        done, took, seconds = operate(machines, folders, options)
        with Assistant(machines[0].settings) as assistant:
            wrong, words, waited, files = compare(assistant._store(), place / "fresh", [own, share])
            passages = assistant._store().count_chunks()
    finally:
        for machine in machines:
            machine.stop()
    with Assistant(machines[0].settings) as assistant:
        findings = assistant.check()
    print(*wrong[:5], sep="\n", file=sys.stderr)
    reported = sum((machine.heard.changes for machine in machines), Counter[str]())
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in reported.items())
    print(markdown_table(["measured", "value"], [
        ["operations", f"{done:,} in {seconds:.0f} s"], ["handovers of the share", f"{took} of {options.handovers}"],
        ["changes that the two watches reported", f"{reported.total():,} ({kinds})"],
        ["files and passages at the end", f"{files:,} and {passages:,}"],
        ["files that differ from a new library", len(wrong)], ["words whose passages or scores differ", len(words)],
        ["findings of the check", len(findings)], ["seconds to catch up", f"{waited:.0f}"]]))
    return len(wrong) + len(words) + len(findings)


def main() -> int:
    """Measure at a new milvus-lite, or at the place that was named; the exit code is 1 if anything differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--operations", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=6.0)
    parser.add_argument("--handovers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--at", default="")
    options = parser.parse_args()
    leases.LEASE_SECONDS = LEASE
    import pymilvus  # noqa: F401 - once, before the server is forked

    with tempfile.TemporaryDirectory() as folder:
        place, port = Path(folder), free_port()
        address = canonical(options.at or f"milvus://127.0.0.1:{port}")
        server = None if options.at else fork.Process(target=serve, args=(f"{place}/team.db", port))
        if server:
            server.start()
        try:
            opened(address, "waits for the server", place).close()
            return int(bool(measure(place, address, options)))
        finally:
            if server:
                server.kill()


if __name__ == "__main__":
    sys.exit(main())
