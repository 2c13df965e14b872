"""Sketches find what the vectors themselves would give, however the vectors lie."""

from __future__ import annotations

from pathlib import Path

import faiss
import numpy as np
import pytest

from assistant.index.chunks import CHUNK_KEY
from assistant.index.vector_files import Stamp, VectorBase, build_quantizer, flat_index


@pytest.fixture
def vectors() -> np.ndarray:
    chance = np.random.default_rng(3)
    centres = chance.standard_normal((300, 128)).astype(np.float32)
    found = centres[chance.integers(0, 300, 8_000)] + 0.7 * chance.standard_normal((8_000, 128)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def base_of(vectors: np.ndarray, path: Path) -> VectorBase:
    index = flat_index(128)
    index.add(vectors)
    marks = np.zeros(len(vectors), CHUNK_KEY)
    marks["id"] = 10 * np.arange(len(vectors))
    faiss.write_index(build_quantizer(lambda places: vectors[places], len(vectors), 128, 1_000), str(path))
    return VectorBase(index, marks, Stamp(b"", b""), faiss.read_index(str(path)))


def test_nearly_all_of_the_nearest_are_found_with_their_scores(vectors: np.ndarray, tmp_path: Path) -> None:
    base = base_of(vectors, tmp_path / "sketch")
    chance = np.random.default_rng(4)
    shared = 0
    for number in chance.integers(0, len(vectors), 50):
        asked = vectors[number] + 0.04 * chance.standard_normal(128).astype(np.float32)
        found = base.search(asked, 10, None)
        right = np.argsort(-(vectors @ asked))[:10]
        shared += len({chunk // 10 for chunk, _ in found} & set(right.tolist()))
        assert all(score == pytest.approx(vectors[chunk // 10] @ asked, abs=2e-3) for chunk, score in found)
    assert shared >= 0.98 * 500


def test_what_is_dead_is_not_found(vectors: np.ndarray, tmp_path: Path) -> None:
    base = base_of(vectors, tmp_path / "sketch")
    for left in (0.9, 0.2):  # by sketch, and in full where little is left
        alive = np.random.default_rng(5).random(len(vectors)) < left
        found = base.search(vectors[7], 20, alive)
        assert len(found) == 20
        assert all(alive[chunk // 10] for chunk, _ in found)
