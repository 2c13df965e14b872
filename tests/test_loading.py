"""Which model a setting means, and what it wants in front of a text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.config import Settings
from assistant.errors import ModelMissing
from assistant.loading import embedder_spec, stamp_of


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
    assert stamp_of(Path()) == ()


def test_a_changed_model_file_is_seen(tmp_path):
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text("{}", "utf-8")
    before = stamp_of(tmp_path)
    (tmp_path / "1_Pooling" / "config.json").write_text('{"pooling": "first"}', "utf-8")
    assert before
    assert stamp_of(tmp_path) != before
