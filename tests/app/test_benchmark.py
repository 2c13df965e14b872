"""What the machine can do, measured with models that need no weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from assistant.app.assistant import Assistant
from assistant.app.diagnostics.benchmark import (
    filler_text,
    measure,
    measure_questions,
    percentile,
    project_to_7b,
    summarize_timings,
    timings_of_answer,
)
from assistant.app.models import ModelProvider
from assistant.config import Settings, load_settings
from assistant.datatypes import Timings
from assistant.errors import ModelMissing


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("ASSISTANT_CHAT", "fake:")
    monkeypatch.setenv("ASSISTANT_EMBED", "fake:")
    return load_settings()


def test_everything_is_measured(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "lease.txt").write_text("The lease ends in 2027. The pump was mended.", "utf-8")
    with Assistant(settings) as assistant:
        assistant.add([tmp_path / "lease.txt"])
    figures = {figure.name: figure for figure in measure(settings)}
    assert figures["passages embedded"].unit == "passages/s"
    assert figures["search, median"].value > 0
    assert figures["reply written"].value > 0
    assert figures["memory of this process"].value > 1_000_000
    for kind in ("question", "question asked again"):
        assert (figures[f"{kind}: passages read"].value, figures[f"{kind}: passages read"].unit) == (1, "passages")
        assert figures[f"{kind}: tokens read"].value > 50
        assert (figures[f"{kind}: tokens cached"].value, figures[f"{kind}: tokens cached"].unit) == (0, "tokens")
        assert 0 < figures[f"{kind}: evidence found"].value < figures[f"{kind}: first word"].value


def test_without_a_library_there_is_no_search_to_measure(settings: Settings) -> None:
    names = [figure.name for figure in measure(settings)]
    assert "prompt read" in names
    assert not [name for name in names if name.startswith("search")]


def test_no_passage_is_sent_to_another_machine(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "lease.txt").write_text("The lease ends in 2027.", "utf-8")
    elsewhere = replace(settings, chat="http://127.0.0.1:9/v1", chat_model="m", remote="lan")
    with Assistant(elsewhere) as assistant:
        assistant.add([tmp_path / "lease.txt"])
    assert list(measure_questions(elsewhere, ModelProvider(elsewhere))) == []


@pytest.mark.parametrize("text", ["Summarise lease.txt", "Summarise missing.txt"])
def test_a_text_that_asks_about_whole_files_is_not_answered(tmp_path: Path, settings: Settings, text: str) -> None:
    (tmp_path / "lease.txt").write_text("The lease ends in 2027.", "utf-8")
    with Assistant(settings) as assistant:
        assistant.add([tmp_path / "lease.txt"])
        assert timings_of_answer(assistant, text) == ()
        assert timings_of_answer(assistant, "When does the lease end?") != ()


def test_of_several_answers_the_medians_are_given() -> None:
    timings = [Timings(10.0, 40.0, read_passages=1, read_tokens=200, reused_tokens=7), Timings(30.0, 20.0, read_passages=5)]
    assert [figure.value for figure in summarize_timings("question", timings)] == [0.02, 0.03, 1, 0, 0]
    assert list(summarize_timings("question", [])) == []


def test_a_missing_model_is_told_first() -> None:
    with pytest.raises(ModelMissing):
        next(measure(load_settings()))


def test_a_model_four_times_as_large_is_four_times_as_slow() -> None:
    projected = project_to_7b({"prompt read": 100.0, "reply written": 20.0}, 4)
    found = {figure.name.split(": ")[1]: figure.value for figure in projected}
    assert found == {"prompt read": 25.0, "first token, 1000 new tokens": 40.0, "reply written": 5.0}


def test_texts_of_two_seeds_differ_from_the_start_and_have_their_length() -> None:
    assert len(filler_text(450, 1).split()) == 450
    assert filler_text(20, 1)[:24] != filler_text(20, 2)[:24]


def test_percentile_is_the_nearest_rank() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.95) == 3.0
    assert percentile([1.0, 2.0, 3.0, 4.0], 0.5) == 3.0
