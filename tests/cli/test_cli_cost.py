"""What a command costs before it does anything: modules that it does not need are not imported."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from assistant.cli.app import app
from assistant.cli.lazy_command import LazyCommand
from tests.cli.conftest import Runner

ROOT = Path(__file__).parents[2]
HEAVY = {"torch", "numpy", "faiss", "llama_cpp", "openvino", "sentence_transformers", "transformers", "tokenizers", "httpx",
         "psutil", "sqlite3", "pydantic", "rich.progress", "prompt_toolkit", "assistant.app.assistant", "assistant.generation",
         "assistant.retrieval", "assistant.index", "assistant.ingest", "assistant.catalog", "assistant.models.open"}
TELL = """
import sys
sys.argv = ["assistant", *{arguments!r}]
from assistant.__main__ import main
try:
    main()
finally:
    print("LOADED", *sorted(set(sys.modules) & {heavy!r}), file=sys.stderr)
"""


def loaded_by(*arguments: str, among: set[str] = HEAVY) -> set[str]:
    """Return which of the heavy modules a command has imported when it ends."""
    program = TELL.format(arguments=arguments, heavy=among)
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, encoding="utf-8", check=False,
                          env={**os.environ, "PYTHONWARNINGS": "ignore"})
    word, *loaded = done.stderr.splitlines()[-1].split()
    assert word == "LOADED", done.stderr
    return set(loaded)


def later_commands(group: object) -> list[LazyCommand]:
    commands = list(group.commands.values())  # type: ignore[attr-defined]
    inside = [command for each in commands if hasattr(each, "commands") for command in later_commands(each)]
    return [command for command in commands if isinstance(command, LazyCommand)] + inside


@pytest.mark.parametrize("command", later_commands(typer.main.get_command(app)), ids=lambda command: command.place)
def test_the_line_in_the_list_is_the_first_of_the_commands_own_help(command: LazyCommand) -> None:
    module, _, function = command.place.partition(":")
    own = inspect.getdoc(getattr(import_module(f"assistant.cli.commands.{module}"), function)) or ""
    assert command.help == " ".join(own.split("\n\n")[0].split())
    assert command.loaded().help == own


def test_help_imports_none_of_it() -> None:
    assert loaded_by("--help") == set()


def test_a_question_through_the_engine_imports_none_of_it(run: Runner, folder: Path, own_engine: None) -> None:
    run("add", folder)
    run("engine", "start")
    assert loaded_by("ask", "When does the lease end?") == set()
    assert loaded_by("search", "lease", "--json") == set()


def test_values_are_what_typer_makes_of_them(run: Runner, library: Path, tmp_path: Path) -> None:
    assert run("search", "lease", "-k", "1", "--type", "md", "--type", "txt", "--path", tmp_path).exit_code == 0
    assert run("search", "lease", "-k", "none").exit_code == 2
    assert run("search", "lease", "-k", "0").exit_code == 2


def test_a_name_that_is_nearly_right_is_known(run: Runner) -> None:
    assert "'ask'" in CliRunner().invoke(app, ["asc"]).stderr


@pytest.mark.model
def test_no_question_with_real_models_loads_torch(run: Runner, folder: Path, weights: Callable[[str], Path],
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_EMBED", str(weights("all-minilm-l6-v2")))
    monkeypatch.setenv("ASSISTANT_CHAT", str(weights("smollm2-135m-instruct")))
    loaded_by("add", str(folder))  # the first time ever, models are compared with the reference, which is torch's
    torch = {"torch", "sentence_transformers", "transformers"}
    assert loaded_by("search", "When does the lease end?", "--no-engine", among=torch | {"openvino"}) == {"openvino"}
    assert loaded_by("ask", "When does the lease end?", "--no-engine", among=torch | {"llama_cpp"}) == {"llama_cpp"}
