"""Read a question by rule: every operation that its words may ask for, over all of its links and over the certain ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from assistant.tables.intent import Calculation, Intent
from assistant.tables.links import Link, LinkedQuestion
from assistant.tables.rules.comparisons import read_comparisons, read_differences
from assistant.tables.rules.confidence import confidence_of, features_of
from assistant.tables.rules.counts import read_counts
from assistant.tables.rules.extremes import read_extremes
from assistant.tables.rules.lists import read_lists
from assistant.tables.rules.parts import QuestionParts
from assistant.tables.rules.positions import read_neighbours, read_positions
from assistant.tables.rules.reading import Reading
from assistant.tables.rules.sums import read_averages, read_shares, read_sums

CERTAIN_LINK = 0.6  # score of a link to a cell that is not left out
RULES: dict[Calculation, Callable[[QuestionParts], Iterator[Reading]]] = {
    Calculation.COUNT: read_counts,
    Calculation.SUM: read_sums,
    Calculation.AVERAGE: read_averages,
    Calculation.MAXIMUM: read_extremes,
    Calculation.MINIMUM: read_extremes,
    Calculation.DIFFERENCE: read_differences,
    Calculation.COMPARE: read_comparisons,
    Calculation.FIRST: read_positions,
    Calculation.LAST: read_positions,
    Calculation.NEXT: read_neighbours,
    Calculation.PREVIOUS: read_neighbours,
    Calculation.LIST: read_lists,
    Calculation.SHARE: read_shares,
}


def read_question(linked: LinkedQuestion, intents: Sequence[Intent]) -> list[Reading]:
    """Return the readings of a question by rule, best first; an empty list if no rule fits.

    intents: what its words may ask for, the likeliest first
    """
    best: dict[str, Reading] = {}
    for reading, features in readings_with_features(linked, intents):
        known = best.get(reading.sql)
        confidence = confidence_of(features)
        if known is None or confidence > known.confidence:
            best[reading.sql] = replace(reading, confidence=confidence)
    return sorted(best.values(), key=lambda reading: -reading.confidence)


def readings_with_features(
    linked: LinkedQuestion, intents: Sequence[Intent]
) -> Iterator[tuple[Reading, dict[str, float]]]:
    """Yield every reading with what speaks for and against it."""
    for rank, intent in enumerate(intents):
        for values in link_choices(linked.values):
            parts = QuestionParts(linked, intent, values, linked.conditions)
            for reading in RULES[intent.operation](parts):
                yield reading, features_of(reading, parts, intents, rank)


def link_choices(values: Sequence[Link]) -> list[tuple[Link, ...]]:
    """Return the links to cells that readings are made of: all of them, and the certain ones if these are fewer."""
    certain = tuple(link for link in values if link.score >= CERTAIN_LINK)
    return [tuple(values)] if len(certain) == len(values) else [tuple(values), certain]
