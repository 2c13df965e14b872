"""Passages of several scripts in, one ranking of them out, in which no script wins for being the question's own.

Within a script passages keep the order that all evidence gives them, but they get the scores of the vectors alone, seen
from the mean of their script (the question from that of its own) and measured against what is usual there. Words can be
shared only within one language, so that a plain sum over keywords would again favour the question's own.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from assistant.datatypes import Vectors
from assistant.retrieval.fusion import rank_by_score
from assistant.retrieval.score_background import Background, mean_and_deviation, unit_vectors

TOPIC_SIZE = 10  # passages of a script: a topic's neighbours, among which an answer must stand out
SHARED_WORDS = 2.0  # deviations that a passage gains which holds every word of the question


def script_z_scores(
    background: Background, question: Vectors, own: str, script: str, vectors: Mapping[int, Vectors]
) -> dict[int, float]:
    """Return how far each passage of a script lies above the mean of its script for the question, in standard deviations."""
    asked, there = unit_vectors(question - background.of(own).centre), background.of(script)
    mean, spread = mean_and_deviation(there.around, asked)
    return {chunk: (float(unit_vectors(vector - there.centre) @ asked) - mean) / spread for chunk, vector in vectors.items()}


def contrast_with_topic(above: Mapping[int, float]) -> dict[int, float]:
    """Return how far each passage of a script stands out among its script and its topic, in standard deviations.

    From halfway between the script's mean, which tells a topic that it knows, and the mean of the best few, which tells an
    answer from its topic. By the first alone a crowd near the topic wins, by the second a lone passage beats many right ones.
    """
    best = float(np.mean(sorted(above.values(), reverse=True)[:TOPIC_SIZE])) if above else 0.0
    return {chunk: deviation - best / 2 for chunk, deviation in above.items()}


def reassign_scores(scores: Mapping[int, float], order: Mapping[int, float]) -> dict[int, float]:
    """Return the same scores dealt out anew: the best to whatever is first in the order."""
    return dict(zip(rank_by_score({chunk: order[chunk] for chunk in scores}), sorted(scores.values(), reverse=True), strict=True))


def word_bonus(keyword: Mapping[int, float], possible: float) -> dict[int, float]:
    """Return the bonus for shared words: the square of the share of the question's weight, so that few give next to none."""
    return {chunk: SHARED_WORDS * min(score / possible, 1.0) ** 2 for chunk, score in keyword.items()} if possible > 0 else {}
