"""Variables and import path without the current folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from assistant.system.children import find_program, output_of
from assistant.system.environment import cleaned, leave_current_folder

HERE = str(Path("/somewhere").absolute())


def listed(*entries: str) -> str:
    return os.pathsep.join(entries)


@pytest.mark.parametrize("name", ["PATH", "PYTHONPATH", "LD_LIBRARY_PATH"])
def test_lists_of_folders_lose_entries_that_mean_the_current_folder(name):
    assert cleaned({name: listed("", HERE, ".", "bin", f"{HERE}/b", "")})[name] == listed(HERE, f"{HERE}/b")
    assert name not in cleaned({name: listed("", ".")})  # an empty list would be the current folder


@pytest.mark.parametrize("name", ["PYTHONHOME", "PYTHONUSERBASE", "PYTHONPYCACHEPREFIX"])
def test_folders_that_are_relative_are_left_out(name):
    assert name not in cleaned({name: "here"})
    assert cleaned({name: HERE})[name] == HERE


def test_what_lets_python_read_commands_is_left_out_and_the_rest_stays():
    clean = cleaned({"PYTHONSTARTUP": f"{HERE}/start.py", "PYTHONINSPECT": "1", "LANG": "de_DE.UTF-8", "HTTPS_PROXY": "x"})
    assert clean == {"LANG": "de_DE.UTF-8", "HTTPS_PROXY": "x", "PYTHONSAFEPATH": "1", "NoDefaultCurrentDirectoryInExePath": "1"}


@pytest.fixture
def import_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the import path, the environment and the current folder be the test's own; return the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.setattr(sys, "path", ["first", *sys.path])
    return tmp_path


def test_a_module_s_folder_leaves_the_import_path(import_path):
    rest = [entry for entry in sys.path[1:] if entry]
    leave_current_folder(is_run_as_module=not sys.flags.safe_path)
    assert sys.path == rest


def test_a_command_s_folder_stays(import_path):
    leave_current_folder(is_run_as_module=False)
    assert sys.path[0] == "first"


def test_entries_that_came_from_relative_ones_leave_the_import_path(import_path, monkeypatch):
    os.environ["PYTHONPATH"] = listed("", HERE, "lib")
    sys.path[:0] = ["", str(import_path), HERE, str(import_path / "lib")]
    leave_current_folder(is_run_as_module=False)
    assert sys.path[:2] == [HERE, "first"]
    assert os.environ["PYTHONPATH"] == HERE and os.environ["PYTHONSAFEPATH"] == "1"


def test_a_folder_that_is_named_in_full_stays_even_where_it_is_the_current_one(import_path):
    os.environ["PYTHONPATH"] = listed("", str(import_path))
    sys.path[:0] = [str(import_path)]
    leave_current_folder(is_run_as_module=False)
    assert sys.path[0] == str(import_path)


def program_in(folder: Path, name: str, says: str) -> None:
    folder.mkdir(exist_ok=True)
    file = folder / (f"{name}.exe" if os.name == "nt" else name)
    file.write_text(f"#!/bin/sh\necho {says}\n", "utf-8")
    file.chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="writes a program for a shell")
def test_programs_come_from_folders_that_are_named_in_full(tmp_path, monkeypatch):
    program_in(tmp_path / "here", "tool", "decoy")
    program_in(tmp_path / "real", "tool", "real")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("PATH", listed("", ".", str(tmp_path / "none"), str(tmp_path / "real"), "/bin", "/usr/bin"))
    assert output_of("tool") == "real\n"
    monkeypatch.setenv("PATH", listed("", "."))
    assert output_of("tool") == ""


def test_the_current_folder_is_not_searched_on_windows(tmp_path, monkeypatch):
    program_in(tmp_path, "tool", "decoy")
    monkeypatch.chdir(tmp_path)
    assert find_program("tool", listed("", HERE)) is None
    assert find_program("tool", str(tmp_path)) is not None
