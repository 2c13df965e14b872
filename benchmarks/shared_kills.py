"""Kill the writers of a shared library at random instants, and count what readers saw wrong and what the library lost.

    python benchmarks/shared_kills.py [--kills 200] [--minutes 0] [--writers 2] [--readers 4] [--seed 1] [--at PLACE]

Each writer puts, replaces and drops files of its own, as a machine of its own, and notes in a log when it begins and when it has
finished each. It is killed (-9) at a random instant and started again. Readers read every file and search for its word all the
while. Wrong are: half a document, passages of two versions, nothing of a file that is there, a version that was replaced or
dropped before the reading began; and at the end files lost or doubled, findings of the check, and chunks that no file has. The
place is milvus-lite in a process of its own (one request at a time, since it does not allow concurrent writing), unless --at
names an empty database.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import checkout  # noqa: F401
import numpy as np

from assistant.datatypes import Chunk, FileState, LedgerEntry, Location
from assistant.index.milvus import canonical, open_shared
from assistant.index.milvus.library import MilvusLibrary
from assistant.index.milvus.schema import PASSAGES, VECTORS
from assistant.index.places import SharedPlace
from assistant.index.store import vector_key

FILES, MOST_CHUNKS, LONGEST_LIFE = 6, 40, 1.5  # files of a writer, chunks of a file, seconds until the kill
START_SECONDS = 120.0
NOTHING = "nothing of a file that is there"
fork = multiprocessing.get_context("fork")  # children start with everything imported


def serve(folder: str, port: int) -> None:
    """Run milvus-lite for clients on this machine."""
    from milvus_lite.adapter.grpc.server import run_server

    run_server(folder, "127.0.0.1", port, max_workers=1)


def opened(address: str, writer: str, folder: Path) -> MilvusLibrary:
    """Open the library; wait while the server starts."""
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            store = open_shared(SharedPlace(address, writer), folder)
            assert isinstance(store, MilvusLibrary)
            return store
        except Exception:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def chunks_of(path: str, version: str, count: int) -> list[Chunk]:
    """Return the chunks of a version of a file: each says which it is, and how many there are."""
    texts = [f"{word_of(path)} version {version} passage {number} of {count}" for number in range(count)]
    return [Chunk(text, Location(1, 1, 100 * number, 100 * number + len(text))) for number, text in enumerate(texts)]


def word_of(path: str) -> str:
    """Return the word that only the chunks of a file hold."""
    return "word" + "".join(character for character in path if character.isalnum())


def write(address: str, writer: str, folder: Path, seed: int) -> None:
    """Change files until killed. The log has a line before and a line after each change."""
    chance = random.Random(seed)
    store = opened(address, writer, folder)
    store.drop_orphaned_vectors(0)
    with (folder / f"{writer}.log").open("a", buffering=1) as log:
        while True:
            path = f"/{writer}/{chance.randrange(FILES)}.txt"
            version, count = f"{os.getpid()}x{chance.getrandbits(60):x}", chance.randint(1, MOST_CHUNKS)
            if chance.random() < 0.15:
                version, count = "", 0
            note(log, "begin", path, version, count)
            if version:
                chunks = chunks_of(path, version, count)
                with store.transaction():
                    store.put_document(LedgerEntry(path, f"/{writer}", FileState.INDEXED, "", 1, 1, version), path, chunks)
                    store.put_vectors({vector_key(chunk.searchable): np.full(8, 8**-0.5, np.float32) for chunk in chunks})
            else:
                store.drop_files([path])
            note(log, "end", path, version, count)


def note(log: TextIO, *what: object) -> None:
    """Append a line to the log of a writer, with the time."""
    log.write(json.dumps([time.monotonic(), *what]) + "\n")


def read(address: str, number: int, folder: Path) -> None:
    """Read all files until killed, and note which version of each was seen, and what was not whole."""
    store = opened(address, f"reader {number}", folder)
    with (folder / f"reader{number}.seen").open("a", buffering=1) as log:
        while True:
            begun = time.monotonic()
            with store.reading():
                for path in list(store.ledger()):
                    seen = [stored.chunk.text.split() for stored in store.chunks_of_file(path)]
                    note_reading(log, begun, path, seen)
                    found = store.chunks(store.holding_each([(word_of(path),)], MOST_CHUNKS + 1)[0])
                    hits = [stored.chunk.text.split() for _, stored in sorted(found.items())]
                    note_reading(log, begun, path, hits)


def note_reading(log: TextIO, begun: float, path: str, seen: list[list[str]]) -> None:
    """Append a line to the log of a reader: when it began and ended, what is wrong with what was seen, and the version."""
    log.write(json.dumps([begun, time.monotonic(), path, fault_of(path, seen), seen[0][2] if seen else ""]) + "\n")


def fault_of(path: str, seen: list[list[str]]) -> str:
    """Return what is wrong with the chunks of a file: "" if they are one whole version."""
    if not seen:
        return NOTHING
    if any(words[0] != word_of(path) for words in seen) or len({words[2] for words in seen}) > 1:
        return "passages of two versions"
    return "" if [int(words[4]) for words in seen] == [*range(int(seen[0][6]))] else "half a document"


def lines(folder: Path, pattern: str) -> Iterator[list[Any]]:
    """Yield the whole lines of the logs."""
    for file in sorted(folder.glob(pattern)):
        for line in file.read_text("utf-8").splitlines():
            try:
                yield json.loads(line)
            except ValueError:  # the writer was killed in the middle of it
                continue


@dataclass(slots=True)
class History:
    """What the logs of the writers say: which version of each file is possible now, and what ended when."""

    current: dict[str, tuple[str, int]] = field(default_factory=dict)  # path -> version and number of chunks
    possible: dict[str, list[tuple[str, int]]] = field(default_factory=dict)  # the same, with begun changes
    ended: dict[str, float] = field(default_factory=dict)  # version -> when it was surely replaced or dropped
    drops: dict[str, list[list[float]]] = field(default_factory=dict)  # path -> when each dropping began and ended

    def begin(self, at: float, path: str, version: str, count: int) -> None:
        """Add the begin of a change."""
        self.possible.setdefault(path, []).append((version, count))
        if not version:
            self.drops.setdefault(path, []).append([at, float("inf")])

    def end(self, at: float, path: str, version: str, count: int) -> None:
        """Add the end of a change: earlier versions of the file are over."""
        if not version:
            self.drops[path][-1][1] = at
        for old, _ in self.possible[path][:-1]:
            self.ended.setdefault(old, at)
        self.current[path] = version, count
        self.possible[path] = [(version, count)]

    def was_dropped(self, path: str, begun: float, finished: float) -> bool:
        """Return whether a file may have been dropped within a time."""
        return any(start <= finished and end >= begun for start, end in self.drops.get(path, ()))

    def allows(self, path: str, held: tuple[str, int]) -> bool:
        """Return whether a file may be held in this version with so many chunks."""
        return held in {self.current.get(path, ("", 0)), *self.possible[path]}


def judge(folder: Path, store: MilvusLibrary) -> Counter[str]:
    """Compare what readers saw, and what is left, with the logs of the writers."""
    history, wrong = History(), Counter[str]()
    for at, what, *change in lines(folder, "*.log"):
        (history.begin if what == "begin" else history.end)(at, *change)
    for begun, finished, path, fault, version in lines(folder, "*.seen"):
        wrong["readings"] += 1
        if fault and not (fault == NOTHING and history.was_dropped(path, begun, finished)):
            wrong[f"readers: {fault}"] += 1
        elif not fault and begun > history.ended.get(version, float("inf")):
            wrong["readers: a version replaced or dropped before"] += 1
    for path in history.possible:
        seen = [stored.chunk.text.split() for stored in store.chunks_of_file(path)]
        if not history.allows(path, (seen[0][2], len(seen)) if seen else ("", 0)) or (seen and fault_of(path, seen)):
            wrong["lost or doubled files"] += 1
    return wrong


def garbage(store: MilvusLibrary) -> int:
    """Return the number of chunks and vectors that no file has."""
    ids = set(store.view(8, None).ids.tolist()) | {number for number, _ in store.paths_of_chunks()}
    rows = [row["id"] for name in (PASSAGES, VECTORS) for row in store._connection.iterate(name, "", ("id",))]
    return sum(number not in ids for number in rows)


def kill_writers(address: str, folder: Path, kills: int, writers: int, seed: int, minutes: float) -> tuple[int, int]:
    """Start writers, kill each at a random instant and start it again; return how many died, and how many while writing."""
    chance, stop = random.Random(seed), time.monotonic() + 60 * minutes if minutes else float("inf")
    busy = done = 0
    running = {f"machine{number}": start_writer(address, f"machine{number}", folder, chance) for number in range(writers)}
    while done < kills and time.monotonic() < stop:
        name = chance.choice(sorted(running))
        size = log_size(folder, name)
        end = time.monotonic() + START_SECONDS
        while log_size(folder, name) == size and time.monotonic() < end:  # it has begun something since it was started
            time.sleep(0.005)
        time.sleep(chance.random() * LONGEST_LIFE)
        running[name].kill()
        running[name].join()
        busy += last_word(folder, name) == "begin"
        running[name] = start_writer(address, name, folder, chance)
        done += 1
        print(f"\r{done} kills", end="", file=sys.stderr)
    for process in running.values():
        process.kill()
        process.join()
    return done, busy


def start_writer(address: str, name: str, folder: Path, chance: random.Random) -> multiprocessing.process.BaseProcess:
    """Start a writer."""
    process = fork.Process(target=write, args=(address, name, folder, chance.getrandbits(32)))
    process.start()
    return process


def log_size(folder: Path, name: str) -> int:
    """Return the size of a writer's log."""
    file = folder / f"{name}.log"
    return file.stat().st_size if file.exists() else 0


def last_word(folder: Path, name: str) -> object:
    """Return whether a writer's last line is the begin or the end of a change."""
    return [line[1] for line in lines(folder, f"{name}.log")][-1]


def free_port() -> int:
    """Return a port that nothing uses."""
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def main() -> int:
    """Kill, judge and report; the exit code is 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("--kills", 200), ("--writers", 2), ("--readers", 4), ("--seed", 1)):
        parser.add_argument(name, type=int, default=value)
    parser.add_argument("--minutes", type=float, default=0.0, help="stop killing after this time (0: no limit)")
    parser.add_argument("--at", default="")
    arguments = parser.parse_args()
    import pymilvus  # noqa: F401 - once, before the children are forked

    with tempfile.TemporaryDirectory() as place:
        folder, port = Path(place), free_port()
        address = canonical(arguments.at or f"milvus://127.0.0.1:{port}")
        helpers = [] if arguments.at else [fork.Process(target=serve, args=(f"{place}/team.db", port))]
        helpers += [fork.Process(target=read, args=(address, number, folder)) for number in range(arguments.readers)]
        for process in helpers:
            process.start()
        try:
            done, busy = kill_writers(address, folder, arguments.kills, arguments.writers, arguments.seed, arguments.minutes)
            for process in helpers[-arguments.readers :] if arguments.readers else []:
                os.kill(process.pid or 0, signal.SIGKILL)
            for number in range(arguments.writers):  # each machine's next run sweeps what its last one left
                with closing(opened(address, f"machine{number}", folder)) as store:
                    store.drop_orphaned_vectors(0)
            with closing(opened(address, "judge", folder)) as store:
                wrong = judge(folder, store)
                findings, left = store.inspect(repair=False), garbage(store)
        finally:
            for process in helpers:
                process.kill()
    readings = wrong.pop("readings", 0)
    print(f"\n{done} kills, {busy} of them while a change was being written; {readings:,} readings of whole files")
    print(f"wrong: {dict(wrong) or 'nothing'}")
    print(f"chunks and vectors that no file has after a check: {left}; findings of the check: {len(findings)}")
    return int(bool(wrong or left or findings))


if __name__ == "__main__":
    sys.exit(main())
