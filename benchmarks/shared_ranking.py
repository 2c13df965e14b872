"""Compare the ranking of a shared library in Milvus with that of the default store, on the same passages in the same run.

    python benchmarks/shared_ranking.py DATA [--sets squad2 cranfield] [--embed fake:] [--at PLACE] [--limit N]

Each set is added to a library in SQLite and FAISS, copied to the shared place without embedding anything again, and asked all its
questions there and here; then it is copied back into a third library, which is compared with the first. The place is a new file
of milvus-lite unless --at names an empty database. Reported are nDCG@10 and recall@10 of both, how many questions have the same
ten passages in the same order, the times, and the files that the copy of the copy has otherwise: entry, title, passages, vectors.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import checkout  # noqa: F401
import numpy as np
from questions import Question, read_set
from report import Cell, markdown_table
from scoring import Scores, score_results

from assistant import Assistant, Settings
from assistant.app.library.transfer import transfer
from assistant.app.models import ModelProvider
from assistant.cli.json_output import search_result
from assistant.datatypes import EVERY_FILE, SearchResult, Timings, ignore_progress
from assistant.index import LibraryStore, open_library
from assistant.index.places import create_link
from assistant.retrieval import STEPS, Searcher

DEPTH = 10
HEADER = (
    "set", "questions", "passages", "nDCG@10 SQLite", "nDCG@10 Milvus", "difference", "recall@10 SQLite", "recall@10 Milvus",
    "same ten", "ms SQLite", "ms Milvus", "passages copied per s", "files changed by copying there and back",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answers:
    """The hits of all questions in one store: as `search --json` prints them, as (path, first character), and the median time."""

    scores: Scores
    places: list[list[tuple[str, int]]]
    milliseconds: float


def ask_all(store: LibraryStore, models: ModelProvider, questions: Sequence[Question]) -> Answers:
    """Ask a store all questions."""
    searcher = Searcher(store, models.embedder)
    results: dict[str, dict[str, Any]] = {}
    places, times = [], []
    for question in questions:
        begin = time.perf_counter()
        hits = searcher.search(question.text, DEPTH, STEPS)
        times.append((time.perf_counter() - begin) * 1000)
        results[question.id] = search_result(SearchResult(question.text, hits, Timings(times[-1])))
        places.append([(hit.path, hit.chunk.location.char_start) for hit in hits])
    return Answers(score_results(questions, results), places, median(times))


def contents(store: LibraryStore) -> dict[str, object]:
    """Return what a library holds of each file."""
    view, titles = store.view(store.dimension(), None), {path: title for path, title, _, _ in store.filtered_files(EVERY_FILE)}
    found = dict[str, object]()
    with store.reading():
        for path, entry in store.ledger().items():
            stored = store.chunks_of_file(path)
            vectors = view.vectors([each.chunk_id for each in stored])[1]
            found[path] = entry, titles.get(path), [each.chunk for each in stored], vectors.astype(np.float16).tobytes()
    return found


def count_changed(here: LibraryStore, there: LibraryStore, folder: Path) -> int:
    """Copy a library back and return the number of files that differ from the original, or have passages without a vector."""
    with closing(open_library(folder)) as back:
        transfer(there, back, ignore_progress)
        one, other = contents(here), contents(back)
        return sum(one.get(path) != other.get(path) for path in one.keys() | other.keys()) + back.count_pending_embeddings()


def measure(data: Path, name: str, settings: Settings, place: str, limit: int) -> list[Cell]:
    """Return the row of a set."""
    questions = [question for question in read_set(data, name) if question.answerable and question.gains][:limit]
    with Assistant(settings) as assistant:
        print(f"{name}: adding", file=sys.stderr)
        assistant.add([data / name / "corpus"])
    models = ModelProvider(settings)
    shared = settings.libraries_folder / "shared"
    create_link(shared, place)
    with closing(open_library(settings.libraries_folder / "default")) as here, closing(open_library(shared)) as there:
        print(f"{name}: copying {here.count_chunks():,} passages", file=sys.stderr)
        begin = time.perf_counter()
        transfer(here, there, ignore_progress)
        rate = here.count_chunks() / (time.perf_counter() - begin)
        print(f"{name}: asking {len(questions)} questions", file=sys.stderr)
        one, other = ask_all(here, models, questions), ask_all(there, models, questions)
        passages = here.count_chunks()
        changed = count_changed(here, there, settings.libraries_folder / "back")
    same = sum(first == second for first, second in zip(one.places, other.places, strict=True))
    files = [answers.scores.files for answers in (one, other)]
    if files[0] is None or files[1] is None:
        raise SystemExit(f"{name}: no question has a right file")
    return [name, len(questions), passages, files[0].ndcg_at_10, files[1].ndcg_at_10,
            f"{files[1].ndcg_at_10 - files[0].ndcg_at_10:+.4f}", files[0].recall_at_10, files[1].recall_at_10,
            f"{same} of {len(questions)}", f"{one.milliseconds:.0f}", f"{other.milliseconds:.0f}", f"{rate:.0f}", changed]


def main() -> int:
    """Measure the sets one after another."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", nargs="+", default=["squad2", "cranfield"])
    parser.add_argument("--embed", default="fake:")
    parser.add_argument("--at", default="")
    parser.add_argument("--limit", type=int, default=10**6, help="questions of each set")
    arguments = parser.parse_args()
    for name in arguments.sets:
        with tempfile.TemporaryDirectory() as home:
            settings = Settings(home=Path(home), embed=arguments.embed)
            row = measure(arguments.data, name, settings, arguments.at or f"{home}/{name}.db", arguments.limit)
        print(markdown_table(HEADER, [row]), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
