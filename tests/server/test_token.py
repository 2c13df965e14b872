"""The token is made once, and only its owner can read it."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from assistant.errors import AssistantError
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
