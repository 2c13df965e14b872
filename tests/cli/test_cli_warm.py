"""warm: what the chat model reads beforehand, and what it says where it may not."""

from __future__ import annotations

import json

import pytest

from assistant.models.fake import FakeChat


@pytest.fixture
def joining(monkeypatch):
    monkeypatch.setenv("ASSISTANT_REUSE", "joined")


def test_every_passage_is_read(run, library, joining):
    passages = json.loads(run("status", "--json").stdout)["chunks"]
    found = json.loads(run("warm", "--json").stdout)
    assert found["passages"] == found["ready"] == passages
    assert found["tokens"] > 0
    assert not found["is_full"]


def test_only_what_is_named_is_read(run, library, folder, joining):
    all_of_it = json.loads(run("warm", "--json").stdout)
    part = json.loads(run("warm", folder / "coffee.txt", "--json").stdout)
    assert 0 < part["passages"] < all_of_it["passages"]


def test_it_ends_where_there_is_no_room(run, library, joining, monkeypatch):
    monkeypatch.setattr(FakeChat, "kept_bytes", 2**40, raising=False)
    monkeypatch.setattr(FakeChat, "__init__", lambda self, joins: setattr(self, "joins", joins))  # sets no kept_bytes
    result = run("warm")
    assert result.exit_code == 0
    assert "no room" in result.stderr


def test_a_model_that_was_not_measured_is_left_alone(run, library):
    result = run("warm")
    assert result.exit_code == 2
    assert "reuse" in result.stderr


def test_what_is_not_there_is_said(run, library, joining, tmp_path):
    assert run("warm", tmp_path / "nothing").exit_code == 2
