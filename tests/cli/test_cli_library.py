"""Whole libraries: made, listed, renamed, deleted, exported and imported; checked and mended."""

from __future__ import annotations

import errno
import io
import json
import os
import random
import re
import sqlite3
import stat
import sys
import zipfile
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from filelock import FileLock

from assistant.app.library import registry as libraries
from assistant.config import load_settings
from assistant.models import fake
from assistant.watch import claim_watch


def held(run, name):
    return next(each for each in json.loads(run("library", "list", "--json").stdout)["libraries"] if each["name"] == name)


def test_what_there_is(run, library):
    assert run("library", "create", "work").exit_code == 0
    listed = json.loads(run("library", "list", "--json").stdout)
    assert [(each["name"], each["documents"]) for each in listed["libraries"]] == [("default", 2), ("work", 0)]
    assert listed["findings"] == []
    assert "Library work" in run("library", "list").stdout


def test_a_library_that_cannot_be_opened_is_listed_with_the_reason(run, library, own_home):
    broken = own_home / "libraries" / "broken"
    broken.mkdir()
    (broken / "library.sqlite").write_bytes(b"no database" * 200)
    listed = json.loads(run("library", "list", "--json").stdout)
    assert [each["name"] for each in listed["libraries"]] == ["default"]
    assert "not a readable library" in listed["findings"][0]["detail"]


def test_a_name_that_is_taken_or_bad_is_refused(run, library):
    for name in ("default", "../x", ".hidden", "a,b"):
        assert run("library", "create", name).exit_code == 2
    assert run("library", "rename", "default", "default").exit_code == 2
    assert run("library", "rename", "nothing", "work").exit_code == 4


def test_a_hint_names_only_options_that_the_command_has(run, library, tmp_path):
    file = tmp_path / "default.export"
    assert run("library", "export", "default", file).exit_code == 0
    for command in (("create", "default"), ("rename", "default", "default"), ("import", file)):
        result = run("library", *command)
        says = " ".join(result.stderr.split())
        assert result.exit_code == 2 and "already exists. Choose another name" in says
        assert "assistant library delete default" in says
        assert ("--as NAME" in says) == (command[0] == "import")


def test_renamed(run, library, own_home):
    assert run("library", "rename", "default", "home").exit_code == 0
    assert held(run, "home")["documents"] == 2
    assert not library.exists()
    assert run("search", "-L", "home", "notice period").exit_code == 0


def test_the_conversations_of_a_renamed_library_are_resumed_and_lose_what_is_removed(run, library, folder):
    assert run("chat", "--keep", stdin="When does the lease end?\n").exit_code == 0
    assert run("library", "rename", "default", "office").exit_code == 0
    assert "31 December 2027" in run("sessions", "show", "last").stdout
    assert run("chat", "--resume", stdin="").exit_code == 0
    assert run("remove", folder / "lease.md", "-L", "office").exit_code == 0
    shown = run("sessions", "show", "last").stdout
    assert "31 December 2027" not in shown and "a file that it stands on was removed" in shown


def test_a_library_that_is_watched_is_neither_renamed_nor_deleted(run, library):
    with claim_watch(library.parent):
        for command in (("rename", "default", "office"), ("delete", "default", "--yes")):
            result = run("library", *command)
            assert result.exit_code == 1
            assert "assistant watch --stop -L default" in " ".join(result.stderr.split())
            assert library.exists()
    assert run("library", "rename", "default", "office").exit_code == 0


def test_deleting_asks(run, library, own_home):
    assert run("library", "delete", "default", stdin="n\n").exit_code == 1
    assert library.exists()
    assert run("library", "delete", "default", stdin="y\n").exit_code == 0
    assert list((own_home / "libraries").iterdir()) == []
    assert run("library", "delete", "default", "--yes").exit_code == 4


def test_the_conversations_lose_what_a_deleted_library_held(run, library):
    assert run("chat", "--keep", stdin="When does the lease end?\n").exit_code == 0
    assert "31 December 2027" in run("sessions", "show", "last").stdout
    assert run("library", "delete", "default", "--yes").exit_code == 0
    shown = run("sessions", "show", "last").stdout
    assert "31 December 2027" not in shown and "a file that it stands on was removed" in shown


def test_settings_of_one_library(run, library, monkeypatch):
    assert run("library", "set", "default", "context_chunks=3").exit_code == 0
    assert load_settings().context_chunks == 3
    assert load_settings({"library": "other"}).context_chunks == 5
    assert load_settings({"library": "default,other"}).context_chunks == 5
    monkeypatch.setenv("ASSISTANT_CONTEXT_CHUNKS", "7")
    assert load_settings().context_chunks == 7
    for wrong in ("context_chunks=many", "context_chunks=0", "home=/tmp", "context_chunks"):
        assert run("library", "set", "default", wrong).exit_code == 2
    assert run("library", "create", "small", "chunk_tokens=50", "refusal_threshold=30").exit_code == 0
    assert load_settings({"library": "small"}).refusal_threshold == 30
    assert load_settings({"library": "small"}).chunk_tokens == 50


@pytest.fixture
def exported(run, library, tmp_path) -> Path:
    target = tmp_path / "mine.library"
    assert run("library", "export", "default", target).exit_code == 0
    return target


def test_an_exported_library_opens_elsewhere_and_nothing_is_embedded(run, exported, tmp_path, folder, monkeypatch):
    here = json.loads(run("search", "notice period", "--json").stdout)["hits"]
    assert run("library", "export", "default", exported).exit_code == 2  # nothing is overwritten
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path / "other machine"))
    folder.rename(tmp_path / "away")
    embedded: list[object] = []
    monkeypatch.setattr(fake.FakeEmbedder, "embed_passages", lambda _, texts: embedded.extend(texts))
    result = run("library", "import", exported, "--as", "theirs")
    assert result.exit_code == 0, result.stderr
    assert "is not on this machine" in " ".join(result.stderr.split())
    there = json.loads(run("search", "-L", "theirs", "notice period", "--json").stdout)["hits"]
    assert there == here
    assert embedded == []
    assert run("doctor", "--check", "-L", "theirs").exit_code == 0
    assert run("sync", "-L", "theirs").exit_code == 0
    assert held(run, "theirs")["documents"] == 2


def test_folders_of_another_library_are_told(run, exported, folder):
    assert run("library", "import", exported).exit_code == 2  # the name is taken
    came = json.loads(run("library", "import", exported, "--as", "second", "--json").stdout)
    assert (came["away"], came["shared"]) == ([], [[str(folder), "default"]])


@pytest.mark.parametrize("damage", ["cut", "changed", "not one", "forged", "too new", "other file"])
def test_a_damaged_one_changes_nothing(run, exported, own_home, damage):
    whole = exported.read_bytes()
    if damage == "cut":
        exported.write_bytes(whole[: len(whole) // 2])
    elif damage == "changed":
        exported.write_bytes(whole[:900] + bytes(255 - byte for byte in whole[900:950]) + whole[950:])
    elif damage == "not one":
        exported.write_text("hello", "utf-8")
    else:
        rewrite(exported, damage)
    result = run("library", "import", exported, "--as", "copy")
    assert result.exit_code == 1, result.stdout
    assert "Traceback" not in result.stderr
    assert [each.name for each in (own_home / "libraries").iterdir()] == ["default"]


def rewrite(exported: Path, damage: str) -> None:
    with zipfile.ZipFile(exported) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(entries["manifest.json"])
    if damage == "too new":
        manifest["format"] = 99
    elif damage == "forged":
        manifest["entries"]["library.sqlite"]["sha256"] = "0" * 64
    else:
        manifest["entries"]["../escaped"] = manifest["entries"]["library.sqlite"]
    with zipfile.ZipFile(exported, "w") as archive:
        for name, content in {**entries, "manifest.json": json.dumps(manifest).encode()}.items():
            archive.writestr(name, content)


def test_check_finds_and_mends(run, library, folder):
    assert run("doctor", "--check").exit_code == 0
    with closing(sqlite3.connect(library)) as connection:
        connection.execute("DELETE FROM chunks WHERE id = (SELECT min(id) FROM chunks)")
        connection.commit()
    found = run("doctor", "--check", "--json")
    assert found.exit_code == 1
    assert all(each["remedy"] for each in json.loads(found.stdout)["findings"])
    assert run("doctor", "--check", "--repair").exit_code == 0
    assert run("doctor", "--check").exit_code == 0
    assert json.loads(run("sync", "--json").stdout)["indexed"] == 1
    assert run("doctor", "--check").exit_code == 0
    assert "nine months" in run("search", "notice period").stdout


def test_a_check_of_nothing(run):
    assert "is empty" in run("doctor", "--check").stdout


@pytest.mark.skipif(sys.platform == "win32", reason="has other permissions")
def test_nobody_else_can_read_a_library_or_what_is_exported(library, exported):
    assert stat.S_IMODE(library.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(exported.stat().st_mode) == 0o600


def test_moved_where_no_folder_with_an_open_file_can_be(run, library, own_home, monkeypatch):
    monkeypatch.setattr(libraries, "move", only_without_open_files(libraries.move))
    monkeypatch.setattr(libraries, "OPEN_FILES_HOLD", True)
    assert libraries.rename(load_settings(), "default", "home").name == "home"


def only_without_open_files(move):
    def checked(folder, target):
        with FileLock(folder / "writer.lock", timeout=0):
            pass
        move(folder, target)
    return checked


def test_wrong_settings_make_no_library(run, own_home):
    for wrong in ("context_chunks=0", "refusal_threshold=150", "home=/x", "reader_processes=-1", "nothing"):
        assert run("library", "create", "work", wrong).exit_code == 2
        assert not (own_home / "libraries" / "work").exists()
    assert run("library", "create", "work", "context_chunks=3").exit_code == 0


@pytest.mark.parametrize("name", ["a/b", "..", "con", "NUL.txt", "x" * 101, "a\nb", "", " a", "a,b", "a.", "\u202ea"])
def test_names_that_no_library_can_have(run, library, own_home, name):
    for arguments in (("create", name), ("rename", "default", name), ("set", name, "context_chunks=3"), ("delete", name, "--yes"),
                      ("export", name, "x.library")):
        assert run("library", *arguments).exit_code == 2
    assert [each.name for each in (own_home / "libraries").iterdir()] == ["default"]


def sqlite_failure(code: int, words: str) -> sqlite3.OperationalError:
    failure = sqlite3.OperationalError(words)
    failure.sqlite_errorcode = code
    return failure


@pytest.mark.parametrize(("failure", "words"), [
    (sqlite_failure(sqlite3.SQLITE_FULL, "database or disk is full"), "The disk has no room left for"),
    (sqlite_failure(sqlite3.SQLITE_IOERR_WRITE, "disk I/O error"), "The disk has no room left for"),
    (sqlite_failure(sqlite3.SQLITE_CORRUPT, "database disk image is malformed"), "is not a readable library"),
    (PermissionError(errno.EACCES, "Permission denied"), "cannot be written: Permission denied"),
    (OSError(errno.EDQUOT, "Disk quota exceeded"), "The disk has no room left for"),
])  # fmt: skip
def test_an_export_that_fails_says_why_and_leaves_nothing(run, library, tmp_path, monkeypatch, failure, words):
    class Failing:
        def execute(self, _sql: str, values: tuple[str]) -> None:
            Path(values[0]).write_bytes(b"half")
            raise failure

    @contextmanager
    def failing(connection):
        connection.close()
        yield Failing()

    target = tmp_path / "out" / "mine.library"
    target.parent.mkdir()
    with monkeypatch.context() as patched:
        patched.setattr("assistant.app.library.archive.closing", failing)
        result = run("library", "export", "default", target)
    assert result.exit_code == 1
    assert words in result.stderr
    assert list(target.parent.iterdir()) == []
    assert run("library", "export", "default", target).exit_code == 0


def test_a_damaged_library_is_not_exported(run, library, tmp_path):
    run("search", "lease")
    content = bytearray(library.read_bytes())
    for place in range(8192, len(content), 4096):
        content[place : place + 200] = b"\xff" * 200
    library.write_bytes(content)
    result = run("library", "export", "default", tmp_path / "mine.library")
    assert result.exit_code == 1
    assert "is not a readable library" in result.stderr
    assert not list(tmp_path.glob("mine.library*"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the device that is always full is Linux's")
def test_places_that_no_library_can_be_exported_to(run, library, tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    for target in ("/dev/full", tmp_path, tmp_path / "loop", tmp_path / "none" / "x", library / "x", tmp_path / ("x" * 300),
                   f"{tmp_path}/\udcff"):
        result = run("library", "export", "default", target)
        assert result.exit_code in {1, 2}, result.exception
        assert isinstance(result.exception, SystemExit)


def changed_archive(content: bytes, how: str) -> bytes:
    """Return an archive whose entries say that they are encrypted or packed in an unknown way, or one that is changed."""
    entries, place = bytearray(content), content.index(b"PK\x01\x02")
    if how == "encrypted":
        for found in re.finditer(b"PK\x01\x02", content):
            entries[found.start() + 8] |= 1
    elif how in {"method", "version"}:
        for found in re.finditer(b"PK\x01\x02", content):
            start = found.start() + (10 if how == "method" else 6)
            entries[start : start + 2] = (98).to_bytes(2, "little")
    elif how == "stream":
        entries[60:120] = b"\xff" * 60
    elif how == "offset":
        entries[place + 42 : place + 46] = b"\xff\xff\xff\x7f"
    elif how == "deep":
        return in_archive(b"[" * 50_000)
    elif how == "huge number":
        return in_archive(b'{"format": 1, "name": "x", "documents": 1e999, "chunks": 1, "embedder": "", "roots": [], '
                          b'"entries": {}}')
    return bytes(entries)


def in_archive(manifest: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("manifest.json", manifest)
    return held.getvalue()


@pytest.mark.parametrize("how", ["encrypted", "method", "version", "stream", "offset", "deep", "huge number"])
def test_an_archive_that_cannot_be_unpacked_changes_nothing(run, exported, own_home, how):
    exported.write_bytes(changed_archive(exported.read_bytes(), how))
    result = run("library", "import", exported, "--as", "copy")
    assert isinstance(result.exception, SystemExit)
    assert result.exit_code == 1
    assert ("it is encrypted" in result.stderr) == (how == "encrypted")
    assert [each.name for each in (own_home / "libraries").iterdir()] == ["default"]


def test_any_cut_and_any_changed_byte_is_told(run, exported, own_home):
    whole, chance = exported.read_bytes(), random.Random(1)
    for _ in range(60):
        place = chance.randrange(len(whole))
        damaged = whole[:place] if chance.random() < 0.5 else whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]
        exported.write_bytes(damaged)
        result = run("library", "import", exported, "--as", "copy")
        assert isinstance(result.exception, SystemExit | None), result.exception
        run("library", "delete", "copy", "--yes")  # a byte that nothing depends on, such as one of a date
        assert [each.name for each in (own_home / "libraries").iterdir()] == ["default"]


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes are those of Unix")
def test_what_is_no_file_is_not_imported(run, library, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for source in (tmp_path / "pipe", tmp_path, "/dev/null", tmp_path / "none", ""):
        assert run("library", "import", source).exit_code == 2


def test_a_disk_that_fills_up_while_importing_leaves_nothing(run, exported, own_home, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("assistant.app.library.archive.copy_hashed", full)
    result = run("library", "import", exported, "--as", "copy")
    assert result.exit_code == 1
    assert "No space left" in result.stderr
    assert [each.name for each in (own_home / "libraries").iterdir()] == ["default"]
