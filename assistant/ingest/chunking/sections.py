"""Divide an extraction into sections, spans of text under one heading path, and build the context of a chunk.

No section crosses a page, slide, sheet, chapter or message, and a table is a section of its own.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.datatypes import Document, Extraction, Heading, Part, Table

UNDERLINE = re.compile(r"\r?\n[ \t]*([=\-~^\"'`*+#:.<>_])\1+[ \t]*(?=\r?\n|\Z)")
MARKUP = 14  # most characters of a heading line beside its title: "### ", a number, closing marks
HeadingPath = tuple[str, ...]
Span = tuple[int, int]
MAX_CONTEXT_TOKENS = 60  # estimated
MAX_HEADER_TOKENS = 30
SEPARATOR = " > "
WIDE = re.compile(r"[\u2e80-\ud7ff\uf900-\ufaff\uff00-\uffef]")


@dataclass(frozen=True, slots=True)
class Section:
    """A span of text under one heading path. `headings` are the spans of the heading lines at its start; `table` if it is one."""

    start: int
    end: int
    path: HeadingPath
    headings: tuple[Span, ...] = ()
    table: Table | None = None


def sections(extraction: Extraction) -> list[list[Section]]:
    """Return the sections of each part. A heading without text below it is merged with the section that follows."""
    headings = sorted(extraction.headings, key=lambda heading: heading.char_start)
    starts = [heading.char_start for heading in headings]
    paths = list(_paths(headings))
    found = []
    tables = sorted(extraction.tables, key=lambda table: table.char_start)
    for part in extraction.parts:
        first, last = bisect_left(starts, part.char_start), bisect_left(starts, part.char_end)
        inherited = paths[first - 1] if first else ()
        cut = _split_at_headings(extraction.text, part, inherited, headings[first:last], paths[first:last])
        apart = [piece for section in cut for piece in _split_at_tables(extraction.text, section, tables)]
        found.append(_merge_bare_headings(extraction.text, apart))
    return found


def _paths(headings: Sequence[Heading]) -> Iterator[HeadingPath]:
    above: list[Heading] = []
    for heading in headings:
        while above and above[-1].level >= heading.level:
            above.pop()
        above.append(heading)
        yield tuple(entry.title for entry in above)


def _split_at_headings(text: str, part: Part, inherited: HeadingPath, headings: Sequence[Heading], paths: Sequence[HeadingPath]
                       ) -> list[Section]:
    starts = [part.char_start, *(heading.char_start for heading in headings), part.char_end]
    cut = [Section(starts[0], starts[1], inherited)]
    for heading, path, start, end in zip(headings, paths, starts[1:], starts[2:], strict=False):
        line_end = _line_end(text, heading, end)
        cut.append(Section(start, end, path, ((start, line_end),) if line_end > start else ()))
    return [section for section in cut if text[section.start : section.end].strip()]


def _line_end(text: str, heading: Heading, end: int) -> int:
    """Return the end of the heading line, or the start of the heading if text follows on the same line."""
    line_end = text.find("\n", heading.char_start, end)
    line_end = end if line_end < 0 else line_end
    if line_end - heading.char_start > len(heading.title) + MARKUP:
        return heading.char_start
    underline = UNDERLINE.match(text, line_end, end)
    return underline.end() if underline else line_end


def _split_at_tables(text: str, section: Section, tables: Sequence[Table]) -> Iterator[Section]:
    """Split a section into its tables and the text between them."""
    start, rest = section.start, section
    for number in range(bisect_right(tables, section.start, key=lambda table: table.char_end), len(tables)):
        table = tables[number]
        if table.char_start >= section.end:
            break
        before = max(start, table.char_start)
        if text[start:before].strip():
            yield replace(rest, start=start, end=before)
            rest = replace(rest, headings=())
            start = before
        end = min(table.char_end, section.end)
        yield replace(rest, start=start, end=end, table=table)
        start, rest = end, replace(rest, headings=())
    if text[start : section.end].strip():
        yield replace(rest, start=start)


def _merge_bare_headings(text: str, cut: Sequence[Section]) -> list[Section]:
    folded: list[Section] = []
    bare: list[Section] = []
    for section in cut:
        bare.append(section)
        if not section.headings or text[section.headings[-1][1] : section.end].strip():
            folded.append(_merge_run(bare))
            bare = []
    if bare and folded:
        folded[-1] = replace(folded[-1], end=bare[-1].end)
    elif bare:
        folded.append(_merge_run(bare))
    return folded


def _merge_run(run: Sequence[Section]) -> Section:
    """Merge headings without text and the section that follows them."""
    headings = tuple(span for section in run for span in section.headings)
    return replace(run[-1], start=run[0].start, headings=headings)


def path_of(paths: Sequence[HeadingPath]) -> HeadingPath:
    """Return the common prefix of several heading paths, followed by their next headings joined to one."""
    shortest = min(paths, key=len)
    differing = (at for at, title in enumerate(shortest) if any(path[at] != title for path in paths))
    common = shortest[: next(differing, len(shortest))]
    following = list(dict.fromkeys(path[len(common)] for path in paths if len(path) > len(common)))
    if not following:
        return common
    joined = " / ".join(following) if len(following) <= 3 else f"{following[0]} – {following[-1]}"
    return (*common, joined)


def heading_of(title: str, path: HeadingPath) -> str | None:
    """Return the heading path in one line without the document's title, or None if it is empty."""
    return SEPARATOR.join(_without_title(title, path)) or None


def context_of(document: Document, path: HeadingPath, header: str) -> str:
    """Return "title > heading path" and, on a second line, the table header."""
    header = _shorten(header, MAX_HEADER_TOKENS)
    # only a title from the content: a renamed file must not be embedded again
    title = document.extraction.title.replace("_", " ")  # underscores would hide the words from a keyword search
    titles = [*([title] if title else []), *_without_title(document.title, path)]
    first = _fit(titles, MAX_CONTEXT_TOKENS - _estimate_tokens(header)) if titles else ""
    return "\n".join(line for line in (first, header) if line)


def _without_title(title: str, path: HeadingPath) -> HeadingPath:
    return path[1:] if path and title.casefold().startswith(path[0].casefold()) else path


def _fit(titles: Sequence[str], most: int) -> str:
    """Drop the middle of the path until it fits, then shorten each heading."""
    kept = list(titles)
    while len(kept) > 3 and _estimate_tokens(SEPARATOR.join(kept)) > most:
        middle = len(kept) // 2
        kept[middle - 1 : middle + 1] = ["…"]
    if _estimate_tokens(SEPARATOR.join(kept)) > most:
        kept = [_shorten(each, most // len(kept) - 1) for each in kept]
    return SEPARATOR.join(kept)


def _shorten(text: str, most: int) -> str:
    if _estimate_tokens(text) <= most:
        return text
    low, high = 0, min(len(text), 4 * most)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _estimate_tokens(text[:middle]) < most else (low, middle - 1)
    return text[:low].rstrip() + "…"


def _estimate_tokens(text: str) -> int:
    """Estimate the tokens: one per Chinese character, one per four others."""
    wide = len(WIDE.findall(text[:4000]))
    return wide + (len(text) - wide + 3) // 4
