"""Documentation that cannot drift."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.cli.reference import render

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"
COMMANDS = ("setup", "add", "sync", "remove", "search", "ask", "chat", "status", "doctor", "models list", "models pull",
            "models verify", "models remove")


def test_the_reference_is_current():
    assert PAGE.read_text("utf-8") == render(), "run: python -m assistant.cli.reference > docs/cli.md"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented_with_examples(command):
    section = render().split(f"\n## assistant {command}\n")[1].split("\n## ")[0]
    assert f"$ assistant {command}" in section


def test_no_command_is_left_out():
    titles = [line.removeprefix("## assistant ") for line in render().splitlines() if line.startswith("## assistant ")]
    assert sorted(titles) == sorted((*COMMANDS, "models"))


def test_the_reference_does_not_depend_on_the_terminal(monkeypatch):
    before = render()
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert render() == before
