"""Plain text, Markdown, reStructuredText and source code in; the decoded file, verbatim, and its headings out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath

from assistant.datatypes import Extraction, Heading, Part, Shape
from assistant.ingest.extract.decode import Decoded, decode
from assistant.ingest.extract.headings import code_headings, markdown_headings, numbered_headings, rst_headings

FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(.*?)\r?\n(?:---|\.\.\.)[ \t]*(?=\r?\n|\Z)", re.S)
FRONT_TITLE = re.compile(r"^title:[ \t]*[\"']?(.+?)[\"']?[ \t]*\r?$", re.M)


def read_plain(data: bytes, name: str) -> Extraction:
    """Read plain text: numbered articles, chapters and sections are its headings."""
    decoded = decode(data, _suffix(name))
    return whole(decoded, numbered_headings(decoded.text))


def read_markdown(data: bytes, name: str) -> Extraction:
    """Read Markdown: the title is the front matter's, or the first heading of level 1."""
    decoded = decode(data, _suffix(name))
    front = FRONT_MATTER.match(decoded.text)
    titled = FRONT_TITLE.search(front[1]) if front else None
    headings = markdown_headings(decoded.text, front.end() if front else 0)
    return whole(decoded, headings, titled[1] if titled else first_title(headings))


def read_rst(data: bytes, name: str) -> Extraction:
    """Read reStructuredText."""
    decoded = decode(data, _suffix(name))
    headings = rst_headings(decoded.text)
    return whole(decoded, headings, first_title(headings))


def read_code(data: bytes, name: str) -> Extraction:
    """Read source code or structured text: definitions are its headings, the file's name its title."""
    suffix = _suffix(name)
    decoded = decode(data, suffix, trust_declaration=suffix == ".xml")
    return whole(decoded, code_headings(decoded.text, suffix), name, Shape.CODE)


def whole(decoded: Decoded, headings: Sequence[Heading], title: str = "", shape: Shape = Shape.PROSE) -> Extraction:
    """Make a file that has no pages one part."""
    return Extraction(
        text=decoded.text,
        parts=(Part(0, len(decoded.text)),),
        headings=tuple(headings),
        title=title,
        shape=shape,
        encoding=decoded.encoding,
        notes=decoded.notes,
    )


def first_title(headings: Sequence[Heading]) -> str:
    """Return the first heading of level 1, or nothing."""
    return next((heading.title for heading in headings if heading.level == 1), "")


def _suffix(name: str) -> str:
    return PurePath(name).suffix.lower()
