"""A file's first bytes in, the suffix that fits what it really is out: names lie, and people rename files."""

from __future__ import annotations

import io
import zipfile

from assistant.ingest.extractors.office.encryption import old_suffix
from assistant.ingest.extractors.source import Source
from assistant.ingest.extractors.zip_package import OLD_CONTAINER

DOCUMENTS = (
    ".pdf .doc .docx .docm .dotx .dotm .rtf .odt .ott .ppt .pptx .pptm .ppsx .odp .otp .xls .xlsx .xlsm .xltx .xlsb .ods .ots "
    ".epub .msg"
)
RENAMED = frozenset(DOCUMENTS.split())
"""Suffixes whose files are recognised by their content; what is text by its name must be text."""
HEAD = 1024  # a PDF may begin with a little of something else
OWNERS = {
    "word/document.xml": ".docx", "ppt/presentation.xml": ".pptx", "xl/workbook.xml": ".xlsx", "xl/workbook.bin": ".xlsb",
    "META-INF/container.xml": ".epub",
}  # fmt: skip
OPEN_DOCUMENTS = {b"text": ".odt", b"spreadsheet": ".ods", b"presentation": ".odp"}
FAMILIES = tuple(map(frozenset, (
    (".docx", ".docm", ".dotx", ".dotm"), (".pptx", ".pptm", ".ppsx"), (".xlsx", ".xlsm", ".xltx", ".xlsb", ".xls"),
    (".odt", ".ott"), (".odp", ".otp"), (".ods", ".ots"),
)))  # fmt: skip


def true_suffix(source: Source, suffix: str) -> str:
    """Return the suffix of what the file is, or the one of its name where that fits or nothing better is known."""
    found = _recognised(source.data) if suffix in RENAMED else ""
    is_family = any(found in family and suffix in family for family in FAMILIES)
    return suffix if not found or is_family else found


def _recognised(data: bytes) -> str:
    if b"%PDF-" in data[:HEAD]:
        return ".pdf"
    if data.startswith(b"{\\rtf"):
        return ".rtf"
    if data.startswith(OLD_CONTAINER):
        return old_suffix(data)
    return _inside_zip(data) if data.startswith(b"PK\x03\x04") else ""


def _inside_zip(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            if "mimetype" in names and "content.xml" in names:
                with archive.open("mimetype") as file:
                    kind = file.read(200).rpartition(b".")[2]
                return next((suffix for word, suffix in OPEN_DOCUMENTS.items() if kind.startswith(word)), "")
    except (zipfile.BadZipFile, OSError, EOFError, RuntimeError):
        return ""
    return next((suffix for name, suffix in OWNERS.items() if name in names), "")
