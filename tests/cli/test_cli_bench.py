"""bench: figures for a person, for a script and as a page."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Runner


def test_figures_in_words_as_json_and_as_a_page(run: Runner, folder: Path, tmp_path: Path) -> None:
    run("add", folder)
    page = tmp_path / "speed.html"
    said = run("bench", "--report", page)
    assert "passages/s" in said.stdout
    assert "search, median" in said.stdout
    written = page.read_text("utf-8")
    assert "<svg" in written
    assert "http" not in written.replace("http-equiv", "")
    figures = json.loads(run("bench", "--json").stdout)
    assert figures["chat"] == "fake:"
    assert {"name", "value", "unit"} == set(figures["figures"][0])


def test_a_page_that_cannot_be_written_is_said_first(run: Runner, tmp_path: Path) -> None:
    assert run("bench", "--report", tmp_path / "nowhere" / "speed.html").exit_code == 2
    assert run("bench", "--report", tmp_path / "speed.txt").exit_code == 2
