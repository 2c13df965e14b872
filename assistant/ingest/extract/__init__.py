"""One file in, a Document out: its text, and where pages and headings are. One reader to a family of formats.

A new format is one function `(bytes, name) -> Extraction` and one line in READERS. Readers import their
libraries inside the function that needs them, and say no by raising UnreadableFile or SkippedFile.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from assistant.datatypes import Document, Extraction
from assistant.errors import SkippedFile, UnreadableFile
from assistant.ingest.extract.office import read_docx
from assistant.ingest.extract.pdf import read_pdf
from assistant.ingest.extract.table import read_csv
from assistant.ingest.extract.text import read_code, read_markdown, read_plain, read_rst
from assistant.ingest.extract.web import read_html

EXTRACTOR_VERSION = 1

Reader = Callable[[bytes, str], Extraction]

CODE = (
    ".json .yaml .yml .toml .ini .cfg .xml .py .js .ts .jsx .tsx .java .c .h .cpp .hpp .cc .cs .go .rs .rb .php "
    ".swift .kt .scala .sh .bash .ps1 .sql .r .jl .lua .pl .m .tex .org .css .vue"
)

READERS: dict[str, Reader] = {
    ".pdf": read_pdf,
    ".docx": read_docx,
    **dict.fromkeys((".html", ".htm", ".xhtml"), read_html),
    **dict.fromkeys((".csv", ".tsv"), read_csv),
    **dict.fromkeys((".txt", ".text", ".log"), read_plain),
    **dict.fromkeys((".md", ".markdown"), read_markdown),
    ".rst": read_rst,
    **dict.fromkeys(CODE.split(), read_code),
}

PLAIN_NAMES = frozenset({"readme", "license", "licence", "copying", "notice", "authors", "changelog", "todo"})

BAD_TITLE = re.compile(
    r"^(untitled|无标题|無題|document\d*|microsoft word\b.*|powerpoint presentation|slide \d+|.*\.[a-z]{2,5}\d?)$", re.I
)


def has_reader(name: str) -> bool:
    """Say whether files of this name can be read."""
    return _suffix(name) in READERS


def read_document(path: Path, max_bytes: int) -> Document:
    """Read one file. Raises UnreadableFile (or SkippedFile) with the reason in plain words."""
    data = _read_bytes(path, max_bytes)
    content_hash = hashlib.sha256(data).hexdigest()
    try:
        extraction = _extract(data, path.name)
    except UnreadableFile as error:
        if not isinstance(error.__cause__, MemoryError):
            error.content_hash = content_hash
        raise
    # code is known by its file's name; that name is the document's title then, but not part of what the text says
    shown = path.name if extraction.title == path.name else _title(extraction.title) or path.stem
    own = "" if extraction.title == path.name else _title(extraction.title)
    return Document(str(path), shown, content_hash, replace(extraction, title=own))


def _suffix(name: str) -> str:
    suffix = Path(name).suffix.lower()
    return ".txt" if not suffix and name.lower() in PLAIN_NAMES else suffix


def _extract(data: bytes, name: str) -> Extraction:
    """Return what the reader finds. Raises UnreadableFile, or SkippedFile where there is no text."""
    if not data.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        raise SkippedFile("the file is empty")
    extraction = _call_reader(data, name)
    if not extraction.text.strip():
        raise SkippedFile("no text in it")
    return extraction


def _call_reader(data: bytes, name: str) -> Extraction:
    """Call the reader. This is the one place where what its library throws becomes a reason."""
    if not has_reader(name):
        raise UnreadableFile(f"no reader for {_suffix(name) or 'extensionless'} files")
    try:
        return READERS[_suffix(name)](data, name)
    except UnreadableFile:
        raise
    except MemoryError as error:
        raise UnreadableFile("it needs more memory than there is") from error
    except RecursionError as error:
        raise UnreadableFile("damaged: it is nested too deeply") from error
    except Exception as error:
        cause = str(error).strip().split("\n")[0][:200] or type(error).__name__
        raise UnreadableFile(f"damaged, or not what its name says: {cause}") from error


def _read_bytes(path: Path, max_bytes: int) -> bytes:
    for pause in (0.1, 0.0):
        try:
            data, is_steady = _read_once(path, max_bytes)
        except PermissionError as error:
            raise UnreadableFile("permission denied") from error
        except FileNotFoundError as error:
            raise UnreadableFile("it is gone") from error
        except OSError as error:
            raise UnreadableFile(f"cannot be read: {error.strerror}") from error
        if is_steady:
            return data
        time.sleep(pause)
    raise UnreadableFile("it was being written while it was read; it will be read at the next sync")


def _read_once(path: Path, max_bytes: int) -> tuple[bytes, bool]:
    """Return the bytes, and whether the file stayed as it was meanwhile."""
    with open(path, "rb", opener=_open_without_waiting) as file:
        before = os.fstat(file.fileno())
        if not stat.S_ISREG(before.st_mode):
            raise UnreadableFile("not a file but a pipe, socket or device")
        if before.st_size > max_bytes:
            raise SkippedFile(f"too large: {before.st_size / 1e6:.1f} MB; the limit is {max_bytes / 1e6:.1f} MB")
        data = file.read(max_bytes + 1)
        after = os.fstat(file.fileno())
    is_same = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    return data, is_same and len(data) == after.st_size


def _open_without_waiting(path: str, flags: int) -> int:
    """Open for reading; a pipe that nobody writes to must not hold up everything."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _title(title: str) -> str:
    """Return the title, or nothing where it is a number, a file name or a program's default."""
    title = " ".join(title.split())
    letters = sum(character.isalpha() for character in title)
    is_sensible = letters >= max(2, 0.4 * len(title.replace(" ", ""))) and "\ufffd" not in title
    return title if is_sensible and len(title) <= 200 and not BAD_TITLE.match(title) else ""
