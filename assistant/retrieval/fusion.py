"""Fuse BM25 and cosine scores into one score per chunk: a sum of log-odds, comparable across scripts.

BM25 is, up to a constant, the log-odds of relevance (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009). For
normally distributed cosines so is, up to a factor, the distance from the mean of unrelated chunks in standard deviations (the
z-score). The sum is not rescaled per question, so strong evidence on one side outweighs weak evidence on the other, which rank
fusion and division by the maximum both lose.

Cosines are not comparable across languages: a multilingual model maps each language into a cone of its own, so any chunk in the
question's language beats the right one in another. In a library of several scripts the z-score is therefore taken within each
script, from the script's mean (and the question's from the mean of its own script). Within a script chunks keep the order of all
evidence but get the scores of the vectors alone, because only one language can share words with the question.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.datatypes import Embedder, Vectors
from assistant.index.interfaces import Nearest, Searchable
from assistant.text.languages import script_of

DENSE_WEIGHT = 3.0  # log-odds per standard deviation of the cosine
KNOWN_VOCABULARY = 0.8  # below this share of known tokens an embedding is not used
SAMPLE = 1_000  # chunks that estimate mean and deviation
MIN_SCRIPT_SAMPLE = 25  # sampled chunks of a script; with fewer its mean is not reliable
TEXTS_TO_JUDGE = 8  # chunks that decide whether the model knows a script
LEAST_DEVIATION = 1e-3
TOPIC_SIZE = 10  # best chunks of a script: the topic from which an answer must stand out
SHARED_WORDS = 2.0  # bonus, in standard deviations, for a chunk with every word of the question


def dense_weight(coverage: float) -> float:
    """Return the weight of the dense score for a question with this share of known tokens."""
    return DENSE_WEIGHT if coverage >= KNOWN_VOCABULARY else 0.0


def fuse(keyword: Mapping[int, float], deviations: Mapping[int, float], weight: float) -> dict[int, float]:
    """Return the fused score of each chunk; `deviations` are z-scores of cosines.

    A chunk without a keyword score gets 0 there. A chunk without a vector gets the mean z-score of the other keyword hits.
    """
    unseen = mean_of_found(keyword, deviations)
    return {
        chunk: keyword.get(chunk, 0.0) + weight * deviations.get(chunk, unseen) for chunk in {**keyword, **deviations}
    }


def mean_of_found(keyword: Mapping[int, float], measured: Mapping[int, float]) -> float:
    """Return the mean of the measured values of the keyword hits; 0 if there are none."""
    known = [measured[chunk] for chunk in keyword if chunk in measured]
    return sum(known) / len(known) if known else 0.0


def rank_by_score(scores: Mapping[int, float]) -> list[int]:
    """Return the keys by falling score; ties by key, so that the order is deterministic."""
    return sorted(scores, key=lambda chunk: (-scores[chunk], chunk))


@dataclass(frozen=True, slots=True)
class ScriptSample:
    """Vectors of chunks in one script, their mean, and the unit vectors of their differences from it."""

    vectors: Vectors
    centre: Vectors
    around: Vectors


@dataclass(frozen=True, slots=True)
class Background:
    """A uniform sample of the library, and the samples of its scripts that the model knows.

    drawn_from: number of chunks with a vector when the sample was taken.
    """

    everything: ScriptSample
    scripts: Mapping[str, ScriptSample]
    drawn_from: int = 0

    @property
    def is_mixed(self) -> bool:
        """Whether the library has several known scripts."""
        return len(self.scripts) > 1

    def of(self, script: str) -> ScriptSample:
        """Return the sample of a script, or of the whole library if the script's is too small."""
        return self.scripts.get(script, self.everything)

    def moved(self, question: Vectors, own: str, other: str) -> Vectors:
        """Return the question translated from its own script's mean to the other's: a unit vector near that script's chunks."""
        return unit_vectors(question - self.of(own).centre + self.of(other).centre)


def mean_and_deviation(vectors: Vectors, question: Vectors) -> tuple[float, float]:
    """Return mean and standard deviation of the question's cosines with these vectors; (0, 1) if there are none."""
    if not len(vectors):
        return 0.0, 1.0
    cosines = vectors @ question
    return float(cosines.mean()), max(float(cosines.std()), LEAST_DEVIATION)


def cosine_z_scores(vectors: Vectors, question: Vectors, cosines: Mapping[int, float]) -> dict[int, float]:
    """Return each cosine's z-score: its distance from the mean of these vectors in standard deviations."""
    mean, spread = mean_and_deviation(vectors, question)
    return {chunk: (cosine - mean) / spread for chunk, cosine in cosines.items()}


def unit_vectors(vectors: Vectors) -> Vectors:
    """Return the vectors normalized to length 1, shape (..., dimension)."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: Vectors = vectors / np.maximum(lengths, 1e-9)
    return scaled


def sample_of_script(vectors: Vectors) -> ScriptSample:
    """Return the sample of these vectors, shape (n, dimension)."""
    centre: Vectors = vectors.mean(axis=0) if len(vectors) else np.zeros(vectors.shape[1], np.float32)
    return ScriptSample(vectors, centre, unit_vectors(vectors - centre))


def sample_background(store: Searchable, embedder: Embedder, view: Nearest) -> Background:
    """Sample the vectors of a view and return the background of its library."""
    ids = view.ids
    chosen = [int(chunk) for chunk in ids[:: max(1, len(ids) // SAMPLE)]]
    found, vectors = view.vectors(chosen)
    chosen = found.tolist()
    stored = store.chunks(chosen)
    texts = [stored[chunk].chunk.text if chunk in stored else "" for chunk in chosen]
    members: dict[str, list[int]] = {}
    for place, text in enumerate(texts):
        members.setdefault(script_of(text), []).append(place)
    scripts = {
        name: sample_of_script(vectors[places]) for name, places in members.items()
        if len(places) >= MIN_SCRIPT_SAMPLE and knows_script(embedder, [texts[place] for place in places])
    }
    return Background(sample_of_script(vectors), scripts, len(ids))


def knows_script(embedder: Embedder, texts: Sequence[str]) -> bool:
    """Return True if the model's vocabulary covers these texts, judged by a few of them."""
    taste = texts[:: max(1, len(texts) // TEXTS_TO_JUDGE)][:TEXTS_TO_JUDGE]
    return embedder.coverage(" ".join(text[:200] for text in taste)) >= KNOWN_VOCABULARY


def script_z_scores(
    background: Background, question: Vectors, own: str, script: str, vectors: Mapping[int, Vectors]
) -> dict[int, float]:
    """Return each chunk's z-score within its script: question and chunk are both taken relative to their script's mean."""
    asked, there = unit_vectors(question - background.of(own).centre), background.of(script)
    mean, spread = mean_and_deviation(there.around, asked)
    return {chunk: (float(unit_vectors(vector - there.centre) @ asked) - mean) / spread for chunk, vector in vectors.items()}


def contrast_with_topic(above: Mapping[int, float]) -> dict[int, float]:
    """Return each chunk's z-score above the midpoint between its script's mean and the mean of the best few.

    The script's mean identifies the topic, the best few the answer within the topic. With the first alone many chunks near the
    topic win; with the second a lone chunk beats several right ones.
    """
    best = float(np.mean(sorted(above.values(), reverse=True)[:TOPIC_SIZE])) if above else 0.0
    return {chunk: deviation - best / 2 for chunk, deviation in above.items()}


def reassign_scores(scores: Mapping[int, float], order: Mapping[int, float]) -> dict[int, float]:
    """Return the same scores, reassigned so that the best goes to the first in the order."""
    return dict(zip(rank_by_score({chunk: order[chunk] for chunk in scores}), sorted(scores.values(), reverse=True), strict=True))


def word_bonus(keyword: Mapping[int, float], possible: float) -> dict[int, float]:
    """Return the bonus for shared words: SHARED_WORDS times the squared share of the maximum BM25 score."""
    return {chunk: SHARED_WORDS * min(score / possible, 1.0) ** 2 for chunk, score in keyword.items()} if possible > 0 else {}
