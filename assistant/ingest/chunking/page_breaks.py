"""Keep sentences that run over a page break whole: they belong to the page on which they begin."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import replace

from assistant.datatypes import Extraction, Part, Shape
from assistant.text.languages import is_cjk
from assistant.text.lines import ENDED, ITEM, OPEN_END

LONGEST_REST = 400  # characters of a sentence on its second page
MIN_WORDS = 3  # of the last line of a page, for a lower-case word to continue it
MIN_CHINESE = 10  # characters
REST_END = re.compile(r"[.!?][\"'”’)\]]*(?=\s|$)|[。！？][”’」』）】]*|\n[^\S\n]*\n")


def whole_sentence_parts(extraction: Extraction) -> tuple[Part, ...]:
    """Return the parts of an extraction, each page up to the end of its last sentence, the next one from there on."""
    parts = list(extraction.parts)
    for place in range(len(parts) - 1 if extraction.shape is Shape.PROSE else 0):
        end = end_of_rest(extraction, parts[place], parts[place + 1])
        if end > parts[place + 1].char_start:
            parts[place] = replace(parts[place], char_end=end)
            parts[place + 1] = replace(parts[place + 1], char_start=end)
    return tuple(parts)


def end_of_rest(extraction: Extraction, part: Part, following: Part) -> int:
    """Return where the last sentence of a page ends on the next one; the start of that page if it does not continue there."""
    text, start = extraction.text, following.char_start
    if part.page is None or following.page is None or is_structure_at(extraction, part.char_end, start):
        return start
    last = text[part.char_start : part.char_end].rstrip().rpartition("\n")[2].strip()
    rest = text[start : min(following.char_end, start + LONGEST_REST)]
    if not continues(last, rest.lstrip()):
        return start
    end = REST_END.search(rest)
    return start + end.end() if end else following.char_end if following.char_end - start < LONGEST_REST else start


def is_structure_at(extraction: Extraction, end: int, start: int) -> bool:
    """Return whether a table ends or begins, or a heading begins, at a page break."""
    tables = any(
        table.char_start <= start < table.char_end or table.char_start < end <= table.char_end for table in extraction.tables
    )
    starts = sorted(heading.char_start for heading in extraction.headings)
    return tables or bisect_left(starts, start + 1) > bisect_left(starts, end)


def continues(last: str, rest: str) -> bool:
    """Return whether the text of a page continues the last line of the page before."""
    line = rest.partition("\n")[0]
    if not last or not rest or ENDED.search(last) or ITEM.match(rest) or not any(character.isalpha() for character in line):
        return False
    if is_cjk(rest[0]):
        return is_cjk(last[-1]) and len(last) >= MIN_CHINESE
    words = len(last.split()) >= MIN_WORDS
    return words and (rest[0].islower() or (rest[0].isalnum() and bool(OPEN_END.search(last))))
