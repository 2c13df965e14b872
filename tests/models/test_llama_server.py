"""A chat model behind a real server that others wrote: llama-cpp-python's own, with a small model."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant.app.assistant import Assistant
from assistant.config import load_settings
from assistant.datatypes import Message, Turn
from assistant.errors import ServerUnavailable
from assistant.models.remote.chat import RemoteChat
from assistant.models.remote.spec import ServerSpec
from tests.server.web import serving_web

sys.path.insert(0, str(Path(__file__).parent))

from llama_server import KEY, MODEL, LlamaServer, require_server, serving

pytestmark = [pytest.mark.clients, pytest.mark.model]
QUESTION = "How much is the deposit?"
COUNT = [Message("user", "Count from one to fifty in words.")]


@pytest.fixture(scope="module")
def server(weights: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaServer]:
    require_server()
    with serving(weights("smollm2-135m-instruct"), tmp_path_factory.mktemp("llama") / "log") as running:
        yield running


@pytest.fixture
def own_server(weights: Callable[[str], Path], tmp_path: Path) -> Iterator[LlamaServer]:
    require_server()
    with serving(weights("smollm2-135m-instruct"), tmp_path / "log") as running:
        yield running


@pytest.fixture
def assistant(server: LlamaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Assistant]:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "lease.txt").write_text("The lease ends on 31 December 2027. The deposit is 15500 pounds.\n", "utf-8")
    for name, value in {"CHAT": server.address, "CHAT_MODEL": MODEL, "CHAT_KEY": KEY, "REMOTE": "lan", "EMBED": "fake:",
                        "ANSWER_TOKENS": "48", "REFUSAL_THRESHOLD": "100"}.items():
        monkeypatch.setenv(f"ASSISTANT_{name}", value)
    with Assistant(load_settings()) as opened:
        opened.add([tmp_path / "files"])
        yield opened


def chat_at(server: LlamaServer, monkeypatch: pytest.MonkeyPatch, key: str = KEY, seconds: int = 60) -> RemoteChat:
    monkeypatch.setenv("ASSISTANT_CHAT_KEY", key)
    return RemoteChat(MODEL, ServerSpec(server.address, "lan", True, seconds), 4096, pauses=(0.05,))


def test_an_answer_comes_in_pieces_with_counts_and_probabilities(assistant: Assistant, server: LlamaServer):
    stream = assistant.ask(QUESTION)
    pieces = [piece for piece in stream if piece]
    answer = stream.answer
    assert len(pieces) > 1
    assert (answer.model, answer.machine) == (MODEL, f"127.0.0.1:{server.port}")
    assert answer.answerability is not None and answer.answerability.p_unanswerable is None  # nothing is fitted to such a model
    assert answer.timings.prompt_tokens > 20 and answer.timings.generated_tokens > 0
    assert assistant.sent().questions == assistant.sent().left == 1


def test_a_conversation(assistant: Assistant):
    asked = assistant.ask("When does it end?", [Turn("What does the lease say?", "The lease is about a mill.")])
    assert asked.answer.machine
    assert "15500" in assistant.ask(QUESTION).hits[0].chunk.text


def test_it_is_served_to_other_programs_in_pieces(assistant: Assistant):
    asked = {"model": "default", "messages": [{"role": "user", "content": QUESTION}], "stream": True}
    with serving_web() as web:
        answered = web.post("/v1/chat/completions", asked)
    assert answered.status_code == 200
    assert answered.text.rstrip().endswith("data: [DONE]")
    assert '"finish_reason":"stop"' in answered.text


def test_the_reply_is_read_while_it_is_written(server: LlamaServer, monkeypatch: pytest.MonkeyPatch):
    reply = chat_at(server, monkeypatch).reply(COUNT, 12)
    assert 0 <= reply.likelihood("One") <= 1
    pieces = list(reply)
    assert len(pieces) > 5
    assert "".join(pieces).strip()
    assert not reply.finished  # cut by max_tokens, which the server reports


def test_a_reply_that_nobody_wants_any_more_frees_the_server(server: LlamaServer, monkeypatch: pytest.MonkeyPatch):
    chat = chat_at(server, monkeypatch)
    begun = iter(chat.reply(COUNT, 400))
    next(begun)
    begun.close()  # type: ignore[attr-defined]
    assert "".join(chat.reply([Message("user", "Say yes.")], 4)).strip()


def test_a_wrong_key_is_said(server: LlamaServer, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(ServerUnavailable, match=r"refuses the key \(status 401\)"):
        "".join(chat_at(server, monkeypatch, "sk-wrong").reply(COUNT, 4))


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_server_that_dies_in_the_middle_of_its_answer(own_server: LlamaServer, monkeypatch: pytest.MonkeyPatch):
    chat, heard = chat_at(own_server, monkeypatch), list[str]()
    with pytest.raises(ServerUnavailable, match="broke off"):
        for piece in chat.reply(COUNT, 400):
            heard.append(piece)
            own_server.process.kill()
    assert heard
    with pytest.raises(ServerUnavailable, match="cannot be reached"):
        "".join(chat.reply(COUNT, 4))


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_server_that_hangs_in_the_middle_of_its_answer(own_server: LlamaServer, monkeypatch: pytest.MonkeyPatch):
    chat, heard = chat_at(own_server, monkeypatch, seconds=8), list[str]()
    with pytest.raises(ServerUnavailable, match="sent no text for 8 seconds"):
        for piece in chat.reply(COUNT, 400):
            heard.append(piece)
            own_server.process.send_signal(signal.SIGSTOP)
    assert heard
