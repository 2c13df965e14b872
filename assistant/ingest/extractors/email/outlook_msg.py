"""Read Outlook messages (.msg, [MS-OXMSG]) by converting them to the `Message` that e-mail is read from.

A .msg is a compound file with a stream or a record per MAPI property. If it has neither plain text nor HTML, its compressed
RTF ([MS-OXRTFCP]) is read. Messages in messages are converted down to `DEEPEST` levels, `MOST_ATTACHED` attachments each.
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

from assistant.datatypes import Extraction
from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import Member, Source
from assistant.ingest.extractors.email.message import RAW, attachments_of, extract_message, header
from assistant.ingest.extractors.encoding import decode, decode_as
from assistant.ingest.extractors.legacy.ole import codec_of, open_compound, read_stream
from assistant.ingest.extractors.legacy.rtf import read_rtf

if TYPE_CHECKING:
    from olefile import OleFileIO

KIND = "Outlook message"
PROPERTIES, VALUE, ATTACHED = "__properties_version1.0", "__substg1.0_", "__attach_version1.0_#"
# property identifiers ([MS-OXPROPS])
CLASS, SUBJECT, SENT, HEADERS, SENDER, SENDER_ADDRESS = 0x001A, 0x0037, 0x0039, 0x007D, 0x0C1A, 0x0C1F
SENDER_INTERNET_ADDRESS, DISPLAY_CC, DISPLAY_TO = 0x5D01, 0x0E03, 0x0E04
BODY, RTF, HTML, INTERNET_CODE_PAGE, CODE_PAGE = 0x1000, 0x1009, 0x1013, 0x3FDE, 0x3FFD
DATA, NAME, SHORT_NAME, DISPLAY_NAME = 0x3701, 0x3707, 0x3704, 0x3001
UNICODE, BYTE_TEXT, BINARY, OBJECT = 0x001F, 0x001E, 0x0102, 0x000D  # property types
ENCRYPTED_CLASS, SIGNED_CLASS = "ipm.note.smime", "ipm.note.smime.multipartsigned"
DEEPEST = 8
MOST_ATTACHED = 2001  # one more than are taken out of a file, so that its reader notes that there are more
COMPRESSED, UNCOMPRESSED = b"LZFu", b"MELA"
WINDOW = 4096
DICTIONARY = (  # initial content of the window
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans "
    b"SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)


def read_msg(source: Source) -> Extraction:
    """Read one message: its subject is the title."""
    return extract_message(_parse_msg(source, 0))


def open_msg(source: Source) -> Iterator[Member]:
    """Yield the files and messages that are attached to a message."""
    yield from attachments_of(_parse_msg(source, DEEPEST))


def _parse_msg(source: Source, depth: int) -> Message:
    with open_compound(source.data, KIND) as file:
        if not file.exists(PROPERTIES):
            raise UnreadableFile("damaged: it holds no Outlook message")
        return _to_message(MsgStorage(file), depth)


def _to_message(storage: MsgStorage, depth: int) -> Message:
    """Convert a message to MIME, with its attachments down to a depth."""
    message = MIMEMultipart("mixed", policy=RAW)
    for name, value in _headers(storage).items():
        message[name] = " ".join(value.split())
    kind = storage.text_of(CLASS).lower()
    if kind.startswith(ENCRYPTED_CLASS) and not kind.startswith(SIGNED_CLASS):
        message.replace_header("Content-Type", "application/pkcs7-mime")
        return message
    message.attach(_body(storage))
    for name in storage.names()[:MOST_ATTACHED] if depth else ():
        if name.startswith(ATTACHED):
            message.attach(_attachment(storage.inner(name), depth))
    return message


def _headers(storage: MsgStorage) -> dict[str, str]:
    """Return the headers: those of the transport if they are stored, else from the properties."""
    sent = message_from_string(storage.text_of(HEADERS).lstrip(), policy=RAW)
    address = storage.text_of(SENDER_INTERNET_ADDRESS) or storage.text_of(SENDER_ADDRESS)
    name = storage.text_of(SENDER)
    sender = f"{name} <{address}>" if name and "@" in address and name != address else name or address
    to, copy, date = storage.text_of(DISPLAY_TO), storage.text_of(DISPLAY_CC), _time(storage.record(SENT))
    own = {"From": sender, "To": to, "Cc": copy, "Date": date}
    found = {name: header(sent, name) or value for name, value in own.items()} | {"Subject": storage.text_of(SUBJECT)}
    return {name: value for name, value in found.items() if value}


def _time(hundred_nanoseconds: int) -> str:
    """Format a FILETIME, which counts from 1601; empty for 0 and for one out of range."""
    try:
        moment = datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=hundred_nanoseconds // 10)
    except OverflowError:
        return ""
    return f"{moment:%Y-%m-%d %H:%M} UTC" if hundred_nanoseconds else ""


def _body(storage: MsgStorage) -> Message:
    body = MIMEMultipart("alternative", policy=RAW)
    plain, html = storage.text_of(BODY), _html(storage)
    if not plain.strip() and not html.strip():
        packed = storage.bytes_of(RTF)
        plain = read_rtf(Source(unpack_rtf(packed), "body.rtf")).text if packed else ""
    for text, kind in ((plain, "plain"), (html, "html")):
        if text.strip():
            body.attach(MIMEText(text, kind, "utf-8", policy=RAW))
    return body


def _html(storage: MsgStorage) -> str:
    data = storage.bytes_of(HTML)
    if not data:
        return storage.text_of(HTML)
    page = storage.record(INTERNET_CODE_PAGE) & 0xFFFFFFFF
    return decode_as(data, codec_of(page)) if page else decode(data, ".html", trust_declaration=True).text


def _attachment(storage: MsgStorage, depth: int) -> Message:
    inside = storage.inner(f"{VALUE}{DATA:04X}{OBJECT:04X}")
    if storage.file.exists(inside.path + PROPERTIES):
        return MIMEMessage(_to_message(inside, depth - 1), policy=RAW)
    name = storage.text_of(NAME) or storage.text_of(SHORT_NAME) or storage.text_of(DISPLAY_NAME)
    part = MIMEApplication(storage.bytes_of(DATA), policy=RAW)
    part.add_header("Content-Disposition", "attachment", filename=("utf-8", "", name or "attachment.bin"))
    return part


@dataclass(frozen=True, slots=True)
class MsgStorage:
    """A storage of the compound file that holds the properties of a message or an attachment."""

    file: OleFileIO
    path: str = ""

    def inner(self, name: str) -> MsgStorage:
        """Return a storage in this one."""
        return MsgStorage(self.file, f"{self.path}{name}/")

    def bytes_of(self, identity: int, kind: int = BINARY) -> bytes:
        """Return the bytes of a property, empty if there is none."""
        return read_stream(self.file, f"{self.path}{VALUE}{identity:04X}{kind:04X}")

    def text_of(self, identity: int) -> str:
        """Return the text of a property, empty if there is none."""
        wide = self.bytes_of(identity, UNICODE)
        if wide:
            return wide.decode("utf-16-le", "replace").rstrip("\0")
        page = self.record(CODE_PAGE) & 0xFFFFFFFF
        return decode_as(self.bytes_of(identity, BYTE_TEXT), codec_of(page) if page else "").rstrip("\0")

    def record(self, identity: int) -> int:
        """Return a property of fixed length, 0 if there is none."""
        # the header before the records is shorter in an attachment, and in an attached message
        header_size = 32 if not self.path else 8 if self.path.split("/")[-2].startswith(ATTACHED) else 24
        records = read_stream(self.file, self.path + PROPERTIES)[header_size:]
        for at in range(0, len(records) - 15, 16):
            _, found, _, value = struct.unpack_from("<HHIQ", records, at)
            if found == identity:
                return int(value)
        return 0

    def names(self) -> list[str]:
        """Return the names of the storages in this one."""
        own = self.path.split("/")[:-1]
        paths = self.file.listdir(streams=False, storages=True)
        return sorted(path[-1] for path in paths if path[:-1] == own)


def unpack_rtf(data: bytes) -> bytes:
    """Return the RTF of PidTagRtfCompressed, at most nine times as long. Raises UnreadableFile if the header is wrong."""
    if len(data) < 16 or data[8:12] not in (COMPRESSED, UNCOMPRESSED):
        raise UnreadableFile("damaged: the text of the message cannot be unpacked")
    length = struct.unpack_from("<I", data, 4)[0]
    return data[16 : 16 + length] if data[8:12] == UNCOMPRESSED else _decompress(data[16:])[:length]


def _decompress(data: bytes) -> bytes:
    """Decompress LZFu: a control byte says which of the next 8 items are literals and which references into the window."""
    window, place = bytearray(DICTIONARY.ljust(WINDOW, b" ")), len(DICTIONARY)
    found, at = bytearray(), 0
    while at < len(data):
        control, at = data[at], at + 1
        for bit in range(8):
            if control >> bit & 1:
                reference = int.from_bytes(data[at : at + 2], "big")
                start, length, at = reference >> 4, (reference & 15) + 2, at + 2
                if start == place % WINDOW or at > len(data):  # the end marker refers to the write position
                    return bytes(found)
            else:
                start, length, at = -1, 1, at + 1
            for step in range(length):
                byte = data[at - 1 : at] if start < 0 else window[(start + step) % WINDOW : (start + step) % WINDOW + 1]
                found += byte
                window[place % WINDOW : place % WINDOW + 1] = byte or b" "
                place += 1
    return bytes(found)
