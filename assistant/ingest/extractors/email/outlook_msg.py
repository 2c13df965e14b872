"""Outlook messages (.msg) in; the same as e-mail messages, and what is read from those, out.

The format is [MS-OXMSG] of Microsoft: a compound file with a stream or a record to each property.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
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
from assistant.ingest.extractors.builder import Writing
from assistant.ingest.extractors.email.message import RAW, attachments_of, header, write_message
from assistant.ingest.extractors.encoding import decode, decode_as
from assistant.ingest.extractors.legacy.ole import codec_of, opened_compound, stream
from assistant.ingest.extractors.legacy.rtf import read_rtf
from assistant.ingest.extractors.source import Member, Source

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


PROPERTIES, VALUE, ATTACHED = "__properties_version1.0", "__substg1.0_", "__attach_version1.0_#"
UNICODE, BYTE_TEXT, BINARY, OBJECT = 0x001F, 0x001E, 0x0102, 0x000D  # kinds of properties
CODE_PAGE = 0x3FFD


@dataclass(frozen=True, slots=True)
class Folder:
    """A message, or an attachment, inside the file."""

    file: OleFileIO
    path: str = ""

    def inner(self, name: str) -> Folder:
        """Return a folder in this one."""
        return Folder(self.file, f"{self.path}{name}/")

    def message_in(self, identity: int) -> list[Folder]:
        """Return the message that a property is, none where it is none."""
        found = self.inner(f"{VALUE}{identity:04X}{OBJECT:04X}")
        return [found] if self.file.exists(found.path + PROPERTIES) else []

    def bytes_of(self, identity: int, kind: int = BINARY) -> bytes:
        """Return the bytes of a property, nothing where there is none."""
        return stream(self.file, f"{self.path}{VALUE}{identity:04X}{kind:04X}")

    def text_of(self, identity: int) -> str:
        """Return the text of a property, empty where there is none."""
        wide = self.bytes_of(identity, UNICODE)
        if wide:
            return wide.decode("utf-16-le", "replace").rstrip("\0")
        return decode_as(self.bytes_of(identity, BYTE_TEXT), self._codec()).rstrip("\0")

    def record(self, identity: int) -> int:
        """Return a property of fixed length, 0 where there is none."""
        records = stream(self.file, self.path + PROPERTIES)[self._header_size() :]
        for at in range(0, len(records) - 15, 16):
            _, found, _, value = struct.unpack_from("<HHIQ", records, at)
            if found == identity:
                return int(value)
        return 0

    def names(self) -> list[str]:
        """Return the names of the folders in this one."""
        own = self.path.split("/")[:-1]
        paths = self.file.listdir(streams=False, storages=True)
        return sorted(path[-1] for path in paths if path[:-1] == own)

    def _header_size(self) -> int:
        """Return how long what stands before the records is: it differs for the file, a message in it and an attachment."""
        if not self.path:
            return 32
        return 8 if self.path.split("/")[-2].startswith(ATTACHED) else 24

    def _codec(self) -> str:
        page = self.record(CODE_PAGE) & 0xFFFFFFFF
        return codec_of(page) if page else ""


PACKED, UNPACKED = b"LZFu", b"MELA"
SIZE = 4096
# What the window begins with: commands and fonts that most messages have.
BEGINNING = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans "
    b"SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)


def unpack_rtf(data: bytes) -> bytes:
    """Return Rich Text. It is at most nine times as long as what is packed."""
    if len(data) < 16 or data[8:12] not in (PACKED, UNPACKED):
        raise UnreadableFile("damaged: the text of the message cannot be unpacked")
    length = struct.unpack_from("<I", data, 4)[0]
    return data[16 : 16 + length] if data[8:12] == UNPACKED else _unpack(data[16:])[:length]


def _unpack(data: bytes) -> bytes:
    window, place = bytearray(BEGINNING.ljust(SIZE, b" ")), len(BEGINNING)
    found, at = bytearray(), 0
    while at < len(data):
        control, at = data[at], at + 1
        for bit in range(8):
            if control >> bit & 1:
                reference = int.from_bytes(data[at : at + 2], "big")
                start, length, at = reference >> 4, (reference & 15) + 2, at + 2
                if start == place % SIZE or at > len(data):  # the mark of the end
                    return bytes(found)
            else:
                start, length, at = -1, 1, at + 1
            for step in range(length):
                byte = data[at - 1 : at] if start < 0 else window[(start + step) % SIZE : (start + step) % SIZE + 1]
                found += byte
                window[place % SIZE : place % SIZE + 1] = byte or b" "
                place += 1
    return bytes(found)
