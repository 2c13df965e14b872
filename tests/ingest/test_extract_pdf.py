from __future__ import annotations

import io

import pypdf
import pytest

from assistant.errors import SkippedFile, UnreadableFile
from assistant.ingest.extract.pdf import _tidy, read_pdf


def with_pypdf(data: bytes, change) -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(data))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_every_page_is_a_part(make_pdf):
    found = read_pdf(make_pdf("First page\nsecond line", "", "Third page"), "a.pdf")
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

    found = read_pdf(with_pypdf(make_pdf("Preface\nChapter one\ntext", "some Part two"), change), "a.pdf")
    assert found.title == "Annual report"
    assert [(heading.level, heading.title) for heading in found.headings] == [
        (1, "Chapter one"),
        (1, "Not on its page"),
        (2, "Part two"),
    ]
    assert found.text[found.headings[0].char_start :].startswith("Chapter one")
    assert found.headings[1].char_start == found.parts[1].char_start


def test_a_broken_outline_does_not_make_the_file_fail(make_pdf, monkeypatch):
    def fail(*_):
        raise RuntimeError

    monkeypatch.setattr(pypdf, "PdfReader", fail)
    assert read_pdf(make_pdf("still here"), "a.pdf").text == "still here"


def test_encrypted_files_need_a_password(make_pdf):
    locked = with_pypdf(make_pdf("secret"), lambda writer: writer.encrypt("open sesame", algorithm="RC4-128"))
    with pytest.raises(UnreadableFile, match="it is encrypted: a password is needed"):
        read_pdf(locked, "a.pdf")


def test_files_that_only_forbid_changes_are_read(make_pdf):
    locked = with_pypdf(make_pdf("open to all"), lambda writer: writer.encrypt("", "owner", algorithm="RC4-128"))
    assert read_pdf(locked, "a.pdf").text == "open to all"


@pytest.mark.parametrize("data", [b"%PDF-1.4\n", b"%PDF-1.4\n%%EOF", b"no PDF at all"])
def test_damaged_files_say_so(data):
    with pytest.raises(UnreadableFile, match="damaged: its structure cannot be read"):
        read_pdf(data, "a.pdf")


def test_a_truncated_file_is_damaged_or_mended(make_pdf):
    data = make_pdf("page one", "page two")
    for length in range(20, len(data), 40):
        try:
            assert read_pdf(data[:length], "a.pdf").text
        except UnreadableFile as error:
            assert str(error)


def test_pages_of_pictures_need_ocr(make_pdf):
    with pytest.raises(SkippedFile, match="no text: 2 pages are pictures only"):
        read_pdf(make_pdf("", "", picture=True), "a.pdf")
    with pytest.raises(SkippedFile, match="no text in it"):
        read_pdf(make_pdf(""), "a.pdf")


def test_hyphens_at_line_ends_follow_the_rest_of_the_document():
    pages = ["A third\ufffeparty seller gives informa\ufffetion.", "Each third-party has information. SMF\ufffe28"]
    assert _tidy(pages)[0] == "A third-party seller gives information."
    assert _tidy(pages)[1].endswith("SMF-28")


def test_letters_that_stand_for_others_become_plain():
    assert _tidy(["\ufb01nancial \u2f00\r\nnext\0"]) == ["financial 一\nnext"]
