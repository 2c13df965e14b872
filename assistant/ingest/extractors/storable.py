"""Make the texts of an extraction such that a database and a file in UTF-8 take them.

JSON, UTF-7 and mail headers can spell half of a character (a lone surrogate), which neither takes.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import chain

from assistant.datatypes import Extraction, Heading, Mark, Part, Table

LONE_HALF = re.compile("[\ud800-\udfff]")
REPLACEMENT = "\ufffd"


def is_storable(text: str) -> bool:
    """Say whether a text holds whole characters only."""
    return text.isascii() or not LONE_HALF.search(text)


def storable_text(text: str) -> str:
    """Return a text of the same length, halves of characters replaced by U+FFFD."""
    return text if is_storable(text) else LONE_HALF.sub(REPLACEMENT, text)


def storable(extraction: Extraction) -> Extraction:
    """Return an extraction whose texts hold whole characters only; places in it stay the same."""
    if is_storable("".join(_texts(extraction))):
        return extraction
    return replace(
        extraction,
        text=storable_text(extraction.text),
        title=storable_text(extraction.title),
        parts=tuple(map(_part, extraction.parts)),
        headings=tuple(Heading(each.char_start, each.level, storable_text(each.title)) for each in extraction.headings),
        tables=tuple(Table(each.char_start, each.char_end, storable_text(each.header)) for each in extraction.tables),
        marks=tuple(Mark(each.char_start, _optional(each.cells), _optional(each.time)) for each in extraction.marks),
        notes=tuple(map(storable_text, extraction.notes)),
    )


def _texts(extraction: Extraction) -> chain[str]:
    """Return all texts of an extraction that come from its file."""
    return chain(
        (extraction.text, extraction.title),
        extraction.notes,
        (heading.title for heading in extraction.headings),
        (table.header for table in extraction.tables),
        (text for mark in extraction.marks for text in (mark.cells, mark.time) if text),
        (text for part in extraction.parts for text in (part.page_label, part.sheet, part.chapter) if text),
    )


def _part(part: Part) -> Part:
    return replace(part, page_label=_optional(part.page_label), sheet=_optional(part.sheet), chapter=_optional(part.chapter))


def _optional(text: str | None) -> str | None:
    return None if text is None else storable_text(text)
