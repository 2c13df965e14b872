"""Read calendars (.ics) and contacts (.vcf): one paragraph per event, task or person.

The formats are iCalendar (RFC 5545) and vCard 2.1, 3.0 and 4.0 (RFC 6350).
"""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from assistant.datatypes import Extraction
from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import LINE, PARAGRAPH, ExtractionBuilder, Source
from assistant.ingest.extractors.encoding import decode, decode_as

LINE_END = re.compile("\r\n|[\r\n]")  # not str.splitlines: values may hold other separators
FOLD = re.compile(r"\r?\n[ \t]")
SPLIT = re.compile(rb"(?<=[\x80-\xff])\r?\n[ \t](?=[\x80-\xbf])")  # a fold inside a character, which RFC 5545 (3.1) warns of
SOFT_BREAK = re.compile(r"=\r?\n")
CONTENT = re.compile(r"(?:[\w-]+\.)?([\w-]+)((?:;[^:;\"=]+(?:=(?:\"[^\"]*\"|[^:;\"])*)?)*):(.*)$", re.S)
COMMON_NAME = re.compile(r";CN=(?:\"([^\"]*)\"|([^;:]*))", re.I)
TIME_ZONE = re.compile(r";TZID=\"?([^\";:]*)", re.I)
DATE_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d\d(Z?))?$")
ESCAPE = re.compile(r"\\([nN,;\\])")
KINDS = frozenset({"VEVENT", "VTODO", "VJOURNAL", "VCARD"})
DISPLAYED = frozenset(
    "SUMMARY DTSTART DTEND DUE DURATION COMPLETED LOCATION DESCRIPTION COMMENT ORGANIZER ATTENDEE RRULE STATUS CATEGORIES URL "
    "CONTACT RESOURCES FN N ORG TITLE ROLE TEL EMAIL ADR BDAY NOTE NICKNAME IMPP ANNIVERSARY".split()
)


@dataclass(frozen=True, slots=True)
class _ContentLine:
    """A property with its parameters and value."""

    name: str
    parameters: str
    value: str


def read_content_lines(source: Source) -> Extraction:
    """Read a calendar or an address book; technical properties are left out."""
    decoded = decode(SPLIT.sub(b"", source.data), source.suffix)
    if "BEGIN:V" not in decoded.text.upper():
        raise UnreadableFile("damaged: it is no calendar or address book")
    builder, title, gap = ExtractionBuilder(), "", PARAGRAPH
    open_kinds: list[str] = []
    for line in _without_second_names(_lines(decoded.text)):
        if line.name == "BEGIN":
            open_kinds.append(line.value.upper())
            gap = PARAGRAPH
        elif line.name == "END":
            del open_kinds[-1:]
        elif line.name == "X-WR-CALNAME":
            title = _unescape(line.value)
        elif line.name in DISPLAYED and open_kinds and open_kinds[-1] in KINDS:
            shown = _display_value(line)
            if shown:
                builder.add(f"{line.name}:{shown}", gap)
                gap = LINE
    return builder.finish(title, decoded.notes, decoded.encoding)


def _lines(text: str) -> Iterator[_ContentLine]:
    if "QUOTED-PRINTABLE" in text.upper():
        text = SOFT_BREAK.sub("", text)
    for line in LINE_END.split(FOLD.sub("", text)):
        match = CONTENT.match(line)
        if match:
            yield _ContentLine(match[1].upper(), match[2], match[3].strip())


def _without_second_names(lines: Iterable[_ContentLine]) -> Iterator[_ContentLine]:
    """Yield the lines without the parts of the name (N) of a person whose whole name (FN) is given; vCard 2.1 needs only N."""
    for is_border, run in groupby(lines, lambda line: line.name in ("BEGIN", "END")):
        properties = list(run)
        is_named = not is_border and any(line.name == "FN" and line.value for line in properties)
        yield from (line for line in properties if line.name != "N" or not is_named)


def _display_value(line: _ContentLine) -> str:
    value = line.value
    if "QUOTED-PRINTABLE" in line.parameters.upper():
        charset = re.search(r"CHARSET=([\w-]+)", line.parameters, re.I)
        value = decode_as(quopri.decodestring(value.encode()), charset[1] if charset else "utf-8")
    time = DATE_TIME.match(value)
    if time and line.name != "TEL":
        return _format_time(time, line.parameters)
    named = COMMON_NAME.search(line.parameters)
    value = value.removeprefix("mailto:").removeprefix("MAILTO:")
    return f"{named[1] or named[2]} <{value}>" if named else _unescape(value).strip("; ")


def _format_time(time: re.Match[str], parameters: str) -> str:
    year, month, day, hour, minute, is_universal = time.groups()
    zone = TIME_ZONE.search(parameters)
    place = " UTC" if is_universal else f" ({zone[1]})" if zone else ""
    return f"{year}-{month}-{day}" + (f" {hour}:{minute}{place}" if hour else "")


def _unescape(value: str) -> str:
    """Unescape a value; the semicolons between the fields of an address get a space."""
    return ESCAPE.sub(lambda match: "\n" if match[1] in "nN" else match[1], re.sub(r"(?<!\\);+", "; ", value))
