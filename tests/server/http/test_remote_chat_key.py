"""A chat model on another machine gets its key from `assistant serve` as from the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.config import Settings
from tests.server.web import Web

sys.path.insert(0, str(Path(__file__).parents[2] / "models"))

from fake_keyring import FakeKeyring, install
from openai_server import FakeServer, running, says

ASKED = {"model": "default", "messages": [{"role": "user", "content": "How much is the deposit?"}]}


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> FakeKeyring:
    return install(monkeypatch)


@pytest.fixture
def remote(settings: Settings, keyring: FakeKeyring, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    with running(says("The deposit is 15500 pounds [1].")) as fake:
        for name, value in {"CHAT": fake.address, "CHAT_MODEL": "qwen3-32b", "REMOTE": "lan"}.items():
            monkeypatch.setenv(f"ASSISTANT_{name}", value)
        yield fake


def keys_sent(remote: FakeServer) -> set[str | None]:
    return {headers.get("authorization") for headers in remote.headers}


@pytest.mark.parametrize("stream", [False, True])
def test_the_key_of_the_environment(web: Web, remote: FakeServer, monkeypatch: pytest.MonkeyPatch, stream: bool):
    monkeypatch.setenv("ASSISTANT_CHAT_KEY", "sk-env")
    assert "15500" in web.post("/v1/chat/completions", {**ASKED, "stream": stream}).text
    assert keys_sent(remote) == {"Bearer sk-env"}


def test_the_key_of_the_keyring_is_looked_up_for_answers_only(web: Web, remote: FakeServer, keyring: FakeKeyring):
    machine = f"127.0.0.1:{remote.port}"
    keyring.passwords["private-assistant", machine] = "sk-ring"
    web.post("/search", {"question": "deposit"})
    assert keyring.asked == []
    assert web.post("/v1/chat/completions", ASKED).status_code == 200
    assert keys_sent(remote) == {"Bearer sk-ring"}
    assert set(keyring.asked) == {("private-assistant", machine)}


def test_a_server_without_a_key_gets_none(web: Web, remote: FakeServer):
    assert web.post("/v1/chat/completions", ASKED).status_code == 200
    assert keys_sent(remote) == {None}
