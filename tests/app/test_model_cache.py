"""Which model a setting means, and what it wants in front of a text."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from assistant.app.models import ModelCache, embedder_spec, file_stamp
from assistant.config import Settings
from assistant.errors import ModelMissing, ModelUnusable
from assistant.models.fake import FakeChat
from assistant.models.open import ChatSpec, ModelSpec


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"prompts": {"query": "query: ", "document": "passage: "}}, ("query: ", "passage: ")),
        ({"prompts": {"query": "Question: ", "passage": "Text: "}}, ("Question: ", "Text: ")),
        ({"prompts": {}}, ("", "")), ({}, ("", "")), ([], ("", "")), (None, ("", "")),
    ],
)  # fmt: skip
def test_a_folder_of_one_s_own_says_its_prompts(tmp_path: Path, said: object, expected: tuple[str, str]):
    if said is not None:
        (tmp_path / "config_sentence_transformers.json").write_text(json.dumps(said), "utf-8")
    spec = embedder_spec(Settings(home=tmp_path, embed=str(tmp_path)))
    assert (spec.query_prompt, spec.passage_prompt) == expected


def test_a_folder_that_is_not_there(tmp_path: Path):
    with pytest.raises(ModelMissing, match="no embedding model at"):
        embedder_spec(Settings(home=tmp_path, embed=str(tmp_path / "nowhere")))


def test_a_model_without_files_costs_no_look_at_the_disk(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("of the folder that the program happens to run in", "utf-8")
    monkeypatch.chdir(tmp_path)
    assert file_stamp(Path()) == ()


def test_a_changed_model_file_is_seen(tmp_path):
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text("{}", "utf-8")
    before = file_stamp(tmp_path)
    (tmp_path / "1_Pooling" / "config.json").write_text('{"pooling": "first"}', "utf-8")
    assert before
    assert file_stamp(tmp_path) != before


def test_a_file_that_vanishes_meanwhile_changes_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "model.bin").write_bytes(b"weights")
    known = file_stamp(tmp_path)
    (tmp_path / "model.bin.partial").write_bytes(b"half")
    stat = Path.stat

    def stat_late(file: Path, **how: bool):
        if file.suffix == ".partial":
            file.unlink(missing_ok=True)
        return stat(file, **how)

    monkeypatch.setattr(Path, "stat", stat_late)
    assert file_stamp(tmp_path) == known != ()


def test_what_is_loaded_can_be_asked_while_it_changes():
    shelf, over = ModelCache(), threading.Event()

    def load() -> None:
        for number in range(100):
            shelf.embedder(ModelSpec("fake:", Path(), f"{number}"))
            shelf.start_chat(ChatSpec("fake:", Path(), number)).result()
            shelf.drop_chat()
        over.set()

    def ask() -> int:
        asked = 0
        while not over.is_set():
            assert shelf.chat_name in ("", "fake:") and set(shelf.embedder_names) <= {"fake:"}
            asked += 1
        return asked

    with ThreadPoolExecutor(3) as threads:
        loading, *asking = threads.submit(load), threads.submit(ask), threads.submit(ask)
        loading.result()
        assert all(each.result() for each in asking)


def test_a_model_that_fails_while_another_is_wanted_is_dropped(monkeypatch: pytest.MonkeyPatch):
    may_fail = threading.Event()

    def load(spec: ChatSpec, should_stop: object) -> FakeChat:
        if spec.name == "broken":
            assert may_fail.wait(30)
            raise ModelUnusable("It is broken.")
        return FakeChat()

    monkeypatch.setattr("assistant.app.models.open_chat", load)
    shelf = ModelCache()
    broken = shelf.start_chat(ChatSpec("broken", Path()))
    threading.Timer(0.1, may_fail.set).start()
    assert isinstance(shelf.start_chat(ChatSpec("fake:", Path())).result(), FakeChat)
    assert isinstance(broken.exception(), ModelUnusable)
    assert shelf.chat_name == "fake:"
