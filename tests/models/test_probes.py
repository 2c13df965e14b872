"""Probes over the hidden states of a model."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from assistant.datatypes import Message, ScoredText
from assistant.models.llama import probes
from assistant.models.llama.chat import LlamaChat
from assistant.models.llama.load import model_fingerprint
from assistant.models.llama.probes import Probe, Probes, load_probes, read_probes

WIDTH = 576  # of SmolLM2-135M
CAPITAL = (Message("user", "The capital of France is Paris. What is the capital of France?"),)
OTHER = (Message("user", "The river has two mills of grey stone. What is the capital of France?"),)
CANDIDATES = (ScoredText(CAPITAL, "Which city is it?"), ScoredText(OTHER, "Which city is it?"))


def save(file: Path, answerable: tuple[int, np.ndarray], right: tuple[int, np.ndarray]) -> None:
    np.savez(file, layers=np.array([answerable[0], right[0]]), answerable=answerable[1], right=right[1])


def test_a_probe_is_a_weighted_sum_and_a_bias() -> None:
    assert Probe(3, np.array([1, -2, 0.5], np.float32)).log_odds(np.array([2, 1], np.float32)) == 0.5


def test_a_file_of_probes_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "abc.npz", (5, np.ones(4, np.float16)), (2, np.zeros(4, np.float16)))
    monkeypatch.setattr(probes, "FITTED", tmp_path)
    found, = load_probes("abc")
    assert (found.answerable.layer, found.right.layer, found.layers) == (5, 2, (2, 5))
    assert found.answerable.log_odds(np.ones(3, np.float32)) == 4
    assert load_probes("another model") == ()


def test_every_shipped_file_of_probes_is_read() -> None:
    for file in probes.FITTED.iterdir():
        assert len(read_probes(file).answerable.weights) > 1


@pytest.fixture(scope="module")
def chat(weights: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaChat]:
    folder, path = tmp_path_factory.mktemp("fitted"), weights("smollm2-135m-instruct")
    save(folder / f"{model_fingerprint(path)}.npz", (10, np.eye(1, WIDTH + 1, 7)[0]), (20, np.eye(1, WIDTH + 1, 9)[0]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(probes, "FITTED", folder)
        opened = LlamaChat("smollm2", path, 2048, 0, -1)
    yield opened
    opened.close()


@pytest.mark.model
def test_the_state_at_the_end_of_the_prompt_is_judged(chat: LlamaChat) -> None:
    chat._engine.truncate(0)
    reply = chat.reply(CAPITAL, 20, CANDIDATES)
    answerable = reply.answerable()
    assert answerable == pytest.approx(float(chat._engine.hidden_state(10)[7]))
    assert answerable != chat.reply(OTHER, 20).answerable()
    "".join(reply)
    assert reply.answerable() == answerable


@pytest.mark.model
def test_a_judgement_does_not_depend_on_what_was_cached(chat: LlamaChat) -> None:
    chat._engine.truncate(0)
    cold = chat.reply(CAPITAL, 20)
    first = cold.answerable(), "".join(cold), cold.right()
    warm = chat.reply(CAPITAL, 20)
    assert (warm.answerable(), "".join(warm), warm.right()) == pytest.approx(first) or first[1] == "".join(warm)
    assert warm.reused_tokens


@pytest.mark.model
def test_the_answer_is_judged_by_the_state_of_its_last_token(chat: LlamaChat) -> None:
    reply = chat.reply(CAPITAL, 40)
    before = reply.right()
    said = "".join(reply)
    assert reply.finished
    assert reply.right() != before
    tokens = chat._engine.vocabulary.tokenize(said, special=False)
    chat._engine.truncate(0)
    chat._engine.prefill([*reply._prompt, *tokens])
    assert float(chat._engine.hidden_state(20)[9]) == pytest.approx(reply.right(), abs=0.05)


@pytest.mark.model
def test_a_model_without_probes_judges_nothing(weights: Callable[[str], Path]) -> None:
    opened = LlamaChat("smollm2", weights("smollm2-135m-instruct"), 2048, 0, -1)
    reply = opened.reply(CAPITAL, 5)
    assert reply.answerable() is None
    assert "".join(reply)
    assert reply.right() is None
    opened.close()
