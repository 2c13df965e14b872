"""add, sync, remove and status, as a person or a script sees them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from assistant.app.assistant import Assistant
from assistant.datatypes import IngestReport


def test_add_tells_what_it_did(run, folder):
    result = run("add", folder)
    assert result.exit_code == 0
    assert result.stdout.startswith("2 indexed (")
    assert result.stderr == ""


def test_what_is_unchanged_is_not_indexed_again(run, library, folder):
    assert run("add", folder).stdout.startswith("0 indexed, 2 unchanged (0 passages")


def test_add_as_json(run, folder):
    (folder / "program.xyz").write_text("?", "utf-8")
    report = json.loads(run("add", folder, "--json").stdout)
    assert report.pop("seconds") >= 0
    chunks = report.pop("chunks")
    assert report.pop("embedded") == chunks > 0
    assert report == {
        "indexed": 2, "unchanged": 0, "removed": 0,
        "skipped": [{"path": str(folder / "program.xyz"), "reason": "no reader for .xyz files"}],
        "failed": [], "interrupted": False, "away": [],
    }


def test_a_file_that_cannot_be_read_is_reported_each_time_it_is_named(run, folder):
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 nothing else")
    (folder / "program.xyz").write_text("?", "utf-8")
    run("add", folder)
    assert run("add", folder).stdout.startswith("0 indexed, 4 unchanged (")
    result = run("add", folder / "broken.pdf", folder / "program.xyz", folder / "lease.md")
    assert result.stdout.startswith("0 indexed, 1 unchanged, 1 skipped, 1 failed (")
    assert "broken.pdf: damaged" in result.stdout
    assert "program.xyz: no reader for .xyz files" in result.stdout
    assert run("add", folder / "broken.pdf").exit_code == 1
    assert run("sync").stdout.startswith("0 indexed, 4 unchanged (")


def test_a_path_that_is_not_there(run, tmp_path):
    result = run("add", tmp_path / "nowhere")
    assert result.exit_code == 2
    assert "There is no file or folder at" in result.stderr
    assert "Check the spelling" in result.stderr
    assert result.stdout == ""


@pytest.mark.skipif(sys.platform != "linux", reason="other file systems refuse such names")
def test_a_path_that_is_not_utf8_is_refused_before_anything_is_stored(run, tmp_path, own_home):
    path = tmp_path / os.fsdecode(b"caf\xe9.txt")
    path.write_text("coffee", "utf-8")
    for given in (path, tmp_path / os.fsdecode(b"\xe9.txt")):
        result = run("add", given)
        assert result.exit_code == 2
        assert "not valid UTF-8" in result.stderr
    assert not own_home.exists()
    assert run("remove", path).exit_code == 4


@pytest.mark.skipif(sys.platform == "win32", reason="needs links")
def test_a_link_that_leads_nowhere_is_refused_before_anything_is_stored(run, tmp_path, own_home):
    (tmp_path / "link").symlink_to(tmp_path / "nothing")
    assert run("add", tmp_path / "link").exit_code == 2
    assert not own_home.exists()


def test_a_root_that_is_away_is_named(run, library, folder):
    folder.rename(folder.with_name("unplugged"))
    result = run("sync")
    assert result.exit_code == 0
    assert f"away {folder}: missing or empty; its files stay in the library" in result.stdout
    assert json.loads(run("sync", "--json").stdout)["away"] == [str(folder)]


def test_no_path_at_all(run):
    assert run("add").exit_code == 2


def test_files_that_fail_are_named_and_do_not_fail_the_command(run, folder):
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing more")
    result = run("add", folder)
    assert result.exit_code == 0
    assert "1 failed" in result.stdout
    assert "broken.pdf" in result.stdout
    assert "assistant status --failed" in result.stdout


def test_nothing_but_failures_is_an_error(run, folder):
    broken = folder / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7 and nothing more")
    assert run("add", broken).exit_code == 1


def test_at_most_ten_files_are_named(run, folder):
    for number in range(13):
        (folder / f"{number:02}.xyz").write_text("?", "utf-8")
    result = run("add", folder)
    assert result.stdout.count("skipped /") == 10
    assert "and 3 more" in result.stdout


@pytest.mark.parametrize(("count", "says"), [
    (0, "No file was indexed in this run."), (1, "1 file indexed in this run is in the library."),
    (1200, "1,200 files indexed in this run are in the library."),
])  # fmt: skip
def test_an_interrupted_run_says_what_is_done_and_how_to_go_on(run, folder, monkeypatch, count, says):
    monkeypatch.setattr(Assistant, "add", lambda *_: IngestReport(indexed=count, interrupted=True))
    result = run("add", folder)
    assert result.exit_code == 130
    assert f"Stopped. {says} Run the command again to continue." in " ".join(result.stderr.split())


def test_sync_sees_what_changed(run, library, folder):
    (folder / "coffee.txt").unlink()
    (folder / "tea.txt").write_text("Green tea takes two minutes.", "utf-8")
    assert run("sync").stdout.startswith("1 indexed, 1 unchanged, 1 removed (")


def test_sync_with_rebuild_embeds_anew(run, library):
    report = json.loads(run("sync", "--rebuild", "--json").stdout)
    assert (report["indexed"], report["unchanged"]) == (2, 0)
    assert report["embedded"] > 0


@pytest.mark.parametrize("arguments", [("sync",), ("remove", "x"), ("search", "x"), ("ask", "x"), ("chat",), ("status",)])
def test_nothing_indexed(run, arguments):
    result = run(*arguments)
    assert result.exit_code == 4
    assert "assistant add FOLDER" in result.stderr


def test_remove(run, library, folder):
    assert run("remove", folder / "coffee.txt").stdout == "1 file removed from the library.\n"
    assert json.loads(run("status", "--json").stdout)["documents"] == 1
    assert (folder / "coffee.txt").exists()


def test_remove_as_json(run, library, folder):
    result = run("remove", folder, "--json")
    assert json.loads(result.stdout) == {"path": str(folder), "removed": 2}


def test_remove_what_is_not_there(run, library, tmp_path):
    result = run("remove", tmp_path / "other")
    assert result.exit_code == 2
    assert "is not in the library" in result.stderr


def test_status(run, library, folder):
    result = run("status")
    assert result.exit_code == 0
    assert "2 files" in result.stdout
    assert f"from {folder}" in result.stdout


def test_status_as_json(run, library, folder):
    status = json.loads(run("status", "--json").stdout)
    assert status.pop("bytes") > 0
    assert status.pop("chunks") > 0
    assert status.pop("sent")["requests"] == 0
    assert status == {"name": "default", "path": str(library), "embedder": "fake:", "documents": 2, "roots": [str(folder)],
                      "skipped": 0, "failed": 0, "waiting": 0}


def test_status_lists_files(run, folder):
    (folder / "program.xyz").write_text("?", "utf-8")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing more")
    run("add", folder)
    names = {option: {Path(file["path"]).name for file in json.loads(run("status", option, "--json").stdout)["files"]}
             for option in ("--files", "--failed", "--skipped")}
    assert names == {"--files": {"lease.md", "coffee.txt", "program.xyz", "broken.pdf"}, "--failed": {"broken.pdf"},
                     "--skipped": {"program.xyz"}}
    assert "program.xyz  no reader for .xyz files" in run("status", "--files").stdout


def test_libraries_are_apart_and_the_option_stands_anywhere(run, library, folder):
    run("-L", "work", "add", folder / "coffee.txt")
    for arguments in (("-L", "work", "status", "--json"), ("status", "--json", "--library", "work")):
        assert json.loads(run(*arguments).stdout)["documents"] == 1
    assert json.loads(run("-L", "work", "status", "-L", "default", "--json").stdout)["documents"] == 2


@pytest.mark.parametrize("name", ["", "../other", "a/b"])
def test_a_name_that_no_library_can_have(run, name):
    result = run("status", "-L", name)
    assert result.exit_code == 2
    assert "is not a valid" in result.stderr


def test_the_commands_in_hints_name_the_library_of_the_command_line(run, folder):
    (folder / "empty.txt").write_bytes(b"")
    assert "assistant status -L work --skipped" in run("add", "-L", "work", str(folder)).stdout
    assert "assistant add FOLDER -L other" in run("search", "-L", "other", "lease").stderr  # it is there already
    assert "assistant status -L work --files" in run("ask", "-L", "work", "lease?", "--path", "none*").stderr
    assert "assistant status --skipped" in run("add", str(folder)).stdout


def test_add_points_to_every_kind_of_file_that_was_left_out(run, folder):
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    (folder / "empty.txt").write_bytes(b"")
    assert "assistant status --failed --skipped" in run("add", str(folder)).stdout
