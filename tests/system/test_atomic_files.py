import os
import stat
from pathlib import Path

import pytest

from assistant.system.atomic_files import write_atomically


def test_the_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    file = tmp_path / "file.json"
    file.write_bytes(b"old")
    write_atomically(file, b"new")
    assert file.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.skipif(os.name != "posix", reason="permissions are of POSIX")
def test_a_private_file_is_readable_by_its_owner_alone_even_where_the_old_one_was_not(tmp_path: Path) -> None:
    file = tmp_path / "file.json"
    file.write_bytes(b"old")
    file.chmod(0o644)
    write_atomically(file, b"new", 0o600)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("step", ["fsync", "rename"])
def test_a_failure_leaves_the_old_file_and_no_partial_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    file = tmp_path / "file.json"
    file.write_bytes(b"old")
    if step == "fsync":
        monkeypatch.setattr(os, "fsync", refuse)
    else:
        monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(file, b"new")
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_the_content_is_on_the_disk_before_the_name_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda number: (done.append("sync"), fsync(number))[1])
    monkeypatch.setattr(Path, "replace", lambda path, target: (done.append("rename"), replace(path, target))[1])
    write_atomically(tmp_path / "file.json", b"new")
    assert done[:2] == ["sync", "rename"]


def test_without_overwriting_the_first_file_stays(tmp_path: Path) -> None:
    file = tmp_path / "key"
    write_atomically(file, b"first", 0o600, overwrite=False)
    write_atomically(file, b"second", 0o600, overwrite=False)
    assert file.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [file]


def test_without_links_the_file_is_renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refuse)
    write_atomically(tmp_path / "key", b"whole", 0o600, overwrite=False)
    assert (tmp_path / "key").read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [tmp_path / "key"]


def test_an_error_names_the_file_and_not_the_temporary_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as raised:
        write_atomically(tmp_path / "none" / "key", b"whole")
    assert raised.value.filename == str(tmp_path / "none" / "key")


def test_a_read_only_file_system_is_an_error_of_the_file_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, **_: object) -> None:
        raise OSError(30, "Read-only file system", str(path))

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(OSError, match="Read-only") as raised:
        write_atomically(tmp_path / "key", b"whole")
    assert raised.value.filename == str(tmp_path / "key")
