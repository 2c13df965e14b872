"""Rank whole files with plain BM25: the floor that search must beat.

    python benchmarks/baseline.py DATA [--sets squad2 cmrc scifact hotpot cranfield xquad rgb]

Whole files, words and CJK bigrams, k1 = 1.2 and b = 0.75, no stemming and no stop words, standard library only.
DATA holds samples of the public sets SQuAD 2.0, CMRC 2018, SciFact, HotpotQA, Cranfield, XQuAD and RGB, each as
`SET/corpus/` and `SET/queries.jsonl` (see README.md).
"""

from __future__ import annotations

import argparse
import heapq
import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from questions import Question, read_set
from ranking import RankScores, score_ranking
from report import markdown_table
from scoring import mean_of
from wording import CJK

SATURATION = 1.2
LENGTH_WEIGHT = 0.75
PIECE = re.compile(rf"[{CJK}]+|[^\W_{CJK}]+")
CJK_PIECE = re.compile(rf"[{CJK}]")
TEXT_SUFFIXES = frozenset({".txt", ".md"})
TEXT_SETS = ("squad2", "cmrc", "scifact", "hotpot", "cranfield", "xquad", "rgb")


@dataclass(frozen=True, slots=True)
class Posting:
    """A file in which a term stands, and how much the term is worth there."""

    name: str
    weight: float


def terms_of(text: str) -> list[str]:
    """Return the words in lower case and the overlapping pairs of CJK characters."""
    terms: list[str] = []
    for piece in PIECE.findall(unicodedata.normalize("NFKC", text).lower()):
        if CJK_PIECE.match(piece) and len(piece) > 1:
            terms += [piece[start : start + 2] for start in range(len(piece) - 1)]
        else:
            terms.append(piece)
    return terms


def build_index(texts: Mapping[str, str]) -> dict[str, list[Posting]]:
    """Return the postings of every term, weighted by BM25."""
    counts = {name: Counter(terms_of(text)) for name, text in texts.items()}
    files_with = Counter(term for of_file in counts.values() for term in of_file)
    mean_length = sum(of_file.total() for of_file in counts.values()) / max(1, len(counts)) or 1.0
    index: dict[str, list[Posting]] = {}
    for name, of_file in counts.items():
        dampening = SATURATION * (1 - LENGTH_WEIGHT + LENGTH_WEIGHT * of_file.total() / mean_length)
        for term, count in of_file.items():
            rarity = math.log(1 + (len(counts) - files_with[term] + 0.5) / (files_with[term] + 0.5))
            weight = rarity * count * (SATURATION + 1) / (count + dampening)
            index.setdefault(term, []).append(Posting(name, weight))
    return index


def rank_files(index: Mapping[str, Sequence[Posting]], question: str, depth: int = 10) -> list[str]:
    """Return the names of the best files for a question, best first."""
    scores: defaultdict[str, float] = defaultdict(float)
    for term in terms_of(question):
        for posting in index.get(term, ()):
            scores[posting.name] += posting.weight
    return heapq.nsmallest(depth, scores, key=lambda name: (-scores[name], name))


def read_corpus(folder: Path) -> dict[str, str]:
    """Return the text of every text file of a folder, by file name."""
    paths = (path for path in sorted(folder.rglob("*")) if path.suffix in TEXT_SUFFIXES)
    return {path.name: path.read_text("utf-8", "replace") for path in paths}


def score_baseline(folder: Path, questions: Iterable[Question]) -> RankScores | None:
    """Return the baseline's scores over files, None where the folder holds no text files."""
    texts = read_corpus(folder)
    index = build_index(texts)
    scored = [question for question in questions if question.answerable and question.gains]
    return mean_of([score_ranking(rank_files(index, q.text), dict(q.gains)) for q in scored]) if texts else None


def main() -> None:
    """Print the baseline's scores of the sets as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder that holds the sets")
    parser.add_argument("--sets", nargs="+", default=TEXT_SETS)
    arguments = parser.parse_args()
    rows = []
    for name in arguments.sets:
        scores = score_baseline(arguments.data / name / "corpus", read_set(arguments.data, name))
        rows.append([name, scores and scores.recall_at_10, scores and scores.ndcg_at_10, scores and scores.mrr_at_10])
    print(markdown_table(["set", "recall@10", "nDCG@10", "MRR@10"], rows))


if __name__ == "__main__":
    main()
