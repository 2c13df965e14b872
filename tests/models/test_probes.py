"""Probes over the hidden states of a model."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from assistant.datatypes import Message, Probe, ProbeGate, ScoredText
from assistant.models.llama import hidden_states, probes
from assistant.models.llama.chat import LlamaChat
from assistant.models.llama.generate import LlamaReply
from assistant.models.llama.hidden_states import can_read_layers
from assistant.models.llama.load import model_fingerprint
from assistant.models.llama.probes import QWEN, load_probe, read_probe

LAYERS, WIDTH = 30, 576  # of SmolLM2-135M
LAYER, PLACE = 18, 7  # the layer and the number of its state that the probe of these tests reads
CAPITAL = (Message("user", "The capital of France is Paris. What is the capital of France?"),)
OTHER = (Message("user", "The river has two mills of grey stone. What is the capital of France?"),)
CANDIDATES = (ScoredText(CAPITAL, "Which city is it?"), ScoredText(OTHER, "Which city is it?"))


def test_a_probe_is_a_weighted_sum_and_a_bias() -> None:
    assert Probe(3, np.array([1, -2, 0.5], np.float32)).log_odds(np.array([2, 1], np.float32)) == 0.5


def test_a_probe_is_read_from_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez(tmp_path / "abc.npz", layer=np.array(5), weights=np.ones(4, np.float16))
    monkeypatch.setattr(probes, "FITTED", tmp_path)
    found = load_probe("abc")
    assert (found.layer, found.log_odds(np.ones(3, np.float32))) == (5, 4)


def test_every_shipped_probe_is_read() -> None:
    assert all(len(read_probe(file).weights) > 1 for file in probes.FITTED.iterdir())


@pytest.fixture(scope="module")
def chat(weights: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaChat]:
    folder, path = tmp_path_factory.mktemp("fitted"), weights("smollm2-135m-instruct")
    fingerprint = model_fingerprint(path)
    np.savez(folder / f"{fingerprint}.npz", layer=np.array(LAYER), weights=np.eye(1, WIDTH + 1, PLACE)[0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(probes, "FITTED", folder)
        patch.setitem(probes.SHIPPED, fingerprint, QWEN)
        opened = LlamaChat("smollm2", path, 2048, 0, -1, layers=[3])
    yield opened
    opened.close()


def judgement(chat: LlamaChat, reply: LlamaReply) -> float:
    """Return the log-odds by the probe that belongs to the model."""
    assert isinstance(chat.gate, ProbeGate)
    state = reply.hidden_state(chat.gate.probe.layer)
    assert state is not None
    return chat.gate.probe.log_odds(state)


def own_state(chat: LlamaChat) -> float:
    """Return the number that the probe of these tests reads of the last batch."""
    return float(chat._engine.hidden_states()[LAYER][PLACE])


@pytest.mark.model
def test_the_state_at_the_end_of_the_prompt_is_judged(chat: LlamaChat) -> None:
    chat._engine.truncate(0)
    reply = chat.reply(CAPITAL, 20, CANDIDATES)
    answerable = judgement(chat, reply)
    assert answerable == own_state(chat)
    assert list(reply)
    assert answerable == own_state(chat)  # no state is read of the tokens of the reply
    assert answerable != judgement(chat, chat.reply(OTHER, 20))
    chat._engine.truncate(0)
    chat._engine.prefill(reply._prompt)
    assert own_state(chat) == pytest.approx(answerable, rel=0.02)


@pytest.mark.model
def test_a_judgement_does_not_depend_on_what_was_cached(chat: LlamaChat) -> None:
    chat._engine.truncate(0)
    cold = chat.reply(CAPITAL, 20, CANDIDATES)
    first = judgement(chat, cold)
    said = "".join(cold)
    assert judgement(chat, cold) == first
    warm = chat.reply(CAPITAL, 20, CANDIDATES)
    assert (judgement(chat, warm), "".join(warm)) == (first, said)
    assert warm.reused_tokens


@pytest.mark.model
def test_the_states_of_watched_layers_can_be_read_and_of_others_not(chat: LlamaChat) -> None:
    reply = chat.reply(CAPITAL, 20)
    state = reply.hidden_state(3)
    assert state is not None and state.shape == (WIDTH,)
    assert reply.hidden_state(4) is None


@pytest.mark.model
def test_a_state_is_read_after_the_context_grew(chat: LlamaChat) -> None:
    first = judgement(chat, chat.reply(CAPITAL, 20))
    chat._engine.grow_context(chat._engine.context_size + 1)
    chat._engine.truncate(0)
    assert judgement(chat, chat.reply(CAPITAL, 20)) == pytest.approx(first, rel=0.02)


@pytest.mark.model
def test_where_the_layers_cannot_be_read_a_model_answers_without_its_probe(
    weights: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = weights("smollm2-135m-instruct")
    monkeypatch.setitem(probes.SHIPPED, model_fingerprint(path), QWEN)
    monkeypatch.setattr(hidden_states, "ggml_folder", lambda: tmp_path)
    assert not can_read_layers()
    opened = LlamaChat("smollm2", path, 2048, 0, -1)
    assert (opened.gate, opened.layers) == (QWEN.without_probe, 0)
    assert "".join(opened.reply(CAPITAL, 5))
    opened.close()


@pytest.mark.model
def test_a_layer_can_be_watched_later_and_what_is_cached_stays(weights: Callable[[str], Path]) -> None:
    opened = LlamaChat("smollm2", weights("smollm2-135m-instruct"), 2048, 0, -1)
    assert (opened.gate, opened.layers) == (None, LAYERS)
    before = opened.reply(CAPITAL, 5)
    said = "".join(before)
    assert before.hidden_state(LAYER) is None
    opened.watch(LAYER)
    opened.watch(LAYER + 1)
    after = opened.reply(CAPITAL, 5)
    states = [after.hidden_state(layer) for layer in (LAYER, LAYER + 1)]
    assert [state.shape for state in states if state is not None] == [(WIDTH,)] * 2
    assert not np.array_equal(*states)
    assert "".join(after) == said
    assert after.reused_tokens
    opened.close()
