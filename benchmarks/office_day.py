"""Simulate an office at work: one machine follows a folder in which files are written, changed and deleted; others search it.

    python benchmarks/office_day.py [--stores sqlite milvus] [--files 300] [--changes 60] [--readers 3] [--minutes 2] [--at PLACE]

The keeper watches the folder. Readers search for two words of the texts, with pauses of `--pause` seconds on average; each is a
process of its own, in a shared library a machine of its own. A prober takes the newest change, searches until it is seen (the
new word of a file that was written, or no more the word of one that was deleted), and takes the next; that time is the
staleness. `--changes` are made per minute. At the end the library is compared with a new one: lost are files that it lacks or
has otherwise, doubled those that it should not have. The `fake:` embedder is used, so times are those of the store and not of a
model. The shared place is milvus-lite in a process of its own, one request at a time, unless --at names an empty database.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from pathlib import Path

import checkout  # noqa: F401
from kills import Deaf
from report import Cell, markdown_table
from shared_kills import fork, free_port, opened, serve
from shared_operations import contents, different
from speed import percentile

from assistant import Assistant, Settings
from assistant.app.library import registry
from assistant.index.milvus import canonical
from assistant.watch import SETTLE_SECONDS, Timing, Watcher

WORDS = ("rent lease notice chimney pump boiler valve invoice ledger meadow harbour granite violin teapot compass lantern "
         "orchard saddle thimble walnut contract supplier budget minutes agenda holiday printer budget archive").split()
KINDS = ("edit", "edit", "edit", "edit", "write", "write", "delete")
LONGEST_WAIT = 120.0  # seconds until a change counts as never seen
HEADER = ("store", "files", "searches", "per s", "ms median", "ms p95", "changes", "probed", "stale s median", "stale s p95",
          "never seen", "lost", "doubled")


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a file: when it was finished, its word, and whether that must be found or be gone."""

    at: float
    word: str
    is_there: bool


class Office:
    """The folder of an office: its files, each with a word that no other has."""

    def __init__(self, folder: Path, files: int, seed: int) -> None:
        self.folder, self._random, self._words = folder, random.Random(seed), dict[Path, str]()
        for number in range(files):
            self._write(folder / f"team{number % 12}" / f"file{number}.txt")
        self._next = files

    def change(self) -> list[Change]:
        """Write, edit or delete a file; return what must be found, and gone, from now on."""
        kind = self._random.choice(KINDS)
        path = self._random.choice(sorted(self._words))
        old = self._words[path]
        if kind == "delete":
            path.unlink()
            del self._words[path]
            return [Change(time.monotonic(), old, is_there=False)]
        if kind == "write":
            self._next += 1
            return [self._write(self.folder / f"team{self._next % 12}" / f"file{self._next}.txt")]
        return [self._write(path), Change(time.monotonic(), old, is_there=False)]

    def _write(self, path: Path) -> Change:
        path.parent.mkdir(parents=True, exist_ok=True)
        word = f"q{self._random.getrandbits(48):012x}z"
        paragraphs = [" ".join(self._random.choices(WORDS, k=80)) for _ in range(self._random.randint(1, 6))]
        path.write_text("\n\n".join([word, *paragraphs]), "utf-8")
        self._words[path] = word
        return Change(time.monotonic(), word, is_there=True)


def keep(settings: Settings, folder: Path, ready: Event, stop: Event) -> None:
    """Add the folder and follow it until told to stop."""
    with Assistant(settings) as assistant:
        assistant.add([folder])
        ready.set()
        Watcher(assistant, Deaf(), Timing(settle=SETTLE_SECONDS)).follow(stop.is_set)


def search(settings: Settings, seed: int, pause: float, log: Path, stop: Event) -> None:
    """Search until told to stop, and write the milliseconds of each search."""
    chance, times = random.Random(seed), list[float]()
    with Assistant(settings) as assistant:
        assistant.search("rent")
        while not stop.is_set():
            begin = time.perf_counter()
            assistant.search(" ".join(chance.sample(WORDS, 2)))
            times.append(1000 * (time.perf_counter() - begin))
            stop.wait(chance.expovariate(1 / pause))
    log.write_text(json.dumps(times), "utf-8")


def probe(settings: Settings, changes: Path, log: Path, stop: Event) -> None:
    """Wait for the newest change of a list to be seen, again and again; write how long each took, inf for never."""
    seen: list[float] = []
    read = 0
    with Assistant(settings) as assistant:
        while not stop.is_set():
            lines = changes.read_text("utf-8").splitlines()
            if len(lines) == read:
                time.sleep(0.02)
                continue
            read = len(lines)
            change = Change(*json.loads(lines[-1]))
            while is_found(assistant, change.word) != change.is_there and time.monotonic() - change.at < LONGEST_WAIT:
                time.sleep(0.02)
            took = time.monotonic() - change.at
            seen.append(took if took < LONGEST_WAIT else float("inf"))
    log.write_text(json.dumps(seen), "utf-8")


def is_found(assistant: Assistant, word: str) -> bool:
    """Return whether a search finds a word."""
    return any(word in hit.chunk.text for hit in assistant.search(word, 5).hits)


def work(office: Office, changes: Path, per_minute: float, minutes: float) -> int:
    """Make the changes of the day, noting each; return their number."""
    begun, done = time.monotonic(), 0
    with changes.open("a", buffering=1, encoding="utf-8") as log:
        while time.monotonic() - begun < 60 * minutes:
            for change in office.change():
                log.write(json.dumps([change.at, change.word, change.is_there]) + "\n")
            done += 1
            time.sleep(max(0.0, begun + 60 * done / per_minute - time.monotonic()))
    return done


def machines_of(place: Path, address: str) -> Callable[[int], Settings]:
    """Return the settings of each machine: one home for a library on one machine, one each for a shared one."""
    def settings(number: int) -> Settings:
        home = place / (f"home{number}" if address else "home")
        found = Settings(home=home, library="team", embed="fake:", reader_processes=1)
        if address and not (home / "libraries" / "team").exists():
            registry.create(found, "team", {}, address)
        return found

    return settings


def day(place: Path, store: str, address: str, options: argparse.Namespace) -> list[Cell]:
    """Simulate a day on a store and return its row."""
    office = Office(place / "files", options.files, options.seed)
    changes = place / "changes.jsonl"
    changes.touch()
    settings = machines_of(place, address)
    ready, stop, last = fork.Event(), fork.Event(), fork.Event()
    keeper = fork.Process(target=run_keeper, args=(settings, place / "files", ready, last))
    keeper.start()
    if not ready.wait(600):
        raise SystemExit("the keeper did not start")
    logs = [place / f"reader{number}.json" for number in range(options.readers)]
    others = [fork.Process(target=run_reader, args=(settings, number + 2, options.pause, log, stop))
              for number, log in enumerate(logs)]
    others.append(fork.Process(target=run_prober, args=(settings, changes, place / "seen.json", stop)))
    for process in others:
        process.start()
    done = work(office, changes, options.changes, options.minutes)
    stop.set()
    for process in others:
        process.join(LONGEST_WAIT + 60)
    last.set()
    keeper.join(60)
    times = sorted(each for log in logs for each in json.loads(log.read_text("utf-8")))
    stale = sorted(json.loads((place / "seen.json").read_text("utf-8")))
    lost, doubled = compare(settings(1), place)
    seen = [each for each in stale if each != float("inf")]
    return [store, f"{options.files:,}", f"{len(times):,}", f"{len(times) / (60 * options.minutes):.1f}",
            f"{percentile(times, 0.5):.0f}", f"{percentile(times, 0.95):.0f}", f"{done:,}", f"{len(stale):,}",
            f"{percentile(seen, 0.5):.2f}", f"{percentile(seen, 0.95):.2f}", len(stale) - len(seen), lost, doubled]


def run_keeper(settings: Callable[[int], Settings], folder: Path, ready: Event, stop: Event) -> None:
    """Run the keeper in this process, the first machine."""
    keep(settings(1), folder, ready, stop)


def run_reader(settings: Callable[[int], Settings], number: int, pause: float, log: Path, stop: Event) -> None:
    """Run a reader in this process."""
    search(settings(number), number, pause, log, stop)


def run_prober(settings: Callable[[int], Settings], changes: Path, log: Path, stop: Event) -> None:
    """Run the prober in this process."""
    probe(settings(0), changes, log, stop)


def compare(settings: Settings, place: Path) -> tuple[int, int]:
    """Return how many files the library lacks or has otherwise than a new one, and how many it should not have."""
    with Assistant(settings) as assistant:
        assistant.embed_waiting(10**6)
        held = contents(assistant._store())
    with Assistant(Settings(home=place / "fresh", embed="fake:", reader_processes=1)) as fresh:
        fresh.add([place / "files"])
        expected = contents(fresh._store())
    wrong = different(held, expected)
    return sum(path in expected for path in wrong), sum(path not in expected for path in wrong)


def main() -> int:
    """Simulate a day on each store; the exit code is 1 if a file was lost, doubled or never seen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stores", nargs="+", choices=["sqlite", "milvus"], default=["sqlite", "milvus"])
    for name, value in (("--files", 300), ("--readers", 3), ("--seed", 1)):
        parser.add_argument(name, type=int, default=value)
    for name, number in (("--changes", 60.0), ("--minutes", 2.0), ("--pause", 0.5)):
        parser.add_argument(name, type=float, default=number)
    parser.add_argument("--at", default="")
    options = parser.parse_args()
    with suppress(ImportError):
        import pymilvus  # noqa: F401 - once, before processes are forked
    rows: list[list[Cell]] = []
    for store in options.stores:
        with tempfile.TemporaryDirectory() as name:
            port, own_server = free_port(), store == "milvus" and not options.at
            server = fork.Process(target=serve, args=(f"{name}/team.db", port))
            if own_server:
                server.start()
                waits = fork.Process(target=wait_for, args=(f"milvus://127.0.0.1:{port}", name))
                waits.start()
                waits.join()
            address = canonical(options.at or f"milvus://127.0.0.1:{port}") if store == "milvus" else ""
            try:
                rows.append(day(Path(name), store, address, options))
            finally:
                if own_server:
                    server.kill()
        print(markdown_table(HEADER, rows), flush=True)
    return int(any(row[column] for row in rows for column in (-3, -2, -1)))


def wait_for(address: str, folder: str) -> None:
    """Wait in a process of its own until the server answers: a client must not be forked."""
    opened(canonical(address), "waits", Path(folder)).close()


if __name__ == "__main__":
    sys.exit(main())
