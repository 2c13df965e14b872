"""E-mail (.eml) in; its subject, addresses and text, and the files that are attached to it, out."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message

from assistant.datatypes import Extraction, Part
from assistant.errors import UnreadableFile
from assistant.ingest.extract.mail.mailbody import body_of, is_encrypted
from assistant.ingest.extract.mail.mailparts import RAW, attachments_of, header
from assistant.ingest.extract.source import Member, Source
from assistant.ingest.extract.web.web import render
from assistant.ingest.extract.writing import LINE, Writing

SHOWN = ("From", "To", "Cc", "Date")
KNOWN = ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Received")
ENCRYPTED = "the message is encrypted: only its header was read"
NO_SUBJECT = "(no subject)"


def read_mail(source: Source) -> Extraction:
    """Read one message: its subject is the title."""
    writing = Writing()
    writing.begin(Part(0, 0))
    message = parse_mail(source.data)
    notes = write_message(message, writing)
    return writing.finish(header(message, "Subject"), notes)


def open_mail(source: Source) -> Iterator[Member]:
    """Yield the files and messages that are attached to a message."""
    message = parse_mail(source.data)
    if not is_encrypted(message):
        yield from attachments_of(message)


def parse_mail(data: bytes) -> Message:
    """Return the message. Raises UnreadableFile where there is none."""
    message = message_from_bytes(data.lstrip(b"\r\n"), policy=RAW)
    if not any(name in message for name in KNOWN):
        raise UnreadableFile("damaged: it is no e-mail message")
    return message


def write_message(message: Message, writing: Writing, level: int = 1) -> tuple[str, ...]:
    """Add a message and return what is to be noted of it."""
    writing.head(header(message, "Subject") or NO_SUBJECT, level)
    shown = [f"{name}: {header(message, name)}" for name in SHOWN if header(message, name)]
    if shown:
        writing.add(LINE.join(shown))
    if is_encrypted(message):
        return (ENCRYPTED,)
    for is_html, text in body_of(message):
        if is_html:
            render(text, writing)
        elif text.strip():
            writing.add(text.strip())
    return ()
