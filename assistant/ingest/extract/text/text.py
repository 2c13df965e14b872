"""Plain text, Markdown, reStructuredText and source code in; the decoded file, verbatim, and its headings out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.datatypes import Extraction, Heading, Part, Shape
from assistant.ingest.extract.decode import Decoded, decode
from assistant.ingest.extract.source import Source
from assistant.ingest.extract.text.headings import code_headings, markdown_headings, numbered_headings, rst_headings

FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(.*?)\r?\n(?:---|\.\.\.)[ \t]*(?=\r?\n|\Z)", re.S)
FRONT_TITLE = re.compile(r"^title:[ \t]*[\"']?(.+?)[\"']?[ \t]*\r?$", re.M)


def read_plain(source: Source) -> Extraction:
    """Read plain text: numbered articles, chapters and sections are its headings."""
    decoded = decode(source.data, source.suffix)
    return whole(decoded, numbered_headings(decoded.text))


def read_markdown(source: Source) -> Extraction:
    """Read Markdown: the title is the front matter's, or the first heading of level 1."""
    decoded = decode(source.data, source.suffix)
    front = FRONT_MATTER.match(decoded.text)
    titled = FRONT_TITLE.search(front[1]) if front else None
    headings = markdown_headings(decoded.text, front.end() if front else 0)
    return whole(decoded, headings, titled[1] if titled else first_title(headings))


def read_rst(source: Source) -> Extraction:
    """Read reStructuredText."""
    decoded = decode(source.data, source.suffix)
    headings = rst_headings(decoded.text)
    return whole(decoded, headings, first_title(headings))


def read_code(source: Source) -> Extraction:
    """Read source code or structured text: definitions are its headings, the file's name its title."""
    decoded = decode(source.data, source.suffix, trust_declaration=source.suffix == ".xml")
    return whole(decoded, code_headings(decoded.text, source.suffix), source.name, Shape.CODE)


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
