"""Compare ways of embedding a corpus: speed, and nDCG@10 of dense search alone.

    python benchmarks/embedding.py DATA MODEL [--sets squad2 scifact] [--files 600] [--query-prompt P] [--passage-prompt P]

The floor is plain `SentenceTransformer.encode`, called once per file. The ways take turns on the same groups of files, so that
a busy moment hits all alike. nDCG@10 is over files by their best window, without keyword search. Unlike the other scripts,
this one imports the program itself.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

import checkout  # noqa: F401 - the program of this checkout comes first
import numpy as np
import numpy.typing as npt
from questions import Question, read_set
from report import Cell, markdown_table

from assistant.datatypes import Embedder
from assistant.evaluation.metrics import score_ranking, unique_in_order
from assistant.models.openvino_embedder import EncoderEmbedder
from assistant.models.openvino_graph import NotSupported, Variant
from assistant.models.sentence_transformers import SentenceEmbedder, fingerprint

Matrix = npt.NDArray[np.float32]
FLOOR = "sentence-transformers, per file"
VARIANTS: tuple[Variant, ...] = ("f32", "bf16", "int8")
WINDOW, GROUP = 1000, 40
"""Characters of a window at most (a quarter of that where most are Chinese: about 200 tokens); files of a group."""


@dataclass(slots=True)
class Way:
    """One way of embedding, and what was seen of it."""

    embedder: Embedder
    per_file: bool = False
    seconds: float = 0.0
    vectors: list[Matrix] = field(default_factory=list)

    def embed(self, group: Sequence[Sequence[str]]) -> None:
        """Embed the windows of a group of files, and add up the time."""
        begin = time.perf_counter()
        calls = group if self.per_file else [[window for windows in group for window in windows]]
        vectors = [self.embedder.embed_passages(windows) for windows in calls]
        self.seconds += time.perf_counter() - begin
        self.vectors += vectors


def windows_of(text: str) -> list[str]:
    """Return the text in windows of whole lines, or parts of longer lines, one at least."""
    limit = WINDOW // 4 if sum(character >= "\u3000" for character in text) > len(text) / 2 else WINDOW
    windows = [""]
    for line in text.splitlines(keepends=True):
        for start in range(0, len(line), limit):
            piece = line[start:start + limit]
            if windows[-1] and len(windows[-1]) + len(piece) > limit:
                windows.append("")
            windows[-1] += piece
    return windows


def read_files(corpus: Path, questions: Sequence[Question], count: int) -> dict[str, list[str]]:
    """Return the windows of so many files by name: those that answer a question first, then others."""
    gold = {name for question in questions for name, _ in question.gains}
    paths = sorted(corpus.iterdir(), key=lambda path: (path.name not in gold, path.name))[:count]
    return {path.name: windows_of(path.read_text("utf-8")) for path in paths}


def groups_of(files: Sequence[Sequence[str]]) -> Iterator[Sequence[Sequence[str]]]:
    """Yield the files in groups."""
    for start in range(0, len(files), GROUP):
        yield files[start:start + GROUP]


def open_ways(model: Path, prompts: tuple[str, str]) -> dict[str, Way]:
    """Return every way that this machine knows, each warm; what it does not know is told."""
    ways = {FLOOR: Way(SentenceEmbedder(model.name, model, *prompts), per_file=True)}
    for variant in VARIANTS:
        try:
            embedder = EncoderEmbedder(model.name, model, prompts, fingerprint(model, *prompts), variant)
            embedder.embed_passages(["warm"])
            ways[f"OpenVINO {variant}"] = Way(embedder)
        except NotSupported as reason:
            print(f"{variant}: {reason}", file=sys.stderr)
    return ways


def quality(way: Way, owners: Sequence[str], questions: Sequence[Question], vectors: Matrix) -> float:
    """Return the mean nDCG@10 over the questions."""
    scores = []
    for question in questions:
        order = np.argsort(-(vectors @ way.embedder.embed_question(question.text)), kind="stable")
        scores.append(score_ranking(unique_in_order(owners[number] for number in order), dict(question.gains)).ndcg_at_10)
    return fmean(scores)


def measure(data: Path, name: str, count: int, ways: dict[str, Way]) -> list[list[Cell]]:
    """Return a row for each way on one set."""
    questions = [question for question in read_set(data, name) if question.answerable and question.gains]
    files = read_files(data / name / "corpus", questions, count)
    owners = [file for file, windows in files.items() for _ in windows]
    for way in ways.values():
        way.seconds, way.vectors = 0.0, []
    for number, group in enumerate(groups_of(list(files.values()))):
        print(f"{name}: {number * GROUP} of {len(files)} files", file=sys.stderr)
        for way in ways.values():
            way.embed(group)
    floor, reference = ways[FLOOR], np.concatenate(ways[FLOOR].vectors)
    best = quality(floor, owners, questions, reference)
    rows: list[list[Cell]] = []
    for title, way in ways.items():
        vectors = np.concatenate(way.vectors)
        cosines = (vectors * reference).sum(axis=1)
        score = quality(way, owners, questions, vectors)
        rows.append([f"{name}: {title}", len(owners), round(len(owners) / way.seconds, 1), round(floor.seconds / way.seconds, 2),
                     f"{cosines.mean():.5f}", f"{cosines.min():.5f}", score, f"{100 * (score - best):+.2f}"])
    return rows


def main() -> int:
    """Measure the sets one after another and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder that holds the sets")
    parser.add_argument("model", type=Path, help="folder of an embedding model, as sentence-transformers saves it")
    parser.add_argument("--sets", nargs="+", default=["squad2", "scifact"], help="names of folders in DATA")
    parser.add_argument("--files", type=int, default=600, help="files of each set at most (default 600)")
    parser.add_argument("--query-prompt", default="")
    parser.add_argument("--passage-prompt", default="")
    arguments = parser.parse_args()
    ways = open_ways(arguments.model, (arguments.query_prompt, arguments.passage_prompt))
    rows = [row for name in arguments.sets for row in measure(arguments.data, name, arguments.files, ways)]
    print(markdown_table(("way", "windows", "windows/s", "ratio", "mean cosine", "least cosine", "nDCG@10", "points"), rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
