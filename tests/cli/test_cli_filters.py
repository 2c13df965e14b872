"""Which files a question is about, as a person says it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from assistant.cli.filters import filter_of, moment
from assistant.datatypes import Filter
from assistant.errors import UsageError

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "expected"),
    [("7d", datetime(2026, 3, 3, 12, tzinfo=UTC)), ("2 weeks", datetime(2026, 2, 24, 12, tzinfo=UTC)),
     ("1y", datetime(2025, 3, 10, 12, tzinfo=UTC)), ("2026-01-31T00:00+00:00", datetime(2026, 1, 31, tzinfo=UTC))],
)  # fmt: skip
def test_since(since, expected):
    assert moment(since, NOW) == int(expected.timestamp()) * 10**9


@pytest.mark.parametrize("since", ["yesterday", "7", "99999y", "2026-13-01", ""])
def test_what_is_no_time_is_refused(since):
    with pytest.raises(UsageError, match="is not a time"):
        moment(since, NOW)


def test_paths_types_and_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "contracts").mkdir()
    monkeypatch.chdir(tmp_path)
    found = filter_of(["contracts", "*.md", "lease"], [".PDF,docx", "md"], None)
    assert found == Filter((str(tmp_path / "contracts"), "*.md", "*lease*"), ("pdf", "docx", "md"))
    assert not filter_of(None, None, None)
