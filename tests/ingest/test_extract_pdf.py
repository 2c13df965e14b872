from __future__ import annotations

import io
import time

import pypdf
import pytest

from assistant.errors import SkippedFile, UnreadableFile
from assistant.ingest.extractors.builder import Source
from assistant.ingest.extractors.pdf import pdf
from assistant.ingest.extractors.pdf import pdf as pdf_attached
from assistant.ingest.extractors.pdf import pdf as pdf_scan
from assistant.ingest.extractors.pdf.pdf import _impossible_count, open_pdf, read_pdf


def with_pypdf(data: bytes, change) -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(data))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_every_page_is_a_part(make_pdf):
    found = read_pdf(Source(make_pdf("First page\nsecond line", "", "Third page"), "a.pdf"))
    assert [part.page for part in found.parts] == [1, 2, 3]
    texts = [found.text[part.char_start : part.char_end] for part in found.parts]
    assert texts == ["First page\nsecond line", "", "Third page"]
    assert found.empty_pages == (2,)


def test_title_and_outline_are_read(make_pdf):
    def change(writer):
        writer.add_metadata({"/Title": "Annual report"})
        chapter = writer.add_outline_item(title="Chapter  one", page_number=0)
        writer.add_outline_item(title="Part two", page_number=1, parent=chapter)
        writer.add_outline_item(title="Not on its page", page_number=1)

    found = read_pdf(Source(with_pypdf(make_pdf("Preface\nChapter one\ntext", "some Part two"), change), "a.pdf"))
    assert found.title == "Annual report"
    assert [(heading.level, heading.title) for heading in found.headings] == [
        (1, "Chapter one"),
        (1, "Not on its page"),
        (2, "Part two"),
    ]
    assert found.text[found.headings[0].char_start :].startswith("Chapter one")
    assert found.headings[1].char_start == found.parts[1].char_start


def test_a_broken_outline_does_not_make_the_file_fail(make_pdf):
    def change(writer):
        writer.add_outline_item(title="Nowhere", page_number=None)
        first = writer.add_outline_item(title="Round", page_number=0)
        first.get_object()[pypdf.generic.NameObject("/Next")] = first

    found = read_pdf(Source(with_pypdf(make_pdf("still here"), change), "a.pdf"))
    assert found.text == "still here"
    assert {heading.title for heading in found.headings} <= {"Round"}


def test_the_outline_of_a_whole_book_is_not_that_of_its_page(make_pdf):
    def change(writer):
        for number in range(30):
            writer.add_outline_item(title=f"Chapter {number}", page_number=0)

    found = read_pdf(Source(with_pypdf(make_pdf("Chapter 7\ntext"), change), "a.pdf"))
    assert [heading.title for heading in found.headings] == ["Chapter 7"]


def test_page_labels_are_read_where_they_differ(make_pdf):
    def change(writer):
        writer.set_page_label(0, 1, style="/r")
        writer.set_page_label(2, 2, style="/D", start=3)

    found = read_pdf(Source(with_pypdf(make_pdf("one", "two", "three"), change), "a.pdf"))
    assert [part.page_label for part in found.parts] == ["i", "ii", None]


def test_encrypted_files_need_a_password(make_pdf):
    locked = with_pypdf(make_pdf("secret"), lambda writer: writer.encrypt("open sesame", algorithm="RC4-128"))
    with pytest.raises(UnreadableFile, match="it is encrypted: a password is needed"):
        read_pdf(Source(locked, "a.pdf"))


def test_files_that_only_forbid_changes_are_read(make_pdf):
    locked = with_pypdf(make_pdf("open to all"), lambda writer: writer.encrypt("", "owner", algorithm="RC4-128"))
    assert read_pdf(Source(locked, "a.pdf")).text == "open to all"


@pytest.mark.parametrize("data", [b"%PDF-1.4\n", b"%PDF-1.4\n%%EOF", b"no PDF at all"])
def test_damaged_files_say_so(data):
    with pytest.raises(UnreadableFile, match="damaged: its structure cannot be read"):
        read_pdf(Source(data, "a.pdf"))


def test_a_truncated_file_is_damaged_or_mended(make_pdf):
    data = make_pdf("page one", "page two")
    for length in range(20, len(data), 40):
        try:
            assert read_pdf(Source(data[:length], "a.pdf")).text
        except UnreadableFile as error:
            assert str(error)


@pytest.mark.parametrize("password", ["open sesame", "owner"])
def test_passwords_are_tried(make_pdf, password):
    locked = with_pypdf(make_pdf("secret"), lambda writer: writer.encrypt("open sesame", "owner", algorithm="RC4-128"))
    assert read_pdf(Source(locked, "a.pdf", passwords=("wrong", password))).text == "secret"
    with pytest.raises(UnreadableFile, match="encrypted: none of the given passwords opens it"):
        read_pdf(Source(locked, "a.pdf", passwords=("wrong",)))


def test_an_impossible_number_of_pages_is_damage(make_pdf):
    data = make_pdf("text").replace(b"/Count 1 ", b"/Count 9999999999 ")
    with pytest.raises(UnreadableFile, match="damaged: it claims to have 9999999999 pages"):
        read_pdf(Source(data, "a.pdf"))


def test_a_page_tree_that_runs_in_a_circle_ends(make_pdf):
    data = make_pdf("text").replace(b"/Kids [5 0 R]", b"/Kids [2 0 R]")
    with pytest.raises(UnreadableFile, match=r"damaged|no text"):
        read_pdf(Source(data, "a.pdf"))


def test_pages_of_pictures_need_ocr(make_pdf, monkeypatch):
    monkeypatch.setattr(pdf, "is_available", lambda: False)
    with pytest.raises(SkippedFile, match=r"no text: 2 pages are pictures only .*; install rapidocr"):
        read_pdf(Source(make_pdf("", "", picture=True), "a.pdf"))
    with pytest.raises(SkippedFile, match="no text in it"):
        read_pdf(Source(make_pdf(""), "a.pdf"))


def test_pages_of_pictures_are_read_off(make_pdf, monkeypatch):
    monkeypatch.setattr(pdf, "is_available", lambda: True)
    monkeypatch.setattr(pdf_scan, "recognise_lines", lambda image: [(f"{image.width} wide", (0, 0, 1, 1))])
    steps: list[str] = []
    found = read_pdf(Source(make_pdf("", "", picture=True), "a.pdf", on_step=steps.append))
    assert found.text == "1700 wide\n\n1700 wide"
    assert found.ocr_pages == (1, 2)
    assert found.empty_pages == ()
    assert steps[-1] == "page 2 of 2, read off the picture"


def test_pictures_without_text_say_so(make_pdf, monkeypatch):
    monkeypatch.setattr(pdf, "is_available", lambda: True)
    monkeypatch.setattr(pdf_scan, "recognise_lines", lambda image: [])
    with pytest.raises(SkippedFile, match=r"1 page is a picture only .*, and nothing could be read off"):
        read_pdf(Source(make_pdf("", picture=True), "a.pdf"))


def test_steps_are_told(make_pdf):
    steps: list[str] = []
    read_pdf(Source(make_pdf(*["text"] * 60), "a.pdf", on_step=steps.append))
    assert steps == ["page 1 of 60", "page 51 of 60"]


def test_attached_files_are_members(make_pdf):
    attached = with_pypdf(make_pdf("text"), lambda writer: writer.add_attachment("../notes.txt", b"attached"))
    assert [(member.name, member.data) for member in open_pdf(Source(attached, "a.pdf"))] == [("notes.txt", b"attached")]
    assert list(open_pdf(Source(make_pdf("text"), "a.pdf"))) == []


def test_attached_files_have_a_limit(make_pdf, monkeypatch):
    monkeypatch.setattr(pdf_attached, "MAX_ATTACHED_BYTES", 3)
    attached = with_pypdf(make_pdf("text"), lambda writer: writer.add_attachment("notes.txt", b"attached"))
    (member,) = open_pdf(Source(attached, "a.pdf"))
    assert member.data == b""
    assert "too large" in str(member.refusal)


def test_many_claims_of_pages_take_no_time():
    started = time.process_time()
    assert _impossible_count(b"%PDF-1.4 " + b"/Count 9999999 " * 100_000) == 0
    assert time.process_time() - started < 5
