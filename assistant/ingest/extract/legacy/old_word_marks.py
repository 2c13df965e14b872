"""The marks at the ends of paragraphs in an old Word file in; headings, list items, cells and rows out."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.ingest.extract.legacy.old_word_fib import Fib
from assistant.ingest.extract.legacy.old_word_lists import Lists
from assistant.ingest.extract.legacy.old_word_pieces import Stored
from assistant.ingest.extract.legacy.old_word_properties import (
    DEPTH,
    IN_TABLE,
    LIST,
    LIST_LEVEL,
    OUTLINE,
    ROW_END,
    ParagraphProperties,
    is_on,
    whole_number,
)  # fmt: skip
from assistant.ingest.extract.legacy.old_word_styles import Styles


@dataclass(frozen=True, slots=True)
class Mark:
    """What a paragraph is: a heading of a level, an item of a list, a part of a table."""

    level: int = 0
    label: str = ""
    in_table: bool = False
    ends_row: bool = False


PLAIN = Mark()


class Marks:
    """The marks of a file that Word 97 or later wrote; earlier ones are told by their characters alone."""

    def __init__(self, fib: Fib, stored: Stored) -> None:
        self._stored = stored
        self._is_modern = fib.is_modern
        if fib.is_modern:
            self._paragraphs, self._styles, self._lists = ParagraphProperties(fib), Styles(fib), Lists(fib)

    def at(self, number: int, text: str) -> Mark:
        """Return what the paragraph with this text is, whose mark is the character of a number."""
        if not self._is_modern:
            return Mark(ends_row=not text)  # the mark of a row follows that of its last cell
        run = self._paragraphs.at(self._stored.offset_of(number))
        own = run.properties
        if is_on(own, ROW_END):
            return Mark(in_table=True, ends_row=True)
        if is_on(own, IN_TABLE) or whole_number(own, DEPTH, 0) > 0:
            return Mark(in_table=True)
        if not text:
            return PLAIN
        properties = self._styles.list_properties(run.style) | own
        label = self._lists.label(whole_number(properties, LIST, 0), whole_number(properties, LIST_LEVEL, 0))
        outline = whole_number(own, OUTLINE, 9)
        return Mark(outline + 1 if outline < 9 else self._styles.level(run.style), label)
