"""engine start, status, stop; and questions that go through it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Runner

pytestmark = pytest.mark.usefixtures("own_engine")


def test_a_question_starts_the_engine_and_the_next_one_finds_it(run: Runner, folder: Path) -> None:
    assert json.loads(run("engine", "status", "--json").stdout) == {"running": False}
    assert "2027" in run("ask", "When does the lease end?", folder).stdout
    first = json.loads(run("engine", "status", "--json").stdout)
    assert (first["running"], first["answers"], first["chat"]) == (True, 1, "fake:")
    assert "2027" in run("ask", "When does the lease end?").stdout
    second = json.loads(run("engine", "status", "--json").stdout)
    assert (second["process"], second["answers"]) == (first["process"], 2)


def test_status_in_words(run: Runner) -> None:
    assert "No engine is running" in run("engine", "status").stdout
    assert run("engine", "start").exit_code == 0
    said = run("engine", "status").stdout
    assert "none loaded yet" in said
    assert "15 minutes" in said


def test_stop_says_what_happened(run: Runner) -> None:
    assert "No engine is running" in run("engine", "stop").stderr
    run("engine", "start")
    assert "has stopped" in run("engine", "stop").stderr
    assert json.loads(run("engine", "status", "--json").stdout) == {"running": False}


def test_no_engine_starts_none(run: Runner, folder: Path) -> None:
    assert "2027" in run("ask", "When does the lease end?", folder, "--no-engine").stdout
    assert run("search", "lease", "--no-engine").exit_code == 0
    assert json.loads(run("engine", "status", "--json").stdout) == {"running": False}


def test_abstaining_keeps_its_exit_code(run: Runner, folder: Path) -> None:
    run("add", folder)
    assert run("ask", "zzz qqq?", "--json").exit_code == run("ask", "zzz qqq?", "--json", "--no-engine").exit_code


def test_an_engine_that_cannot_start_is_said_and_the_answer_comes_all_the_same(
    run: Runner, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("add", folder)
    monkeypatch.setattr("sys.executable", "/bin/false")
    done = run("ask", "When does the lease end?")
    assert "2027" in done.stdout
    assert "does not start" in done.stderr
