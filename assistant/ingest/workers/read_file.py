"""Read one file and the files inside it: a Document for each, or the reason why it cannot be read."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

from assistant.datatypes import Document, Extraction, Part
from assistant.errors import BEING_WRITTEN, GONE, UNREAD, SkippedFile, UnreadableFile
from assistant.ingest.extractors.builder import Member, Source, ignore_step, storable_text
from assistant.ingest.extractors.registry import READERS, extract, has_reader, is_container, members, no_reader_reason, suffix_of

MAX_DEPTH = 4  # an archive in a mail in an archive is real; deeper nesting is an attack
MAX_MEMBERS = 2000
MAX_MEMBER_BYTES = 500_000_000  # of all files inside one file together
MAX_MEMBER_CHARACTERS = 200_000_000  # of the text of all files inside one file together
ENTRY_BYTES = 200  # approximate size of a part, heading, table or mark in memory

BAD_TITLE = re.compile(
    r"^(untitled|无标题|無題|document\d*|microsoft word\b.*|powerpoint presentation|slide \d+|.*\.[a-z]{2,5}\d?)$", re.I
)


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Options for reading: the size limit `max_bytes`, and the passwords to try on encrypted files."""

    max_bytes: int
    passwords: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The outcome for a file whose content is the same as at the last reading."""


@dataclass(frozen=True, slots=True)
class ReadResult:
    """The result for one file, or for a file inside the file `container`, whose path is then a prefix of its own."""

    path: str
    outcome: Document | UnreadableFile | Unchanged
    content_hash: str = ""
    size: int = 0
    container: str = ""


@dataclass(slots=True)
class ReadTask:
    """The reading of one file: its options, its callbacks and the budget that is left for the files inside it.

    `begin` receives the path of each file inside it before that file is read. `passed_over` maps the paths of files that are
    not read to the reason.
    """

    path: Path
    terms: ReadOptions
    known_hash: str = ""
    passed_over: dict[str, str] = field(default_factory=dict)
    begin: Callable[[str], None] = ignore_step
    on_step: Callable[[str], None] = ignore_step
    members_left: int = MAX_MEMBERS
    bytes_left: int = MAX_MEMBER_BYTES
    characters_left: int = MAX_MEMBER_CHARACTERS


def read_with_members(run: ReadTask) -> Iterator[ReadResult]:
    """Yield the results for a file and for the files inside it. A fault of a file is a result, not an exception."""
    path = str(run.path)
    try:
        data = read_bytes(run.path, run.terms.max_bytes)
    except UnreadableFile as error:
        yield ReadResult(path, error)
        return
    if sha256_of(data) == run.known_hash:
        yield ReadResult(path, Unchanged(), run.known_hash, len(data))
        return
    yield from _read_all(run, path, data, 0)


def sha256_of(data: bytes) -> str:
    """Return the SHA-256 of a file's content in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _read_all(run: ReadTask, path: str, data: bytes, depth: int) -> Iterator[ReadResult]:
    source = Source(data, PurePath(path).name, run.terms.passwords, run.on_step)
    reading = _read_one(run, path, source, depth)
    if depth and isinstance(reading.outcome, Document):
        run.characters_left -= len(reading.outcome.extraction.text)
    if run.characters_left < 0:
        raise UnreadableFile(f"the text in it is longer than {MAX_MEMBER_CHARACTERS // 1_000_000} million characters")
    # a skipped file, such as one without text, may still hold others
    is_unopenable = isinstance(reading.outcome, UnreadableFile) and not isinstance(reading.outcome, SkippedFile)
    if not is_container(source.name) or is_unopenable:
        yield reading
        return
    found, stopped = 0, ""
    try:
        for member in members(source):
            yield from _read_member(run, f"{path}{os.sep}{member.name}", member, depth + 1)
            found += 1
    except UnreadableFile as error:
        stopped = str(error)
    yield _with_members(reading, found, stopped, suffix_of(source.name) in READERS)


def _read_one(run: ReadTask, path: str, source: Source, depth: int) -> ReadResult:
    outcome: Document | UnreadableFile
    content_hash = sha256_of(source.data)
    try:
        if suffix_of(source.name) in READERS or not is_container(source.name):
            outcome = _document(path, source, content_hash)
        else:
            outcome = Document(path, source.name, content_hash, Extraction("", (Part(0, 0),)))
    except UnreadableFile as error:
        outcome = error
    return ReadResult(path, outcome, content_hash, len(source.data), str(run.path) if depth else "")


def _with_members(reading: ReadResult, found: int, stopped: str, has_text: bool) -> ReadResult:
    """Return the result for a container after its members were read: `found` of them, up to the error `stopped`."""
    if stopped and not found and not has_text:
        return replace(reading, outcome=UnreadableFile(stopped))
    if not found and not has_text and not stopped:
        return replace(reading, outcome=SkippedFile("there is no file in it"))
    notes = [f"{found} file{'s' if found > 1 else ''} in it"] if found else []
    notes += [f"not opened to its end: {stopped}"] if stopped else []
    outcome = reading.outcome
    if isinstance(outcome, Document):
        extraction = replace(outcome.extraction, notes=(*outcome.extraction.notes, *notes))
        return replace(reading, outcome=replace(outcome, extraction=extraction))
    if isinstance(outcome, SkippedFile) and notes:
        return replace(reading, outcome=SkippedFile("; ".join([str(outcome), *notes])))
    return reading


def _read_member(run: ReadTask, path: str, member: Member, depth: int) -> Iterator[ReadResult]:
    """Yield the results for a file inside another. Raises UnreadableFile if the budget is spent."""
    run.begin(path)
    run.members_left -= 1
    run.bytes_left -= len(member.data)
    if run.members_left < 0:
        raise UnreadableFile(f"it holds more than {MAX_MEMBERS:,} files")
    if run.bytes_left < 0:
        raise UnreadableFile(f"the files in it are larger than {MAX_MEMBER_BYTES // 1_000_000} MB together")
    refusal = _refusal(run, path, member, depth)
    if refusal:
        yield ReadResult(path, refusal, "", len(member.data), str(run.path))
    else:
        yield from _read_all(run, path, member.data, depth)


def _refusal(run: ReadTask, path: str, member: Member, depth: int) -> UnreadableFile | None:
    if path in run.passed_over:
        return UnreadableFile(run.passed_over[path])
    if member.refusal:
        return member.refusal
    if not has_reader(PurePath(path).name):
        return SkippedFile(no_reader_reason(PurePath(path).name))
    if depth > MAX_DEPTH:
        return SkippedFile(f"it lies more than {MAX_DEPTH} containers deep")
    return too_large_error(len(member.data), run.terms.max_bytes) if len(member.data) > run.terms.max_bytes else None


def _document(path: str, source: Source, content_hash: str) -> Document:
    try:
        extraction = extract(source)
    except UnreadableFile as error:
        if not isinstance(error.__cause__, MemoryError):
            error.content_hash = content_hash
        raise
    # the title of source code is its file name: shown to the user, but not stored as part of the text
    own = "" if extraction.title == source.name else _sensible_title(extraction.title)
    shown = source.name if extraction.title == source.name else own or PurePath(source.name).stem
    return Document(path, storable_text(shown), content_hash, replace(extraction, title=own))


def _sensible_title(title: str) -> str:
    """Return the title, or an empty string if it is a number, a file name or a program's default."""
    title = " ".join(title.split())
    letters = sum(character.isalpha() for character in title)
    is_sensible = letters >= max(2, 0.4 * len(title.replace(" ", ""))) and "\ufffd" not in title
    return title if is_sensible and len(title) <= 200 and not BAD_TITLE.match(title) else ""


def read_bytes(path: Path, max_bytes: int) -> bytes:
    """Return a file's bytes. Raises UnreadableFile, or SkippedFile if it is too large."""
    for pause in (0.1, 0.0):
        try:
            data, is_stable = _read_once(path, max_bytes)
        except PermissionError as error:
            raise UnreadableFile("permission denied") from error
        except FileNotFoundError as error:
            raise UnreadableFile(GONE) from error
        except OSError as error:
            raise UnreadableFile(f"{UNREAD}: {error.strerror}") from error
        if is_stable:
            return data
        time.sleep(pause)
    raise UnreadableFile(f"{BEING_WRITTEN}; it will be read at the next sync")


def too_large_error(size: int, max_bytes: int) -> SkippedFile:
    """Return the error for a file that is larger than the limit."""
    return SkippedFile(f"too large: {size / 1e6:.1f} MB; the limit is {max_bytes / 1e6:.1f} MB")


def _read_once(path: Path, max_bytes: int) -> tuple[bytes, bool]:
    """Return the bytes, and whether the file stayed unchanged while it was read."""
    with open(path, "rb", opener=_open_nonblocking) as file:
        before = os.fstat(file.fileno())
        if not stat.S_ISREG(before.st_mode):
            raise UnreadableFile("not a file but a pipe, socket or device")
        if before.st_size > max_bytes:
            raise too_large_error(before.st_size, max_bytes)
        data = file.read(max_bytes + 1)
        after = os.fstat(file.fileno())
    is_same = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    return data, is_same and len(data) == after.st_size


def _open_nonblocking(path: str, flags: int) -> int:
    """Open without blocking: opening a pipe without a writer would wait forever."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def memory_size(results: Iterable[ReadResult]) -> int:
    """Return the approximate size of results in memory, in bytes."""
    total = 0
    for found in (result.outcome.extraction for result in results if isinstance(result.outcome, Document)):
        entries = len(found.parts) + len(found.headings) + len(found.tables) + len(found.marks)
        total += sys.getsizeof(found.text) + sum(sys.getsizeof(table.header) for table in found.tables) + ENTRY_BYTES * entries
    return total
