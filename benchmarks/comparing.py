"""Measure how long it takes to compare two long files, and how much memory that takes beyond the files themselves.

    python benchmarks/comparing.py [--sentences 10000] [--cases strangers edited ...] [--cancel] [--json]

The files are made up: words that nobody wrote, as frequent as Zipf's law has it. Each case runs in a process of its own, so that
its peak is its own. `strangers` share words and no sentence; `edited` are two versions, with a fifth of the sentences changed and
some added and removed; `rows` differ in their numbers alone, so every sentence is like every other; `repeated` are lines that
stand again and again; `chinese` are strangers that are compared by character; `moved` are the same sentences in another order.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor

import checkout  # noqa: F401 - the program of this checkout comes first
import numpy as np
import psutil
from report import markdown_table
from synthetic import cumulative, word

from assistant.datatypes import Chunk, Hit, Location, Progress
from assistant.generation.documents import File, SourceFile
from assistant.generation.documents.compare import compare_files

BARS = {"seconds": 20.0, "memory, MB": 300.0}
VOCABULARY, CHARACTERS, LENGTH = 20_000, 3_000, 16  # words, Chinese characters, and words of a sentence
A_PASSAGE = 8  # sentences
CANCELLED_AFTER = 0.5  # seconds
Pair = tuple[list[str], list[str]]


def drawn(seed: int, count: int) -> list[str]:
    """Return so many sentences."""
    chance = np.random.default_rng(seed)
    words = [word(rank) for rank in range(VOCABULARY)]
    ranks = np.searchsorted(cumulative(VOCABULARY, 1.0), chance.random((count, LENGTH)))
    return [" ".join(words[rank] for rank in row).capitalize() + "." for row in ranks]


def strangers(count: int) -> Pair:
    """Return two files that share no sentence."""
    return drawn(1, count), drawn(2, count)


def edited(count: int) -> Pair:
    """Return two versions of a file: of the new one's sentences, a fifth is changed, one in fifty is added, one removed."""
    old, more = drawn(1, count), drawn(2, count)
    new: list[str] = []
    for place, sentence in enumerate(old):
        words = sentence.split()
        if place % 5 == 0:
            words[place % LENGTH] = f"{place}"
        new += [" ".join(words)] if place % 50 != 1 else []
        new += [more[place]] if place % 50 == 2 else []
    return old, new


def rows(count: int) -> Pair:
    """Return two price lists."""
    return ([f"The part number {place} costs {place % 97} euros in the shop." for place in range(count)],
            [f"The part number {place} costs {place % 89} euros in the shop." for place in range(count)])


def repeated(count: int) -> Pair:
    """Return two files of a few lines that come again and again."""
    lines = drawn(3, 20)
    chance = np.random.default_rng(4)
    return [lines[place] for place in chance.integers(0, 20, count)], [lines[place] for place in chance.integers(0, 20, count)]


def chinese(count: int) -> Pair:
    """Return two files in Chinese characters that share no sentence."""
    chance = np.random.default_rng(5)
    ranks = np.searchsorted(cumulative(CHARACTERS, 0.9), chance.random((2, count, 2 * LENGTH)))
    old, new = ([("".join(chr(0x4E00 + rank) for rank in row)) + "。" for row in side] for side in ranks)
    return old, new


def moved(count: int) -> Pair:
    """Return a file and its sentences in another order."""
    old = drawn(1, count)
    return old, [old[place] for place in np.random.default_rng(6).permutation(count)]


CASES: dict[str, Callable[[int], Pair]] = {each.__name__: each for each in (strangers, edited, rows, repeated, chinese, moved)}


def file_of(name: str, sentences: Sequence[str]) -> File:
    """Return a file of these sentences."""
    hits: list[Hit] = []
    start = 0
    for number in range(0, len(sentences), A_PASSAGE):
        text = "\n\n".join(sentences[number : number + A_PASSAGE])
        hits.append(Hit(number, f"/{name}", name, Chunk(text, Location(1, 1, start, start + len(text)))))
        start += len(text) + 2
    return File(SourceFile(f"/{name}", name, name), tuple(hits))


def peak() -> float:
    """Return the most memory that this process has had, in MB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1e6 if sys.platform == "darwin" else 1e6 / 1024)


def measure(case: str, count: int) -> dict[str, float | str]:
    """Return what comparing the two files of a case takes."""
    old, new = (file_of(name, side) for name, side in zip(("old.md", "new.md"), CASES[case](count), strict=True))
    before, began, begun = psutil.Process().memory_info().rss / 1e6, time.perf_counter(), time.process_time()
    lines = compare_files(old, new, "en")
    return {"case": case, "seconds": time.perf_counter() - began, "processor, seconds": time.process_time() - begun,
            "memory, MB": peak() - before, "said": lines[0].text}


def measure_cancelling(case: str, count: int) -> dict[str, float | str]:
    """Return how soon the comparison ends once it is called off, in seconds."""
    old, new = (file_of(name, side) for name, side in zip(("old.md", "new.md"), CASES[case](count), strict=True))
    began = time.perf_counter()

    def call_off(_progress: Progress) -> None:
        if time.perf_counter() - began > CANCELLED_AFTER:
            raise KeyboardInterrupt

    try:
        compare_files(old, new, "en", call_off)
    except KeyboardInterrupt:
        return {"case": case, "ended, seconds after it was called off": time.perf_counter() - began - CANCELLED_AFTER}
    return {"case": case, "ended, seconds after it was called off": 0.0}


def alone(measured: Callable[[str, int], dict[str, float | str]], case: str, count: int) -> dict[str, float | str]:
    """Return what is measured in a new process."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(measured, case, count).result()


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sentences", type=int, default=10_000, help="of each of the two files")
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--cancel", action="store_true", help="measure how soon it ends where it is called off")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    found = [alone(measure_cancelling if given.cancel else measure, case, given.sentences) for case in given.cases]
    if given.json:
        print(json.dumps({"sentences": given.sentences, "bars": {} if given.cancel else BARS, "cases": found}, indent=1))
    else:
        print(markdown_table(list(found[0]), [list(each.values()) for each in found]))


if __name__ == "__main__":
    main()
