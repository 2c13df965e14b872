from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib

import pytest

from assistant.errors import SkippedFile, UnreadableFile
from assistant.ingest.extractors import archive
from assistant.ingest.extractors.archive import open_archive
from assistant.ingest.extractors.builder import Source


def zipped(entries: dict[str, bytes], **changed) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tarred(entries: dict[str, bytes], mode: str = "w") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, content in entries.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def opened(data: bytes, name: str = "a.zip", *passwords: str):
    return [(member.name, str(member.refusal or "") or member.data) for member in open_archive(Source(data, name, passwords))]


ENTRIES = {"a.txt": b"one", "folder/b.txt": b"two"}
UNSAFE = {"/etc/passwd": b"1", "../../up.txt": b"2", "C:\\temp\\x.txt": b"3", "a/./b//c.txt": b"4"}
SAFE = ["etc/passwd", "up.txt", "temp/x.txt", "a/b/c.txt"]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (zipped(ENTRIES), "a.zip"),
        (tarred(ENTRIES), "a.tar"),
        (tarred(ENTRIES, "w:gz"), "a.tar.gz"),
        (tarred(ENTRIES, "w:gz"), "a.tgz"),
        (tarred(ENTRIES, "w:bz2"), "a.tar.bz2"),
        (tarred(ENTRIES, "w:xz"), "a.tar.xz"),
        (tarred(ENTRIES, "w:gz"), "renamed.gz"),
    ],
)
def test_archives(data, name):
    assert opened(data, name) == [("a.txt", b"one"), ("folder/b.txt", b"two")]


@pytest.mark.parametrize(("pack", "suffix"), [(gzip.compress, ".gz"), (bz2.compress, ".bz2"), (lzma.compress, ".xz")])
def test_packed_files(pack, suffix):
    assert opened(pack(b"text"), f"notes.txt{suffix}") == [("notes.txt", b"text")]
    with pytest.raises(UnreadableFile, match="cut off"):
        opened(pack(b"text" * 100)[:-8], f"notes.txt{suffix}")


@pytest.mark.parametrize("make", [zipped, tarred])
def test_names_are_safe(make):
    assert [name for name, _ in opened(make(UNSAFE), "a.zip" if make is zipped else "a.tar")] == SAFE


@pytest.mark.parametrize("make", [zipped, tarred])
def test_what_systems_keep_is_left_out(make):
    entries = {"__MACOSX/._a.txt": b"x", ".DS_Store": b"x", ".git/config": b"x", "~$draft.docx": b"x", "a.txt": b"1"}
    assert opened(make(entries), "a.zip" if make is zipped else "a.tar") == [("a.txt", b"1")]


def test_links_are_left_out_with_the_reason():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo("docs/a.txt")
        entry.size = 3
        archive.addfile(entry, io.BytesIO(b"one"))
        for kind, name, target in (
            (tarfile.SYMTYPE, "soft.txt", "/etc/passwd"), (tarfile.LNKTYPE, "again.txt", "docs/a.txt"),
            (tarfile.LNKTYPE, "hard.txt", "/etc/passwd"), (tarfile.SYMTYPE, ".hidden", "a.txt"),
            (tarfile.CHRTYPE, "device", ""), (tarfile.FIFOTYPE, "pipe", ""),
        ):  # fmt: skip
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, target
            archive.addfile(entry)
    assert opened(buffer.getvalue(), "a.tar") == [
        ("docs/a.txt", b"one"),
        ("soft.txt", "a symbolic link: links inside archives are not followed"),
        ("again.txt", "a hard link: its text is that of docs/a.txt"),
        ("hard.txt", "a hard link to a file that was not read from this archive"),
    ]
    assert all(isinstance(member.refusal, SkippedFile) for member in list(open_archive(Source(buffer.getvalue(), "a.tar")))[1:])
    link = zipfile.ZipInfo("link")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert opened(buffer.getvalue()) == [("link", "a symbolic link: links inside archives are not followed")]


def test_files_with_holes_are_left_out_with_the_reason():
    hole = tarfile.TarInfo("hole.txt")
    hole.pax_headers = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.map": "0,0", "GNU.sparse.size": "9" * 13}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(hole)
    reason = "a sparse file, which may claim any size: unpack the archive and add the file"
    assert opened(buffer.getvalue(), "a.tar") == [("hole.txt", reason)]


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("gbk", "会议记录.txt"), ("shift_jis", "日本語のファイル.txt"), ("utf-8", "naïve.txt"), ("cp437", "Müller.txt")],
)
def test_names_in_other_encodings(encoding, name):
    raw = name.encode(encoding)
    data = zipped({"x" * len(raw): b"1"}).replace(b"x" * len(raw), raw)
    assert opened(data) == [(name, b"1")]


def test_entries_of_the_same_name_are_told_apart():
    assert [name for name, _ in opened(tarred({"a.txt": b"1", "./a.txt": b"2", "A.txt": b"3"}), "a.tar")] == [
        "a.txt",
        "a (2).txt",
        "A (3).txt",
    ]


def encrypt(data: bytes, password: bytes) -> bytes:
    """Encrypt bytes by traditional PKWARE encryption (APPNOTE.TXT 6.1), header first."""
    keys = [0x12345678, 0x23456789, 0x34567890]

    def crc(value: int, byte: int) -> int:
        return zlib.crc32(bytes([byte]), value ^ 0xFFFFFFFF) ^ 0xFFFFFFFF

    def update(byte: int) -> None:
        keys[0] = crc(keys[0], byte)
        keys[1] = ((keys[1] + (keys[0] & 255)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = crc(keys[2], keys[1] >> 24)

    for byte in password:
        update(byte)
    out = bytearray()
    for byte in bytes(11) + bytes([zlib.crc32(data) >> 24]) + data:
        mask = keys[2] | 2
        out.append(byte ^ ((mask * (mask ^ 1) >> 8) & 255))
        update(byte)
    return bytes(out)


def locked_zip(name: bytes, content: bytes, password: bytes, method: int = 0, plain: bytes = b"") -> bytes:
    body = encrypt(content, password)
    fields = struct.pack("<HHHHHIIIHH", 20, 1, method, 0, 33, zlib.crc32(content), len(body), len(content), len(name), 0)
    local = b"PK\x03\x04" + fields + name + body
    central = b"PK\x01\x02" + struct.pack("<H", 20) + fields + struct.pack("<HHHII", 0, 0, 0, 0, 0) + name
    return local + central + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)


def test_encrypted_archives():
    data = locked_zip(b"a.txt", b"secret text", b"open")
    assert opened(data, "a.zip", "wrong", "open") == [("a.txt", b"secret text")]
    with pytest.raises(UnreadableFile, match="it is encrypted: a password is needed"):
        opened(data)
    with pytest.raises(UnreadableFile, match="none of the passwords"):
        opened(data, "a.zip", "wrong")
    with pytest.raises(UnreadableFile, match="encrypted with AES"):
        opened(locked_zip(b"a.txt", b"secret", b"open", method=99), "a.zip", "open")


def test_an_archive_that_is_encrypted_in_part():
    buffer = io.BytesIO(zipped({"plain.txt": b"1", "locked.txt": b"2"}))
    data = bytearray(buffer.getvalue())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.rindex(mark) + offset] |= 1
    assert opened(bytes(data)) == [("plain.txt", b"1"), ("locked.txt", "it is encrypted: a password is needed")]


def test_bombs_are_not_unpacked(monkeypatch):
    monkeypatch.setattr(archive, "HARMLESS", 1_000_000)
    zeros = bytes(30_000_000)
    assert opened(zipped({"a.txt": b"1", "bomb.txt": zeros, "b.txt": b"2"})) == [
        ("a.txt", b"1"), ("bomb.txt", "it is a trap: it unpacks to more than 200 times its size"), ("b.txt", b"2"),
    ]  # fmt: skip
    for pack, suffix in ((gzip.compress, "gz"), (bz2.compress, "bz2"), (lzma.compress, "xz")):
        assert opened(pack(zeros), f"a.txt.{suffix}") == [("a.txt", "it is a trap: it unpacks to more than 200 times its size")]
    assert opened(tarred({"a.txt": b"1", "bomb.txt": zeros}, "w:gz"), "a.tgz") == [
        ("a.txt", b"1"), ("(more files)", "it is a trap: it unpacks to more than 200 times its size"),
    ]  # fmt: skip


def test_the_size_of_all_entries_is_limited(monkeypatch):
    monkeypatch.setattr(archive, "LARGEST_UNPACKED", 1_000)
    data = {f"{number}.txt": b"x" * 400 for number in range(5)}
    for made, name in ((zipped(data), "a.zip"), (tarred(data), "a.tar")):
        *kept, (_, reason) = opened(made, name)
        assert len(kept) < 4 and "unpacks to more than" in reason


def test_the_number_of_entries_is_limited(monkeypatch):
    monkeypatch.setattr(archive, "MOST_ENTRIES", 3)
    data = {f"{number}.txt": b"x" for number in range(5)}
    for made, name in ((zipped(data), "a.zip"), (tarred(data), "a.tar")):
        found = opened(made, name)
        assert len(found) == 4 and found[3] == ("(more files)", "the archive holds more than 3 files: the others are left out")


def with_first_before_the_file(data: bytes) -> bytes:
    """Shift the stated offsets, so that the first of two entries seems to begin before the file."""
    changed = bytearray(data)
    first = data.index(b"PK\x01\x02")
    for place in (data.index(b"PK\x01\x02", first + 1) + 42, data.index(b"PK\x05\x06") + 16):
        struct.pack_into("<I", changed, place, struct.unpack_from("<I", data, place)[0] + 20)
    return bytes(changed)


def test_an_entry_that_lies_outside_of_the_archive_does_not_cost_the_others():
    found = opened(with_first_before_the_file(zipped(ENTRIES)))
    assert found == [("a.txt", "damaged: this file of the archive cannot be unpacked"), ("folder/b.txt", b"two")]


def test_damaged_archives():
    for data, name in (
        (b"PK\x03\x04 no", "a.zip"),
        (b"text", "a.zip"),
        (b"text" * 500, "a.tar"),
        (zipped(ENTRIES)[:-30], "a.zip"),
    ):
        with pytest.raises(UnreadableFile, match="damaged"):
            opened(data, name)
    broken = bytearray(zipped({"a.txt": b"some text", "b.txt": b"2"}))
    broken[40] ^= 0xFF
    assert opened(bytes(broken)) == [("a.txt", "damaged: this file of the archive cannot be unpacked"), ("b.txt", b"2")]
    assert opened(tarred({"a.txt": b"1", "b.txt": b"2" * 5000})[:2000], "a.tar")[-1][1] == "damaged: the archive is cut off here"
