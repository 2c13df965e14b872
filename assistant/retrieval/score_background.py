"""A sample of a library's vectors in; what a cosine means for one question out, within each script.

A cosine says little by itself: models crowd their vectors into a cone, and one that is trained on several languages puts
each language into a cone of its own, so that any passage in the question's language beats the right one in another. What
counts is how far a passage stands out among those of its own language.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.datatypes import Embedder, Vectors
from assistant.index.interfaces import Nearest, Searchable
from assistant.retrieval.fusion import KNOWN_VOCABULARY
from assistant.text.languages import script_of

SAMPLE = 1_000  # passages: enough for a mean and a deviation
MIN_SCRIPT_SAMPLE = 25  # of them in one script: below that its mean is anybody's guess
TEXTS_TO_JUDGE = 8  # passages from which it is seen whether the model knows a script
LEAST_DEVIATION = 1e-3


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
