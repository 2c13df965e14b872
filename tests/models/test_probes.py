"""Probes over the hidden states of a model."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from assistant.datatypes import Message, ScoredText
from assistant.models.llama import hidden_states, probes
from assistant.models.llama.chat import LlamaChat
from assistant.models.llama.hidden_states import can_read_layers
from assistant.models.llama.load import model_fingerprint
from assistant.models.llama.probes import Probe, load_probe, read_probe

WIDTH, LAYER, PLACE = 576, 18, 7  # of SmolLM2-135M; the layer and the number of its state that the probe of these tests reads
CAPITAL = (Message("user", "The capital of France is Paris. What is the capital of France?"),)
OTHER = (Message("user", "The river has two mills of grey stone. What is the capital of France?"),)
CANDIDATES = (ScoredText(CAPITAL, "Which city is it?"), ScoredText(OTHER, "Which city is it?"))


def test_a_probe_is_a_weighted_sum_and_a_bias() -> None:
    assert Probe(3, np.array([1, -2, 0.5], np.float32)).log_odds(np.array([2, 1], np.float32)) == 0.5


def test_a_probe_is_read_from_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez(tmp_path / "abc.npz", layer=np.array(5), weights=np.ones(4, np.float16))
    monkeypatch.setattr(probes, "FITTED", tmp_path)
    found, = load_probe("abc")
    assert (found.layer, found.log_odds(np.ones(3, np.float32))) == (5, 4)
    assert load_probe("another model") == ()


def test_every_shipped_probe_is_read() -> None:
    assert all(len(read_probe(file).weights) > 1 for file in probes.FITTED.iterdir())


@pytest.fixture(scope="module")
def chat(weights: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaChat]:
    folder, path = tmp_path_factory.mktemp("fitted"), weights("smollm2-135m-instruct")
    np.savez(folder / f"{model_fingerprint(path)}.npz", layer=np.array(LAYER), weights=np.eye(1, WIDTH + 1, PLACE)[0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(probes, "FITTED", folder)
        opened = LlamaChat("smollm2", path, 2048, 0, -1, layers=[3])
    yield opened
    opened.close()


@pytest.mark.model
def test_the_state_at_the_end_of_the_prompt_is_judged(chat: LlamaChat) -> None:
    chat._engine.truncate(0)
    reply = chat.reply(CAPITAL, 20, CANDIDATES)
    answerable = reply.answerable()
    assert answerable == float(chat._engine.hidden_state(LAYER)[PLACE])
    assert answerable != chat.reply(OTHER, 20).answerable()
    chat._engine.truncate(0)
    chat._engine.prefill(reply._prompt)
    assert float(chat._engine.hidden_state(LAYER)[PLACE]) == pytest.approx(answerable, rel=0.02)


@pytest.mark.model
def test_a_judgement_does_not_depend_on_what_was_cached(chat: LlamaChat) -> None:
    chat._engine.truncate(0)
    cold = chat.reply(CAPITAL, 20, CANDIDATES)
    first = cold.answerable()
    said = "".join(cold)
    assert cold.answerable() == first
    warm = chat.reply(CAPITAL, 20, CANDIDATES)
    assert (warm.answerable(), "".join(warm)) == (first, said)
    assert warm.reused_tokens


@pytest.mark.model
def test_the_states_of_other_layers_can_be_read(chat: LlamaChat) -> None:
    chat.reply(CAPITAL, 20).answerable()
    assert chat._engine.hidden_state(3).shape == (WIDTH,)
    with pytest.raises(KeyError):
        chat._engine.hidden_state(4)


@pytest.mark.model
def test_a_state_is_read_after_the_context_grew(chat: LlamaChat) -> None:
    first = chat.reply(CAPITAL, 20).answerable()
    chat._engine.grow_context(chat._engine.context_size + 1)
    chat._engine.truncate(0)
    assert chat.reply(CAPITAL, 20).answerable() == pytest.approx(first, rel=0.02)


@pytest.mark.model
def test_where_the_layers_cannot_be_read_a_model_answers_without_its_probe(
    weights: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = weights("smollm2-135m-instruct")
    np.savez(tmp_path / f"{model_fingerprint(path)}.npz", layer=np.array(LAYER), weights=np.eye(1, WIDTH + 1, PLACE)[0])
    monkeypatch.setattr(probes, "FITTED", tmp_path)
    monkeypatch.setattr(hidden_states, "ggml_folder", lambda: tmp_path)
    assert not can_read_layers()
    opened = LlamaChat("smollm2", path, 2048, 0, -1)
    assert opened.reply(CAPITAL, 5).answerable() is None
    opened.close()


@pytest.mark.model
def test_a_layer_without_output_judges_nothing(chat: LlamaChat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat, "_probes", (Probe(LAYER + 1, np.ones(WIDTH + 1, np.float32)),))
    reply = chat.reply(CAPITAL, 5)
    assert reply.answerable() is None
    assert "".join(reply)


@pytest.mark.model
def test_a_model_without_a_probe_judges_nothing(weights: Callable[[str], Path]) -> None:
    opened = LlamaChat("smollm2", weights("smollm2-135m-instruct"), 2048, 0, -1)
    reply = opened.reply(CAPITAL, 5)
    assert reply.answerable() is None
    assert "".join(reply)
    with pytest.raises(KeyError):
        opened._engine.hidden_state(LAYER)
    opened.close()
