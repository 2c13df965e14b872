"""Print the passages of a search for other programs: as paths, as lines like those of grep, or as CSV."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from assistant.cli.console import describe_location, harmless, on_one_line
from assistant.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assistant.datatypes import Hit

COLUMNS = ("rank", "score", "path", "title", "place", "line_start", "line_end", "text")


class Format(StrEnum):
    """The form in which passages are printed."""

    TEXT = "text"
    PATHS = "paths"
    LINES = "lines"
    JSON = "json"
    CSV = "csv"


def format_of(name: str) -> Format:
    """Return the format of this name: an option of text, since one of an enumeration imports pydantic. Raises UsageError."""
    if name not in set(Format):
        raise UsageError(f"{name!r} is not a format.", f"Formats: {', '.join(Format)}.")
    return Format(name)


def formatted(hits: Sequence[Hit], form: Format, question: str) -> str:
    """Return passages as text in one of the forms paths, lines and csv; each line ends with a line break.

    Of a passage, the form lines gives the line that has most words of the question.
    """
    if form is Format.CSV:
        return as_csv(hits)
    if form is Format.PATHS:
        lines = list(dict.fromkeys(on_one_line(hit.path) for hit in hits))
    else:
        places = [(hit.path, *best_line(hit, question)) for hit in hits]
        lines = [f"{on_one_line(path)}:{number}:{on_one_line(line)}" for path, number, line in places]
    return "".join(f"{line}\n" for line in lines)


def best_line(hit: Hit, question: str) -> tuple[int, str]:
    """Return the line of a passage that has most terms of the question, and its number: the first of equals, never an empty one.

    The number is that of the passage's first line if its text is divided into other lines than the file.
    """
    from assistant.text.stems import terms

    place, asked, lines = hit.chunk.location, terms(question), hit.chunk.text.splitlines()
    best = max((number for number, line in enumerate(lines) if line.strip()), default=-1,
               key=lambda number: (len(asked & terms(lines[number])), -number))
    if best < 0:
        return place.line_start, ""
    as_in_file = len(lines) == place.line_end - place.line_start + 1
    return place.line_start + best * as_in_file, lines[best].strip()


def as_csv(hits: Sequence[Hit]) -> str:
    """Return passages as CSV with a header."""
    import csv  # these two are imported only here: every question imports this module
    import io

    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(COLUMNS)
    for rank, hit in enumerate(hits, 1):
        place = hit.chunk.location
        writer.writerow([rank, round(hit.score, 6), on_one_line(hit.path), on_one_line(hit.title), describe_location(place),
                         place.line_start, place.line_end, harmless(hit.chunk.text)])
    return table.getvalue()
