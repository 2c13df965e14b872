"""calibrate: questions of the library's own, the offset that is kept, and how it goes on where it was stopped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.app.library.library import CALIBRATION_KEY
from assistant.index import Store

TOPICS = ("lease", "coffee", "boiler", "garden", "bicycle", "telescope", "violin", "harbour", "bakery", "library")


@pytest.fixture
def many(run, tmp_path, monkeypatch):
    folder = tmp_path / "many"
    folder.mkdir()
    for number, topic in enumerate(TOPICS):
        (folder / f"{topic}.txt").write_text(
            f"The {topic} was inspected in 20{10 + number} by the office in Leeds, which wrote {number + 3} pages on the "
            f"{topic}. The report on the {topic} praises the care that was taken of it.\n", "utf-8")
    run("add", folder)
    monkeypatch.setattr("assistant.models.fake.nearest_sentence", asked_about)
    return folder


def asked_about(said: list[str]) -> str:
    topic = next(topic for topic in TOPICS if f" {topic} " in said[-1])
    return f"Which office inspected the {topic}?"


def test_calibrate_keeps_an_offset_with_the_library(run, many, own_home):
    found = json.loads(run("calibrate", "--questions", "6", "--json").stdout)
    assert found["questions"] == 6
    store = Store(own_home / "libraries" / "default" / "library.sqlite")
    assert float(store.meta(CALIBRATION_KEY)) == pytest.approx(found["offset"])
    store.close()
    assert run("calibrate", "--reset").exit_code == 0


def test_calibrate_goes_on_where_it_was(run, many, own_home):
    run("calibrate", "--questions", "6")
    kept = own_home / "libraries" / "default" / "calibration.jsonl"
    lines = kept.read_text("utf-8")
    result = run("calibrate", "--questions", "7")
    assert "7 questions" in result.stdout
    assert kept.read_text("utf-8").startswith(lines)
    assert len(kept.read_text("utf-8").splitlines()) == 7


def test_the_questions_of_the_model_are_taken_for_harder_than_they_are(run, many, own_home, monkeypatch):
    kept = own_home / "libraries" / "default" / "calibration.jsonl"
    found = []
    for own_words in (0.0, 1.5):
        for module in ("app.ask.calibrate", "app.library.library"):
            monkeypatch.setattr(f"assistant.{module}.GENERATED_QUESTION_OFFSET", own_words)
        run("calibrate", "--questions", "6")
        records = map(json.loads, kept.read_text("utf-8").splitlines()[-6:])
        found.append({record["passage"]: record["trial"] for record in records})
    for passage, trial in found[0].items():
        assert found[1][passage]["answered"] == pytest.approx(trial["answered"] + 1.5)
        assert found[1][passage]["held_out"] == pytest.approx(trial["held_out"])


def test_a_small_library_is_told_so(run, library):
    result = run("calibrate")
    assert result.exit_code == 2
    assert "too few" in result.stderr


def test_trials_leave_with_the_file_that_they_are_about(run, many, own_home):
    run("calibrate", "--questions", "6")
    kept = own_home / "libraries" / "default" / "calibration.jsonl"
    gone = Path(json.loads(kept.read_text("utf-8").splitlines()[0])["passage"].rpartition("#")[0])
    assert run("remove", gone).exit_code == 0
    assert gone.name not in kept.read_text("utf-8")
    assert len(kept.read_text("utf-8").splitlines()) == 5
