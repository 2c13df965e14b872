"""Read real and hostile files: count the ones that are read, and check the places of known snippets.

    python benchmarks/formats.py DATA [--bars files answers places pages speed crowd] [--home DIR] [--embed NAME] [--out FILE]

DATA holds `formats/` (`files/`, `manifest.jsonl`: real files of the test suites of open-source readers, Apache Tika, pdf.js,
docling, unstructured, markitdown, chardet and others, each with a snippet that must be found), `multiformat/` (paragraphs
of SQuAD 2.0 and CMRC 2018, the same text in 17 kinds of file) and `financebench/` (the annual reports of FinanceBench).

    files    snippets found, errors refused with their cause, traps survived, OCR word lists met
    answers  multiformat: answers that stand in the extracted text, by kind
    places   multiformat: questions with a hit at rank <= 5 that has the right page, slide or row, by kind
    pages    financebench: evidence whose words stand on the very page that is named
    speed    financebench: pages a second beside plain pypdf in the same run
    crowd    one bad file among 500 good ones
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from command import Library
from places import Row, measure_answers, measure_pages, measure_places, percent, rows_of
from reading import BOUNDS, TERMS, Result, read_each, squeezed
from report import markdown_table, write_json

from assistant.ingest import ReaderPool, ReadRequest
from assistant.ingest.extractors.builder import Source
from assistant.ingest.extractors.registry import READERS

BARS = ("files", "answers", "places", "pages", "speed", "crowd")
NAMES_CAUSE = re.compile(r"encrypted|damaged|not text|no reader|crash|given up|memory|unpacks|empty|too large")


def judge_file(row: Row, result: Result) -> tuple[str, bool]:
    """Return the bar that a file belongs to, and whether it meets it."""
    expected = row["expected"]
    if expected == "error":
        # of an archive, what can be read is read, and what is locked is refused
        is_refused = not result.text.strip() or result.path.suffix == ".zip"
        return "errors refused with their cause", is_refused and bool(NAMES_CAUSE.search(result.reason))
    if expected == "OCR":
        text = squeezed(result.text)
        return "OCR word lists met", sum(squeezed(word) in text for word in row["expected_words"]) >= row["pass_if_words_found"]
    if expected in ("any", "empty"):
        is_bounded = result.seconds < BOUNDS.idle_timeout + 30 and result.peak < 1.2 * BOUNDS.memory
        return "traps survived", is_bounded and (expected == "any" or not result.text.strip())
    return "snippets found", squeezed(expected) in squeezed(result.text)


def measure_files(data: Path) -> Row:
    """Read every file of `formats`, each on its own; those with a password a second time with it."""
    folder = data / "formats"
    rows = rows_of(folder / "manifest.jsonl")
    results = read_each([folder / "files" / row["file"] for row in rows])
    met: Counter[str] = Counter()
    total: Counter[str] = Counter()
    misses = []
    for row, result in zip(rows, results, strict=True):
        bar, is_met = judge_file(row, result)
        total[bar] += 1
        met[bar] += is_met
        if not is_met:
            misses.append([row["file"], bar, result.reason or f"read, {len(result.text)} characters"])
    locked = [row for row in rows if row.get("password")]
    opened = read_each([folder / "files" / row["file"] for row in locked], [row["password"] for row in locked])
    print(markdown_table(("bar", "met"), [[bar, percent(met[bar], total[bar])] for bar in sorted(total)]), "\n")
    print(f"opened with the given passwords: {percent(sum(bool(each.text.strip()) for each in opened), len(opened))}")
    slowest, largest = max(results, key=lambda each: each.seconds), max(results, key=lambda each: each.peak)
    print(f"slowest: {slowest.path.name}, {slowest.seconds:.1f} s")
    print(f"most memory: {largest.path.name}, {largest.peak / 1e6:.0f} MB\n")
    print(markdown_table(("missed", "bar", "what came of it"), misses), "\n")
    refused = [[row["file"], result.reason] for row, result in zip(rows, results, strict=True) if row["expected"] == "error"]
    print(markdown_table(("must be refused", "reason"), refused), "\n")
    return {"met": met, "total": total, "misses": misses, "seconds": {each.path.name: each.seconds for each in results},
            "peak": {each.path.name: each.peak for each in results}}


def measure_speed(data: Path) -> Row:
    """Time the PDFs of `financebench`: plain pypdf, the reader in one process, the pool with two."""
    paths = sorted((data / "financebench" / "corpus").glob("*.pdf"))
    contents = [(path.name, path.read_bytes()) for path in paths]
    pages = sum(pages_by_pypdf(content) for _, content in contents)
    timed: dict[str, Callable[[], object]] = {
        "pypdf, text only": lambda: [text_by_pypdf(content) for _, content in contents],
        "the reader, one process": lambda: [READERS[".pdf"](Source(content, name)) for name, content in contents],
        "the pool, two processes": lambda: read_by_pool(paths),
    }
    speeds = {name: pages / seconds_of(work) for name, work in timed.items()}
    base = speeds["pypdf, text only"]
    rows = [[name, f"{each:.0f}", f"{each / base:.1f}x"] for name, each in speeds.items()]
    print(markdown_table(("way", "pages/s", "ratio"), rows))
    print(f"\n{pages} pages of {len(paths)} files\n")
    return speeds


def pages_by_pypdf(content: bytes) -> int:
    """Return the number of pages of a PDF."""
    import io

    import pypdf

    return len(pypdf.PdfReader(io.BytesIO(content)).pages)


def text_by_pypdf(content: bytes) -> list[str]:
    """Return the text of each page as plain pypdf gives it."""
    import io

    import pypdf

    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages]


def read_by_pool(paths: Sequence[Path]) -> None:
    """Read files as `add` does."""
    with ReaderPool(2, TERMS, BOUNDS) as pool:
        for _ in pool.read([ReadRequest(path) for path in paths], lambda _: None):
            pass


def seconds_of(work: Callable[[], object]) -> float:
    """Return how long something takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def measure_crowd(data: Path) -> Row:
    """Add 500 good files and a bad one, with the embedder that needs no weights."""
    bad = data / "formats" / "files" / "REDHAT-1531897-0.pdf"
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder, "files")
        files.mkdir()
        for number in range(500):
            (files / f"{number:03}.md").write_text(f"# Note {number}\n\nThe number of this note is {number}.\n", "utf-8")
        (files / "250-bad.pdf").write_bytes(bad.read_bytes())
        library = Library("crowd", Path(folder, "home"), embed="fake:")
        arguments, root = library.arguments("add", str(files), "--json"), Path(__file__).parents[1]
        done = subprocess.run(arguments, env=library.environment(), cwd=root, capture_output=True, check=False)
        report = json.loads(done.stdout)
    print(f"one bad file among 500: {report['indexed']} indexed, {len(report['failed'])} in the ledger as failed, "
          f"exit code {done.returncode}: {report['failed']}\n")
    return {"indexed": report["indexed"], "failed": len(report["failed"]), "exit": done.returncode}


def main() -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder that holds the sets")
    parser.add_argument("--bars", nargs="+", choices=BARS, default=BARS, help="what to measure")
    parser.add_argument("--home", type=Path, help="state folder of the assistant (ASSISTANT_HOME), for `places`")
    parser.add_argument("--embed", default="", help="name of the embedding model, for `places`")
    parser.add_argument("--out", type=Path, help="also write the figures here, as JSON")
    arguments = parser.parse_args()
    library = Library("multiformat", arguments.home, embed=arguments.embed)
    measures: Mapping[str, Callable[[Path], Row]] = {
        "files": measure_files, "answers": measure_answers, "places": lambda data: measure_places(data, library),
        "pages": measure_pages, "speed": measure_speed, "crowd": measure_crowd,
    }  # fmt: skip
    figures = {}
    for bar in arguments.bars:
        print(f"## {bar}\n", flush=True)
        figures[bar] = measures[bar](arguments.data)
    if arguments.out:
        write_json(arguments.out, figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
