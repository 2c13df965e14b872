"""Check the pages, slides and rows reported for known words of the sets `multiformat` and `financebench`."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from command import Library
from questions import Question
from reading import read_each, squeezed
from report import Cell, markdown_table

ENOUGH_WORDS = 0.9  # of an evidence's words, for it to be found on a page
RANK = 5
Row = Mapping[str, Any]


def rows_of(path: Path) -> list[Row]:
    """Return the objects of a JSON lines file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def percent(met: int, all_of_them: int) -> str:
    """Return a share in words."""
    return f"{met}/{all_of_them} ({100 * met / max(1, all_of_them):.1f} %)"


def shares(met: Mapping[str, Sequence[bool]]) -> list[list[Cell]]:
    """Return a row for each kind."""
    return [[kind, percent(sum(each), len(each))] for kind, each in met.items()]


def measure_answers(data: Path) -> Row:
    """Look for the answers of `multiformat` in the extracted text, in that of the right page or slide where it is known."""
    folder = data / "multiformat"
    found = {result.path.name: result for result in read_each(sorted((folder / "corpus").iterdir()))}
    texts: dict[tuple[str, int], str] = {}
    met: dict[str, list[bool]] = defaultdict(list)
    misses = []
    for row in rows_of(folder / "queries.jsonl"):
        places = [(place["doc"], place["page"]) for place in row.get("pages", [])] or [(name, 0) for name in row["gold_docs"]]
        for name, page in places:
            if (name, page) not in texts:
                texts[name, page] = squeezed(found[name].page(page) if page else found[name].text).casefold()
        is_met = any(squeezed(answer).casefold() in texts[place] for answer in row["answers"] for place in places)
        met[row["kind"]].append(is_met)
        if not is_met:
            misses.append([row["id"], row["kind"], str(row["answers"])])
    print(markdown_table(("kind", "answer in the text"), shares(met)), "\n")
    print(markdown_table(("missed", "kind", "answers"), misses), "\n")
    return {"met": {kind: [sum(each), len(each)] for kind, each in met.items()}, "misses": misses}


def has_place(row: Row, hit: Row) -> bool:
    """Say whether a hit is in the right file, on the right page or slide, or holds the right row."""
    name, place = Path(hit["path"]).name, hit["location"]
    for gold in row.get("pages", []):
        if gold["doc"] == name and gold["page"] in (place.get("page"), place.get("slide")):
            return True
    for gold in row.get("rows", []):
        cells = [int(number) for number in re.findall(r"\d+", place.get("cells", ""))]
        numbers = cells or [place["line_start"], place["line_end"]]
        if gold["doc"] == name and min(numbers) <= gold["row"] <= max(numbers):
            return True
    return False


def measure_places(data: Path, library: Library) -> Row:
    """Search `multiformat` with its questions and look where the hits are."""
    folder = data / "multiformat"
    library.add(folder / "corpus")
    rows = [row for row in rows_of(folder / "queries.jsonl") if row.get("pages") or row.get("rows")]
    questions = [Question(row["id"], row["question"], True) for row in rows]
    results = library.ask_all(("search", "-k", str(RANK)), questions)
    met: dict[str, list[bool]] = defaultdict(list)
    misses = []
    for row in rows:
        hits = results[row["id"]]["hits"]
        met[row["kind"]].append(any(has_place(row, hit) for hit in hits))
        if not met[row["kind"]][-1]:
            is_file = any(Path(hit["path"]).name in row["gold_docs"] for hit in hits)
            misses.append([row["id"], row["kind"], "right file, wrong place" if is_file else "other files"])
    print(markdown_table(("kind", f"right place at rank <= {RANK}"), shares(met)), "\n")
    print(markdown_table(("missed", "kind", "found"), misses), "\n")
    return {"met": {kind: [sum(each), len(each)] for kind, each in met.items()}, "misses": misses}


def words_of(text: str) -> list[str]:
    """Return the words and numbers of a text."""
    return re.findall(r"\w+(?:[.,]\d+)*", text.casefold())


def share_of(wanted: Counter[str], there: Counter[str]) -> float:
    """Return how many of the words are there, as a share."""
    return (wanted & there).total() / max(1, wanted.total())


def measure_pages(data: Path) -> Row:
    """Look for the words of FinanceBench's evidence on the page that is named."""
    folder = data / "financebench"
    results = {result.path.name: result for result in read_each(sorted((folder / "corpus").glob("*.pdf")))}
    met, misses = 0, []
    golds = [(row, gold) for row in rows_of(folder / "queries.jsonl") for gold in row.get("pages", [])]
    for row, gold in golds:
        there = Counter(words_of(results[gold["doc"]].page(gold["page"])))
        share = max(share_of(Counter(words_of(evidence)), there) for evidence in row["spans_text"])
        met += share >= ENOUGH_WORDS
        if share < ENOUGH_WORDS:
            misses.append([row["id"], gold["doc"], gold["page"], f"{share:.2f} of its words"])
    print(f"evidence on its page: {percent(met, len(golds))}\n")
    print(markdown_table(("missed", "file", "page", "found"), misses), "\n")
    return {"met": met, "total": len(golds), "misses": misses}
