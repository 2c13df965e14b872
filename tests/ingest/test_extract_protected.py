from __future__ import annotations

import io
import random
import zipfile

import pytest

from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import Source
from assistant.ingest.extractors.legacy.ole import decrypt, legacy_suffix
from assistant.ingest.extractors.office.docx import read_docx
from assistant.ingest.extractors.zip_package import OLD_CONTAINER

TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
BODY = "<w:p><w:r><w:t>secret</w:t></w:r></w:p>"


@pytest.fixture
def make_encrypted(make_docx):
    """Return a function that writes an encrypted Word document."""
    from msoffcrypto.format.ooxml import OOXMLFile

    def make(password: str) -> bytes:
        plain, out = io.BytesIO(make_docx(BODY)), io.BytesIO()
        with zipfile.ZipFile(plain, "a") as archive:
            archive.writestr("[Content_Types].xml", f'<Types xmlns="{TYPES}"/>')
            archive.writestr("filling", random.Random(1).randbytes(9000))  # the library cannot encrypt small files
        OOXMLFile(plain).encrypt(password, out)
        return out.getvalue()

    return make


def old_file(stream: str) -> bytes:
    """Write the smallest compound file with one empty stream: header, one FAT sector, one directory sector."""
    sector, nothing = 512, b"\xff\xff\xff\xff"
    header = OLD_CONTAINER + bytes(16) + bytes.fromhex("3e000300feff09000600") + bytes(6) + bytes(4)
    header += (1).to_bytes(4, "little") + (1).to_bytes(4, "little") + bytes(4) + (4096).to_bytes(4, "little")
    header += b"\xfe\xff\xff\xff" + bytes(4) + b"\xfe\xff\xff\xff" + bytes(4) + bytes(4) + nothing * 108
    table = b"\xfd\xff\xff\xff" + b"\xfe\xff\xff\xff" + nothing * 126

    def entry(name: str, kind: int, child: int) -> bytes:
        encoded = name.encode("utf-16-le") + b"\0\0"
        head = encoded.ljust(64, b"\0") + len(encoded).to_bytes(2, "little") + bytes([kind, 1]) + nothing * 2
        return head + child.to_bytes(4, "little") + bytes(36) + b"\xfe\xff\xff\xff" + bytes(8)

    directory = entry("Root Entry", 5, 1) + entry(stream, 2, 0xFFFFFFFF) + bytes(256)
    assert len(header) == len(table) == len(directory) == sector
    return header + table + directory


def test_the_right_password_opens(make_encrypted):
    source = Source(make_encrypted("open sesame"), "a.docx", passwords=("wrong", "open sesame"))
    assert read_docx(source).text == "secret"
    assert decrypt(source).name == "a.docx"


def test_without_it_the_reason_says_so(make_encrypted):
    data = make_encrypted("open sesame")
    with pytest.raises(UnreadableFile, match="it is encrypted: a password is needed"):
        decrypt(Source(data, "a.docx"))
    for passwords in (("wrong",), ("", "wrong")):
        with pytest.raises(UnreadableFile, match="it is encrypted: none of the given passwords opens it"):
            decrypt(Source(data, "a.docx", passwords=passwords))


def test_what_office_opens_without_asking_is_opened(make_encrypted):
    assert read_docx(Source(make_encrypted("VelvetSweatshop"), "a.docx")).text == "secret"


def test_what_is_not_wrapped_stays_as_it_is():
    for data in (b"PK\x03\x04 and so on", b"text", b""):
        source = Source(data, "a.docx")
        assert decrypt(source, "Word document") is source


def test_an_old_file_under_a_new_name_is_told_by_its_content():
    expected = {"WordDocument": ".doc", "Workbook": ".xls", "Book": ".xls", "PowerPoint Document": ".ppt", "Other": ""}
    assert {name: legacy_suffix(old_file(name)) for name in expected} == expected
    with pytest.raises(UnreadableFile, match=r"it is an old \.xls file under a new name, no Word document"):
        read_docx(Source(old_file("Book"), "a.docx"))
    with pytest.raises(UnreadableFile, match="damaged: it is cut off or no Word document"):
        read_docx(Source(old_file("Other"), "a.docx"))


def test_a_damaged_container_has_no_suffix():
    for data in (OLD_CONTAINER, OLD_CONTAINER + bytes(600), old_file("WordDocument")[:600]):
        assert legacy_suffix(data) == ""
