"""Measure exact-code search: how often the passage that holds a random code is the first hit.

    python benchmarks/codes.py [--codes 500] [--rows 100000] [--embed fake: | all-minilm-l6-v2] [--json]

Two kinds of library: one CSV with a code in each row, and ten small ones of 2 to 30 prose passages, each passage with a code. A
code is searched for alone and inside a question that shares other words with every passage, before and after embedding.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import checkout  # noqa: F401
from intervals import share_text
from report import markdown_table

from assistant import Assistant, Settings
from assistant.config import find_home

SHAPES = ("AA-00", "A0000000", "AAA 0000", "aaaaaa", "00000000", "AA00-AA")
SMALL_LIBRARIES = (2, 3, 4, 5, 7, 10, 14, 18, 24, 30)
THINGS = ("pump", "valve", "gauge", "crane", "locker", "buoy", "meter", "lamp", "boiler", "winch")
PLACES = ("north yard", "old hall", "engine room", "boat shed", "cellar", "east gate", "workshop", "quay")
FACTS = ("was painted in spring", "is checked every month", "needs a new seal",
         "belongs to the second crew", "stands still in winter")


@dataclass(frozen=True, slots=True)
class Count:
    """How many codes were searched for in one way, and for how many the first hit holds the code."""

    library: str
    embedded: bool
    asked: str
    codes: int
    first: int


def random_code(draw: random.Random) -> str:
    """Return a random code of one of the shapes."""
    letters = {"A": "ABCDEFGHJKLMNPQRSTUVWXYZ", "a": "bcdfghjklmnpqrstvwxz", "0": "0123456789"}
    return "".join(draw.choice(letters.get(sign, sign)) for sign in draw.choice(SHAPES))


def distinct_codes(draw: random.Random, count: int) -> list[str]:
    """Return different random codes."""
    codes: dict[str, None] = {}
    while len(codes) < count:
        codes[random_code(draw)] = None
    return list(codes)


def fact_of(draw: random.Random) -> str:
    """Return what is said of a thing."""
    return f"in the {draw.choice(PLACES)} {draw.choice(FACTS)}"


def write_rows(folder: Path, draw: random.Random, rows: int) -> list[str]:
    """Write a CSV with a code in each row; return the codes."""
    codes = distinct_codes(draw, rows)
    lines = (f"{code},{draw.choice(THINGS)},{draw.choice(PLACES)},{draw.randrange(90)}\n" for code in codes)
    (folder / "parts.csv").write_text("code,thing,place,count\n" + "".join(lines), "utf-8")
    return codes


def write_prose(folder: Path, draw: random.Random, passages: int) -> list[str]:
    """Write so many short files with a code each; return the codes."""
    codes = distinct_codes(draw, passages)
    for number, code in enumerate(codes):
        text = f"The {draw.choice(THINGS)} {code} {fact_of(draw)}. The {draw.choice(THINGS)} {fact_of(draw)}.\n"
        (folder / f"note-{number:02}.md").write_text(text, "utf-8")
    return codes


def questions_for(code: str, draw: random.Random) -> Mapping[str, str]:
    """Return the code alone, and in a question."""
    thing = draw.choice(THINGS)
    return {"code": code, "question": f"Where is the {thing} {code} and what {draw.choice(FACTS)} in the {draw.choice(PLACES)}?"}


def count_first(assistant: Assistant, library: str, embedded: bool, codes: Sequence[str], seed: int) -> Iterator[Count]:
    """Yield the counts of one library in one state."""
    draw = random.Random(seed)
    asked = [(code, questions_for(code, draw)) for code in codes]
    for form in ("code", "question"):
        first = 0
        for code, questions in asked:
            hits = assistant.search(questions[form], 1).hits
            first += bool(hits) and code in hits[0].chunk.text
        yield Count(library, embedded, form, len(asked), first)


def measure(folder: Path, library: str, codes: Sequence[str], settings: Settings, seed: int) -> Iterator[Count]:
    """Yield the counts of the files of a folder, before and after embedding."""
    with Assistant(settings) as assistant:
        begin = time.perf_counter()
        assistant.include([folder])
        assistant.refresh()
        yield from count_first(assistant, library, False, codes, seed)
        while assistant.embed_waiting(512):
            pass
        print(f"{library}: {time.perf_counter() - begin:.0f} s", file=sys.stderr)
        yield from count_first(assistant, library, True, codes, seed)


def measure_all(work: Path, embed: str, count: int, rows: int, seed: int) -> Iterator[Count]:
    """Yield the counts of the CSV and of all small libraries."""
    draw = random.Random(seed)
    (work / "models").symlink_to(find_home({}) / "models")
    for size in (0, *SMALL_LIBRARIES):
        folder = work / f"files-{size}"
        folder.mkdir()
        codes = write_prose(folder, draw, size) if size else draw.sample(write_rows(folder, draw, rows), min(count, rows))
        settings = Settings(home=work, embed=embed, library=f"l{size}", max_file_bytes=10**9)
        yield from measure(folder, f"{size} passages" if size else f"{rows} rows", codes, settings, seed)


def summed(counts: Sequence[Count]) -> Iterator[Count]:
    """Yield the counts of the CSV, then those of the small libraries together."""
    yield from (count for count in counts if "rows" in count.library)
    small = [count for count in counts if "rows" not in count.library]
    for embedded in (False, True):
        for form in ("code", "question"):
            group = [count for count in small if (count.embedded, count.asked) == (embedded, form)]
            yield Count("small libraries", embedded, form, sum(c.codes for c in group), sum(c.first for c in group))


def main() -> int:
    """Measure and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--codes", type=int, default=500, help="codes of the CSV that are searched for (default 500)")
    parser.add_argument("--rows", type=int, default=100_000, help="rows of the CSV (default 100000)")
    parser.add_argument("--embed", default="fake:", help="embedding model (default fake:)")
    parser.add_argument("--seed", type=int, default=7, help="of all that is drawn (default 7)")
    parser.add_argument("--json", action="store_true", help="print one JSON line per library, state and form")
    said = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="codes-") as work:
        counts = list(measure_all(Path(work), said.embed, said.codes, said.rows, said.seed))
    if said.json:
        for count in counts:
            print(json.dumps(asdict(count)))
    else:
        rows = [[c.library, "yes" if c.embedded else "no", c.asked, c.codes, share_text(c.first, c.codes)]
                for c in summed(counts)]
        print(markdown_table(["library", "embedded", "searched for", "codes", "first hit holds the code"], rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
