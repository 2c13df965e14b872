from __future__ import annotations

import struct

import pytest

from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import Source
from assistant.ingest.extractors.email import outlook_msg
from assistant.ingest.extractors.email.message import open_mail, read_mail
from assistant.ingest.extractors.email.outlook_msg import open_msg, read_msg, unpack_rtf

NO_RECORDS = bytes(32)


def text(identity: int, value: str) -> tuple[str, bytes]:
    return f"__substg1.0_{identity:04X}001F", value.encode("utf-16-le")


def binary(identity: int, value: bytes) -> tuple[str, bytes]:
    return f"__substg1.0_{identity:04X}0102", value


def records(header: int, *values: tuple[int, int, int]) -> tuple[str, bytes]:
    """Write a property stream from records of type, identifier and value."""
    return "__properties_version1.0", bytes(header) + b"".join(
        struct.pack("<HHIQ", kind, name, 6, value) for kind, name, value in values
    )


class Compound:
    """Stands in for an open compound file: its streams by path."""

    def __init__(self, streams: dict[str, bytes]) -> None:
        self.streams = streams

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def exists(self, name: str) -> bool:
        return name in self.streams

    def listdir(self, streams: bool = True, storages: bool = False) -> list[list[str]]:
        assert storages and not streams
        folders = {tuple(path.split("/")[:end]) for path in self.streams for end in range(1, path.count("/") + 1)}
        return [list(folder) for folder in folders]


@pytest.fixture
def holds(monkeypatch):
    """Return a function that gives every opened compound file these streams."""

    def hold(*streams: tuple[str, bytes]) -> Source:
        compound = Compound(dict(streams))
        monkeypatch.setattr(outlook_msg, "open_compound", lambda data, kind: compound)
        monkeypatch.setattr(outlook_msg, "read_stream", lambda file, name: file.streams.get(name, b""))
        return Source(b"x", "a.msg")

    return hold


def folder(path: str, *streams: tuple[str, bytes]) -> list[tuple[str, bytes]]:
    return [(f"{path}/{name}", value) for name, value in streams]


HEAD = (text(0x0037, "会议"), text(0x0C1A, "Ann"), text(0x5D01, "ann@example.org"), text(0x0E04, "Bob"))
SENT = (0x40, 0x0039, 133516008000000000)


def test_a_message(holds):
    found = read_msg(holds(*HEAD, records(32, SENT), text(0x1000, "See you.\r\n")))
    assert found.text == "会议\n\nFrom: Ann <ann@example.org>\nTo: Bob\nDate: 2024-02-05 10:00 UTC\n\nSee you."
    assert found.title == "会议"


def test_html_and_rich_text_where_there_is_nothing_else(holds):
    page = "<p>Größe</p>".encode("cp1252")
    assert read_msg(holds(*HEAD, records(32, (3, 0x3FDE, 1252)), binary(0x1013, page))).text.endswith("Größe")
    rich = b"{\\rtf1\\ansi Only rich.}"
    packed = struct.pack("<II4sI", len(rich) + 12, len(rich), b"MELA", 0) + rich
    assert read_msg(holds(*HEAD, records(32), binary(0x1009, packed))).text.endswith("Only rich.")


def test_attachments_and_messages_in_messages(holds):
    first, second = "__attach_version1.0_#00000000", "__attach_version1.0_#00000001"
    inner = f"{second}/__substg1.0_3701000D"
    deeper = f"{inner}/__attach_version1.0_#00000000"
    source = holds(
        *HEAD, records(32),
        *folder(first, records(8), text(0x3707, "预算.pdf"), binary(0x3701, b"%PDF")),
        *folder(second, records(8), text(0x3001, "shown")),
        *folder(inner, records(24), text(0x0037, "Inside"), text(0x1000, "inner text")),
        *folder(deeper, records(8), text(0x3704, "b.txt"), binary(0x3701, b"deep")),
    )  # fmt: skip
    file, message = open_msg(source)
    assert (file.name, file.data, message.name) == ("预算.pdf", b"%PDF", "Inside.eml")
    assert read_mail(Source(message.data, message.name)).text == "Inside\n\ninner text"
    assert [(member.name, member.data) for member in open_mail(Source(message.data, message.name))] == [("b.txt", b"deep")]


def test_encrypted_messages(holds):
    found = read_msg(holds(*HEAD, records(32), text(0x001A, "IPM.Note.SMIME")))
    assert found.notes == ("the message is encrypted: only its header was read",)


def test_what_is_no_message(holds):
    with pytest.raises(UnreadableFile, match="no Outlook message"):
        read_msg(Source(b"text", "a.msg"))
    with pytest.raises(UnreadableFile, match="holds no Outlook message"):
        read_msg(holds())


def test_packed_rich_text():
    # An example of [MS-OXRTFCP], in which a run is copied out of itself.
    packed = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
    assert unpack_rtf(packed) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"
    with pytest.raises(UnreadableFile, match="cannot be unpacked"):
        unpack_rtf(b"short")
