"""`bench`: figures as text and as JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.cli.conftest import Runner


def test_figures_as_text_and_as_json(run: Runner, folder: Path) -> None:
    run("add", folder)
    said = run("bench")
    assert "passages/s" in said.stdout
    assert "search, median" in said.stdout
    assert re.search(r"question: passages read +[1-9] passages", said.stdout)
    assert re.search(r"question: first word +[\d.]+ s", said.stdout)
    figures = json.loads(run("bench", "--json").stdout)
    assert figures["chat"] == "fake:"
    assert {"name", "value", "unit"} == set(figures["figures"][0])
