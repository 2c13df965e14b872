"""sentence-transformers with a small model's real weights."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from assistant.datatypes import Embedder
from assistant.errors import ModelUnusable
from assistant.models.open import ModelSpec, open_embedder

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def embedder(weights: Callable[[str], Path]) -> Embedder:
    return open_embedder(ModelSpec("minilm", weights("all-minilm-l6-v2")))


def test_vectors_are_unit_length_and_mean_something(embedder: Embedder) -> None:
    passages = embedder.embed_passages(["The tenant may end the lease early.", "Clean the milk nozzle after each use."])
    assert passages.shape == (2, embedder.dimension)
    assert np.linalg.norm(passages, axis=1) == pytest.approx([1, 1], abs=1e-5)
    lease, nozzle = passages @ embedder.embed_question("How can I get out of my rental contract?")
    assert lease > nozzle + 0.2


def test_tokens_are_counted_without_the_special_ones(embedder: Embedder) -> None:
    assert embedder.count_tokens(["hello world", ""]) == [2, 0]


def test_a_language_that_the_vocabulary_does_not_know_is_noticed(embedder: Embedder) -> None:
    assert embedder.coverage("When does the lease end?") == 1.0
    assert embedder.coverage("逾期交货的违约金是多少？") < 0.8


def test_the_fingerprint_knows_the_prompts(embedder: Embedder, weights: Callable[[str], Path]) -> None:
    other = open_embedder(ModelSpec("minilm", weights("all-minilm-l6-v2"), query_prompt="query: "))
    assert other.fingerprint != embedder.fingerprint


def test_a_folder_that_holds_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", "utf-8")
    with pytest.raises(ModelUnusable, match="not an embedding model"):
        open_embedder(ModelSpec("nothing", tmp_path))
