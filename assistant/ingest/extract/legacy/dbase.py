"""dBASE and FoxPro tables (.dbf) in; their records as a table, under the names of the fields, out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from struct import unpack_from

from assistant.datatypes import Extraction
from assistant.errors import UnreadableFile
from assistant.ingest.extract.decode import decode
from assistant.ingest.extract.legacy.codepages import codec_of
from assistant.ingest.extract.source import Source
from assistant.ingest.extract.writing import Writing

KIND = "database table"
# versions that a program ever wrote: dBASE III to V, FoxBASE, FoxPro, Visual FoxPro
VERSIONS = frozenset({0x02, 0x03, 0x04, 0x05, 0x30, 0x31, 0x32, 0x43, 0x63, 0x83, 0x8B, 0x8C, 0x8E, 0xCB, 0xE5, 0xF5, 0xFB})
FIELD_SIZE, END_OF_FIELDS, DELETED, END_OF_FILE = 32, 0x0D, b"*", b"\x1a"
LANGUAGE_DRIVERS = {
    0x01: 437, 0x02: 850, 0x03: 1252, 0x04: 10000, 0x08: 865, 0x09: 437, 0x0A: 850, 0x0B: 437, 0x0D: 437, 0x0E: 850,
    0x0F: 437, 0x10: 850, 0x11: 437, 0x12: 850, 0x13: 932, 0x14: 850, 0x15: 437, 0x16: 850, 0x17: 865, 0x18: 437,
    0x19: 437, 0x1A: 850, 0x1B: 437, 0x1C: 863, 0x1D: 850, 0x1F: 852, 0x22: 852, 0x23: 852, 0x24: 860, 0x25: 850,
    0x26: 866, 0x37: 850, 0x40: 852, 0x4D: 936, 0x4E: 949, 0x4F: 950, 0x50: 874, 0x57: 1252, 0x58: 1252, 0x59: 1252,
    0x64: 852, 0x65: 866, 0x66: 865, 0x67: 861, 0x6A: 737, 0x6B: 857, 0x6C: 863, 0x78: 950, 0x79: 949, 0x7A: 936,
    0x7B: 932, 0x7C: 874, 0x7D: 1255, 0x7E: 1256, 0x86: 737, 0x87: 852, 0x88: 857, 0xC8: 1250, 0xC9: 1251, 0xCA: 1254,
    0xCB: 1253, 0xCC: 1257,
}  # fmt: skip
MEMO_KINDS, TEXT_KINDS = b"MBGPW0Q", b"CV"
JULIAN_DAY_OF_YEAR_ONE = 1_721_426
MILLISECONDS_OF_DAY = 86_400_000
STEP = 10_000


@dataclass(frozen=True, slots=True)
class Field:
    """A column: its name, the letter of its kind, and where it stands in a record."""

    name: bytes
    kind: bytes
    start: int
    end: int


def read_dbf(source: Source) -> Extraction:
    """Read a database table; deleted records, and memos (which are in another file), are left out."""
    data = source.data
    if len(data) < FIELD_SIZE + 1 or data[0] not in VERSIONS:
        raise UnreadableFile(f"damaged: it is cut off or no {KIND}")
    count, header, size = unpack_from("<IHH", data, 4)
    fields = list(_fields(data[:header], size))
    if not fields or header < FIELD_SIZE or size < 2:
        raise UnreadableFile(f"damaged: it is cut off or no {KIND}")
    records = list(_records(data, header, size, count))
    codec = _codec(data[29], fields, records)
    rows = [[field.name.decode(codec, "replace") for field in fields]]
    for number, record in enumerate(records):
        rows.append([_value(field, record[field.start : field.end], codec) for field in fields])
        if number % STEP == STEP - 1:
            source.on_step(f"record {number + 1} of {len(records)}")
    writing = Writing()
    writing.tabulate(rows if len(rows) > 1 else [])
    missing = header + size * count > len(data)
    return writing.finish(notes=("it is cut off: records are missing at its end",) if missing else (), encoding=codec)


def _fields(header: bytes, size: int) -> Iterator[Field]:
    at, start = FIELD_SIZE, 1
    while at + FIELD_SIZE <= len(header) and header[at] != END_OF_FIELDS:
        name, kind, length = header[at : at + 11].partition(b"\0")[0], header[at + 11 : at + 12], header[at + 16]
        if kind == b"C":
            length += 256 * header[at + 17]  # FoxPro has long texts
        if start + length > size:
            raise UnreadableFile("damaged: its fields are longer than its records")
        if kind not in MEMO_KINDS:
            yield Field(name, kind, start, start + length)
        start, at = start + length, at + FIELD_SIZE


def _records(data: bytes, start: int, size: int, count: int) -> Iterator[bytes]:
    for at in range(start, min(len(data), start + size * count), size):
        record = data[at : at + size]
        if record[:1] == END_OF_FILE:
            return
        if record[:1] != DELETED:
            yield record


def _codec(language_driver: int, fields: list[Field], records: list[bytes]) -> str:
    """Return the encoding that the file states, else the one that its texts look like."""
    if language_driver in LANGUAGE_DRIVERS:
        return codec_of(LANGUAGE_DRIVERS[language_driver])
    texts = (record[field.start : field.end].strip(b" \0") for record in records for field in fields if field.kind in TEXT_KINDS)
    sample = b"\n".join(text for text in texts if not text.isascii())
    return decode(sample, ".dbf").encoding if sample else "cp1252"


def _value(field: Field, data: bytes, codec: str) -> str:
    if field.kind in b"IT@Y":
        return _number(field.kind, data)
    text = data.decode(codec, "replace").replace("\0", " ").strip()
    if field.kind == b"D" and len(text) == 8 and text.isdigit():
        return f"{text[:4]}-{text[4:6]}-{text[6:]}"
    return "" if field.kind == b"L" and text == "?" else text


def _number(kind: bytes, data: bytes) -> str:
    """Return a value that is stored in binary: a whole number, an amount of money or a time."""
    if kind == b"I" and len(data) == 4:
        return str(int.from_bytes(data, "little", signed=True))
    if kind == b"Y" and len(data) == 8:
        amount = int.from_bytes(data, "little", signed=True)
        return f"{'-' * (amount < 0)}{abs(amount) // 10_000}.{abs(amount) % 10_000:04}"
    day, milliseconds = unpack_from("<ii", data) if len(data) == 8 else (0, 0)
    if not 0 <= day - JULIAN_DAY_OF_YEAR_ONE < date.max.toordinal() or not 0 <= milliseconds < MILLISECONDS_OF_DAY:
        return ""
    minutes = min(round(milliseconds / 60_000), 24 * 60 - 1)  # programs store a little less than what was meant
    return f"{date(1, 1, 1) + timedelta(days=day - JULIAN_DAY_OF_YEAR_ONE)} {minutes // 60:02}:{minutes % 60:02}"
