"""Where the key of a remote chat model comes from: the call, the environment, the keyring, in this order."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from assistant.errors import UsageError
from assistant.system.children import environment_with
from assistant.system.credentials import find_chat_key, find_library_token, use_chat_key

sys.path.insert(0, str(Path(__file__).parents[1] / "models"))

from fake_keyring import FakeKeyring, install, uninstall

SERVER = "gpu.lan:8080"


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> FakeKeyring:
    held = install(monkeypatch)
    held.passwords["private-assistant", SERVER] = " sk-ring\n"
    return held


def test_the_keyring_is_asked_for_the_server_by_name(keyring: FakeKeyring):
    assert find_chat_key(SERVER) == "sk-ring"
    assert find_chat_key("other.lan:8080") == ""
    assert keyring.asked == [("private-assistant", SERVER), ("private-assistant", "other.lan:8080")]


def test_the_environment_comes_before_the_keyring(keyring: FakeKeyring, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ASSISTANT_CHAT_KEY", " sk-env ")
    assert find_chat_key(SERVER) == "sk-env"
    assert keyring.asked == []


def test_a_key_of_a_call_comes_before_both(keyring: FakeKeyring, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ASSISTANT_CHAT_KEY", "sk-env")
    for key in ("sk-call", ""):
        with use_chat_key(key):
            assert find_chat_key(SERVER) == key
    assert keyring.asked == []


def test_the_token_of_a_library_is_in_the_environment_or_the_keyring(keyring: FakeKeyring, monkeypatch: pytest.MonkeyPatch):
    keyring.passwords["private-assistant", "milvus:db:19530"] = "ann:secret\n"
    assert find_library_token("milvus:db:19530") == "ann:secret"
    assert find_library_token("milvus:other:19530") == ""
    monkeypatch.setenv("ASSISTANT_LIBRARY_TOKEN", " token ")
    assert find_library_token("milvus:db:19530") == "token"
    assert "ASSISTANT_LIBRARY_TOKEN" not in environment_with({})


@pytest.mark.parametrize("failure", [RuntimeError("no backend"), OSError("locked"), KeyError("x")])
def test_a_keyring_that_cannot_be_used_holds_no_key(keyring: FakeKeyring, failure: Exception):
    keyring.failure = failure
    assert find_chat_key(SERVER) == ""


def test_the_package_keyring_is_optional(monkeypatch: pytest.MonkeyPatch):
    uninstall(monkeypatch)
    assert find_chat_key(SERVER) == ""


@pytest.mark.parametrize("key", ["sk-é", "sk\nX-Other: 1", "sk-\u200b1"])
def test_a_key_that_no_header_can_hold_is_an_error_that_does_not_repeat_it(monkeypatch: pytest.MonkeyPatch, key: str):
    monkeypatch.setenv("ASSISTANT_CHAT_KEY", key)
    with pytest.raises(UsageError, match=r"The key for gpu\.lan:8080") as raised:
        find_chat_key(SERVER)
    assert key not in str(raised.value) + raised.value.hint


def test_the_keyring_is_not_imported_before_a_key_is_needed():
    code = "import sys, assistant.system.credentials, assistant.models.remote.chat; assert 'keyring' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
