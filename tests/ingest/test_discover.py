from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from assistant.errors import UsageError
from assistant.ingest import Candidate, ExcludedEntry, discover

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="needs links, pipes and odd names")


def taken(root: Path, max_bytes: int = 1000) -> list[str]:
    return [entry.path.relative_to(root).as_posix() for entry in discover(root, max_bytes) if isinstance(entry, Candidate)]


def refused(root: Path, max_bytes: int = 1000) -> dict[str, str]:
    entries = discover(root, max_bytes)
    return {entry.path.name: entry.reason for entry in entries if isinstance(entry, ExcludedEntry)}


def test_takes_a_tree_sorted_by_name(write, tmp_path):
    for name in ("b.txt", "a/z.md", "a/b/c.py", "c.txt"):
        write(name)
    assert taken(tmp_path) == ["a/b/c.py", "a/z.md", "b.txt", "c.txt"]
    entry = next(iter(discover(tmp_path, 1000)))
    assert entry.root == tmp_path and entry.size == 4 and entry.mtime_ns == entry.path.stat().st_mtime_ns


def test_takes_a_file_that_is_named_even_if_hidden_or_ignored(write, tmp_path):
    write(".gitignore", "*")
    path = write(".notes.md")
    assert [entry.path for entry in discover(path, 1000)] == [path]
    assert taken(tmp_path) == []


def test_unknown_root_is_a_usage_error_at_once(tmp_path):
    with pytest.raises(UsageError, match="no such file or folder"):
        discover(tmp_path / "gone", 1000)


def test_leaves_out_hidden_and_tool_folders_silently(write, tmp_path):
    for name in (".git/a.txt", ".hidden.txt", "node_modules/a.js", "__pycache__/a.py", "env/lib/a.py", "ok.txt"):
        write(name)
    write("env/pyvenv.cfg")
    assert taken(tmp_path) == ["ok.txt"]
    assert refused(tmp_path) == {}


def test_too_large_and_unknown_files_are_refused_with_the_reason(write, tmp_path):
    write("big.txt", b"x" * 2000)
    write("photo.xyz")
    write("noname")
    assert refused(tmp_path) == {
        "big.txt": "too large: 0.0 MB; the limit is 0.0 MB",
        "photo.xyz": "no reader for .xyz files",
        "noname": "no reader for extensionless files",
    }


def test_lock_files_of_office_programs_are_refused(write, tmp_path):
    write("~$plan.docx", b"owner")
    assert refused(tmp_path) == {"~$plan.docx": "a lock file that an office program left behind"}


def test_takes_readme_and_the_like_without_a_suffix(write, tmp_path):
    write("README")
    write("LICENSE")
    assert taken(tmp_path) == ["LICENSE", "README"]


def test_ignore_files_nest_and_the_nearest_decides(write, tmp_path):
    write(".gitignore", "*.log\nbuild/\n/top.txt\n")
    write("sub/.gitignore", "!keep.log\n")
    write(".assistantignore", "secret*\n")
    for name in ("a.log", "sub/keep.log", "sub/other.log", "build/x.txt", "sub/build/y.txt", "top.txt", "sub/top.txt"):
        write(name)
    write("sub/secret.md")
    assert taken(tmp_path) == ["sub/keep.log", "sub/top.txt"]


def test_what_an_ignored_folder_holds_cannot_be_taken_back(write, tmp_path):
    write(".gitignore", "out/\n!out/keep.txt\n")
    write("out/keep.txt")
    assert taken(tmp_path) == []


def test_a_list_of_exceptions_works_as_in_git(write, tmp_path):
    write(".gitignore", "*\n!*/\n!*.md\n")
    for name in ("a.md", "a.txt", "deep/b.md", "deep/b.txt"):
        write(name)
    assert taken(tmp_path) == ["a.md", "deep/b.md"]


def test_an_ignore_file_that_is_not_utf8_does_no_harm(write, tmp_path):
    write(".gitignore", b"\xff\xfe\x80\n*.log\n")
    write("a.log")
    write("a.txt")
    assert taken(tmp_path) == ["a.txt"]


@posix_only
def test_links_inside_are_followed_once_and_those_that_leave_are_refused(write, tmp_path):
    root = tmp_path / "root"
    write("root/a/one.txt")
    write("root/.kept/two.txt")
    write("outside/three.txt")
    (root / "a/again").symlink_to(root, target_is_directory=True)  # a loop
    (root / "twin.txt").symlink_to(root / "a/one.txt")
    (root / "shown").symlink_to(root / ".kept", target_is_directory=True)
    (root / "away").symlink_to(tmp_path / "outside", target_is_directory=True)
    (root / "file.txt").symlink_to(tmp_path / "outside/three.txt")
    (root / "nowhere.txt").symlink_to(root / "missing.txt")
    assert taken(root) == ["a/one.txt", "shown/two.txt"]
    assert refused(root) == {
        "away": "a link that leads out of the folder",
        "file.txt": "a link that leads out of the folder",
        "nowhere.txt": "a link that leads nowhere",
    }


@posix_only
def test_a_root_that_is_a_link_is_followed(write, tmp_path):
    write("real/a.txt")
    (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
    assert taken(tmp_path / "link") == ["a.txt"]


@posix_only
def test_pipes_and_sockets_are_refused_and_never_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(tmp_path)  # a socket's path must be short
        try:
            server.bind("s.txt")
        finally:
            os.chdir(here)
        assert set(refused(tmp_path)) == {"pipe.txt", "s.txt"}
    assert refused(tmp_path / "pipe.txt") == {"pipe.txt": "not a file but a pipe, socket or device"}


@posix_only
@pytest.mark.skipif(sys.platform == "darwin", reason="the file system refuses such names")
def test_names_that_are_not_utf8_become_refusals_that_can_be_stored(tmp_path):
    (tmp_path / os.fsdecode(b"caf\xe9.txt")).write_text("x")
    (tmp_path / os.fsdecode(b"d\xff")).mkdir()
    (tmp_path / os.fsdecode(b"d\xff") / "a.txt").write_text("x")
    reasons = refused(tmp_path)
    assert set(reasons.values()) == {"its name is not valid UTF-8"} and len(reasons) == 2
    assert all(name.encode() for name in reasons)


@pytest.mark.parametrize("bad", ["!", "\\", "[z-a]"])
def test_a_line_that_is_no_pattern_is_dropped_and_the_others_hold(write, tmp_path, bad):
    write(".gitignore", f"*.log\n{bad}\nsecret.txt\n")
    for name in ("a.log", "secret.txt", "a.txt"):
        write(name)
    assert taken(tmp_path) == ["a.txt"]


def test_an_ignore_file_that_is_a_folder_does_no_harm(write, tmp_path):
    (tmp_path / ".gitignore").mkdir()
    write(".assistantignore", "*.log\n")
    write("a.log")
    write("a.txt")
    assert taken(tmp_path) == ["a.txt"]


def test_an_ignore_file_that_cannot_be_read_does_no_harm(write, tmp_path, monkeypatch):
    write(".gitignore", "a.txt\n")
    write("a.txt")

    def deny(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", deny)
    assert taken(tmp_path) == ["a.txt"]


@posix_only
def test_an_ignore_file_that_is_a_pipe_is_not_waited_for(write, tmp_path):
    os.mkfifo(tmp_path / ".gitignore")
    write("a.txt")
    assert taken(tmp_path) == ["a.txt"]


def test_a_time_beyond_64_bits_is_cut(write, tmp_path, monkeypatch):
    path = write("a.txt")
    status = path.stat()

    class FarFuture:
        st_mode, st_size, st_mtime_ns = status.st_mode, status.st_size, 2**34 * 10**9

    monkeypatch.setattr(Path, "stat", lambda *_, **__: FarFuture)
    assert [entry.mtime_ns for entry in discover(path, 1000)] == [2**63 - 1]


def test_what_cannot_be_looked_at_is_out_of_sight(write, tmp_path, monkeypatch):
    write("a.txt")
    (tmp_path / "link.txt").symlink_to(tmp_path / "a.txt")
    for name in ("stat", "lstat"):
        real = getattr(Path, name)

        def deny(self, *, real=real, **options):
            if self.suffix == ".txt":
                raise PermissionError(13, "Permission denied")
            return real(self, **options)

        monkeypatch.setattr(Path, name, deny)
    entries = list(discover(tmp_path, 1000))
    assert entries and all(isinstance(entry, ExcludedEntry) and entry.is_inaccessible for entry in entries)


def test_a_folder_that_cannot_be_listed_is_refused(write, tmp_path, monkeypatch):
    write("a/x.txt")
    write("b.txt")
    scandir = os.scandir

    def deny(path):
        if str(path).endswith("a"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", deny)
    assert refused(tmp_path) == {"a": "cannot be opened: Permission denied"}
    assert taken(tmp_path) == ["b.txt"]


def below(found, path):
    return [entry for entry in found if entry.path == path or path in entry.path.parents]


def test_a_look_at_some_paths_sees_what_a_walk_of_all_sees_there(write, tmp_path):
    for name in ("a/b/one.md", "a/b/two.xyz", "a/skip/three.md", "a/four.md", "five.md", ".hidden/six.md", "env/seven.md",
                 "node_modules/eight.md", "a/.nine.md", "a/b/deep/er/ten.md"):
        write(name)
    write(".gitignore", "skip/\n*.log")
    write("a/.assistantignore", "!skip\nfour.md")
    write("env/pyvenv.cfg")
    every = list(discover(tmp_path, 1000))
    paths = [path for path in sorted(tmp_path.rglob("*")) if path.name not in {".gitignore", "pyvenv.cfg"}]
    for path in [*paths, tmp_path, tmp_path.parent, tmp_path / "nowhere" / "at" / "all", tmp_path / "five.md" / "no.md"]:
        expected = every if path == tmp_path.parent else below(every, path)
        assert list(discover(tmp_path, 1000, [path])) == expected, path
    both = [tmp_path / "a" / "b" / "deep", tmp_path / "five.md", tmp_path / "a" / "b"]
    seen = sorted(entry.path for entry in discover(tmp_path, 1000, both))
    assert seen == sorted(entry.path for path in both[1:] for entry in below(every, path))
    assert list(discover(tmp_path, 1000, [])) == list(discover(tmp_path, 1000, [tmp_path.parent / "other"])) == []


@posix_only
def test_links_to_places_inside_are_told(write, tmp_path):
    write("a/one.md")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    (tmp_path / "out").symlink_to(tmp_path.parent)
    told = []
    list(discover(tmp_path, 1000, on_link=told.append))
    assert told == [str(tmp_path / "link")]
    assert [entry.reason for entry in discover(tmp_path, 1000, [tmp_path / "out"])] == ["a link that leads out of the folder"]
