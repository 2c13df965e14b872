"""Read mailboxes (.mbox), messages of Apple Mail (.emlx) and web archives (.mhtml)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from email.message import Message

from assistant.datatypes import Extraction, Part
from assistant.errors import SkippedFile, UnreadableFile
from assistant.ingest.extractors.builder import ExtractionBuilder
from assistant.ingest.extractors.email.message import (
    attachments_of,
    content,
    header,
    open_mail,
    parse_mail,
    read_mail,
    write_message,
)
from assistant.ingest.extractors.source import Member, Source
from assistant.ingest.extractors.web.html import read_markup

# A message begins with "From sender date" after an empty line; in the text of a message such a line is written ">From".
SEPARATOR = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From [^\r\n]{1,300}?\d:\d\d[^\r\n]{0,300}\r?\n")
QUOTED = re.compile(rb"^>(>*From )", re.M)
STEP = 50


def read_mbox(source: Source) -> Extraction:
    """Read a mailbox: each message is a part, its subject a heading."""
    writing = ExtractionBuilder()
    notes: dict[str, int] = {}
    for number, message in _messages(source):
        writing.begin(Part(0, 0, message=number))
        for note in write_message(message, writing):
            notes[note] = notes.get(note, 0) + 1
    found = writing.finish(notes=tuple(f"{count} messages: {note}" for note, count in notes.items()))
    return replace(found, title="")  # the subject of the first message is no title of the mailbox


def open_mbox(source: Source) -> Iterator[Member]:
    """Yield the attachments of the messages of a mailbox."""
    for number, message in _messages(source):
        for member in attachments_of(message):
            yield replace(member, name=f"message {number}/{member.name}")


def _messages(source: Source) -> Iterator[tuple[int, Message]]:
    """Yield the messages of a mailbox with their numbers; what is no message is skipped."""
    starts = [match.span() for match in SEPARATOR.finditer(source.data)]
    if not starts:
        raise UnreadableFile("damaged: it is no mailbox") if source.data.strip() else SkippedFile("the mailbox is empty")
    ends = [start for start, _ in starts[1:]] + [len(source.data)]
    for number, ((_, start), end) in enumerate(zip(starts, ends, strict=True), 1):
        if number % STEP == 0:
            source.on_step(f"message {number} of {len(starts)}")
        try:
            yield number, parse_mail(QUOTED.sub(rb"\1", source.data[start:end]))
        except UnreadableFile:
            continue


def read_emlx(source: Source) -> Extraction:
    """Read a message of Apple Mail."""
    return read_mail(_unwrap_emlx(source))


def open_emlx(source: Source) -> Iterator[Member]:
    """Yield the attachments of a message of Apple Mail."""
    yield from open_mail(_unwrap_emlx(source))


def _unwrap_emlx(source: Source) -> Source:
    """Remove the first line, which states the length of the message, and the property list after the message."""
    line, _, rest = source.data.partition(b"\n")
    if not line.strip().isdigit() or len(line) > 20:
        raise UnreadableFile("damaged: it is no message of Apple Mail")
    return replace(source, data=rest[: int(line)])


def read_mhtml(source: Source) -> Extraction:
    """Read the main page of a web archive (RFC 2557)."""
    message = parse_mail(source.data)
    pages = [part for part in message.walk() if part.get_content_type() in ("text/html", "application/xhtml+xml")]
    if not pages:
        raise UnreadableFile("damaged: there is no page in it")
    started = [page for page in pages if page.get("Content-ID") and page.get("Content-ID") == message.get_param("start")]
    found = read_markup(content((started or pages)[0]))
    return replace(found, title=found.title or header(message, "Subject"))
