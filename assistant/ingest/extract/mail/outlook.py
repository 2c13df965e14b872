"""Outlook messages (.msg) in; the same as e-mail messages, and what is read from those, out.

The format is [MS-OXMSG] of Microsoft: a compound file with a stream or a record to each property.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_string
from email.message import Message
from email.mime.application import MIMEApplication
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import TYPE_CHECKING

from assistant.datatypes import Extraction, Part
from assistant.errors import UnreadableFile
from assistant.ingest.extract.decode import decode, decode_as
from assistant.ingest.extract.legacy.codepages import codec_of
from assistant.ingest.extract.legacy.compound import opened_compound
from assistant.ingest.extract.legacy.rtf import read_rtf
from assistant.ingest.extract.mail.mail import write_message
from assistant.ingest.extract.mail.mailparts import RAW, attachments_of, header
from assistant.ingest.extract.mail.outlook_folder import ATTACHED, PROPERTIES, Folder
from assistant.ingest.extract.mail.packedrtf import unpack_rtf
from assistant.ingest.extract.source import Member, Source
from assistant.ingest.extract.writing import Writing

if TYPE_CHECKING:
    from olefile import OleFileIO

KIND = "Outlook message"
CLASS, SUBJECT, SENT, HEADERS, SENDER, SENDER_ADDRESS = 0x001A, 0x0037, 0x0039, 0x007D, 0x0C1A, 0x0C1F
SENDER_INTERNET_ADDRESS, SHOWN_CC, SHOWN_TO = 0x5D01, 0x0E03, 0x0E04
BODY, RTF, HTML, INTERNET_CODE_PAGE = 0x1000, 0x1009, 0x1013, 0x3FDE
DATA, NAME, SHORT_NAME, DISPLAYED_NAME = 0x3701, 0x3707, 0x3704, 0x3001
ENCRYPTED_CLASS, SIGNED_CLASS = "ipm.note.smime", "ipm.note.smime.multipartsigned"
DEEPEST = 8
MOST_ATTACHED = 2001  # one more than are taken out of a file, so that it is known that there are more


def read_msg(source: Source) -> Extraction:
    """Read one message: its subject is the title."""
    with opened_compound(source.data, KIND) as file:
        message = _as_mail(_root(file), 0)
    writing = Writing()
    writing.begin(Part(0, 0))
    notes = write_message(message, writing)
    return writing.finish(header(message, "Subject"), notes)


def open_msg(source: Source) -> Iterator[Member]:
    """Yield the files and messages that are attached to a message."""
    with opened_compound(source.data, KIND) as file:
        message = _as_mail(_root(file), DEEPEST)
    yield from attachments_of(message)


def _root(file: OleFileIO) -> Folder:
    if not file.exists(PROPERTIES):
        raise UnreadableFile("damaged: it holds no Outlook message")
    return Folder(file)


def _as_mail(folder: Folder, depth: int) -> Message:
    """Return the message as others write it, with its attachments down to a depth."""
    message = MIMEMultipart("mixed", policy=RAW)
    for name, value in _headers(folder).items():
        message[name] = " ".join(value.split())
    kind = folder.text_of(CLASS).lower()
    if kind.startswith(ENCRYPTED_CLASS) and not kind.startswith(SIGNED_CLASS):
        message.replace_header("Content-Type", "application/pkcs7-mime")
        return message
    message.attach(_body(folder))
    for name in folder.names()[:MOST_ATTACHED] if depth else ():
        if name.startswith(ATTACHED):
            for part in _attachment(folder.inner(name), depth):
                message.attach(part)
    return message


def _headers(folder: Folder) -> dict[str, str]:
    sent = message_from_string(folder.text_of(HEADERS).lstrip(), policy=RAW)
    address = folder.text_of(SENDER_INTERNET_ADDRESS) or folder.text_of(SENDER_ADDRESS)
    name = folder.text_of(SENDER)
    sender = f"{name} <{address}>" if name and "@" in address and name != address else name or address
    own = {"From": sender, "To": folder.text_of(SHOWN_TO), "Cc": folder.text_of(SHOWN_CC), "Date": _time(folder.record(SENT))}
    found = {name: header(sent, name) or value for name, value in own.items()} | {"Subject": folder.text_of(SUBJECT)}
    return {name: value for name, value in found.items() if value}


def _time(hundred_nanoseconds: int) -> str:
    """Return a time that is counted from 1601."""
    try:
        moment = datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=hundred_nanoseconds // 10)
    except OverflowError:
        return ""
    return f"{moment:%Y-%m-%d %H:%M} UTC" if hundred_nanoseconds else ""


def _body(folder: Folder) -> Message:
    body = MIMEMultipart("alternative", policy=RAW)
    plain, html = folder.text_of(BODY), _html(folder)
    if not plain.strip() and not html.strip():
        packed = folder.bytes_of(RTF)
        plain = read_rtf(Source(unpack_rtf(packed), "body.rtf")).text if packed else ""
    for text, kind in ((plain, "plain"), (html, "html")):
        if text.strip():
            body.attach(MIMEText(text, kind, "utf-8", policy=RAW))
    return body


def _html(folder: Folder) -> str:
    data = folder.bytes_of(HTML)
    if not data:
        return folder.text_of(HTML)
    page = folder.record(INTERNET_CODE_PAGE) & 0xFFFFFFFF
    return decode_as(data, codec_of(page)) if page else decode(data, ".html", trust_declaration=True).text


def _attachment(folder: Folder, depth: int) -> Iterator[Message]:
    name = folder.text_of(NAME) or folder.text_of(SHORT_NAME) or folder.text_of(DISPLAYED_NAME)
    inside = folder.message_in(DATA)
    if inside:
        yield MIMEMessage(_as_mail(inside[0], depth - 1), policy=RAW)
        return
    part = MIMEApplication(folder.bytes_of(DATA), policy=RAW)
    part.add_header("Content-Disposition", "attachment", filename=("utf-8", "", name or "attachment.bin"))
    yield part
