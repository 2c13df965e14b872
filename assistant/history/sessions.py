"""Saved conversations: a folder of sessions, each a private file of JSON lines, to list, read, continue, redact and delete.

Every change of a file holds the lock of the folder and is on the disk when the call returns.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, fields, replace
from datetime import datetime
from pathlib import Path

from filelock import FileLock

from assistant.datatypes import Citation, Kind, Location, Session, Turn
from assistant.errors import UsageError
from assistant.system.atomic_files import PRIVATE_FILE, append_record, encode_record, parse_records, write_atomically
from assistant.text.languages import HAN

FORMAT = 1
PRIVATE_FOLDER = 0o700
LOCK_SECONDS = 30.0
LAST = "last"
NAME = re.compile(r"\d{8}-\d{1,6}")
HINT = "See them all: assistant sessions list"
SOURCE_KINDS: dict[str, Kind] = {"memory": "memory", "turn": "turn"}
LOCATION_FIELDS = {field.name for field in fields(Location)}
GONE = "This answer was taken out: a file that it stands on was removed from the library."
GONE_ZH = "此回答已删除：它所依据的文件已从资料库中移除。"
CHINESE = re.compile(f"[{HAN}]")
IsGone = Callable[[Citation], bool]
Holds = Callable[[str, Citation], bool]  # whether a library, by name, holds what is cited


class Sessions:
    """The saved conversations in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self, library: str, turn: Turn) -> str:
        """Save the first turn of a new session; return its id, for example "20240314-2". Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
        with folder_lock(self._folder):
            day = datetime.now().strftime("%Y%m%d")
            count = 1 + max((int(path.stem.split("-")[1]) for path in self._files() if path.stem.startswith(day)), default=0)
            path = self._path(f"{day}-{count}")
            append_record(path, {"format": FORMAT, "library": library, "started": turn.asked})
            append_record(path, turn_record(turn))
        return path.stem

    def append(self, name: str, turn: Turn) -> None:
        """Append a turn to a session; it is on the disk when this returns. Raises OSError."""
        with folder_lock(self._folder):
            self._path(name).stat()  # raises FileNotFoundError if another process has deleted it
            append_record(self._path(name), turn_record(turn))

    def all(self) -> tuple[Session, ...]:
        """Return every session, the one with the latest turn first; unreadable files are skipped."""
        found = []
        for path in self._files():
            try:
                found.append((path.stat().st_mtime_ns, read_session(path)))
            except OSError:
                continue
        return tuple(session for _, session in sorted(found, key=lambda each: -each[0]))

    def find(self, name: str) -> Session:
        """Return a session by id, or the one with the latest turn for "last". Raises UsageError if there is none."""
        if name == LAST:
            kept = self.all()
            if not kept:
                raise UsageError("No conversation is kept yet.", "Begin one: assistant chat")
            return kept[0]
        try:
            if NAME.fullmatch(name):
                return read_session(self._path(name))
        except OSError:
            pass
        raise UsageError(f"There is no conversation {name!r}.", HINT)

    def delete(self, name: str) -> None:
        """Delete a session's file. Raises UsageError if there is none."""
        path = self._path(self.find(name).name)
        with folder_lock(self._folder):
            path.unlink()

    def forget(self, library: str, is_gone: IsGone, holds: Holds = lambda _library, _cited: True) -> int:
        """Remove text of deleted sources from the conversations with a library; return how many changed. Raises OSError.

        Of a conversation with several libraries, what another one `holds` stays; by default that is everything.
        """
        return sum(redact_session(path, library, is_gone, holds) for path in self._files())

    def rename_library(self, old: str, new: str) -> None:
        """Let the conversations with a library name it as it is called from now on. Raises OSError."""
        for path in self._files():
            rename_library_of(path, old, new)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.jsonl"

    def _files(self) -> list[Path]:
        return sorted(path for path in self._folder.glob("*.jsonl") if NAME.fullmatch(path.stem))


def redact_session(path: Path, library: str, is_gone: IsGone, holds: Holds) -> bool:
    """Remove text of deleted sources from a session if it is with this library; return True if it changed."""
    try:
        session = read_session(path)
        others = [name for name in library_names(session) if name != library]

        def is_lost(cited: Citation) -> bool:
            return is_gone(cited) and not any(holds(name, cited) for name in others)

        if library not in library_names(session) or tuple(redact_turns(session.turns, is_lost)) == session.turns:
            return False
        with folder_lock(path.parent):  # a running conversation may have appended to the file meanwhile
            session = parse_session(path, path.read_bytes())
            for left in path.parent.glob(f"{path.name}.*.partial"):  # a killed process left it, with text of the conversation
                left.unlink(missing_ok=True)
            rewrite_session(path, replace(session, turns=tuple(redact_turns(session.turns, is_lost))))
    except FileNotFoundError:  # deleted after it was listed
        return False
    return True


def rename_library_of(path: Path, old: str, new: str) -> None:
    """Change the name of a library in a session, if it is with this library alone or with others."""
    try:
        if old not in library_names(read_session(path)):
            return
        with folder_lock(path.parent):  # a running conversation may have appended to the file meanwhile
            session = parse_session(path, path.read_bytes())
            names = [new if name == old else name for name in library_names(session)]
            rewrite_session(path, replace(session, library=",".join(names)))
    except FileNotFoundError:  # deleted after it was listed
        return


def library_names(session: Session) -> list[str]:
    """Return the names of the libraries that a conversation is with."""
    return [name.strip() for name in session.library.split(",")]


def rewrite_session(path: Path, session: Session) -> None:
    """Replace a session's file. Its time stays that of the last turn, by which conversations are ordered. Raises OSError."""
    records = [{"format": FORMAT, "library": session.library, "started": session.started}, *map(turn_record, session.turns)]
    status = path.stat()
    write_atomically(path, b"".join(map(encode_record, records)), PRIVATE_FILE)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def read_session(path: Path) -> Session:
    """Return the session in a file, after a line that another process is writing is finished. Raises OSError."""
    content = path.read_bytes()
    if content and not content.endswith(b"\n"):
        with folder_lock(path.parent):  # a writer holds it until its line is whole; what stays torn was cut off by a kill
            content = path.read_bytes()
    return parse_session(path, content)


def folder_lock(folder: Path) -> FileLock:
    """Return the lock of a folder, a file beside it. Acquiring it raises OSError, also on timeout."""
    return FileLock(folder.with_name(f"{folder.name}.lock"), timeout=LOCK_SECONDS, mode=PRIVATE_FILE)


def parse_session(path: Path, content: bytes) -> Session:
    """Return the session in the content of a file."""
    objects = list(parse_records(content, path))
    head = next((each for each in objects if "format" in each), {})
    turns = tuple(parse_turn(each) for each in objects if text_field(each, "question"))
    return Session(path.stem, text_field(head, "library"), text_field(head, "started"), turns)


def turn_record(turn: Turn) -> dict[str, object]:
    """Return a turn as a JSON object; absent parts of a location are left out."""
    record = asdict(turn)
    for citation in record["citations"]:
        citation["location"] = {name: value for name, value in citation["location"].items() if value is not None}
    return record


def parse_turn(value: Mapping[str, object]) -> Turn:
    """Return the turn in a JSON object."""
    sources = value.get("citations")
    citations = [parse_citation(each) for each in sources if isinstance(each, dict)] if isinstance(sources, list) else []
    return Turn(text_field(value, "question"), text_field(value, "answer"), tuple(citations), text_field(value, "searched"),
                value.get("abstained") is True, text_field(value, "asked"))


def parse_citation(value: Mapping[str, object]) -> Citation:
    """Return the citation in a JSON object."""
    place = value.get("location")
    return Citation(number_field(value, "number"), text_field(value, "path"), text_field(value, "title"),
                    parse_location(place if isinstance(place, dict) else {}), text_field(value, "quote"),
                    SOURCE_KINDS.get(text_field(value, "kind"), "file"))


def parse_location(value: Mapping[str, object]) -> Location:
    """Return the location in a JSON object."""
    known = {name: part for name, part in value.items() if name in LOCATION_FIELDS and isinstance(part, int | str)}
    must = {name: number_field(value, name) for name in ("line_start", "line_end", "char_start", "char_end")}
    return Location(**{**known, **must})  # type: ignore[arg-type]


def text_field(value: Mapping[str, object], name: str) -> str:
    """Return a string field; an empty string if it is absent or of another type."""
    found = value.get(name)
    return found if isinstance(found, str) else ""


def number_field(value: Mapping[str, object], name: str) -> int:
    """Return an integer field; 0 if it is absent or of another type."""
    found = value.get(name)
    return found if isinstance(found, int) else 0


def redact_turns(turns: Iterable[Turn], is_gone: IsGone) -> Iterator[Turn]:
    """Yield the turns, replacing each answer that cites a deleted source by a notice; questions stay.

    Answers that cite such a turn are replaced too, since they repeat it. Citations keep their location but lose title and quote.
    """
    taken = False
    for turn in turns:
        if any(cited.quote and (is_gone(cited) or (taken and cited.kind == "turn")) for cited in turn.citations):
            taken = True
            yield replace(turn, answer=GONE_ZH if CHINESE.search(turn.question) else GONE, searched="",
                          citations=tuple(replace(cited, title="", quote="") for cited in turn.citations))
        else:
            yield replace(turn, searched="") if taken else turn  # the rewritten question may contain words of the previous answer
