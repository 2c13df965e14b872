"""What is read, grouped, pooled and remembered, without any model library."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from assistant.models.device_choice import (
    CHOICE_FILE,
    SAMPLE,
    VariantChoice,
    load_choice,
    machine_hash,
    race_variants,
    store_choice,
)
from assistant.models.fake import FakeEmbedder
from assistant.models.openvino_embedder import batches, pool
from assistant.models.openvino_graph import NotSupported, Tensors, read_config

SmallModel = Callable[..., Path]


def test_a_recipe_is_read_from_the_files(small_model: SmallModel) -> None:
    recipe = read_config(small_model())
    assert (recipe.hidden, recipe.layers, recipe.heads) == (32, 2, 2)
    assert (recipe.first_position, recipe.max_tokens, recipe.pooling) == (0, 24, "mean")


def test_positions_of_roberta_begin_behind_its_padding(small_model: SmallModel) -> None:
    folder = small_model(model_type="xlm-roberta", pad_token_id=1, max_position_embeddings=22)
    assert (read_config(folder).first_position, read_config(folder).max_tokens) == (2, 20)


@pytest.mark.parametrize(("differing", "reason"), [
    ({"model_type": "mpnet"}, "architecture is mpnet"), ({"hidden_act": "relu"}, "activation"),
    ({"position_embedding_type": "relative_key"}, "positions"), ({"pooling": "max_tokens"}, "pooling"),
    ({"hidden_size": None}, "not whole"),
])
def test_what_is_not_known_is_refused_with_the_reason(
    small_model: SmallModel, differing: dict[str, object], reason: str
) -> None:
    with pytest.raises(NotSupported, match=reason):
        read_config(small_model(**differing))


def test_a_further_module_is_refused(small_model: SmallModel) -> None:
    folder = small_model()
    modules = json.loads((folder / "modules.json").read_text("utf-8"))
    modules.append({"idx": 2, "name": "2", "path": "2_Dense", "type": "sentence_transformers.models.Dense"})
    (folder / "modules.json").write_text(json.dumps(modules), "utf-8")
    with pytest.raises(NotSupported, match="Transformer, Pooling, Dense"):
        read_config(folder)


def test_weights_are_read_by_name_whatever_stands_before_it(tmp_path: Path) -> None:
    header = {"bert.embeddings.word_embeddings.weight": {"dtype": "F16", "shape": [2], "data_offsets": [0, 4]},
              "bert.half": {"dtype": "BF16", "shape": [1], "data_offsets": [4, 6]}}
    text = json.dumps(header).encode()
    body = np.array([1, -2], "<f2").tobytes() + (np.array([1.5], "<f4").view("<u4") >> 16).astype("<u2").tobytes()
    (tmp_path / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + body)
    weights = Tensors(tmp_path / "model.safetensors")
    assert weights["embeddings.word_embeddings.weight"].tolist() == [1, -2]
    assert weights["half"].tolist() == [1.5]
    with pytest.raises(NotSupported, match="lack other"):
        weights["other"]


@pytest.mark.parametrize("content", [b"", b"\xff" * 20, b"\x08" + b"\0" * 7 + b'{"a": 1}'])
def test_a_file_that_is_no_such_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(NotSupported):
        Tensors(tmp_path / "model.safetensors")


def test_weights_that_are_cut_off_are_refused(small_model: SmallModel) -> None:
    path = small_model() / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(NotSupported, match="cut off"):
        Tensors(path)["encoder.layer.1.output.LayerNorm.bias"]


def test_batches_hold_every_text_once_and_keep_to_the_budget() -> None:
    lengths = [3, 50, 7, 7, 1, 20, 9]
    found = list(batches(lengths, 21))
    assert sorted(number for batch in found for number in batch) == list(range(7))
    assert all(len(batch) == 1 or max(lengths[number] for number in batch) * len(batch) <= 21 for batch in found)
    assert found[0] == [1]
    assert list(batches([])) == []


def test_padding_counts_for_nothing_in_the_mean() -> None:
    states = np.array([[[3, 0], [0, 4], [99, 99]], [[0, 2], [5, 5], [5, 5]]], np.float32)
    mask = np.array([[True, True, False], [True, False, False]])
    assert pool(states, mask, "mean") == pytest.approx(np.array([[0.6, 0.8], [0, 1]]))
    assert pool(states, mask, "first") == pytest.approx(np.array([[1, 0], [0, 1]]))


def test_only_what_agrees_is_chosen() -> None:
    class Off(FakeEmbedder):
        def embed_passages(self, texts):
            vectors = super().embed_passages(texts)[:, ::-1]
            return np.ascontiguousarray(vectors)

    choice = race_variants(FakeEmbedder(), lambda variant: Off(), ("f32", "int8"))
    assert choice.variant is None
    assert choice.reason == "no variant agrees with sentence-transformers"
    assert choice.found["f32"].startswith("least cosine")


def test_what_cannot_run_is_passed_over_and_the_faster_one_wins() -> None:
    class Quick(FakeEmbedder):
        def embed_passages(self, texts):
            return unit(super().embed_passages(texts))

    class Slow(Quick):
        def embed_passages(self, texts):
            time.sleep(0.05)
            return super().embed_passages(texts)

    def make(variant: str) -> FakeEmbedder:
        if variant == "bf16":
            raise NotSupported("refused")
        return Quick()

    choice = race_variants(Slow(), make, ("f32", "bf16"))
    assert (choice.variant, choice.found["bf16"]) == ("f32", "refused")
    assert "times as fast" in choice.found["f32"]
    assert race_variants(Quick(), lambda _: Slow(), ("f32",)).reason == "sentence-transformers is fastest on this machine"


def unit(vectors: np.ndarray) -> np.ndarray:
    """Give the texts without a word a vector, as every real model does."""
    vectors = vectors.copy()
    vectors[np.linalg.norm(vectors, axis=1) == 0, 0] = 1
    return vectors


def test_the_sample_speaks_both_languages_and_passes_every_limit() -> None:
    assert any(len(text.split()) > 512 for text in SAMPLE)
    assert "" in SAMPLE
    assert any("押金" in text for text in SAMPLE)


def test_a_choice_is_kept_for_its_situation_only(tmp_path: Path) -> None:
    choice = VariantChoice("bf16", "fastest", {"bf16": "70 texts a second"})
    store_choice(tmp_path, "here", choice)
    assert load_choice(tmp_path, "here") == choice
    assert load_choice(tmp_path, "elsewhere") is None
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [CHOICE_FILE]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"situation": "here", "variant": "f64", "reason": ""}'])
def test_a_damaged_choice_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / CHOICE_FILE).write_text(content, "utf-8")
    assert load_choice(tmp_path, "here") is None


def test_where_the_model_lies_on_a_disk_that_cannot_be_written_the_cache_keeps_the_choice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *_: str(tmp_path / "cache"))
    folder = tmp_path / "file"  # a folder that cannot hold a file, whoever runs this
    folder.write_text("", "utf-8")
    store_choice(folder, "here", VariantChoice("f32", "fastest"))
    assert load_choice(folder, "here") == VariantChoice("f32", "fastest")


def test_a_situation_is_of_one_model_and_one_processor() -> None:
    assert machine_hash("a", "x") == machine_hash("a", "x")
    assert len({machine_hash("a", "x"), machine_hash("b", "x"), machine_hash("a", "y")}) == 3
