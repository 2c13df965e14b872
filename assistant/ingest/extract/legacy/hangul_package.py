"""Hangul packages (.hwpx, OWPML of KS X 6101) in; paragraphs and tables in their order out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element
from zipfile import ZipFile

from assistant.datatypes import Extraction
from assistant.errors import UnreadableFile
from assistant.ingest.extract.package import entry, local, opened_package, xml_entry
from assistant.ingest.extract.source import Source
from assistant.ingest.extract.writing import Writing

KIND = "Hangul document"
SECTION = re.compile(r"Contents/section(\d+)\.xml$", re.I)
MANIFEST, HEAD = "META-INF/manifest.xml", "Contents/content.hpf"
UNSEEN = frozenset({"header", "footer", "hiddenComment", "secPr"})
SPACES = {"lineBreak": "\n", "tab": "\t", "nbSpace": "\u00a0", "fwSpace": " ", "hyphen": "-"}


def read_hwpx(source: Source) -> Extraction:
    """Read a Hangul package."""
    with opened_package(source.data, KIND) as archive:
        names = archive.namelist()
        if MANIFEST in names and b"encryption-data" in entry(archive, MANIFEST):
            raise UnreadableFile("it is encrypted: a password is needed, and files of this kind cannot be opened with one here")
        sections = sorted((int(found[1]), name) for name in names if (found := SECTION.match(name)))
        if not sections:
            raise UnreadableFile(f"damaged: it holds no {KIND}")
        writing = Writing()
        for _, name in sections:
            source.on_step(name)
            _write_blocks(xml_entry(archive, name), writing)
        return writing.finish(_title(archive) if HEAD in names else "")


def _title(archive: ZipFile) -> str:
    return next((node.text or "" for node in xml_entry(archive, HEAD).iter() if local(node) == "title"), "")


def _write_blocks(parent: Element, writing: Writing) -> None:
    for child in parent:
        kind = local(child)
        if kind == "p":
            text = "".join(_own_text(child)).strip()
            if text:
                writing.add(text)
            _write_blocks(child, writing)
        elif kind == "tbl":
            writing.tabulate([[_words(cell) for cell in row if local(cell) == "tc"] for row in child if local(row) == "tr"])
        elif kind not in UNSEEN and kind != "t":
            _write_blocks(child, writing)


def _own_text(paragraph: Element) -> Iterator[str]:
    for run in paragraph:
        for text in run if local(run) == "run" else ():
            if local(text) == "t":
                yield from _characters(text)


def _characters(text: Element) -> Iterator[str]:
    yield text.text or ""
    for child in text:
        yield SPACES.get(local(child), "")
        yield child.tail or ""


def _words(cell: Element) -> str:
    return " ".join("".join(_own_text(node)) for node in cell.iter() if local(node) == "p")
