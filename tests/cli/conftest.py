"""A runner of commands with models that need no weights, and a folder of files to ask about."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from assistant.cli.app import app
from assistant.cli.commands import models  # noqa: F401 - imported before a test replaces what it imports
from assistant.server.endpoint import STARTED_PROCESSES, reap

LEASE = """# Old mill

## Term

The lease ends on 31 December 2027. The notice period is nine months.

## Money

The yearly rent is 46500 pounds. The deposit is 15500 pounds.
"""
COFFEE = "The coffee machine takes nine grams of beans.\nDescale it every three weeks with citric acid.\n"


class Runner:
    """Runs commands as a person would."""

    def __call__(self, *arguments: object, stdin: str | bytes | None = None) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin, prog_name="assistant")


@pytest.fixture
def run() -> Runner:
    return Runner()


@pytest.fixture(autouse=True)
def fake_models(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_CHAT", "fake:")
    monkeypatch.setenv("ASSISTANT_EMBED", "fake:")


@pytest.fixture
def no_models(fake_models: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ASSISTANT_CHAT")
    monkeypatch.delenv("ASSISTANT_EMBED")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the output look like a terminal to rich."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "lease.md").write_text(LEASE, "utf-8")
    (folder / "coffee.txt").write_text(COFFEE, "utf-8")
    return folder


@pytest.fixture
def library(run: Runner, folder: Path, own_home: Path) -> Path:
    """Fill the default library; return its file."""
    assert run("add", folder).exit_code == 0
    return own_home / "libraries" / "default" / "library.sqlite"


@pytest.fixture
def own_engine(fake_models: None, monkeypatch: pytest.MonkeyPatch, run: Runner) -> Iterator[None]:
    """Let questions go through an engine, which ends with the test."""
    home = tempfile.mkdtemp(prefix="engine")  # a socket's path must be short
    monkeypatch.setenv("ASSISTANT_HOME", home)
    monkeypatch.setenv("ASSISTANT_ENGINE", "on")
    yield
    run("engine", "stop")
    shutil.rmtree(home, ignore_errors=True)
    for process in STARTED_PROCESSES:  # without its home each one ends
        process.wait(timeout=30)
    reap()
