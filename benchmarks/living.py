"""Check that a library follows its folders, survives kills and repeats no work.

    python benchmarks/living.py [--bars kills operations saves rename sync readers] [--home HOME] [--embed NAME]

Without --embed the bars that need no meaning use the embedder without weights; `saves` and `readers` say which they used.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import checkout  # noqa: F401 - the checkout's own package
from kills import QUICK, Deaf, kill_many
from operations import Operations, fresh_snapshot, snapshot
from report import Cell, markdown_table
from speed import look_again, percentile, rename_folder, save_and_find, search_beside, summed

from assistant import Assistant, Settings
from assistant.index import Store
from assistant.watch import Watcher

Row = tuple[str, Cell, str]
MOST_FILES = 400
CATCH_UP_SECONDS = 120


def measure_kills(place: Path, settings: Settings, options: argparse.Namespace) -> list[Row]:
    """Kill the program many times."""
    damage = kill_many(place, options.kills, options.seed)
    for found in (damage.lost, damage.halves, damage.unopened, damage.unequal):
        for words in found[:5]:
            print(words, file=sys.stderr)
    return [(f"of {damage.kills} kills (-9), while at work", damage.in_time, ""), ("files lost", len(damage.lost), "0"),
            ("documents in part or doubled", len(damage.halves), "0"), ("failed opens", len(damage.unopened), "0"),
            ("files that differ from a clean build", len(damage.unequal), "0")]


def measure_operations(place: Path, settings: Settings, options: argparse.Namespace) -> list[Row]:
    """Do random operations under a watch and compare the library with a fresh one."""
    operations, stopped = Operations(place / "files", options.seed), threading.Event()
    fake = Settings(home=place / "home", embed="fake:")

    def follow() -> None:
        with Assistant(fake) as assistant:
            assistant.include([place / "files"])
            Watcher(assistant, Deaf(), QUICK).follow(stopped.is_set)

    thread = threading.Thread(target=follow)
    thread.start()
    for number in range(options.operations):
        operations.one()
        if number % 20 == 19:
            operations.prune(MOST_FILES)
            time.sleep(0.1)
    with Assistant(replace(fake, home=place / "fresh")) as other:
        fresh = fresh_snapshot(other, place / "files")
    store = Store(fake.libraries_folder / fake.library / "library.sqlite")
    until, followed = time.monotonic() + CATCH_UP_SECONDS, snapshot(store)
    while followed != fresh and time.monotonic() < until:
        time.sleep(1)
        followed = snapshot(store)
    store.close()
    stopped.set()
    thread.join()
    different = [path for path in followed.keys() | fresh.keys() if followed.get(path) != fresh.get(path)]
    print(*sorted(different)[:5], sep="\n", file=sys.stderr)
    return [(f"files that differ after {options.operations} random operations (of {len(fresh)})", len(different), "0")]


def measure_saves(place: Path, settings: Settings, options: argparse.Namespace) -> list[Row]:
    """Save files and look for them."""
    by_keyword, by_meaning = save_and_find(place, replace(settings, library=place.name), options.saves)
    return [(f"seconds from save to found by keyword, p95 ({summed(by_keyword)})", percentile(by_keyword, 0.95), "≤ 2"),
            (f"seconds from save to found by meaning, p95 ({summed(by_meaning)})", percentile(by_meaning, 0.95), "≤ 5")]


def measure_rename(place: Path, settings: Settings, options: argparse.Namespace) -> list[Row]:
    """Rename a folder of 1,000 files."""
    embedded, seconds = rename_folder(place, 1000)
    return [("texts embedded after the rename of a folder of 1,000 files", embedded, "0"),
            ("seconds of that sync", seconds, "≤ 5")]


def measure_sync(place: Path, settings: Settings, options: argparse.Namespace) -> list[Row]:
    """Look at 20,000 unchanged files again."""
    processor, clock = look_again(place, Settings(home=place / "home", embed="fake:"), options.files)
    return [(f"seconds of processor, `sync` of {options.files} unchanged files ({clock:.1f} s of the clock)", processor, "≤ 3")]


def measure_readers(place: Path, settings: Settings, options: argparse.Namespace) -> list[Row]:
    """Search while files are added."""
    idle, busy, wrong, added = search_beside(place, replace(settings, library=place.name), options.minutes * 60)
    print(*wrong[:5], sep="\n", file=sys.stderr)
    ratio = percentile(busy, 0.95) / percentile(idle, 0.95)
    return [(f"errors and half documents in {len(busy)} searches of 4 readers beside {added} adds", len(wrong), "0"),
            (f"search ms, 4 readers alone: {summed(idle)}; beside the adds: {summed(busy)}; ratio of p95", ratio, "≤ 2")]


BARS: dict[str, Callable[[Path, Settings, argparse.Namespace], list[Row]]] = {
    "kills": measure_kills, "operations": measure_operations, "saves": measure_saves, "rename": measure_rename,
    "sync": measure_sync, "readers": measure_readers,
}


def main() -> None:
    """Print the bars as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bars", nargs="+", choices=BARS, default=list(BARS))
    parser.add_argument("--home", type=Path, help="where the models lie, for --embed")
    parser.add_argument("--embed", default="fake:")
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--operations", type=int, default=10_000)
    parser.add_argument("--saves", type=int, default=40)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rows: list[Row] = []
    for name in options.bars:
        with tempfile.TemporaryDirectory(prefix="living-") as scratch:
            place = Path(scratch)
            settings = Settings(home=options.home or place / "home", embed=options.embed)
            print(f"measuring: {name}", file=sys.stderr)
            try:
                rows += BARS[name](place, settings, options)
            finally:
                shutil.rmtree(settings.libraries_folder / place.name, ignore_errors=True)
            print(markdown_table(["bar", "measured", "wanted"], [list(row) for row in rows]), flush=True)


if __name__ == "__main__":
    main()
