"""What is on this disk: present, verified, damaged, removed."""

import os

import pytest
from catalog_fakes import model_of, pattern

from assistant.catalog import installed as disk_module
from assistant.errors import ModelMissing, ModelUnusable

CONTENTS = {"model.safetensors": pattern(50_000), "1_Pooling/config.json": b"{}"}
MODEL = model_of(CONTENTS, kind="embedding")


@pytest.fixture
def filled(store):
    """A store with the model's files, verified."""
    for path, data in CONTENTS.items():
        place = store.folder / "small" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    store.verify(MODEL)
    return store


def test_paths(store):
    assert store.path(MODEL) == store.folder / "small"
    assert store.path(model_of({"a.gguf": b"x"})) == store.folder / "small" / "a.gguf"


def test_nothing_there(store):
    assert not store.is_present(MODEL)
    for ask in (store.require, store.verify):
        with pytest.raises(ModelMissing) as failure:
            ask(MODEL)
        assert "assistant models pull small" in failure.value.hint


def test_present_costs_no_hashing(filled, monkeypatch):
    monkeypatch.setattr(disk_module, "sha256", lambda place: pytest.fail("hashed"))
    assert filled.is_present(MODEL)
    assert filled.require(MODEL) == filled.folder / "small"


def test_a_touched_file_is_hashed_once_more(filled):
    os.utime(filled.folder / "small" / "model.safetensors")
    assert not filled.is_present(MODEL)
    filled.require(MODEL)
    assert filled.is_present(MODEL)


def test_a_catalog_with_other_bytes_makes_it_absent(filled):
    other = model_of(CONTENTS | {"model.safetensors": pattern(50_000, seed=5)}, kind="embedding")
    assert not filled.is_present(other)


def test_verify_removes_what_is_damaged_and_says_so(filled):
    place = filled.folder / "small" / "model.safetensors"
    place.write_bytes(CONTENTS["model.safetensors"][:-1] + b"x")
    with pytest.raises(ModelUnusable, match=r"model\.safetensors is damaged and was removed"):
        filled.verify(MODEL)
    assert not place.exists() and not filled.is_present(MODEL)


def test_verify_says_what_is_not_there(filled):
    (filled.folder / "small" / "1_Pooling" / "config.json").unlink()
    with pytest.raises(ModelUnusable, match=r"1_Pooling/config\.json is not there"):
        filled.verify(MODEL)


def test_a_truncated_file_is_missing(filled):
    (filled.folder / "small" / "model.safetensors").write_bytes(b"short")
    with pytest.raises(ModelMissing):
        filled.require(MODEL)


@pytest.mark.parametrize("stamp", ["", "[]", "{", '{"model.safetensors": 1}'])
def test_an_unreadable_stamp_only_costs_another_look(filled, stamp):
    (filled.folder / "small" / ".verified.json").write_text(stamp)
    assert not filled.is_present(MODEL)
    filled.require(MODEL)
    assert filled.is_present(MODEL)


def test_remove_frees_the_bytes_and_leaves_what_is_not_the_model_s(filled):
    (filled.folder / "small" / "model.safetensors.partial").write_bytes(b"1234")
    own = filled.folder / "small" / "notes.txt"
    own.write_text("mine")
    assert filled.remove(MODEL) > 50_000 + 2 + 4
    assert not filled.is_present(MODEL) and own.read_text() == "mine"
    assert [path.name for path in (filled.folder / "small").iterdir()] == ["notes.txt"]


def test_remove_leaves_no_folder(filled):
    filled.remove(MODEL)
    assert not (filled.folder / "small").exists()


def test_remove_of_nothing_frees_nothing(store):
    assert store.remove(MODEL) == 0
