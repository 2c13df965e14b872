"""Long documents are written while they are split: whole or not at all, and their chunks are those of any other document."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.app.assistant import Assistant
from assistant.app.ingest import add
from assistant.config import Settings
from assistant.datatypes import Document, FileState
from assistant.ingest import chunk
from assistant.ingest.chunking import chunker
from assistant.ingest.extractors.builder import Source
from assistant.ingest.extractors.registry import extract
from assistant.models.fake import FakeEmbedder


@pytest.fixture
def settings(own_home: Path) -> Settings:
    return Settings(home=own_home, chat="fake:", embed="fake:")


def table(rows: int) -> str:
    return "code,part,count\n" + "".join(f"R{n:05},part number {n % 97},{n % 9}\n" for n in range(rows))


def prose(count: int) -> str:
    return "".join(f"Line {n} of the report tells about the yard.{chr(10) * (1 + (n % 5 == 0))}" for n in range(count))


@pytest.mark.parametrize(("name", "content"), [("a.csv", table(2000)), ("a.txt", prose(2000)),
                                               ("a.md", "# Yard\n\n" + prose(900) + "\n## Dock\n\n" + prose(900))])
def test_windows_change_chunks_only_at_their_ends(name: str, content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    document = Document(f"/{name}", "a", "0" * 64, extract(Source(content.encode(), name)))
    whole = chunk(document, FakeEmbedder().count_tokens, 100)
    monkeypatch.setattr(chunker, "WINDOW", 10_000)
    parts = chunk(document, FakeEmbedder().count_tokens, 100)
    words = [word for found in parts for word in found.text.split()]
    assert words == [word for found in whole for word in found.text.split()]
    assert all(document.extraction.text[found.location.char_start : found.location.char_end] == found.text for found in parts)
    assert {found.context for found in parts} <= {found.context for found in whole}
    assert [found.location.line_start for found in parts] == [
        1 + content.count("\n", 0, found.location.char_start) for found in parts]


def test_a_long_document_is_found_like_any_other(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.csv").write_text(table(3000), "utf-8")
    (tmp_path / "b.txt").write_text(" \n" * 3000, "utf-8")
    monkeypatch.setattr(add, "LONG_TEXT", 5000)
    with Assistant(settings) as assistant:
        report = assistant.add([tmp_path])
        entry = next(entry for entry in assistant.ledger() if entry.path.endswith("a.csv"))
        assert (report.indexed, report.chunks, len(report.skipped)) == (1, entry.chunks, 1)
        assert entry.chunks == len(assistant.passage_places()) > 50
        assert "R02999" in assistant.search("R02999", 1).hits[0].chunk.text
        assert assistant.sync().unchanged == 2


class BrokenEmbedder(FakeEmbedder):
    """An embedder that fails in the middle of a document."""

    def __init__(self, calls: int) -> None:
        self._left = calls

    def count_tokens(self, texts: list[str]) -> list[int]:  # type: ignore[override]
        self._left -= 1
        if self._left < 0:
            raise KeyboardInterrupt
        return super().count_tokens(texts)


def test_a_document_that_is_interrupted_is_there_as_it_was(settings: Settings, tmp_path: Path,
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.csv"
    file.write_text(table(50), "utf-8")
    with Assistant(settings) as assistant:
        assistant.add([file])
    before = state_of(settings)
    file.write_text(table(3000), "utf-8")
    monkeypatch.setattr(add, "LONG_TEXT", 5000)
    monkeypatch.setattr(chunker, "WINDOW", 10_000)
    with Assistant(settings) as assistant:
        monkeypatch.setattr(assistant._models, "_embedder", BrokenEmbedder(4), raising=False)
        monkeypatch.setattr(type(assistant._models), "embedder", property(lambda self: self._embedder), raising=False)
        assert assistant.sync().interrupted
    assert state_of(settings) == before


def state_of(settings: Settings) -> tuple[list[FileState], int]:
    with Assistant(settings) as assistant:
        return [entry.state for entry in assistant.ledger()], len(assistant.passage_places())
