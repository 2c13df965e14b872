"""Compare retrieval measurements with the project's bars.

Bars are for the starter embedding model, but those of questions and passages in two languages, for which it takes a
multilingual one. They are meant for the samples of 50 to 240 questions that the sets have here, so a miss or a hit by a
point or two is chance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from report import Cell
from scoring import Scores

BAR_HEADER = ("set", "measure", "measured", "bar", "reached")

Measure = Callable[[Scores], float | None]

MEASURES: Mapping[str, Measure] = {
    "nDCG@10": lambda scores: scores.files.ndcg_at_10 if scores.files else None,
    "recall@5": lambda scores: scores.files.recall_at_5 if scores.files else None,
    "recall@10 of pages": lambda scores: scores.pages.recall_at_10 if scores.pages else None,
    "recall of characters": lambda scores: scores.spans.recall if scores.spans else None,
    "precision of characters": lambda scores: scores.spans.precision if scores.spans else None,
}
BARS = (
    ("squad2", "nDCG@10", 0.93),
    ("hotpot", "nDCG@10", 0.86),
    ("scifact", "nDCG@10", 0.81),
    ("cranfield", "nDCG@10", 0.50),
    ("rgb", "nDCG@10", 0.72),
    ("xquad:zh->zh", "nDCG@10", 0.98),
    ("xquad:en->en", "nDCG@10", 0.97),
    ("xquad:en->zh", "nDCG@10", 0.75),
    ("xquad:zh->en", "nDCG@10", 0.75),
    ("financebench", "recall@10 of pages", 0.60),
    ("chunking", "recall of characters", 0.90),
    ("chunking", "precision of characters", 0.08),
    ("multiformat", "recall@5", 0.97),
)


def bar_rows(measured: Mapping[str, Scores]) -> list[list[Cell]]:
    """Return a row for every bar of the sets that were measured."""
    found = [(name, measure, MEASURES[measure](measured[name]), bar) for name, measure, bar in BARS if name in measured]
    return [
        [name, measure, value, bar, "yes" if round(value, 3) >= bar else "no"]
        for name, measure, value, bar in found if value is not None
    ]  # fmt: skip
