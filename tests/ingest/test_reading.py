"""A file and the files inside it: what is read, what is refused, and where the limits are."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.datatypes import Document
from assistant.errors import SkippedFile, UnreadableFile
from assistant.ingest import ReadOptions, ReadResult
from assistant.ingest.extractors.builder import Member, Source
from assistant.ingest.extractors.registry import OPENERS, READERS
from assistant.ingest.workers import read_file as reading
from assistant.ingest.workers.read_file import ReadTask, read_with_members, sha256_of


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that writes a container of these members; a function among them is called in their place."""
    contents: dict[bytes, list] = {}

    def open_box(source: Source):
        for member in contents[source.data]:
            if callable(member):
                member()
            else:
                yield member

    def write(*members, name="a.box") -> Path:
        data = f"box {len(contents)}".encode()
        contents[data] = list(members)
        (tmp_path / name).write_bytes(data)
        return tmp_path / name

    monkeypatch.setitem(OPENERS, ".box", open_box)
    return write


def read(path: Path, **options) -> dict[str, ReadResult]:
    found = list(read_with_members(ReadTask(path, ReadOptions(10**6), **options)))
    return {each.path.removeprefix(str(path.parent) + "/"): each for each in found}


def reasons(found: dict[str, ReadResult]) -> dict[str, str]:
    return {path: str(each.outcome) for path, each in found.items() if isinstance(each.outcome, UnreadableFile)}


def test_members_are_documents_of_their_own(box):
    found = read(box(Member("notes/a.txt", b"first"), Member("b.md", b"# Second\n\nmore")))
    assert list(found) == ["a.box/notes/a.txt", "a.box/b.md", "a.box"]
    first = found["a.box/notes/a.txt"]
    assert first.outcome.extraction.text == "first" and first.container.endswith("a.box") and first.size == 5
    assert first.content_hash == sha256_of(b"first")
    assert found["a.box/b.md"].outcome.title == "Second"
    assert found["a.box"].outcome.extraction.notes == ("2 files in it",) and found["a.box"].container == ""


def test_members_that_cannot_be_read_have_reasons(box):
    found = read(box(Member("a.txt", b"x"), Member("b.xyz", b"x"), Member("c.txt", b""), Member("d.pdf", b"%PDF-1.4 no"),
                     Member("e.txt", refusal=UnreadableFile("it is encrypted: a password is needed"))))
    assert reasons(found) == {
        "a.box/b.xyz": "no reader for .xyz files",
        "a.box/c.txt": "the file is empty",
        "a.box/d.pdf": "damaged: its structure cannot be read",
        "a.box/e.txt": "it is encrypted: a password is needed",
    }


def test_an_empty_container_is_skipped(box):
    found = read(box())
    assert isinstance(found["a.box"].outcome, SkippedFile) and str(found["a.box"].outcome) == "there is no file in it"


def test_a_container_that_breaks_keeps_what_came_before(box):
    def broken():
        raise ValueError("bad block")

    assert reasons(read(box(broken))) == {"a.box": "damaged, or not what its name says: bad block"}
    found = read(box(Member("a.txt", b"x"), broken))
    assert isinstance(found["a.box/a.txt"].outcome, Document)
    assert found["a.box"].outcome.extraction.notes == (
        "1 file in it", "not opened to its end: damaged, or not what its name says: bad block",
    )  # fmt: skip


def test_a_container_that_has_text_of_its_own(box, monkeypatch):
    monkeypatch.setitem(READERS, ".box", READERS[".txt"])
    found = read(box(Member("a.txt", b"x")))
    assert found["a.box"].outcome.extraction.text == "box 0" and found["a.box"].outcome.extraction.notes == ("1 file in it",)

    def no_text(source):
        raise SkippedFile("no text in it")

    monkeypatch.setitem(READERS, ".box", no_text)
    found = read(box(Member("a.txt", b"x")))
    assert isinstance(found["a.box/a.txt"].outcome, Document)
    assert reasons(found) == {"a.box": "no text in it; 1 file in it"}


def test_a_container_that_is_encrypted_is_not_opened(box, monkeypatch):
    def encrypted(source):
        raise UnreadableFile("it is encrypted: a password is needed")

    monkeypatch.setitem(READERS, ".box", encrypted)
    assert list(read(box(Member("a.txt", b"x")))) == ["a.box"]


def test_containers_in_containers_end_somewhere(box):
    path = box()
    data = path.read_bytes()
    box(Member("in.box", b"box 1"), name="b.box")  # it holds itself
    found = read(path.parent / "b.box")
    assert "it lies more than 4 containers deep" in reasons(found)["b.box" + "/in.box" * 5]
    assert data


def test_number_and_size_are_bounded(box, monkeypatch):
    monkeypatch.setattr(reading, "MAX_MEMBERS", 3)
    monkeypatch.setattr(reading, "MAX_MEMBER_BYTES", 10)
    path = box(*(Member(f"{number}.txt", b"x") for number in range(9)))
    found = list(read_with_members(ReadTask(path, ReadOptions(10**6), members_left=3)))
    assert len(found) == 4 and "more than 3 files" in found[-1].outcome.extraction.notes[1]
    path = box(*(Member(f"{number}.txt", b"xxxx") for number in range(9)))
    found = list(read_with_members(ReadTask(path, ReadOptions(10**6), bytes_left=10)))
    assert len(found) == 3 and "larger than 0 MB together" in found[-1].outcome.extraction.notes[1]
    found = list(read_with_members(ReadTask(path, ReadOptions(10**6), characters_left=10)))
    assert len(found) == 3 and "longer than 200 million characters" in found[-1].outcome.extraction.notes[1]


def test_a_member_over_the_limit_is_skipped(box):
    found = read(box(Member("a.txt", b"x" * 2_000_000)))
    assert "too large" in reasons(found)["a.box/a.txt"]


def test_members_are_announced_and_those_that_broke_the_reader_passed_over(box):
    begun: list[str] = []
    path = box(Member("a.txt", b"x"), Member("b.txt", b"y"))
    found = read(path, begin=begun.append, passed_over={str(path / "a.txt"): "it crashes"})
    assert begun == [str(path / "a.txt"), str(path / "b.txt")]
    assert reasons(found) == {"a.box/a.txt": "it crashes"} and isinstance(found["a.box/b.txt"].outcome, Document)


def test_the_same_bytes_are_not_read_again(tmp_path):
    (tmp_path / "a.txt").write_text("same")
    [found] = read_with_members(ReadTask(tmp_path / "a.txt", ReadOptions(10**6), sha256_of(b"same")))
    assert type(found.outcome).__name__ == "Unchanged"
