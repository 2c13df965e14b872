from __future__ import annotations

import hashlib
import os
import sys

import pytest

from assistant.datatypes import Document, Extraction, Part
from assistant.errors import SkippedFile, UnreadableFile
from assistant.ingest.extractors.builder import import_function
from assistant.ingest.extractors.registry import OPENERS, READERS, has_reader
from assistant.ingest.workers import read_file as files

LIMIT = 1_000_000


def read_document(path, max_bytes) -> Document:
    """Read one file as the worker does, and raise what is said instead of its document."""
    outcome = list(files.read_with_members(files.ReadTask(path, files.ReadOptions(max_bytes))))[-1].outcome
    if isinstance(outcome, UnreadableFile):
        raise outcome
    return outcome


def reason(path) -> str:
    with pytest.raises(UnreadableFile) as caught:
        read_document(path, LIMIT)
    return str(caught.value)


def test_a_document_knows_its_path_hash_and_title(write):
    path = write("notes/Plan.md", "# The plan\n\nBuy milk.\n")
    document = read_document(path, LIMIT)
    assert document.path == str(path)
    assert document.title == "The plan"
    assert document.content_hash == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_title_falls_back_to_the_file_name(write):
    assert read_document(write("AMAZON_2019.txt", "Net sales rose."), LIMIT).title == "AMAZON_2019"
    assert read_document(write("tool.py", "def f(): pass"), LIMIT).title == "tool.py"


@pytest.mark.parametrize("title", ["0001018724-20-000004", "Microsoft Word - a.doc", "untitled", "scan.pdf", "x"])
def test_titles_that_say_nothing_are_not_taken(write, title):
    page = write("report.html", f"<title>{title}</title><p>Some words</p>")
    assert read_document(page, LIMIT).title == "report"


@pytest.mark.parametrize("content", [b"", b"  \r\n\t", b"\xef\xbb\xbf\n", b"\0\0\0"])
def test_empty_files_are_skipped(write, content):
    with pytest.raises(SkippedFile, match="the file is empty"):
        read_document(write("a.txt", content), LIMIT)


def test_files_without_text_are_skipped(write):
    with pytest.raises(SkippedFile, match="no text in it"):
        read_document(write("a.html", "<script>x()</script>"), LIMIT)


def test_a_reason_that_lies_in_the_bytes_names_them(write, tmp_path):
    content = bytes(range(256)) * 8
    with pytest.raises(UnreadableFile) as raised:
        read_document(write("a.txt", content), LIMIT)
    assert raised.value.content_hash == hashlib.sha256(content).hexdigest()
    with pytest.raises(UnreadableFile) as raised:
        read_document(tmp_path / "gone.txt", LIMIT)
    assert raised.value.content_hash == ""


def test_binary_content_in_a_text_file_is_no_text(write):
    assert reason(write("a.txt", bytes(range(256)) * 8)) == "it is not text (binary content in a .txt file)"
    assert reason(write("b.md", b"%PDF-1.4\n1 0 obj")) == "it is not text (binary content in a .md file)"
    assert reason(write("c.csv", b"\x1f\x8b\x08" + b"\x03\x9d\x01" * 99)).startswith("it is not text")


def test_unknown_suffix(write):
    assert reason(write("a.xyz")) == "no reader for .xyz files"
    assert has_reader("A.PDF") and has_reader("README") and not has_reader("a.xyz")


def test_gone_forbidden_folder_and_failing_disk(write, tmp_path, monkeypatch):
    assert reason(tmp_path / "gone.txt") == "it is gone"
    path = write("a.txt")
    for error, said in [(PermissionError(13, "x"), "permission denied"), (OSError(5, "I/O error"), "I/O error")]:

        def fail(*_, error=error):
            raise error

        monkeypatch.setattr(files, "_read_once", fail)
        assert said in reason(path)


@pytest.mark.skipif(sys.platform == "win32", reason="needs pipes")
def test_a_pipe_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "a.txt")
    assert "pipe" in reason(tmp_path / "a.txt")


def test_a_file_that_grew_too_large_is_skipped(write):
    with pytest.raises(SkippedFile, match="too large"):
        read_document(write("a.txt", b"x" * 2000), 1000)


def test_a_file_that_is_being_written_is_read_again_then_left_for_later(write, monkeypatch):
    path = write("a.txt", "whole")
    answers = [(b"half", False), (b"whole", True)]
    monkeypatch.setattr(files, "_read_once", lambda *_: answers.pop(0))
    assert read_document(path, LIMIT).extraction.text == "whole"
    monkeypatch.setattr(files, "_read_once", lambda *_: (b"half", False))
    assert "being written while it was read" in reason(path)


def test_steadiness_is_seen_by_size_and_time(write, monkeypatch):
    path = write("a.txt", "some text")
    assert files._read_once(path, LIMIT) == (b"some text", True)
    fstat, calls = os.fstat, []

    def moving(number):
        calls.append(number)
        if len(calls) == 2:
            with path.open("ab") as file:
                file.write(b" more")
        return fstat(number)

    monkeypatch.setattr(os, "fstat", moving)
    assert files._read_once(path, LIMIT) == (b"some text", False)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("bad thing\nmore"), "damaged, or not what its name says: bad thing"),
        (KeyError(), "damaged, or not what its name says: KeyError"),
        (MemoryError(), "it needs more memory than there is"),
        (RecursionError(), "damaged: it is nested too deeply"),
    ],
)
def test_what_a_library_throws_becomes_a_reason(write, monkeypatch, error, said):
    def fail(source):
        raise error

    monkeypatch.setitem(READERS, ".txt", fail)
    path = write("a.txt")
    with pytest.raises(UnreadableFile) as caught:
        read_document(path, LIMIT)
    assert str(caught.value) == said and caught.value.__cause__ is error


def test_an_interrupt_is_let_through(write, monkeypatch):
    def interrupt(source):
        raise KeyboardInterrupt

    monkeypatch.setitem(READERS, ".txt", interrupt)
    with pytest.raises(KeyboardInterrupt):
        read_document(write("a.txt"), LIMIT)


def test_a_new_format_is_one_line(write, monkeypatch):
    def read_shout(source) -> Extraction:
        text = source.data.decode().upper()
        return Extraction(text, (Part(0, len(text)),))

    monkeypatch.setitem(READERS, ".shout", read_shout)
    assert read_document(write("a.shout", "hello"), LIMIT).extraction.text == "HELLO"


def test_every_reader_and_opener_is_where_it_is_said_to_be():
    for lazy in {*READERS.values(), *OPENERS.values()}:
        assert callable(import_function(lazy.module, lazy.function))


def test_every_reader_survives_noise(write):
    for suffix in READERS:
        for number, noise in enumerate((b"\x80\x81junk\xff" * 50, b"<a" * 99, b"PK\x03\x04" + b"\1" * 60, b'"' * 999)):
            try:
                read_document(write(f"noise{number}{suffix}", noise), LIMIT)
            except UnreadableFile as error:
                assert str(error)
