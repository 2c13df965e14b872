"""A path in; a Document, or the reason why there is none, out: of the file and of every file inside it."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

from assistant.datatypes import Document, Extraction, Part
from assistant.errors import BEING_WRITTEN, GONE, UNREAD, SkippedFile, UnreadableFile
from assistant.ingest.extractors.registry import READERS, extract, has_reader, is_container, members, no_reader, suffix_of
from assistant.ingest.extractors.source import Member, Source, ignore_step
from assistant.ingest.extractors.storable import storable_text

DEEPEST = 4  # an archive in a mail in an archive is real; what goes on further is a trap
MOST_MEMBERS = 2000
LARGEST_MEMBERS = 500_000_000  # bytes, of everything inside one file together
LONGEST_MEMBERS = 200_000_000  # characters, of the text of everything inside one file together

BAD_TITLE = re.compile(
    r"^(untitled|无标题|無題|document\d*|microsoft word\b.*|powerpoint presentation|slide \d+|.*\.[a-z]{2,5}\d?)$", re.I
)


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms files are read: none over `max_bytes`; encrypted ones with one of the passwords."""

    max_bytes: int
    passwords: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The file's bytes are those that were read before."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of one file, or of one inside a `container` on the disk: its path is below that one's."""

    path: str
    outcome: Document | UnreadableFile | Unchanged
    content_hash: str = ""
    size: int = 0
    container: str = ""


@dataclass(slots=True)
class Run:
    """One file being read. `begin` is told of each file inside it before that is read; those in `passed_over` are not."""

    path: Path
    terms: Terms
    known_hash: str = ""
    passed_over: dict[str, str] = field(default_factory=dict)
    begin: Callable[[str], None] = ignore_step
    on_step: Callable[[str], None] = ignore_step
    members_left: int = MOST_MEMBERS
    bytes_left: int = LARGEST_MEMBERS
    characters_left: int = LONGEST_MEMBERS


def read_document(path: Path, max_bytes: int) -> Document:
    """Read one file, and nothing inside it. Raises UnreadableFile (or SkippedFile) with the reason in plain words."""
    data = read_bytes(path, max_bytes)
    return _document(str(path), Source(data, path.name), hash_of(data))


def readings(run: Run) -> Iterator[Reading]:
    """Yield what comes of a file and of the files inside it. Never raises what is wrong with a file."""
    path = str(run.path)
    try:
        data = read_bytes(run.path, run.terms.max_bytes)
    except UnreadableFile as error:
        yield Reading(path, error)
        return
    if hash_of(data) == run.known_hash:
        yield Reading(path, Unchanged(), run.known_hash, len(data))
        return
    yield from _readings(run, path, data, 0)


def hash_of(data: bytes) -> str:
    """Return what a file's content is known by."""
    return hashlib.sha256(data).hexdigest()


def _readings(run: Run, path: str, data: bytes, depth: int) -> Iterator[Reading]:
    source = Source(data, PurePath(path).name, run.terms.passwords, run.on_step)
    reading = _read(run, path, source, depth)
    if depth:
        _count_characters(run, reading)
    if not is_container(source.name) or _is_closed(reading.outcome):
        yield reading
        return
    found, stopped = 0, ""
    try:
        for member in members(source):
            yield from _inside(run, f"{path}{os.sep}{member.name}", member, depth + 1)
            found += 1
    except UnreadableFile as error:
        stopped = str(error)
    yield _with_members(reading, found, stopped, suffix_of(source.name) in READERS)


def _count_characters(run: Run, reading: Reading) -> None:
    if isinstance(reading.outcome, Document):
        run.characters_left -= len(reading.outcome.extraction.text)
    if run.characters_left < 0:
        raise UnreadableFile(f"the text in it is longer than {LONGEST_MEMBERS // 1_000_000} million characters")


def _is_closed(outcome: object) -> bool:
    """Say whether a file that could not be read cannot be opened either: one without text may well hold others."""
    return isinstance(outcome, UnreadableFile) and not isinstance(outcome, SkippedFile)


def _read(run: Run, path: str, source: Source, depth: int) -> Reading:
    outcome: Document | UnreadableFile
    content_hash = hash_of(source.data)
    try:
        if suffix_of(source.name) in READERS or not is_container(source.name):
            outcome = _document(path, source, content_hash)
        else:
            outcome = Document(path, source.name, content_hash, Extraction("", (Part(0, 0),)))
    except UnreadableFile as error:
        outcome = error
    return Reading(path, outcome, content_hash, len(source.data), str(run.path) if depth else "")


def _with_members(reading: Reading, found: int, stopped: str, has_text: bool) -> Reading:
    """Return a container's reading, now that it is known what is in it."""
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


def _inside(run: Run, path: str, member: Member, depth: int) -> Iterator[Reading]:
    """Yield what comes of a file inside another."""
    run.begin(path)
    run.members_left -= 1
    run.bytes_left -= len(member.data)
    if run.members_left < 0:
        raise UnreadableFile(f"it holds more than {MOST_MEMBERS:,} files")
    if run.bytes_left < 0:
        raise UnreadableFile(f"the files in it are larger than {LARGEST_MEMBERS // 1_000_000} MB together")
    refusal = _refusal(run, path, member, depth)
    if refusal:
        yield Reading(path, refusal, "", len(member.data), str(run.path))
    else:
        yield from _readings(run, path, member.data, depth)


def _refusal(run: Run, path: str, member: Member, depth: int) -> UnreadableFile | None:
    if path in run.passed_over:
        return UnreadableFile(run.passed_over[path])
    if member.refusal:
        return member.refusal
    if not has_reader(PurePath(path).name):
        return SkippedFile(no_reader(PurePath(path).name))
    if depth > DEEPEST:
        return SkippedFile(f"it lies more than {DEEPEST} containers deep")
    return too_large(len(member.data), run.terms.max_bytes) if len(member.data) > run.terms.max_bytes else None


def _document(path: str, source: Source, content_hash: str) -> Document:
    try:
        extraction = extract(source)
    except UnreadableFile as error:
        if not isinstance(error.__cause__, MemoryError):
            error.content_hash = content_hash
        raise
    # code is known by its file's name; that name is the document's title then, but not part of what the text says
    own = "" if extraction.title == source.name else _title(extraction.title)
    shown = source.name if extraction.title == source.name else own or PurePath(source.name).stem
    return Document(path, storable_text(shown), content_hash, replace(extraction, title=own))


def _title(title: str) -> str:
    """Return the title, or nothing where it is a number, a file name or a program's default."""
    title = " ".join(title.split())
    letters = sum(character.isalpha() for character in title)
    is_sensible = letters >= max(2, 0.4 * len(title.replace(" ", ""))) and "\ufffd" not in title
    return title if is_sensible and len(title) <= 200 and not BAD_TITLE.match(title) else ""


def read_bytes(path: Path, max_bytes: int) -> bytes:
    """Return a file's bytes. Raises UnreadableFile, or SkippedFile where there are too many."""
    for pause in (0.1, 0.0):
        try:
            data, is_steady = _read_once(path, max_bytes)
        except PermissionError as error:
            raise UnreadableFile("permission denied") from error
        except FileNotFoundError as error:
            raise UnreadableFile(GONE) from error
        except OSError as error:
            raise UnreadableFile(f"{UNREAD}: {error.strerror}") from error
        if is_steady:
            return data
        time.sleep(pause)
    raise UnreadableFile(f"{BEING_WRITTEN}; it will be read at the next sync")


def too_large(size: int, max_bytes: int) -> SkippedFile:
    """Return the reason why a file of this size is left out."""
    return SkippedFile(f"too large: {size / 1e6:.1f} MB; the limit is {max_bytes / 1e6:.1f} MB")


def _read_once(path: Path, max_bytes: int) -> tuple[bytes, bool]:
    """Return the bytes, and whether the file stayed as it was meanwhile."""
    with open(path, "rb", opener=_open_without_waiting) as file:
        before = os.fstat(file.fileno())
        if not stat.S_ISREG(before.st_mode):
            raise UnreadableFile("not a file but a pipe, socket or device")
        if before.st_size > max_bytes:
            raise too_large(before.st_size, max_bytes)
        data = file.read(max_bytes + 1)
        after = os.fstat(file.fileno())
    is_same = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    return data, is_same and len(data) == after.st_size


def _open_without_waiting(path: str, flags: int) -> int:
    """Open for reading; a pipe that nobody writes to must not hold up everything."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
