"""calibrate: questions of the library's own, the offset or the probe that is kept, and how it goes on where it was stopped."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from assistant.app.library.calibrations import gate_key, offset_key, stored_gate
from assistant.index import Store
from assistant.models.fake import FakeChat

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


def store_of(home):
    return Store(home / "libraries" / "default" / "library.sqlite")


def test_calibrate_keeps_an_offset_with_the_library(run, many, own_home, fitted):
    found = json.loads(run("calibrate", "--questions", "6", "--json").stdout)
    assert found["questions"] == 6
    store = store_of(own_home)
    assert float(store.meta(offset_key("fake-1"))) == pytest.approx(found["offset"])
    store.close()
    assert run("calibrate", "--reset").exit_code == 0
    store = store_of(own_home)
    assert not store.meta_with_prefix("calibration_")
    store.close()


def test_calibrate_goes_on_where_it_was(run, many, own_home, fitted):
    run("calibrate", "--questions", "6")
    kept = own_home / "libraries" / "default" / "calibration.jsonl"
    lines = kept.read_text("utf-8")
    result = run("calibrate", "--questions", "7")
    assert "7 questions" in result.stdout
    assert kept.read_text("utf-8").startswith(lines)
    assert len(kept.read_text("utf-8").splitlines()) == 7


def test_the_questions_of_the_model_are_taken_for_harder_than_they_are(run, many, own_home, monkeypatch, fitted):
    kept = own_home / "libraries" / "default" / "calibration.jsonl"
    found = []
    for own_words in (0.0, 1.5):
        monkeypatch.setattr("assistant.app.ask.calibrate.GENERATED_QUESTION_OFFSET", own_words)
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


def test_trials_leave_with_the_file_that_they_are_about(run, many, own_home, fitted):
    run("calibrate", "--questions", "6")
    kept = own_home / "libraries" / "default" / "calibration.jsonl"
    gone = Path(json.loads(kept.read_text("utf-8").splitlines()[0])["passage"].rpartition("#")[0])
    assert run("remove", gone).exit_code == 0
    assert gone.name not in kept.read_text("utf-8")
    assert len(kept.read_text("utf-8").splitlines()) == 5


def test_calibrate_trains_a_probe_of_a_model_without_shipped_constants(run, many, own_home):
    result = run("calibrate", "--questions", "10")
    assert "10 questions about 10 files" in result.stdout
    assert "area under the curve 1.00 (95 % interval 1.00 to 1.00" in " ".join(result.stdout.split())
    assert "answerable   refused" in result.stdout and "unanswerable refused 100%" in result.stdout
    store = store_of(own_home)
    assert stored_gate(store, "fake-1").probe.layer == 1
    assert stored_gate(store, "another model") is None
    store.close()


def test_what_was_calibrated_decides_before_the_answer_and_for_that_model_only(run, many, own_home, monkeypatch):
    run("calibrate", "--questions", "10")
    asked = "Which office inspected the violin?"
    monkeypatch.setattr("assistant.models.fake.nearest_sentence", lambda _: "The violin was inspected by the office in Leeds.")
    shown = json.loads(run("ask", asked, "--json").stdout)["answerability"]
    assert shown["confidence"] > 0.5
    assert "probe_log_odds" in shown and "query_likelihood_gain" not in shown
    refused = json.loads(run("ask", "Who painted the ceiling of the chapel?", "--json").stdout)
    assert refused["abstained"] and refused["answerability"]["confidence"] < 0.5
    assert refused["timings"]["generated_tokens"] == 0
    made = FakeChat.__init__
    monkeypatch.setattr(FakeChat, "__init__", lambda self, **named: made(self, fingerprint="fake-2", **named))
    assert json.loads(run("ask", asked, "--json").stdout)["answerability"]["confidence"] is None


def test_a_stopped_training_goes_on_where_it_was(run, many, own_home):
    run("calibrate", "--questions", "8")
    kept = own_home / "libraries" / "default" / "calibration.jsonl"
    lines = kept.read_text("utf-8")
    found = json.loads(run("calibrate", "--questions", "10", "--json").stdout)
    assert (found["questions"], found["files"], found["is_stored"]) == (10, 10, True)
    assert kept.read_text("utf-8").startswith(lines)
    assert len(kept.read_text("utf-8").splitlines()) == 10


def test_ctrl_c_keeps_the_questions_that_were_asked(run, many, own_home, monkeypatch):
    written = iter(range(4))

    def stop(said):
        if next(written, None) is None:
            raise KeyboardInterrupt
        return asked_about(said)

    monkeypatch.setattr("assistant.app.ask.train_probe.write_question", lambda chat, chunk: stop([f" {chunk.text} "]))
    result = run("calibrate", "--questions", "10")
    assert result.exit_code == 130
    assert "Stopped after 4 questions. Run the command again to continue." in " ".join(result.stderr.split())
    assert len((own_home / "libraries" / "default" / "calibration.jsonl").read_text("utf-8").splitlines()) == 4


def test_a_probe_that_knows_nothing_is_not_stored_and_an_earlier_one_is_dropped(run, many, own_home, monkeypatch):
    run("calibrate", "--questions", "8")
    monkeypatch.setattr("assistant.app.ask.train_probe.decode_states", lambda _: np.ones((4, 1), np.float32))
    monkeypatch.setattr("assistant.models.fake.share_in_passages", lambda _: 1.0)
    result = run("calibrate", "--questions", "10")
    assert "not clearly better than chance, so nothing was stored" in " ".join(result.stdout.split())
    store = store_of(own_home)
    assert store.meta(gate_key("fake-1")) == ""
    store.close()


def test_a_model_whose_hidden_states_cannot_be_read_is_not_calibrated(run, many, monkeypatch):
    made = FakeChat.__init__
    monkeypatch.setattr(FakeChat, "__init__", lambda self, **named: made(self, layers=0, **named))
    result = run("calibrate")
    assert result.exit_code == 2
    assert "does not show hidden states" in result.stderr


def test_a_damaged_probe_gives_no_estimate(run, many, own_home):
    run("calibrate", "--questions", "10")
    store = store_of(own_home)
    for damage in ("{", "[]", '{"layer": 1}', '{"layer": 1, "weights": "AAA", "least": 0.0}',
                   '{"layer": "1", "weights": "AACAPwAAgD8=", "least": 0.0}',
                   '{"layer": 1, "weights": "AACAPw==", "least": 0.0}'):
        store.set_meta(gate_key("fake-1"), damage)
        assert stored_gate(store, "fake-1") is None
    store.close()


def test_libraries_that_are_asked_together_have_an_estimate_if_each_is_calibrated(run, many, own_home):
    run("add", many, "-L", "second")
    asked = ("ask", "Which office inspected the violin?", "-L", "default,second", "--json")
    run("calibrate", "--questions", "10")
    assert json.loads(run(*asked).stdout)["answerability"]["confidence"] is None
    run("calibrate", "--questions", "10", "-L", "second")
    assert json.loads(run(*asked).stdout)["answerability"]["confidence"] > 0.5
