"""Kill writers of a library at random instants and count what the library lost.

A process adds, syncs, watches, removes or searches (which writes the vectors' view), and is killed (-9) at a random instant. Then
the library is opened again: SQLite must find it whole, each document must be there as a whole, and what was there and had no
reason to change must be there as it was. Every few kills it is brought up to date and compared with one built anew.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import random
import shutil
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from operations import Known, Operations, fresh_snapshot, snapshot, sqlite_store

from assistant import Assistant, Settings
from assistant.datatypes import Change
from assistant.index import Store
from assistant.ingest import Candidate, discover
from assistant.watch import Timing, Watcher, WatchStatus

ACTIONS = ("add", "sync", "watch", "remove", "search")
QUICK = Timing(settle=0.05, open=0.3, longest=5, poll=0.2, root_check=0.2)
LONGEST = {"add": 0.8, "sync": 0.8, "watch": 2.0, "remove": 0.1, "search": 0.15}  # seconds until the kill at most
COMPARED_EVERY = 10
MOST_FILES = 150


@dataclass(slots=True)
class Damage:
    """What was wrong after the kills, in words, and how many came while the process was at work."""

    kills: int = 0
    in_time: int = 0
    lost: list[str] = field(default_factory=list)
    halves: list[str] = field(default_factory=list)
    unopened: list[str] = field(default_factory=list)
    unequal: list[str] = field(default_factory=list)


class Deaf:
    """Hears nothing."""

    def changed(self, change: Change) -> None:
        """Take no note."""

    def noticed(self, words: str) -> None:
        """Take no note."""

    def stands(self, standing: WatchStatus) -> None:
        """Take no note."""


def act(settings: Settings, action: str, folder: Path, part: Path, ready: Connection) -> None:
    """Do one thing with the library, to be killed at it."""
    with Assistant(settings) as assistant:
        assistant.include([])
        ready.send("ready")
        if action == "add":
            assistant.add([folder])
        elif action == "sync":
            assistant.sync()
        elif action == "remove":
            assistant.remove(part)
        elif action == "search":
            assistant.search("rent lease chimney")
        else:
            Watcher(assistant, Deaf(), QUICK).follow(lambda: False)
    ready.send("done")


def kill(settings: Settings, action: str, operations: Operations, part: Path, chance: random.Random) -> bool:
    """Start the action and kill it; return whether it was still at work."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["kills"])
    ours, theirs = context.Pipe()
    process = context.Process(target=act, args=(settings, action, operations.folder, part, theirs))
    process.start()
    theirs.close()
    try:
        ours.recv()
    except EOFError:
        process.join()
        raise RuntimeError(f"{action} did not start") from None
    until = time.monotonic() + chance.uniform(0, LONGEST[action])
    while time.monotonic() < until:
        if action == "watch":
            operations.one()
        time.sleep(0.01)
    is_at_work = not ours.poll() and process.is_alive()
    process.kill()
    process.join()
    ours.close()
    return is_at_work


def find_damage(settings: Settings, before: Known, excused: Path | None, damage: Damage, label: str) -> None:
    """Open the library and note what is wrong."""
    try:
        store = Store(settings.libraries_folder / settings.library / "library.sqlite")
    except Exception as error:
        damage.unopened.append(f"{label}: {error}")
        return
    try:
        if (said := store.integrity()) != "ok":
            damage.unopened.append(f"{label}: {said}")
        after = snapshot(store)
        damage.halves += [f"{label}: {path}" for path in halves(store)]
    finally:
        store.close()
    for path, known in before.items():
        is_excused = excused is not None and Path(path).is_relative_to(excused)
        if not is_excused and (path not in after or after[path][:4] != known[:4]):
            damage.lost.append(f"{label}: {path}")


def halves(store: Store) -> list[str]:
    """Return the files whose passages, words or vectors do not agree with their entries."""
    rows = store._rows(
        "SELECT files.path FROM files LEFT JOIN chunks ON chunks.path = files.path GROUP BY files.path, files.chunks "
        "HAVING files.chunks != count(chunks.id) OR max(ordinal) + 1 != count(chunks.id) "
        "UNION SELECT path FROM chunks WHERE id NOT IN (SELECT rowid FROM words) "
        "UNION SELECT path FROM chunks WHERE vector_key NOT IN (SELECT key FROM vectors) "
        "AND id NOT IN (SELECT chunk FROM pending_embeddings)")
    return [str(row[0]) for row in rows]


def compare(settings: Settings, folder: Path, aside: Path, damage: Damage, label: str) -> None:
    """Bring the library up to date and compare it with a new one."""
    with Assistant(settings) as assistant:
        assistant.add([folder])
        ours = snapshot(sqlite_store(assistant))
    shutil.rmtree(aside, ignore_errors=True)
    with Assistant(Settings(home=aside, embed=settings.embed, reader_processes=1)) as other:
        fresh = fresh_snapshot(other, folder)
    damage.unequal += [f"{label}: {path}" for path in sorted(ours.keys() | fresh.keys()) if ours.get(path) != fresh.get(path)]


def kill_many(place: Path, count: int, seed: int) -> Damage:
    """Kill so many times; return what was wrong."""
    settings = Settings(home=place / "home", embed="fake:", reader_processes=1)
    operations, chance, damage = Operations(place / "files", seed), random.Random(seed), Damage()
    for _ in range(60):
        operations.one()
    with Assistant(settings) as assistant:
        assistant.add([operations.folder])
    for number in range(1, count + 1):
        action = chance.choice(ACTIONS)
        part = chance.choice(sorted(path for path in operations.folder.iterdir() if not path.name.startswith(".")))
        store = Store(settings.libraries_folder / settings.library / "library.sqlite")
        before = snapshot(store)
        store.close()
        for _ in range(5):
            operations.one()
        operations.prune(MOST_FILES)
        with_part = any(Path(path).is_relative_to(part) for path in before)
        action = "sync" if action == "remove" and not with_part else action
        damage.in_time += kill(settings, action, operations, part, chance)
        damage.kills += 1
        label = f"kill {number}, {action}"
        unchanged = {} if action == "watch" else same_files(before, operations.folder)
        find_damage(settings, unchanged, part if action == "remove" else None, damage, label)
        if number % COMPARED_EVERY == 0 or number == count:
            compare(settings, operations.folder, place / "fresh", damage, label)
    return damage


def same_files(before: Known, folder: Path) -> Known:
    """Return what is known of the files that are still to be read and have the same bytes: it has no reason to change."""
    there = {str(found.path) for found in discover(folder, 2**40) if isinstance(found, Candidate)}
    return {path: known for path, known in before.items()
            if path in there and known[3] == hashlib.sha256(Path(path).read_bytes()).hexdigest()}
