"""`bench`: figures as text and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Runner


def test_figures_as_text_and_as_json(run: Runner, folder: Path) -> None:
    run("add", folder)
    said = run("bench")
    assert "passages/s" in said.stdout
    assert "search, median" in said.stdout
    figures = json.loads(run("bench", "--json").stdout)
    assert figures["chat"] == "fake:"
    assert {"name", "value", "unit"} == set(figures["figures"][0])
