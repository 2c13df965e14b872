"""What a person sees when something is wrong: a sentence, a way out, an exit code, and never a traceback."""

from __future__ import annotations

import errno
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.__main__ import main
from assistant.app.assistant import Assistant


@pytest.mark.usefixtures("no_models")
def test_no_model_chosen(run, folder):
    for arguments in (("add", folder), ("ask", "question", folder)):
        result = run(*arguments)
        assert result.exit_code == 5
        assert "assistant setup" in result.stderr


def test_a_model_of_the_catalog_that_is_not_here(run, library):
    result = run("ask", "When?", "--chat", "smollm2-135m-instruct")
    assert result.exit_code == 5
    assert "assistant models pull smollm2-135m-instruct" in result.stderr


def test_a_model_that_the_catalog_does_not_know(run, library):
    result = run("ask", "When?", "--chat", "smollm")
    assert result.exit_code == 2
    assert "Did you mean smollm2-135m-instruct" in result.stderr


def test_a_model_file_that_is_not_there(run, library, tmp_path):
    result = run("ask", "When does the lease end?", "--chat", tmp_path / "none.gguf")
    assert result.exit_code == 5


@pytest.mark.parametrize("content", [b"GGUF\x03\x00\x00\x00", b"<html>not a model</html>", b""])
def test_a_model_file_that_is_no_model(run, library, tmp_path, content):
    pytest.importorskip("llama_cpp")
    file = tmp_path / "broken.gguf"
    file.write_bytes(content)
    result = run("ask", "When does the lease end?", "--chat", file)
    assert result.exit_code == 1
    assert str(file) in result.stderr
    assert "Traceback" not in result.stderr


def change(library: Path, sql: str) -> None:
    connection = sqlite3.connect(library)
    with connection:
        connection.execute(sql)
    connection.close()


@pytest.mark.parametrize("arguments", [("search", "lease"), ("ask", "lease?"), ("sync",)])
def test_another_embedding_model(run, library, arguments):
    change(library, "UPDATE meta SET value = 'other' WHERE key IN ('embedder', 'embedder_name')")
    result = run(*arguments)
    assert result.exit_code == 1
    assert "built with the embedding model other, but fake: is chosen." in result.stderr
    assert "assistant sync --rebuild" in result.stderr
    assert run("sync", "--rebuild").exit_code == 0
    assert run("search", "lease").exit_code == 0


def test_a_library_of_a_newer_version(run, library):
    change(library, "PRAGMA user_version = 99")
    result = run("status")
    assert result.exit_code == 1
    assert "format 99" in result.stderr


def test_a_damaged_library(run, library):
    for beside in library.parent.glob("library.sqlite-*"):
        beside.unlink()
    library.write_bytes(b"no database at all" * 1000)
    result = run("search", "lease")
    assert result.exit_code == 1
    assert "not a readable library" in result.stderr


def test_a_config_file_that_cannot_be_read(run, own_home):
    own_home.mkdir()
    (own_home / "config.toml").write_text("chat = ", "utf-8")
    result = run("status")
    assert result.exit_code == 2
    assert "config.toml cannot be read" in result.stderr


def test_ctrl_c_ends_a_command_with_130(run, library, monkeypatch):
    monkeypatch.setattr(Assistant, "status", interrupt)
    result = run("status")
    assert result.exit_code == 130
    assert result.stderr == "Stopped.\n"


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(("number", "words"), [(errno.ENOSPC, "no room left"), (errno.EACCES, "/home/x cannot be used")])
def test_a_disk_that_refuses(run, library, monkeypatch, number, words):
    def fail(*_: object) -> None:
        raise OSError(number, "it failed", "/home/x")

    monkeypatch.setattr(Assistant, "status", fail)
    result = run("status")
    assert result.exit_code == 1
    assert words in result.stderr


def test_a_home_that_cannot_be_used(run, own_home, folder):
    own_home.mkdir()
    (own_home / "libraries").write_text("a file", "utf-8")
    result = run("add", folder)
    assert result.exit_code == 1
    assert "set ASSISTANT_HOME" in result.stderr


def test_a_bug_keeps_its_traceback(run, library, monkeypatch):
    def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Assistant, "status", fail)
    assert isinstance(run("status").exception, RuntimeError)


def test_version(run):
    assert run("--version").stdout.startswith("assistant 0.")


def start(arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run the program as a shell does."""
    return subprocess.run(f"{sys.executable} -m assistant {arguments}", shell=True, capture_output=True, input=stdin,
                          encoding="utf-8", cwd=Path(__file__).parents[2], check=False)


@pytest.mark.skipif(sys.platform == "win32", reason="the redirections are those of a Unix shell")
def test_a_reader_that_leaves_early_is_no_error(library):
    for redirection in ("| true", ">&-", "2>&-"):
        done = start(f"search lease {redirection}")
        assert done.stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="the encoding is set as on Unix")
def test_no_character_stops_the_output(run, folder, monkeypatch):
    (folder / "合同.md").write_text("# 采购合同\n\n交货日期是2024年5月1日。\n", "utf-8")
    run("add", folder)
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    done = start("search --batch -", '{"question": "交货日期"}\n')
    assert done.returncode == 0
    assert "交货日期" in done.stdout


def test_an_unknown_command(run):
    assert run("bogus").exit_code == 2


@pytest.mark.parametrize("command", [(), ("ask",), ("chat",), ("models",), ("models", "list")])
def test_the_help_shows_no_type_beside_a_flag(run, command):
    shown = run(*command, "--help").stdout
    assert "--help" in shown
    assert "bool" not in shown


def test_ctrl_c_while_the_program_is_being_loaded_prints_no_traceback(monkeypatch, capsys):
    def stop(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("assistant.__main__.leave_current_folder", stop)
    with pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code, capsys.readouterr().err) == (130, "Stopped.\n")


def test_a_command_of_a_group_is_suggested(run):
    result = run("list")
    assert result.exit_code == 2
    said = " ".join(result.stderr.replace("│", " ").split())
    assert "No such command 'list'." in said and "Did you mean" in said and "'library list'" in said
