"""Sentences in, the ones that the others speak of most out."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from assistant.answer.sentences import tokens

DAMPING, ROUNDS = 0.85, 30
SHORTEST = 4  # words


def central(sentences: Sequence[str], count: int) -> list[int]:
    """Return the places of at most `count` sentences, in their order: TextRank (Mihalcea and Tarau, 2004)."""
    words = [set(tokens(sentence)) for sentence in sentences]
    usable = [place for place, held in enumerate(words) if len(held) >= SHORTEST]
    if len(usable) <= count:
        return usable
    links = np.array([[likeness(words[one], words[other]) if one != other else 0.0 for other in usable] for one in usable])
    outgoing = links.sum(axis=0)
    shares = np.divide(links, outgoing, out=np.zeros_like(links), where=outgoing > 0)
    ranks = np.full(len(usable), 1 / len(usable))
    for _ in range(ROUNDS):
        ranks = (1 - DAMPING) / len(usable) + DAMPING * shares @ ranks
    best = sorted(range(len(usable)), key=lambda place: (-ranks[place], place))[:count]
    return sorted(usable[place] for place in best)


def likeness(one: set[str], other: set[str]) -> float:
    """Return how many words two sentences share, by the logarithms of their lengths."""
    return len(one & other) / (math.log(len(one) + 1) + math.log(len(other) + 1))
