"""The notebook of a calibration: trials come back whatever is in their questions, and leave with their files."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from assistant.app.ask.calibrate import kept_trials
from assistant.app.library.trials import TrialLog
from assistant.generation import CalibrationTrial
from assistant.system.atomic_files import DamagedRecord

ODD = CalibrationTrial("What\u2028is\x85the rent?", 0.5, -1.5)


def test_a_question_with_any_line_end_comes_back_and_stays(tmp_path: Path) -> None:
    notebook = TrialLog(tmp_path / "calibration.jsonl", "model")
    notebook.keep("/a/one\u2028.md#1", asdict(ODD))
    notebook.keep("/a/two.md#2", asdict(CalibrationTrial("Why?", 1, 2)))
    notebook.keep_only({"/a/one\u2028.md"})
    assert kept_trials(notebook) == {"/a/one\u2028.md#1": ODD}


@pytest.mark.parametrize("damage", [b'{"by": ', b'{"by": 1}\n', b'[]\n', b"\xff\n"])
def test_what_is_damaged_is_passed_over_and_leaves_with_the_rest(tmp_path: Path, damage: bytes) -> None:
    notebook = TrialLog(tmp_path / "calibration.jsonl", "model")
    notebook.file.write_bytes(damage)
    notebook.keep("/a/one.md#1", asdict(ODD))
    if b'1}' in damage:
        assert kept_trials(notebook) == {"/a/one.md#1": ODD}
    else:
        with pytest.warns(DamagedRecord):
            assert kept_trials(notebook) == {"/a/one.md#1": ODD}
    notebook.keep_only({"/a/one.md"})
    assert notebook.file.read_bytes().count(b"\n") == 1
    notebook.keep_only(set())
    assert notebook.file.read_bytes() == b""
