"""Files of JSON lines: what is damaged costs its line, with a warning."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from assistant.system.atomic_files import DamagedRecord, append_record, read_records

ODD = "one\u2028two\x85three\x0bfour\x1cfive"


def test_any_characters_come_back(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    append_record(file, {"text": ODD})
    append_record(file, {"text": "\ud800"})
    assert [record["text"] for record in read_records(file)] == [ODD, "?"]


@pytest.mark.parametrize("damage", [b'{"half": ', b"\xff\xfe\n", b"[1]\n", b"[" * 20000, b"nonsense\n", b"\x00\n"])
def test_a_damaged_line_costs_that_line_with_a_warning(tmp_path: Path, damage: bytes) -> None:
    file = tmp_path / "a.jsonl"
    append_record(file, {"n": 1})
    file.write_bytes(file.read_bytes() + damage)
    append_record(file, {"n": 2})
    with pytest.warns(DamagedRecord, match="Line 2 of .*a.jsonl is damaged and was skipped"):
        assert list(read_records(file)) == [{"n": 1}, {"n": 2}]


@pytest.mark.skipif(sys.platform == "win32", reason="has other permissions")
def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    append_record(tmp_path / "a.jsonl", {})
    assert stat.S_IMODE((tmp_path / "a.jsonl").stat().st_mode) == 0o600
