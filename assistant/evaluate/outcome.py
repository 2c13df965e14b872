"""What was measured for one question in; in a word what became of it, and how bad that is, out."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from assistant.evaluate.summary import Row


class Outcome(StrEnum):
    """What became of a question, the best first."""

    RIGHT = "right"
    REFUSED_RIGHTLY = "refused, rightly"
    FOUND = "right file found"
    UNJUDGED = "answered, nothing to judge it by"
    CITES_ANOTHER = "right, but another file is cited"
    MISSED = "right file not found"
    REFUSED_WRONGLY = "refused, though it can be answered"
    WRONG = "wrong"
    MADE_UP = "answered, though the files do not say"
    FAILED = "no answer: an error"


GOOD = frozenset({Outcome.RIGHT, Outcome.REFUSED_RIGHTLY, Outcome.FOUND, Outcome.UNJUDGED})
BADNESS = {outcome: rank for rank, outcome in enumerate(Outcome)}


def outcome(row: Row) -> Outcome:
    """Return what became of a question."""
    if row.error:
        return Outcome.FAILED
    if not row.answer:
        return Outcome.MISSED if row.metrics.get("recall_at_10") == 0 else Outcome.FOUND
    if not row.answerable:
        return Outcome.REFUSED_RIGHTLY if row.abstained else Outcome.MADE_UP
    if row.abstained:
        return Outcome.REFUSED_WRONGLY
    return judged(row)


def judged(row: Row) -> Outcome:
    """Return what an answer to an answerable question is worth."""
    if "contains" not in row.metrics:
        return Outcome.UNJUDGED
    if not row.metrics["contains"]:
        return Outcome.WRONG
    return Outcome.CITES_ANOTHER if row.metrics.get("cites_gold_file") == 0 else Outcome.RIGHT


def worst(rows: Sequence[Row], count: int) -> list[Row]:
    """Return the rows that went wrong, the worst first: among like outcomes those with fewest right words."""
    bad = [row for row in rows if outcome(row) not in GOOD]
    return sorted(bad, key=lambda row: (-BADNESS[outcome(row)], row.metrics.get("f1", 0.0)))[:count]


def tally(rows: Sequence[Row]) -> dict[Outcome, int]:
    """Return how many questions came to each outcome, the best first; those that none came to are left out."""
    found = [outcome(row) for row in rows]
    return {each: found.count(each) for each in Outcome if each in found}
