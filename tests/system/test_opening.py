"""Files that a person names: pipes, devices and folders do not hold up the program."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from assistant.errors import UsageError
from assistant.system.paths import (
    absolute,
    escape_pattern,
    expand_user,
    is_pattern,
    open_to_append,
    read_file,
    require_new,
    write_new_file,
)

unix = pytest.mark.skipif(sys.platform == "win32", reason="named pipes are those of Unix")


@unix
def test_a_pipe_that_nobody_uses_is_an_error_and_no_wait(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="named pipe"):
        read_file(pipe, 10)
    for use in (lambda: write_new_file(pipe, b"x"), lambda: open_to_append(pipe)):
        with pytest.raises(OSError, match="No such device"):
            use()


@unix
def test_a_pipe_that_the_shell_opened_is_read() -> None:
    reading, writing = os.pipe()
    os.write(writing, b'{"question": "x"}\n')
    os.close(writing)
    try:
        assert read_file(Path(f"/dev/fd/{reading}"), 100) == b'{"question": "x"}\n'
    finally:
        os.close(reading)


@unix
def test_a_device_without_end_is_read_no_further_than_the_limit() -> None:
    with pytest.raises(OSError, match="larger than 1,000 bytes"):
        read_file(Path("/dev/zero"), 1000)
    assert read_file(Path(os.devnull), 10) == b""


def test_folders_and_names_that_cannot_be(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none", tmp_path / ("x" * 300), Path("a\0b")):
        with pytest.raises(OSError):
            read_file(path, 10)
    with pytest.raises(OSError):
        write_new_file(tmp_path, b"x")


def test_files_are_written_read_and_added_to(tmp_path: Path) -> None:
    write_new_file(tmp_path / "a", b"one\n")
    with open_to_append(tmp_path / "a") as file:
        file.write("two \udcff\n")
    assert read_file(tmp_path / "a", 100) == b"one\ntwo ?\n"


def test_no_file_is_replaced_but_a_device_is_written(tmp_path: Path) -> None:
    file = tmp_path / "a"
    require_new(file)
    write_new_file(file, b"one")
    with pytest.raises(UsageError, match="a already exists"):
        require_new(file)
    with pytest.raises(FileExistsError):
        write_new_file(file, b"two")
    assert file.read_bytes() == b"one"
    if os.name == "posix":
        require_new(Path(os.devnull))
        with pytest.raises(UsageError, match="already exists"):
            require_new(Path(os.devnull), allows_stream=False)
        write_new_file(Path(os.devnull), b"two")


def test_a_user_that_is_not_there_is_part_of_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert expand_user(Path("~no_such_user_x/a")) == Path("~no_such_user_x/a")
    assert absolute(Path("~no_such_user_x/a")) == tmp_path / "~no_such_user_x" / "a"


def test_a_name_is_made_a_pattern_that_only_it_fits() -> None:
    assert [escape_pattern(path) for path in ("/a/b", "/a/[1]", "/a/*[1]?")] == ["/a/b", "/a/[1]", "/a/[*][[]1][?]"]
    assert is_pattern("*.md") and not is_pattern("[a]")
