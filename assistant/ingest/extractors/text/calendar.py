"""Calendars (.ics) and contacts (.vcf) in; their events, tasks and people, one to a paragraph, out.

Lines are as RFC 5545 (iCalendar) and RFC 6350 (vCard, and its versions 2.1 and 3.0) describe them.
"""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.datatypes import Extraction, Part
from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import LINE, PARAGRAPH, Writing
from assistant.ingest.extractors.encoding import decode, decode_as
from assistant.ingest.extractors.source import Source

END = re.compile("\r\n|[\r\n]")  # of a line; a value may hold what else Python takes for one
FOLD = re.compile(r"\r?\n[ \t]")
SOFT_BREAK = re.compile(r"=\r?\n")
CONTENT = re.compile(r"(?:[\w-]+\.)?([\w-]+)((?:;[^:;\"=]+(?:=(?:\"[^\"]*\"|[^:;\"])*)?)*):(.*)$", re.S)
NAMED = re.compile(r";CN=(?:\"([^\"]*)\"|([^;:]*))", re.I)
ZONE = re.compile(r";TZID=\"?([^\";:]*)", re.I)
MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d\d(Z?))?$")
ESCAPE = re.compile(r"\\([nN,;\\])")
KINDS = frozenset({"VEVENT", "VTODO", "VJOURNAL", "VCARD"})
SHOWN = frozenset(
    "SUMMARY DTSTART DTEND DUE DURATION COMPLETED LOCATION DESCRIPTION COMMENT ORGANIZER ATTENDEE RRULE STATUS CATEGORIES URL "
    "CONTACT RESOURCES FN ORG TITLE ROLE TEL EMAIL ADR BDAY NOTE NICKNAME IMPP ANNIVERSARY".split()
)


@dataclass(frozen=True, slots=True)
class _Line:
    name: str
    settings: str
    value: str


def read_content_lines(source: Source) -> Extraction:
    """Read a calendar or an address book; what programs keep there for themselves is left out."""
    decoded = decode(source.data, source.suffix)
    if "BEGIN:V" not in decoded.text.upper():
        raise UnreadableFile("damaged: it is no calendar or address book")
    writing, title = Writing(), ""
    writing.begin(Part(0, 0))
    open_kinds: list[str] = []
    gap = PARAGRAPH
    for line in _lines(decoded.text):
        if line.name == "BEGIN":
            open_kinds.append(line.value.upper())
            gap = PARAGRAPH
        elif line.name == "END":
            del open_kinds[-1:]
        elif line.name == "X-WR-CALNAME":
            title = _plain(line.value)
        elif line.name in SHOWN and open_kinds and open_kinds[-1] in KINDS:
            shown = _shown(line)
            if shown:
                writing.add(f"{line.name}:{shown}", gap)
                gap = LINE
    return writing.finish(title, decoded.notes, decoded.encoding)


def _lines(text: str) -> Iterator[_Line]:
    if "QUOTED-PRINTABLE" in text.upper():
        text = SOFT_BREAK.sub("", text)
    for line in END.split(FOLD.sub("", text)):
        match = CONTENT.match(line)
        if match:
            yield _Line(match[1].upper(), match[2], match[3].strip())


def _shown(line: _Line) -> str:
    value = line.value
    if "QUOTED-PRINTABLE" in line.settings.upper():
        charset = re.search(r"CHARSET=([\w-]+)", line.settings, re.I)
        value = decode_as(quopri.decodestring(value.encode()), charset[1] if charset else "utf-8")
    moment = MOMENT.match(value)
    if moment and line.name != "TEL":
        return _when(moment, line.settings)
    named = NAMED.search(line.settings)
    value = value.removeprefix("mailto:").removeprefix("MAILTO:")
    return f"{named[1] or named[2]} <{value}>" if named else _plain(value).strip("; ")


def _when(moment: re.Match[str], settings: str) -> str:
    year, month, day, hour, minute, is_universal = moment.groups()
    zone = ZONE.search(settings)
    place = " UTC" if is_universal else f" ({zone[1]})" if zone else ""
    return f"{year}-{month}-{day}" + (f" {hour}:{minute}{place}" if hour else "")


def _plain(value: str) -> str:
    """Return a value without its escapes; semicolons part the fields of an address."""
    return ESCAPE.sub(lambda match: "\n" if match[1] in "nN" else match[1], re.sub(r"(?<!\\);+", "; ", value))
