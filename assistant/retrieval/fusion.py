"""Evidence for each passage in, one score for each out: a sum of log-odds.

BM25 is, up to a constant, the logarithm of the odds that a passage is wanted (Robertson and Zaragoza, "The Probabilistic
Relevance Framework", 2009). So is, for scores that are spread like a bell, the distance of a cosine from the mean of
unrelated passages, in standard deviations, times a constant. Summed without being rescaled for each question, strong
evidence of one side outweighs weak evidence of the other, which both rank fusion and division by the best throw away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.datatypes import Embedder, Vectors
from assistant.index.interfaces import Nearest, Searchable
from assistant.text.languages import script_of

DENSE_WEIGHT = 3.0  # log-odds of a cosine that is one standard deviation above the mean
KNOWN_VOCABULARY = 0.8  # below this share of known tokens an embedding says nothing
SAMPLE = 1_000  # passages: enough for a mean and a deviation
MIN_SCRIPT_SAMPLE = 25  # of them in one script: below that its mean is anybody's guess
TEXTS_TO_JUDGE = 8  # passages from which it is seen whether the model knows a script
LEAST_DEVIATION = 1e-3
TOPIC_SIZE = 10  # passages of a script: a topic's neighbours, among which an answer must stand out
SHARED_WORDS = 2.0  # deviations that a passage gains which holds every word of the question


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


@dataclass(frozen=True, slots=True)
class ScriptSample:
    """Vectors of passages in one script, their mean, and the same vectors as seen from that mean, at length 1."""

    vectors: Vectors
    centre: Vectors
    around: Vectors


@dataclass(frozen=True, slots=True)
class Background:
    """Passages drawn evenly from the whole library, and those of each script that is there and that the model knows."""

    everything: ScriptSample
    scripts: Mapping[str, ScriptSample]
    drawn_from: int = 0  # passages

    @property
    def is_mixed(self) -> bool:
        """Whether there are several scripts to tell apart."""
        return len(self.scripts) > 1

    def of(self, script: str) -> ScriptSample:
        """Return the passages of one script, or of the whole library where there are too few of it."""
        return self.scripts.get(script, self.everything)

    def moved(self, question: Vectors, own: str, other: str) -> Vectors:
        """Return the question as if it were asked in the other script: a unit vector near that script's passages."""
        return unit_vectors(question - self.of(own).centre + self.of(other).centre)


def mean_and_deviation(vectors: Vectors, question: Vectors) -> tuple[float, float]:
    """Return the mean and the standard deviation of the cosines of these vectors; 0 and 1 where there are none."""
    if not len(vectors):
        return 0.0, 1.0
    cosines = vectors @ question
    return float(cosines.mean()), max(float(cosines.std()), LEAST_DEVIATION)


def cosine_z_scores(vectors: Vectors, question: Vectors, cosines: Mapping[int, float]) -> dict[int, float]:
    """Return how many standard deviations each cosine lies above the mean of these vectors."""
    mean, spread = mean_and_deviation(vectors, question)
    return {chunk: (cosine - mean) / spread for chunk, cosine in cosines.items()}


def unit_vectors(vectors: Vectors) -> Vectors:
    """Return the vectors at length 1, whatever their shape (..., dimension)."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: Vectors = vectors / np.maximum(lengths, 1e-9)
    return scaled


def sample_of_script(vectors: Vectors) -> ScriptSample:
    """Return the vectors, shape (n, dimension), with their mean."""
    centre: Vectors = vectors.mean(axis=0) if len(vectors) else np.zeros(vectors.shape[1], np.float32)
    return ScriptSample(vectors, centre, unit_vectors(vectors - centre))


def sample_background(store: Searchable, embedder: Embedder, view: Nearest) -> Background:
    """Return the background of the library whose vectors the view holds."""
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


def is_similar_size(size: int, drawn_from: int) -> bool:
    """Return whether a library of this size is nearly the one that a sample was drawn from: a tenth more or less."""
    return abs(size - drawn_from) * 10 <= drawn_from


def knows_script(embedder: Embedder, texts: Sequence[str]) -> bool:
    """Return whether the model's vocabulary knows the words of these texts, judged by a few of them."""
    taste = texts[:: max(1, len(texts) // TEXTS_TO_JUDGE)][:TEXTS_TO_JUDGE]
    return embedder.coverage(" ".join(text[:200] for text in taste)) >= KNOWN_VOCABULARY


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
