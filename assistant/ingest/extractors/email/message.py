"""Read e-mail messages (.eml, .emlx, RFC 5322 and MIME), mailboxes (.mbox) and web archives (.mhtml); open their attachments.

Headers and bodies are decoded here, from the bytes in the file, because many programs declare a wrong character set or none.
Of a multipart/alternative the plain text is read, unless it is only a stub for the HTML. Encrypted messages (OpenPGP,
S/MIME) give their header only.
"""

from __future__ import annotations

import binascii
import mimetypes
import re
from base64 import b64decode
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.policy import Compat32
from functools import lru_cache

from assistant.datatypes import Extraction, Part
from assistant.errors import SkippedFile, UnreadableFile
from assistant.ingest.extractors.archive import UniqueNames, safe_name
from assistant.ingest.extractors.builder import LINE, ExtractionBuilder, Member, Source
from assistant.ingest.extractors.encoding import decode_as
from assistant.ingest.extractors.web.html import html_to_text, read_markup, render

SHOWN = ("From", "To", "Cc", "Date")
KNOWN_HEADERS = ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Received")
ENCRYPTED = "the message is encrypted: only its header was read"
NO_SUBJECT = "(no subject)"
PGP = re.compile(r"\s*-----BEGIN PGP MESSAGE-----")
STUB = 300  # characters; plain text this short may only say that the message is in HTML
FULLER = 4  # times as long must the HTML be to be read instead
SIGNATURES = frozenset({
    "application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature", "application/pgp-keys",
    "application/pgp-encrypted", "message/delivery-status",
})  # fmt: skip
MEDIA = ("image", "audio", "video")  # parts of these types are attachments only if they have a name
DEEPEST = 50
ENCODED_WORD = re.compile(r"(=\?[^?]*\?[qb]\?.*?\?=)", re.I)
LONGEST_HEADER = 20_000  # characters; decoding takes quadratic time

BodyText = tuple[bool, str]  # whether it is HTML, and the text

# A message begins with "From sender date" after an empty line, and its header follows; in the text of a message such a line is
# written ">From", but not by every program.
SEPARATOR = re.compile(
    rb"(?:\A(?:\xef\xbb\xbf)?|(?<=\n\n)|(?<=\n\r\n))From [^\r\n]{1,300}?\d:\d\d[^\r\n]{0,300}\r?\n"
    rb"(?=(?:(?:[!-9;-~]+:|[ \t]|>*From )[^\n]*\n)*?(?i:%b):)" % "|".join(KNOWN_HEADERS).encode()
)
QUOTED = re.compile(rb"^>(>*From )", re.M)
STEP = 50


class _RawHeaders(Compat32):
    """Keeps headers as they are in the file, cut to LONGEST_HEADER: their bytes are decoded by `header`."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:LONGEST_HEADER]

    def header_fetch_parse(self, name: str, value: str) -> str:
        return value


RAW = _RawHeaders()


def read_mail(source: Source) -> Extraction:
    """Read one message: its subject is the title."""
    return extract_message(parse_mail(source.data))


def open_mail(source: Source) -> Iterator[Member]:
    """Yield the files and messages that are attached to a message."""
    message = parse_mail(source.data)
    if not _is_encrypted(message):
        yield from attachments_of(message)


def extract_message(message: Message) -> Extraction:
    """Return the extraction of a single message."""
    writing = ExtractionBuilder()
    notes = write_message(message, writing)
    return writing.finish(header(message, "Subject"), notes)


def parse_mail(data: bytes) -> Message:
    """Parse a message. Raises UnreadableFile if it has none of the usual headers."""
    message = message_from_bytes(data.removeprefix(BOM_UTF8).lstrip(b"\r\n"), policy=RAW)
    if not any(name in message for name in KNOWN_HEADERS):
        raise UnreadableFile("damaged: it is no e-mail message")
    return message


def write_message(message: Message, writing: ExtractionBuilder) -> tuple[str, ...]:
    """Write a message with its subject as heading; return the notes about it."""
    writing.add_heading(header(message, "Subject") or NO_SUBJECT, 1)
    writing.add(LINE.join(f"{name}: {value}" for name in SHOWN if (value := header(message, name))))
    if _is_encrypted(message):
        return (ENCRYPTED,)
    for is_html, text in _texts(message):
        if is_html:
            render(text, writing)
        else:
            writing.add(text.strip())
    return ()


def _is_encrypted(message: Message) -> bool:
    """Return whether the text of a message is encrypted (OpenPGP or S/MIME)."""
    kind = message.get_content_type()
    if kind in ("application/pkcs7-mime", "application/x-pkcs7-mime"):
        return "signed" not in str(message.get_param("smime-type", "enveloped-data")).lower()
    if kind == "multipart/encrypted":
        return True
    return kind == "text/plain" and bool(PGP.match(_text(message)))


def _texts(part: Message) -> Iterator[BodyText]:
    """Yield the texts of a message in order, one form of each alternative."""
    kind = part.get_content_type()
    if kind == "multipart/alternative":
        yield from _best_of([list(_texts(child)) for child in _children(part)])
    elif kind in ("multipart/related", "multipart/signed"):
        yield from _texts(_root(part)) if _children(part) else ()
    elif part.get_content_maintype() == "multipart":
        for child in _children(part):
            yield from _texts(child)
    elif kind in ("text/plain", "text/html") and not (part.get_content_disposition() == "attachment" or _filename(part)):
        yield kind == "text/html", _text(part)


def _best_of(forms: list[list[BodyText]]) -> list[BodyText]:
    """Return the plain form of a text, the HTML if there is no plain form or it is much shorter."""
    plain = [form for form in forms if form and not any(is_html for is_html, _ in form) and _length(form)]
    rich = [form for form in forms if any(is_html and text.strip() for is_html, text in form)]
    if not plain or not rich:
        return (plain + rich + [[]])[0]
    said = _length(plain[0])
    if said < STUB and sum(_rendered_length(text) for _, text in rich[-1]) > FULLER * said:
        return rich[-1]
    return plain[0]


@lru_cache(maxsize=16)  # nested alternatives ask again
def _rendered_length(markup: str) -> int:
    return len(html_to_text(markup))


def _length(form: list[BodyText]) -> int:
    return sum(len(text.strip()) for _, text in form)


def _children(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [child for child in payload if isinstance(child, Message)] if isinstance(payload, list) else []


def _root(part: Message) -> Message:
    """Return the part that the others belong to: the one that the message names (RFC 2387), else the first."""
    start, children = part.get_param("start"), _children(part)
    return next((child for child in children if start and child.get("Content-ID") == start), children[0])


def _text(part: Message) -> str:
    text = content(part)
    if str(part.get_param("format", "")).lower() == "flowed":
        text = _unfold(text, str(part.get_param("delsp", "")).lower() == "yes")
    return text.replace("\r\n", "\n")


def _unfold(text: str, drops_space: bool) -> str:
    """Join the lines of format=flowed text (RFC 3676)."""
    done: list[str] = []
    is_open = False
    for line in text.splitlines():
        is_wrapped = line.endswith(" ") and line != "-- " and not line.startswith(">")
        shown = line.removeprefix(" ")
        shown = shown[:-1] if is_wrapped and drops_space else shown
        if is_open and not line.startswith(">") and line != "-- ":
            done[-1] += shown
        else:
            done.append(shown)
        is_open = is_wrapped
    return "\n".join(done)


def header(message: Message, name: str) -> str:
    """Return a header decoded in one line, empty if there is none; several of one name are joined by commas."""
    return ", ".join(_decode_header(str(value)) for value in message.get_all(name, []))


def content(part: Message) -> str:
    """Return the text of a part, decoded by its declared character set if that fits."""
    return decode_as(_bytes(part), part.get_content_charset("") or "")


def _filename(part: Message) -> str:
    """Return the name of an attached file, empty if it has none."""
    return safe_name(_decode_header(part.get_filename("") or "").replace("/", "_"))


def attachments_of(message: Message) -> Iterator[Member]:
    """Yield the attachments of a message; an attached message becomes an .eml file."""
    names = UniqueNames()
    for number, part in enumerate(_leaves(message, DEEPEST), 1):
        if part.get_content_type() == "message/rfc822":
            yield _attached_message(part, names)
        elif _is_file(part, part is message):
            default = f"attachment-{number}{mimetypes.guess_extension(part.get_content_type()) or '.bin'}"
            yield Member(names.add(_filename(part) or default), _bytes(part))


def _leaves(part: Message, depth: int) -> Iterator[Message]:
    """Yield the parts that are no multipart, down to a depth."""
    if part.get_content_maintype() != "multipart" or not isinstance(part.get_payload(), list) or not depth:
        yield part
        return
    for child in _children(part):
        yield from _leaves(child, depth - 1)


def _is_file(part: Message, is_whole: bool) -> bool:
    """Return whether a part is an attachment and not a text, picture or signature of the message."""
    kind, main = part.get_content_type(), part.get_content_maintype()
    if kind in SIGNATURES or main == "multipart":
        return False
    if _filename(part) or part.get_content_disposition() == "attachment":
        return True
    return not is_whole and main not in MEDIA and kind not in ("text/plain", "text/html", "text/rfc822-headers")


def _attached_message(part: Message, names: UniqueNames) -> Member:
    inner = next(iter(_children(part)), None)
    if inner is None:
        return Member(names.add(_filename(part) or "message.eml"), _bytes(part))
    data = inner.as_bytes(policy=RAW)
    if str(part.get("Content-Transfer-Encoding", "")).strip().lower() == "base64":  # forbidden by RFC 2046, but it occurs
        with suppress(binascii.Error):
            data = b64decode(data, validate=False)
    subject = safe_name(header(inner, "Subject").replace("/", "_"))
    name = _filename(part) or f"{subject or 'message'}.eml"
    return Member(names.add(name if name.lower().endswith(".eml") else f"{name}.eml"), data)


def _bytes(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _decode_header(raw: str) -> str:
    """Decode a header: raw bytes by detection, encoded words by RFC 2047, even if they split a character."""
    line = " ".join(raw.split())
    if any("\udc80" <= character <= "\udcff" for character in line):
        line = decode_as(line.encode("utf-8", "surrogateescape"), "")
    if not ENCODED_WORD.search(line):
        return line
    try:
        pieces = decode_header("".join(_escaped(piece) for piece in ENCODED_WORD.split(line)))
    except (HeaderParseError, ValueError):
        return line
    return "".join(piece if isinstance(piece, str) else _decode_word(piece, charset) for piece, charset in pieces)


def _escaped(piece: str) -> str:
    """Escape the backslashes between encoded words, as `decode_header` does with characters beyond Latin-1."""
    return piece if ENCODED_WORD.fullmatch(piece) else piece.replace("\\", r"\u005c")


def _decode_word(piece: bytes, charset: str | None) -> str:
    return decode_as(piece, charset) if charset else piece.decode("raw_unicode_escape", "replace")


def read_mbox(source: Source) -> Extraction:
    """Read a mailbox: each message is a part, its subject a heading."""
    writing = ExtractionBuilder()
    notes: Counter[str] = Counter()
    for number, message in _messages(source):
        writing.begin(Part(0, 0, message=number))
        notes.update(write_message(message, writing))
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
