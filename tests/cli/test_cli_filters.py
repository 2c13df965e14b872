"""Which files a question is about, as a person says it."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assistant.app.ask.filters import filter_of, since_timestamp
from assistant.datatypes import Filter
from assistant.errors import UsageError

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "expected"),
    [("7d", datetime(2026, 3, 3, 12, tzinfo=UTC)), ("2 weeks", datetime(2026, 2, 24, 12, tzinfo=UTC)),
     ("1y", datetime(2025, 3, 10, 12, tzinfo=UTC)), ("2026-01-31T00:00+00:00", datetime(2026, 1, 31, tzinfo=UTC))],
)  # fmt: skip
def test_since(since, expected):
    assert since_timestamp(since, NOW) == int(expected.timestamp()) * 10**9


@pytest.mark.parametrize("since", ["yesterday", "7", "99999y", "2026-13-01", ""])
def test_what_is_no_time_is_refused(since):
    with pytest.raises(UsageError, match="is not a valid time"):
        since_timestamp(since, NOW)


@pytest.mark.parametrize(("since", "found"), [("2999-01-01", 0), ("1500-01-01", 1), ("900y", 1)])
def test_a_time_that_no_file_can_have_is_a_time(run, library, since, found):
    result = run("search", "notice period", "-k", "1", "--since", since, "--json")
    assert result.exit_code == 0, result.exception
    assert len(json.loads(result.stdout)["hits"]) == found


def test_paths_types_and_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "contracts").mkdir()
    monkeypatch.chdir(tmp_path)
    found = filter_of(["contracts", "*.md", "lease"], [".PDF,docx", "md"], None)
    assert found == Filter((str(tmp_path / "contracts"), "*.md", "*lease*"), ("pdf", "docx", "md"))
    assert not filter_of(None, None, None)


@pytest.mark.parametrize("command", ["search", "ask"])
def test_a_path_or_a_type_without_files_is_an_error(run, library, command):
    result = run(command, "When does the lease end?", "--path", "/nowhere/at all")
    assert result.exit_code == 2
    assert "No file in the library is at /nowhere/at all." in result.stderr
    result = run(command, "When does the lease end?", "--type", "pdf")
    assert result.exit_code == 2
    assert "No file in the library has the type pdf.\nIts files have the types md, txt." in result.stderr
    assert run(command, "When does the lease end?", "--type", "pdf,MD").exit_code == 0


@pytest.mark.parametrize("command", [("search",), ("ask",), ("ask", "--fast"), ("ask", "--json")])
@pytest.mark.parametrize("narrow", [("--path", "nowhere"), ("--since", "2999-01-01")])
def test_a_pattern_or_a_time_that_no_file_fits_is_told(run, library, command, narrow):
    result = run(*command, "When does the lease end?", *narrow)
    assert "No passage was found in the files that --path, --type and --since leave." in result.stderr
    assert "No passage was found" not in run(*command, "When does the lease end?", "--path", "lease").stderr


@pytest.mark.parametrize("question", [
    "What is the total price?", "How many suppliers are there?", "Which files do I have?", "hello",
])
def test_an_answer_that_needs_no_passages_is_not_told_to_lack_them(run, library, folder, question):
    (folder / "prices.csv").write_text("item,price\ndesk,10\nlamp,25\n", "utf-8")
    assert run("sync").exit_code == 0
    assert "No passage was found" not in run("ask", question, "--path", "*prices*").stderr


def test_a_file_without_text_is_told_as_such(run, library, folder):
    (folder / "blank.txt").write_text("", "utf-8")
    (folder / "drawing.xyz").write_text("abc", "utf-8")
    assert run("sync").exit_code == 0
    for name, reason in (("blank.txt", "the file is empty"), ("drawing.xyz", "no reader for .xyz files")):
        result = run("ask", "When does the lease end?", folder / name)
        assert result.exit_code == 2
        assert f"{folder / name} has no text to search: {reason}." in result.stderr


@pytest.mark.parametrize("command", [["search", "rent"], ["ask", "rent"], ["tables", "list"]])
def test_an_unknown_type_is_an_error_that_lists_the_known_ones(run, library, command):
    result = run(*command, "--type", "dockx")
    assert result.exit_code == 2
    assert "There is no file type 'dockx'." in result.stderr
    assert "Did you mean docx? Types are suffixes: pdf, " in result.stderr


def test_every_suffix_with_a_reader_is_a_known_type():
    for kind in ("pdf", ".docx", "tar.gz", "zip", "eml", "py"):
        assert filter_of(None, [kind], None).types == (kind.lstrip("."),)


@pytest.mark.parametrize("form", ["argument", "option"])
@pytest.mark.parametrize("changed", ["", "x"])
def test_the_cited_copy_is_the_one_that_was_asked(run, library, folder, tmp_path, form, changed):
    other = tmp_path / "other"
    other.mkdir()
    (other / "copy.md").write_text((folder / "lease.md").read_text("utf-8").replace("Old mill", f"Old mill{changed}"), "utf-8")
    assert run("add", other).exit_code == 0
    for place in (other, folder):
        given = (place,) if form == "argument" else ("--path", place)
        result = json.loads(run("ask", "When does the lease end?", *given, "--json").stdout)
        assert {Path(citation["path"]).parent for citation in result["citations"]} == {place}
        assert {Path(hit["path"]).parent for hit in result["hits"]} == {place}


ODD_NAMES = ("Notes [2024]/a.md", "Notes [2024]/b.txt", "Notes 2/a.md", "what?.md", "whats.md", "st*r.md", "star.md",
             "x[!a].md", "deep/st*r/in.md", "deep/star/in.md")


@pytest.fixture
def odd(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "odd"
    for name in ODD_NAMES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"The notice period of {name} is nine months.\n", "utf-8")
    assert run("add", folder).exit_code == 0
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
@pytest.mark.parametrize(("path", "expected"), [
    ("Notes [2024]", {0, 1}), ("./Notes [2024]/*.md", {0}), ("~/Notes [2024]/*.md", {0}), ("Notes [2024]/*.md", {0}),
    ("*[2024]*", {0, 1}),
    ("[2024]", {0, 1}), ("[2]", set()), ("what?.md", {3}), ("wha?s.md", {4}), ("what*", {3, 4}), ("st*r.md", {5}),
    ("s*r.md", {5, 6}),
    ("sta?.md", {6}), ("st[*]r.md", {5}), ("wha[?].md", set()), ("what[?].md", {3}), ("x[!a].md", {7}), ("x[!*", {7}),
    ("deep/st*r", {8}),
    ("deep/sta?", {9}), ("d*/s*r", {8, 9}), ("Notes ?", {2}), ("nowhere*", set()), ("*.md", set(range(10)) - {1}),
    ("", set(range(10))),
])  # fmt: skip
def test_real_names_and_patterns(run, odd: Path, path: str, expected: set[int]):
    hits = json.loads(run("search", "notice period", "-k", "50", "--path", path, "--json").stdout)["hits"]
    places = [place for hit in hits for place in (hit["path"], *(each["path"] for each in hit.get("also", ())))]
    found = {str(Path(place).relative_to(odd)) for place in places}
    assert found & set(ODD_NAMES) == {ODD_NAMES[number] for number in expected}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
@pytest.mark.parametrize("kind", ["m?", "*", "[mt]*", "\udcff"])
def test_a_type_is_no_pattern(run, odd: Path, kind: str):
    result = run("search", "notice period", "--type", kind)
    assert result.exit_code == 2
    assert "There is no file type" in result.stderr


def test_a_name_that_is_no_utf8_finds_nothing(run, odd: Path):
    assert run("search", "notice period", "--path", "\udcff").exit_code == 0


@pytest.mark.parametrize("name", ["Who? [final].txt", "g [x] *.txt", "[a]?[[b].txt", "[?] [*] [[].txt", "*]?[.txt"])
def test_a_name_with_brackets_and_wildcards_is_found_by_its_path(run, tmp_path, name):
    folder = tmp_path / "odd [1] *"
    folder.mkdir()
    (folder / name).write_text("The gate opens at six.", "utf-8")
    (folder / "other.txt").write_text("The gate closes at nine.", "utf-8")
    run("add", folder)
    for place in (folder / name, folder):
        found = json.loads(run("search", "gate", "--path", place, "--json").stdout)["hits"]
        assert str(folder / name) in {hit["path"] for hit in found}
    assert len(json.loads(run("search", "gate", "--path", folder / name, "--json").stdout)["hits"]) == 1
