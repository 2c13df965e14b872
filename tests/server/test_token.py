"""The token is made once, and only its owner can read it."""

from __future__ import annotations

import errno
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from assistant.errors import AssistantError, HomeUnwritable
from assistant.server.token import load_token, token_file


def test_it_is_made_once_even_by_many_at_the_same_time(tmp_path: Path):
    with ThreadPoolExecutor(8) as pool:
        tokens = set(pool.map(lambda _: load_token(tmp_path / "home"), range(32)))
    assert len(tokens) == 1
    assert len(tokens.pop()) >= 43
    assert [file.name for file in (tmp_path / "home").iterdir()] == ["token"]


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
def test_others_cannot_read_it(tmp_path: Path):
    token = load_token(tmp_path)
    assert stat.S_IMODE(token_file(tmp_path).stat().st_mode) == 0o600
    token_file(tmp_path).chmod(0o644)
    assert load_token(tmp_path) == token
    assert stat.S_IMODE(token_file(tmp_path).stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"", b"\n", b"short\n", b"\xff" * 40, "é".encode() * 40, b"a" * 20 + b"\n" + b"b" * 20])
def test_a_file_without_a_token_is_not_used(tmp_path: Path, content: bytes):
    token_file(tmp_path).write_bytes(content)
    with pytest.raises(AssistantError) as raised:
        load_token(tmp_path)
    assert "Delete it" in raised.value.hint


def test_a_home_that_cannot_be_written_is_told_as_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(path: object, *_: object) -> int:
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr("assistant.system.atomic_files.os.open", refuse)
    with pytest.raises(HomeUnwritable) as raised:
        load_token(tmp_path)
    assert str(raised.value) == f"The folder {tmp_path} cannot be written: Read-only file system."
    assert "ASSISTANT_HOME" in raised.value.hint and "Delete" not in raised.value.hint


def test_a_token_that_cannot_be_read_is_not_to_be_deleted(tmp_path: Path):
    token_file(tmp_path).mkdir()
    with pytest.raises(AssistantError, match="cannot be read and kept private: ") as raised:
        load_token(tmp_path)
    assert "Delete" not in raised.value.hint and "Errno" not in str(raised.value)
