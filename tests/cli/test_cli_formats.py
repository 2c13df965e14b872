"""Results for other programs, and questions from them."""

from __future__ import annotations

import csv
import io
import json

import pytest

from assistant.cli.render.formats import Format, formatted


def test_paths_are_listed_once(run, library, folder):
    assert run("search", "notice period rent deposit", "--format", "paths").stdout.splitlines() == [str(folder / "lease.md")]


def test_lines_are_those_of_grep(run, library, folder):
    first = run("search", "notice period", "--format", "lines").stdout.splitlines()[0]
    path, number, text = first.rsplit(":", 2)
    assert path == str(folder / "lease.md")
    assert text in (folder / "lease.md").read_text("utf-8").splitlines()[int(number) - 1]


def test_the_line_is_the_one_with_the_words_of_the_question(run, tmp_path):
    notes = tmp_path / "notes.txt"
    notes.write_text("Shelf list\n\nThe pump is on shelf two.\nThe part PX-4471-B is on shelf nine.\nSold out.\n", "utf-8")
    run("add", notes)
    assert run("search", "PX-4471-B", "--format", "lines").stdout == f"{notes}:4:The part PX-4471-B is on shelf nine.\n"
    assert run("search", "Which shelf has the pump?", "--format", "lines").stdout == f"{notes}:3:The pump is on shelf two.\n"


def test_csv_holds_the_whole_passage(run, library, folder):
    rows = list(csv.DictReader(io.StringIO(run("search", "citric acid", "--format", "csv").stdout)))
    assert rows[0]["rank"] == "1"
    assert rows[0]["path"] == str(folder / "coffee.txt")
    assert rows[0]["text"].splitlines()[1] == "Descale it every three weeks with citric acid."


def test_json_is_that_of_the_option(run, library):
    by_format, by_option = (json.loads(run("search", "rent", *flags).stdout) for flags in (("--format", "json"), ("--json",)))
    assert by_format["hits"] == by_option["hits"]


HEADER = "rank,score,path,title,place,line_start,line_end,text\n"


@pytest.mark.parametrize(("form", "expected"), [("paths", ""), ("lines", ""), ("csv", HEADER)])
def test_nothing_found(form, expected):
    assert formatted((), Format(form), "rent") == expected


def test_two_formats_at_once_are_refused(run, library):
    result = run("search", "rent", "--json", "--format", "csv")
    assert result.exit_code == 2
    assert "--json and --format csv contradict each other." in result.stderr


@pytest.mark.parametrize(("arguments", "words"), [
    (("search", "rent", "--explain", "-k", "3"), "--explain and --results"),
    (("search", "rent", "--explain", "--format", "csv"), "--explain and --format csv"),
    (("search", "--batch", "none.jsonl", "--explain"), "--batch and --explain"),
    (("search", "--batch", "none.jsonl", "--format", "paths"), "--batch and --format paths"),
    (("ask", "--batch", "none.jsonl", "--show-confidence"), "--batch and --show-confidence"),
    (("ask", "--batch", "none.jsonl", "--show-sent"), "--batch and --show-sent"),
    (("doctor", "--check", "--prove-offline"), "--prove-offline and --check"),
    (("doctor", "--repair", "--prove-offline"), "--prove-offline and --repair"),
])  # fmt: skip
def test_options_that_have_no_effect_together_are_refused(run, arguments, words):
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{words} cannot be used together." in " ".join(result.stderr.split())


@pytest.mark.parametrize("command", ["ask", "search"])
def test_an_empty_question_is_refused_before_any_work(run, command):
    result = run(command, "  ")
    assert result.exit_code == 2
    assert "The question is empty." in result.stderr


@pytest.mark.parametrize(("name", "expected"), [
    ("default", "The library 'default' is empty."), ("nolib", "There is no library 'nolib'.")])
def test_a_library_that_is_not_there(run, name, expected):
    result = run("search", "rent", "-L", name)
    assert result.exit_code == 4
    assert expected in result.stderr


def test_an_unknown_format_is_refused(run, library):
    assert run("search", "rent", "--format", "xml").exit_code == 2


@pytest.mark.parametrize("command", ["ask", "search"])
def test_the_question_can_come_from_stdin(run, library, command):
    by_stdin = json.loads(run(command, "-", "--json", stdin="\ufeffWhen does the lease end?\n").stdout)
    assert by_stdin["question"] == "When does the lease end?"


@pytest.mark.parametrize("stdin", ["", "\n\n"])
def test_an_empty_stdin_is_no_question(run, library, stdin):
    result = run("ask", "-", stdin=stdin)
    assert result.exit_code == 2
    assert "The question is empty" in result.stderr


def test_bytes_that_are_no_text_break_nothing(run, library):
    assert run("search", "-", stdin=b"rent \xff\xfe").exit_code == 0


def test_a_very_long_stdin_is_refused(run, library):
    assert run("ask", "-", stdin="x" * (2**20 + 1)).exit_code == 2
