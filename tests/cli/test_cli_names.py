"""Names, titles and texts of strangers on the terminal: nothing in them commands it, breaks a line or turns words around."""

from __future__ import annotations

import errno
import json
import os
import re
import sys
from pathlib import Path

import pytest

from assistant.cli import console as terminal
from assistant.cli.console import harmless, on_one_line
from assistant.cli.render.answer import MOST_LINES, shortened
from assistant.datatypes import Progress
from assistant.system.atomic_files import append_record

ACTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff]")
NAMES = ("two\nlines.md", "\x1b[31mred.md", "\u202egnp.md", "c1\x9b31m.md", "\u2066a\u2069.md",
         "mark\u200f\u200e\u061c.md", "sep\u2028\x85.md", "t\ta.md")
TEXT = ("# The mill \x1b]0;owned\x07 \u202eesael\n\n"
        "The \u2067lease\x9b2J ends on 31 December 2027.\u2028The notice period is nine months.\n")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")


@pytest.fixture
def hostile(tmp_path: Path, run) -> Path:
    folder = tmp_path / "host\u202eile"
    folder.mkdir()
    for name in NAMES:
        (folder / name).write_text(f"{TEXT}\nThis is file {NAMES.index(name)}.\n", "utf-8")
    (folder / "bad\x1b\n.docx").write_bytes(b"no document")
    assert run("add", folder).exit_code == 0
    return folder


@pytest.mark.parametrize("arguments", [
    ("status", "--files"), ("status", "--failed"), ("search", "notice period", "-k", "20"),
    ("search", "notice period", "--explain"),
    ("ask", "How long is the notice period?"), ("ask", "How many files are there?"), ("ask", "summarise mark"),
    ("library", "list"),
    ("remove", "no\x1b\nsuch\u202e"), ("add", "no\x1b\nsuch\u202e"), ("search", "x", "--embed", "./\x1b\u202e\n"),
    ("\x1b[31m\u202e",),
    ("search", "x", "--\x1b\u202e"), ("search", "x", "-k", "\x1b\u202e"), ("sync",), ("doctor",),
    ("library", "create", "\x1b\u202e"),
    ("library", "export", "default", "no\x1b\n/\u202e"), ("library", "import", "no\x1b\n\u202e"),
    ("sessions", "show", "\x1b\u202e\n"),
    ("eval", "no\x1b\n\u202e"), ("search", "--batch", "no\x1b\n\u202e"), ("search", "x", "--since", "\x1b\u202e"),
])  # fmt: skip
@pytest.mark.parametrize("json_too", [False, True])
def test_nothing_acts_on_the_terminal(run, hostile, arguments, json_too):
    result = run(*arguments, *(["--json"] if json_too else []))
    assert not ACTS.search(result.stdout + result.stderr)


def test_one_file_is_one_line_and_is_told_from_others(run, hostile):
    shown = [line for line in run("status", "--files").stdout.splitlines() if line.startswith(("indexed", "failed"))]
    assert len(shown) == len(NAMES) + 1
    assert len(set(shown)) == len(NAMES) + 1
    assert any(r"two\nlines.md" in line for line in shown)
    assert any(r"\u202egnp.md" in line for line in shown)


def test_json_says_the_names_as_they_are(run, hostile):
    files = json.loads(run("status", "--files", "--json").stdout)["files"]
    assert {Path(each["path"]).name for each in files} == {*NAMES, "bad\x1b\n.docx"}
    hits = json.loads(run("search", "notice period", "-k", "20", "--json").stdout)["hits"]
    assert any("\u2067lease\x9b2J" in hit["text"] for hit in hits)


def test_a_kept_conversation_and_its_export(run, hostile):
    run("chat", "--keep", stdin="How long is the notice period?\n\x1b[31mwhat\u202e\n")
    for arguments in (("list",), ("show", "last"), ("export", "last"), ("list", "--json"), ("show", "last", "--json")):
        result = run("sessions", *arguments)
        assert result.exit_code == 0
        assert not ACTS.search(result.stdout + result.stderr)


def test_a_damaged_session_is_told_once_and_the_rest_is_shown(run, hostile, own_home):
    run("chat", "--keep", stdin="How long is the notice period?\n")
    session = next((own_home / "sessions").glob("*.jsonl"))
    append_record(session, {"question": "And the\u2028rent?", "answer": "None."})
    session.write_bytes(session.read_bytes() + b'{"half')
    result = run("sessions", "show", "last")
    assert "And the\nrent?" in result.stdout
    assert result.stderr.count("is damaged") == 1


def test_progress(monkeypatch):
    from assistant.cli.progress import stage_text

    shown = stage_text(Progress("reading", 1, 2, current=f"reading: {os.sep}a{os.sep}\x1b[31m\u202eb\nc"))
    assert not ACTS.search(shown)
    assert "\n" not in shown


def test_texts_keep_their_lines_and_lose_the_rest():
    assert harmless("a\r\nb\tc\x1b[2J\u202e\u2028d\ud800") == "a\nb\tc[2J\nd\ufffd"
    assert on_one_line("a\nb\x1b\u202e\udcff\x85\t") == r"a\nb\x1b\u202e\udcff\x85\t"
    assert on_one_line("合同 é 😀 C:\\new") == "合同 é 😀 C:\\new"


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ESTALE, errno.EHOSTDOWN])
def test_a_folder_that_cannot_be_opened_breaks_no_display(run, library, folder, monkeypatch, number):
    real = os.stat

    def closed(path, *rest, **options):
        if str(path).startswith(str(folder)):
            raise OSError(number, os.strerror(number), str(path))
        return real(path, *rest, **options)

    terminal.is_folder_there.cache_clear()
    monkeypatch.setattr(os, "stat", closed)
    for arguments in (("search", "notice period"), ("search", "lease", "--explain"), ("status", "--files"),
                      ("ask", "When does the lease end?"), ("search", "lease", "--path", folder), ("library", "list")):
        result = run(*arguments)
        assert result.exit_code == 0, result.stderr
    assert "lease.md" in run("status", "--files").stdout


def test_a_printed_hit_costs_one_look_at_the_disk(run, library, folder, monkeypatch):
    real, looked = os.stat, list[str]()

    def counted(path, *rest, **options):
        if str(path).startswith(str(folder)):
            looked.append(str(path))
        return real(path, *rest, **options)

    terminal.is_folder_there.cache_clear()
    monkeypatch.setattr(os, "stat", counted)
    hits = json.loads(run("search", "lease", "--json").stdout)["hits"]
    files = {hit["path"] for hit in hits}
    assert len(looked) <= len(files)  # whether a file has changed since it was read
    looked.clear()
    assert run("search", "lease").exit_code == 0
    assert len(looked) <= len(files) + len(hits)


def test_folders_that_are_away_are_looked_at_once(tmp_path, monkeypatch):
    looked: list[Path] = []
    terminal.is_folder_there.cache_clear()
    monkeypatch.setattr(terminal, "is_there", lambda path: bool(looked.append(path)))
    for number in range(20):
        terminal.openable_path(tmp_path / "a" / "b" / f"{number}.md")
    assert len(looked) == 20 + len((tmp_path / "a" / "b" / "c").parents)


def test_a_passage_of_very_many_lines_is_cut_short():
    assert shortened("x\n" * (MOST_LINES + 95)).endswith("\n… 95 more lines")
    assert shortened("x\n" * MOST_LINES) == "\n".join("x" * MOST_LINES)


def test_the_progress_of_a_file_whose_name_looks_like_markup(terminal, capsys):
    from assistant.cli.progress import intake_progress

    with intake_progress() as on_progress:
        on_progress(Progress("reading", 1, 2, current=f"reading: {os.sep}a{os.sep}[bold] [red]a.md"))
    assert "[bold] [red]a.md" in capsys.readouterr().err
