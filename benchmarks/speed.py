"""Measure how soon a saved file is found, and what renames and repeated scans cost."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path

from checkout import ROOT
from kills import Deaf, halves
from operations import sqlite_store

from assistant import Assistant, Settings
from assistant.watch import Timing, Watcher

SYLLABLES = "ba de fi go hu ka le mi no pu ra se ti vo zu".split()
SEARCHED = 500  # files that are there from the start
VOCABULARY = [first + second + third for first in SYLLABLES for second in SYLLABLES for third in SYLLABLES]
WEIGHTS = [1 / rank for rank in range(1, len(VOCABULARY) + 1)]  # as words are in texts (Zipf, 1935)
MARK = "mark{number:06d}"  # a word that stands in one file only


def write_files(folder: Path, count: int, seed: int, words: int = 60, first: int = 0) -> None:
    """Write small text files, a hundred to a folder."""
    chance = random.Random(seed)
    for number in range(first, first + count):
        path = folder / f"part{number // 100:03d}" / f"note{number:06d}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{MARK.format(number=number)} {' '.join(chance.choices(VOCABULARY, WEIGHTS, k=words))}.\n", "utf-8")


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which this share of the values lies."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def rename_folder(place: Path, files: int) -> tuple[int, float]:
    """Rename a folder of so many files; return how many texts were embedded for it, and the seconds of the sync."""
    with Assistant(Settings(home=place / "home", embed="fake:")) as assistant:
        write_files(place / "files" / "before", files, 1)
        (place / "files" / "stays.md").write_text("stays", "utf-8")
        assistant.add([place / "files"])
        (place / "files" / "before").rename(place / "files" / "after")
        report = assistant.sync()
        assert (report.indexed, report.removed, report.failed) == (files, files, ())
        return report.embedded, report.seconds


def look_again(place: Path, settings: Settings, files: int) -> tuple[float, float]:
    """Sync so many unchanged files by the command; return seconds of processor time (of all its processes), and of the clock."""
    write_files(place / "files", files, 2, words=12)
    with Assistant(settings) as assistant:
        assistant.add([place / "files"])
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-m", "assistant", "sync", "--json", f"--embed={settings.embed}"]
    done = subprocess.run(command, cwd=ROOT, env=environment(settings), capture_output=True, encoding="utf-8", check=True)
    taken, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert json.loads(done.stdout)["unchanged"] == files
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, taken


def environment(settings: Settings) -> dict[str, str]:
    """Return the environment of a command that uses these settings."""
    return {**os.environ, "ASSISTANT_HOME": str(settings.home), "ASSISTANT_EMBED": settings.embed, "PYTHONWARNINGS": "ignore"}


def save_and_find(place: Path, settings: Settings, saves: int) -> tuple[list[float], list[float]]:
    """Save files one after the other under a watch; return the seconds until each is found by keyword, and by meaning."""
    folder, stopped = place / "files", threading.Event()
    write_files(folder, 300, 3)
    by_keyword: list[float] = []
    by_meaning: list[float] = []

    def follow() -> None:
        with Assistant(settings) as assistant:
            assistant.include([folder])
            Watcher(assistant, Deaf(), Timing()).follow(stopped.is_set)

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        with Assistant(settings) as reader:
            wait_for(reader, "mark000299", meaning=True)
            for number in range(1000, 1000 + saves):
                mark, started = MARK.format(number=number), time.perf_counter()
                text = f"{mark} the walnut orchard at the harbour, letter {number}.\n"
                (folder / f"saved{number}.md").write_text(text, "utf-8")
                wait_for(reader, mark, meaning=False)
                by_keyword.append(time.perf_counter() - started)
                wait_for(reader, mark, meaning=True)
                by_meaning.append(time.perf_counter() - started)
    finally:
        stopped.set()
        thread.join()
    return by_keyword, by_meaning


def wait_for(reader: Assistant, mark: str, *, meaning: bool) -> None:
    """Wait until the file with this mark is found: by keyword, or with its vector in the search."""
    while True:
        if reader.library_file.exists() and reader.status().chunks:
            for hit in reader.search(mark, 5).hits:
                if mark in hit.chunk.text and (not meaning or hit.cosine is not None):
                    return
        time.sleep(0.05)


def search_beside(place: Path, settings: Settings, seconds: float) -> tuple[list[float], list[float], list[str], int]:
    """Let four processes search, first alone, then while files are added; return both times, what went wrong, files added."""
    folder = place / "files"
    write_files(folder, SEARCHED, 4)
    with Assistant(settings) as assistant:
        assistant.add([folder])
    context = multiprocessing.get_context("spawn")
    stopped, readers = context.Event(), []
    for seed in range(4):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=search_until, args=(settings, seed, seconds / 4, stopped, theirs))
        process.start()
        readers.append((process, ours))
    for _, ours in readers:
        ours.recv()  # it has searched alone for its time
    added, until = 0, time.monotonic() + seconds
    with Assistant(replace(settings, reader_processes=1)) as writer:
        while time.monotonic() < until:
            write_files(folder / f"more{added:06d}", 20, added, first=SEARCHED + added)
            added += writer.add([folder]).indexed
    stopped.set()
    idle: list[float] = []
    busy: list[float] = []
    wrong: list[str] = []
    for process, ours in readers:
        alone, beside, said = ours.recv()
        idle, busy, wrong = idle + alone, busy + beside, wrong + said
        process.join()
    return idle, busy, wrong, added


def search_until(settings: Settings, seed: int, seconds: float, stopped: Event, tell: Connection) -> None:
    """Search alone for a while, say so, search on until the end; tell the milliseconds of both, and what went wrong."""
    chance, wrong = random.Random(seed), list[str]()
    with Assistant(settings) as assistant:
        assistant.search("bababa")
        until, alone, beside = time.monotonic() + seconds, list[float](), list[float]()
        while time.monotonic() < until:
            alone.append(search_once(assistant, chance, wrong))
        tell.send("alone no more")
        while not stopped.is_set():
            beside.append(search_once(assistant, chance, wrong))
        tell.send((alone, beside, wrong))


def search_once(assistant: Assistant, chance: random.Random, wrong: list[str]) -> float:
    """Search for a file; return the milliseconds. Note errors, files not found, documents there in part."""
    mark = MARK.format(number=chance.randrange(SEARCHED))
    try:
        started = time.perf_counter()
        hits = assistant.search(mark).hits
        taken = (time.perf_counter() - started) * 1000
        store = sqlite_store(assistant)
        if not hits or not store.holding((mark,), 1):
            wrong.append(f"not found: {mark}")
        if chance.random() < 0.1:
            with store.reading():
                wrong += [f"half a document: {path}" for path in halves(store)]
    except Exception as error:
        wrong.append(f"{type(error).__name__}: {error}")
        return 0.0
    return taken


def summed(values: Sequence[float]) -> str:
    """Return median and 95th percentile in words."""
    return f"median {statistics.median(values):.2f}, p95 {percentile(values, 0.95):.2f}"
