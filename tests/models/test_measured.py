"""What is known of models that were measured."""

from pathlib import Path

import pytest

from assistant.app.models.cache import Models, may_join
from assistant.config import Settings
from assistant.models.llama.kv_reuse_measured import (
    LOSES_ANSWERS,
    LOSES_NOTHING,
    TRIALS,
    identity,
    key_of,
    loses_answers,
    loses_nothing,
    note_trial,
)


def test_what_was_measured_goes_before_trials_on_this_machine(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = own_home / "model.gguf"
    own_home.mkdir(exist_ok=True)
    file.write_bytes(b"GGUF and more")
    settings = Settings(own_home, chat=str(file))
    assert Models(settings).is_to_be_tried
    assert not may_join(settings, file)
    for _ in range(TRIALS):
        note_trial(own_home, key_of(file), "same")
    assert may_join(settings, file)
    monkeypatch.setitem(LOSES_ANSWERS, identity(file), "a model")
    assert loses_answers(file)
    assert not may_join(settings, file)
    assert not Models(settings).is_to_be_tried


def test_a_model_that_loses_nothing_joins_at_once(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = own_home / "model.gguf"
    own_home.mkdir(exist_ok=True)
    file.write_bytes(b"GGUF and more")
    monkeypatch.setitem(LOSES_NOTHING, identity(file), "a model")
    settings = Settings(own_home, chat=str(file))
    assert loses_nothing(file)
    assert may_join(settings, file)
    assert not Models(settings).is_to_be_tried


def test_no_model_is_on_both_lists() -> None:
    assert not set(LOSES_ANSWERS) & set(LOSES_NOTHING)
