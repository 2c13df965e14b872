"""A parsed e-mail message in; its headers, the text of its parts and its attachments, decoded, out."""

from __future__ import annotations

import binascii
import mimetypes
from base64 import b64decode
from collections.abc import Iterator
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.policy import Compat32

from assistant.ingest.extract.archives.entryname import Names, safe_name
from assistant.ingest.extract.decode import decode_as
from assistant.ingest.extract.source import Member

SIGNATURES = frozenset({
    "application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature", "application/pgp-keys",
    "application/pgp-encrypted", "message/delivery-status",
})  # fmt: skip
PICTURE_NAMES = ("image", "audio", "video")
DEEPEST = 50
LONGEST_HEADER = 20_000  # characters; decoding takes the square of it


class _AsWritten(Compat32):
    """Leaves headers as they stand in the file: their bytes are decoded here. Absurdly long ones are cut."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:LONGEST_HEADER]

    def header_fetch_parse(self, name: str, value: str) -> str:
        return value


RAW = _AsWritten()


def header(message: Message, name: str) -> str:
    """Return a header in one line, decoded, empty where there is none; several of one name are joined."""
    return ", ".join(_words(str(value)) for value in message.get_all(name, []))


def content(part: Message) -> str:
    """Return the text of a part, by its declared character set where that fits."""
    return decode_as(_bytes(part), part.get_content_charset("") or "")


def filename(part: Message) -> str:
    """Return the name of an attached file, empty where it has none."""
    return safe_name(_words(part.get_filename("") or "").replace("/", "_"))


def attachments_of(message: Message) -> Iterator[Member]:
    """Yield what is attached to a message."""
    names = Names()
    for number, part in enumerate(_leaves(message, DEEPEST), 1):
        if part.get_content_type() == "message/rfc822":
            yield _message(part, names)
        elif _is_file(part, part is message):
            yield Member(names.distinct(filename(part) or _made_up(part, number)), _bytes(part))


def _leaves(part: Message, depth: int) -> Iterator[Message]:
    payload = part.get_payload()
    if part.get_content_maintype() != "multipart" or not isinstance(payload, list) or not depth:
        yield part
        return
    for child in payload:
        if isinstance(child, Message):
            yield from _leaves(child, depth - 1)


def _is_file(part: Message, is_whole: bool) -> bool:
    kind, main = part.get_content_type(), part.get_content_maintype()
    if kind in SIGNATURES or main == "multipart":
        return False
    if filename(part) or part.get_content_disposition() == "attachment":
        return True
    return not is_whole and main not in PICTURE_NAMES and kind not in ("text/plain", "text/html", "text/rfc822-headers")


def _message(part: Message, names: Names) -> Member:
    payload = part.get_payload()
    inner = payload[0] if isinstance(payload, list) and payload else None
    if not isinstance(inner, Message):
        return Member(names.distinct(filename(part) or "message.eml"), _bytes(part))
    data = inner.as_bytes(policy=RAW)
    if str(part.get("Content-Transfer-Encoding", "")).strip().lower() == "base64":  # forbidden, but some do it
        data = _from_base64(data)
    subject = safe_name(header(inner, "Subject").replace("/", "_"))
    name = filename(part) or f"{subject or 'message'}.eml"
    return Member(names.distinct(name if name.lower().endswith(".eml") else f"{name}.eml"), data)


def _from_base64(data: bytes) -> bytes:
    try:
        return b64decode(data, validate=False)
    except binascii.Error:
        return data


def _bytes(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _made_up(part: Message, number: int) -> str:
    return f"attachment-{number}{mimetypes.guess_extension(part.get_content_type()) or '.bin'}"


def _words(raw: str) -> str:
    """Decode a header: raw bytes by guess, encoded words as RFC 2047 says, those cut inside a character as well."""
    line = " ".join(raw.split())
    if any("\udc80" <= character <= "\udcff" for character in line):
        line = decode_as(line.encode("utf-8", "surrogateescape"), "")
    if "=?" not in line:
        return line
    try:
        pieces = decode_header(line)
    except (HeaderParseError, ValueError):
        return line
    return "".join(piece if isinstance(piece, str) else _piece(piece, charset) for piece, charset in pieces)


def _piece(piece: bytes, charset: str | None) -> str:
    return decode_as(piece, charset) if charset else piece.decode("raw_unicode_escape", "replace")
