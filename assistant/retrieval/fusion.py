"""Evidence for each passage in, one score for each out: a sum of log-odds.

BM25 is, up to a constant, the logarithm of the odds that a passage is wanted (Robertson and Zaragoza, "The Probabilistic
Relevance Framework", 2009). So is, for scores that are spread like a bell, the distance of a cosine from the mean of
unrelated passages, in standard deviations, times a constant. Summed without being rescaled for each question, strong
evidence of one side outweighs weak evidence of the other, which both rank fusion and division by the best throw away.
"""

from __future__ import annotations

from collections.abc import Mapping

DENSE_WEIGHT = 3.0  # log-odds of a cosine that is one standard deviation above the mean
KNOWN_VOCABULARY = 0.8  # below this share of known tokens an embedding says nothing


def dense_weight(coverage: float) -> float:
    """Return the weight of the dense side for a question of which the model knows this share of tokens."""
    return DENSE_WEIGHT if coverage >= KNOWN_VOCABULARY else 0.0


def fuse(keyword: Mapping[int, float], deviations: Mapping[int, float], weight: float) -> dict[int, float]:
    """Return the score of each passage; `deviations` are cosines in standard deviations from the mean.

    A passage that the keyword search did not find has no evidence there. One that has no vector yet is taken to be as
    near as the others that hold the question's words.
    """
    unseen = mean_of_found(keyword, deviations)
    return {
        chunk: keyword.get(chunk, 0.0) + weight * deviations.get(chunk, unseen) for chunk in {**keyword, **deviations}
    }


def mean_of_found(keyword: Mapping[int, float], measured: Mapping[int, float]) -> float:
    """Return the mean of what was measured of the passages that the keyword search found; 0 where there are none."""
    known = [measured[chunk] for chunk in keyword if chunk in measured]
    return sum(known) / len(known) if known else 0.0


def rank_by_score(scores: Mapping[int, float]) -> list[int]:
    """Return the keys by falling score, the same order every time."""
    return sorted(scores, key=lambda chunk: (-scores[chunk], chunk))
