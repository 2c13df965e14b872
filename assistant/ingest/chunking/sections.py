"""An Extraction in, its sections out: runs of text under one heading path, none across two parts."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.datatypes import Document, Extraction, Heading, Part, Table

UNDERLINE = re.compile(r"\r?\n[ \t]*([=\-~^\"'`*+#:.<>_])\1+[ \t]*(?=\r?\n|\Z)")
MARKUP = 14  # characters of a heading's line that are not its title: "### ", a number, closing signs

Path = tuple[str, ...]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Section:
    """A span of text under one path, a table or none; `headings` are the spans of the heading lines that it begins with."""

    start: int
    end: int
    path: Path
    headings: tuple[Span, ...] = ()
    table: Table | None = None


def sections(extraction: Extraction) -> list[list[Section]]:
    """Return the sections of each part. A heading with nothing under it joins the section that follows."""
    headings = sorted(extraction.headings, key=lambda heading: heading.char_start)
    starts = [heading.char_start for heading in headings]
    paths = list(_paths(headings))
    found = []
    tables = sorted(extraction.tables, key=lambda table: table.char_start)
    for part in extraction.parts:
        first, last = bisect_left(starts, part.char_start), bisect_left(starts, part.char_end)
        inherited = paths[first - 1] if first else ()
        cut = _cut(extraction.text, part, inherited, headings[first:last], paths[first:last])
        apart = [piece for section in cut for piece in _apart(extraction.text, section, tables)]
        found.append(_fold(extraction.text, apart))
    return found


def _apart(text: str, section: Section, tables: Sequence[Table]) -> Iterator[Section]:
    """Cut a section into what is a table and what is not."""
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


def _paths(headings: Sequence[Heading]) -> Iterator[Path]:
    above: list[Heading] = []
    for heading in headings:
        while above and above[-1].level >= heading.level:
            above.pop()
        above.append(heading)
        yield tuple(entry.title for entry in above)


def _cut(text: str, part: Part, inherited: Path, headings: Sequence[Heading], paths: Sequence[Path]) -> list[Section]:
    starts = [part.char_start, *(heading.char_start for heading in headings), part.char_end]
    cut = [Section(starts[0], starts[1], inherited)]
    for heading, path, start, end in zip(headings, paths, starts[1:], starts[2:], strict=False):
        line_end = _line_end(text, heading, end)
        cut.append(Section(start, end, path, ((start, line_end),) if line_end > start else ()))
    return [section for section in cut if text[section.start : section.end].strip()]


def _line_end(text: str, heading: Heading, end: int) -> int:
    """Return where the heading's line ends, or its start where the line goes on with text."""
    line_end = text.find("\n", heading.char_start, end)
    line_end = end if line_end < 0 else line_end
    if line_end - heading.char_start > len(heading.title) + MARKUP:
        return heading.char_start
    underline = UNDERLINE.match(text, line_end, end)
    return underline.end() if underline else line_end


def _fold(text: str, cut: Sequence[Section]) -> list[Section]:
    folded: list[Section] = []
    bare: list[Section] = []
    for section in cut:
        bare.append(section)
        if not _is_bare(text, section):
            folded.append(_joined(bare))
            bare = []
    if bare and folded:
        folded[-1] = replace(folded[-1], end=bare[-1].end)
    elif bare:
        folded.append(_joined(bare))
    return folded


def _joined(run: Sequence[Section]) -> Section:
    """Make one section of bare headings and the section that they lead to."""
    headings = tuple(span for section in run for span in section.headings)
    return replace(run[-1], start=run[0].start, headings=headings)


def _is_bare(text: str, section: Section) -> bool:
    return bool(section.headings) and not text[section.headings[-1][1] : section.end].strip()


MOST_TOKENS = 60  # estimated: the embedder's counts are spent on the text
HEADER_TOKENS = 30
SEPARATOR = " > "
WIDE = re.compile(r"[\u2e80-\ud7ff\uf900-\ufaff\uff00-\uffef]")


def path_of(paths: Sequence[Path]) -> Path:
    """Return what several heading paths share, then the headings that follow it, joined."""
    common = _common(paths)
    following = list(dict.fromkeys(path[len(common)] for path in paths if len(path) > len(common)))
    if not following:
        return common
    joined = " / ".join(following) if len(following) <= 3 else f"{following[0]} – {following[-1]}"
    return (*common, joined)


def heading_of(title: str, path: Path) -> str | None:
    """Return the path in one line, the document's title left out; None where nothing is left."""
    return SEPARATOR.join(_without(title, path)) or None


def context_of(document: Document, path: Path, header: str) -> str:
    """Return "title > heading path" and, in a second line, the header of the table."""
    header = _shorten(header, HEADER_TOKENS)
    # only a title that the document itself gives: a file's name may change, and then nothing should be embedded again
    title = document.extraction.title.replace("_", " ")  # an underscore would hide the words from a search
    crumbs = [*([title] if title else []), *_without(document.title, path)]
    first = _fit(crumbs, MOST_TOKENS - _weight(header)) if crumbs else ""
    return "\n".join(line for line in (first, header) if line)


def _common(paths: Sequence[Path]) -> Path:
    shortest = min(paths, key=len)
    differing = (at for at, title in enumerate(shortest) if any(path[at] != title for path in paths))
    return shortest[: next(differing, len(shortest))]


def _without(title: str, path: Path) -> Path:
    return path[1:] if path and title.casefold().startswith(path[0].casefold()) else path


def _fit(crumbs: Sequence[str], most: int) -> str:
    """Leave out the middle of the path until it fits; then shorten what is left."""
    kept = list(crumbs)
    while len(kept) > 3 and _weight(SEPARATOR.join(kept)) > most:
        middle = len(kept) // 2
        kept[middle - 1 : middle + 1] = ["…"]
    if _weight(SEPARATOR.join(kept)) > most:
        kept = [_shorten(crumb, most // len(kept) - 1) for crumb in kept]
    return SEPARATOR.join(kept)


def _shorten(text: str, most: int) -> str:
    if _weight(text) <= most:
        return text
    low, high = 0, min(len(text), 4 * most)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _weight(text[:middle]) < most else (low, middle - 1)
    return text[:low].rstrip() + "…"


def _weight(text: str) -> int:
    """Estimate tokens: one to a Chinese character, one to four others."""
    wide = len(WIDE.findall(text[:4000]))
    return wide + (len(text) - wide + 3) // 4
