"""Read a question by rule: every operation that its words may ask for, over all of its links and over the certain ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from assistant.tables.links import Link, LinkedQuestion
from assistant.tables.parquet import quoted
from assistant.tables.rules.comparisons import read_comparisons
from assistant.tables.rules.confidence import confidence_of, features_of
from assistant.tables.rules.counts import read_counts
from assistant.tables.rules.differences import read_differences
from assistant.tables.rules.extremes import read_extremes
from assistant.tables.rules.groups import read_groups
from assistant.tables.rules.lists import read_lists
from assistant.tables.rules.parts import QuestionParts
from assistant.tables.rules.positions import read_neighbours, read_positions
from assistant.tables.rules.reading import Reading, label
from assistant.tables.rules.sums import read_averages, read_shares, read_sums
from assistant.tables.tokens import tokenize
from assistant.text.calculations import Calculation, Intent

CERTAIN_LINK = 0.6  # score of a link to a cell that is not left out
WIDENED_SCORE = 0.9
MOST_DROPPED = 4  # links to cells of which each may be left out
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
    for reading in all_readings(linked, intents):
        known = best.get(reading.sql)
        if known is None or reading.confidence > known.confidence:
            best[reading.sql] = reading
    return sorted(best.values(), key=lambda reading: -reading.confidence)


def all_readings(linked: LinkedQuestion, intents: Sequence[Intent]) -> Iterator[Reading]:
    """Yield every reading of a question with its confidence."""
    has_list = any(intent.operation is Calculation.LIST for intent in intents)
    listed = [replace(intent, operation=Calculation.LIST) for intent in intents[:1] if not has_list]
    for rank, intent in enumerate([*intents, *listed]):
        for values in link_choices(linked.values):
            parts = QuestionParts(linked, intent, values, linked.conditions)
            own = read_groups(parts) if rank == 0 else ()
            for reading in (*RULES[intent.operation](parts), *own):
                features = features_of(reading, parts, intents, rank)
                yield replace(reading, features=features, confidence=confidence_of(features))


def link_choices(values: Sequence[Link]) -> list[tuple[Link, ...]]:
    """Return the links to cells that readings are made of.

    All of them, the certain ones, all without one of them, and all with every cell that contains the linked one.
    """
    certain = [link for link in values if link.score >= CERTAIN_LINK]
    without_one = [[link for link in values if link.start != place] for place in sorted({link.start for link in values})]
    containing = [containing_cell(link) for link in values]
    choices = [values, certain, containing, *(without_one if len(without_one) <= MOST_DROPPED else [])]
    return list(dict.fromkeys(map(tuple, choices)))


def containing_cell(link: Link) -> Link:
    """Return the link to all cells that contain the cell of a link."""
    words = [token.form for token in tokenize(link.value)]
    if link.sql.startswith("regexp_matches") or not all(word.isascii() and word.isalnum() for word in words) or not words:
        return link
    pattern = "\\W+".join(words)
    sql = f"regexp_matches(lower(strip_accents({quoted(link.column.name)})), '\\b{pattern}')"
    return replace(link, sql=sql, score=min(link.score, WIDENED_SCORE), words=f"{label(link.column)} contains {link.value}")
