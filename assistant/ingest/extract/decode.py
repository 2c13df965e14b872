"""Bytes in, text and the name of its encoding out."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from assistant.errors import UnreadableFile
from assistant.ingest.extract.guess import WIDE, guess_encoding
from assistant.ingest.extract.storable import storable_text

SAMPLE = 65536
BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What a name means in practice: the superset that programs which write the name really use.
SUPERSETS = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "ascii": "cp1252",
}
NO_CHARSETS = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined"})
DECLARED = re.compile(rb"(?:charset|encoding)\s*=\s*[\"']?([\w.:-]+)")
CONTROLS = re.compile(r"[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f]")
JAPANESE_ESCAPE = re.compile(rb"\x1b(?:\$[@B]|\$\([DQ]|\([JI])")  # ISO-2022-JP, all of it ASCII bytes


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a file, byte order mark left out."""

    text: str
    encoding: str
    notes: tuple[str, ...] = ()


def decode(data: bytes, suffix: str, trust_declaration: bool = False) -> Decoded:
    """Decode a text file. `trust_declaration`: it may name its encoding, as HTML and XML do."""
    decoded = _decode(data, trust_declaration)
    sample = decoded.text[:SAMPLE]
    if data.startswith(b"%PDF-") or "\0" in decoded.text or len(CONTROLS.findall(sample)) > len(sample) / 200:
        raise UnreadableFile(f"it is not text (binary content in a {suffix or 'text'} file)")
    return decoded


def decode_as(data: bytes, charset: str) -> str:
    """Return text whose character set is declared from outside; where it does not fit, or is unknown, it is guessed."""
    name = _known(charset)
    if name:
        try:
            return storable_text(data.decode(name))
        except UnicodeDecodeError:
            pass
    decoded = _decode(data, False)
    is_better = not name or decoded.text.count("\ufffd") == 0
    return (decoded.text if is_better else storable_text(data.decode(name, "replace"))).replace("\0", "")


def decode_name(raw: bytes) -> str:
    """Return a file's name out of an archive: UTF-8, a Chinese, Japanese or Korean encoding, or that of old PCs."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        guessed = guess_encoding(raw)
    return raw.decode(guessed if guessed in WIDE or guessed == "cp866" else "cp437", "replace")


def _decode(data: bytes, trust_declaration: bool) -> Decoded:
    for mark, encoding in BOMS:
        if data.startswith(mark):
            return _with_replacements(data[len(mark) :], encoding)
    sixteen = _utf16_without_mark(data[:SAMPLE])
    if sixteen:
        return _with_replacements(data, sixteen)
    try:
        return _japanese(data) or Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        pass
    if _is_mostly_utf8(data):
        return _with_replacements(data, "utf-8")
    return _with_replacements(data, (_declared(data) if trust_declaration else "") or guess_encoding(data))


def _japanese(data: bytes) -> Decoded | None:
    """Return the text where it is switched by escapes from ASCII to Japanese and back."""
    if not JAPANESE_ESCAPE.search(data):
        return None
    try:
        return Decoded(data.decode("iso2022_jp_ext"), "iso2022_jp")
    except UnicodeDecodeError:
        return None


def _with_replacements(data: bytes, encoding: str) -> Decoded:
    text = storable_text(data.decode(encoding, "replace"))  # UTF-7 can spell halves of characters
    lost = text.count("\ufffd")
    return Decoded(text, encoding, (f"{lost} characters are not valid {encoding}",) if lost else ())


def _is_mostly_utf8(data: bytes) -> bool:
    """Say whether it is UTF-8 with a little damage, such as a log that was cut inside a character."""
    text = data.decode("utf-8", "replace")
    lost = text.count("\ufffd")
    return sum(character > "\x7f" for character in text) - lost > 20 * lost


def _declared(data: bytes) -> str:
    match = DECLARED.search(data[:2048])
    name = _known(match[1].decode("ascii", "replace")) if match else ""
    return "" if name.startswith(("utf-16", "utf-8", "utf-32")) else name


def _known(charset: str) -> str:
    """Return the encoding that a name means, empty where it means none for text."""
    try:
        name = codecs.lookup(charset).name
        b"a".decode(name, "replace")
    except (LookupError, ValueError):
        return ""
    return "" if name in NO_CHARSETS else SUPERSETS.get(name, name)


def _utf16_without_mark(sample: bytes) -> str:
    """Recognise UTF-16 by zeros at every other byte, which any text with spaces and line ends has."""
    half = max(1, len(sample) // 2)
    even, odd = sample[0::2].count(0) / half, sample[1::2].count(0) / half
    if max(even, odd) < 0.1 or min(even, odd) > 0.02:
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"
