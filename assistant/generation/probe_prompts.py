"""Arrange the passages of the prompts that a probe is fitted to: with and without the file that answers the question."""

from __future__ import annotations

import random
from collections.abc import Sequence

from assistant.datatypes import Hit

AMONG = 5  # passages of a prompt with several
FIRST_SHARE = 0.65  # of the prompts with several passages in which the right one is the first
ALONE, AMONG_OTHERS = "alone", "among others"  # prompts with the right passage
ANOTHER, OTHERS = "another", "others"  # prompts with what is found in its place


def passage_sets(own: Hit, others: Sequence[Hit], chance: random.Random) -> dict[str, tuple[Hit, ...]]:
    """Return the passages of the four kinds of prompts, from the right passage and at least one of other files, best first."""
    place = 0 if chance.random() < FIRST_SHARE else chance.choice((1, 2))
    found = tuple(others[:AMONG])
    several = (*found[:place], own, *found[place : AMONG - 1])
    return {ALONE: (own,), AMONG_OTHERS: several, ANOTHER: found[:1], OTHERS: found}
