"""Print to the terminal: results on stdout, notices on stderr, untrusted text without control characters."""

from __future__ import annotations

import io
import os
import re
import sys
from functools import cache
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.style import Style
from rich.text import Text

from assistant.datatypes import Location

CONTROL = r"\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 (except tab and newline), DEL and C1: terminal control characters
DIRECTION = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional controls (Unicode UAX 9)
BREAK, HALF = r"\x85\u2028\u2029", r"\ud800-\udfff"  # line separators; lone surrogates (bytes that are not UTF-8)
INVISIBLE = re.compile(f"[{CONTROL}{DIRECTION}]")
BREAKS = re.compile(f"\r\n|[{BREAK}]")
HALVES = re.compile(f"[{HALF}]")
ODD_IN_NAME = re.compile(f"[\t\n{CONTROL}{DIRECTION}{BREAK}{HALF}]")
LIVE_CONSOLES: list[Console] = []  # consoles with a running spinner: notices must be printed through them
COMMAND = re.compile(r"\bassistant (?:add|sync|remove|watch|status|doctor|tables (?:list|show|query))\b(?![^;,.\n]* -L )")
NAMED_LIBRARY: list[str] = []  # at most one: the library that the command line names
UNLIMITED = 10_000  # columns for files and pipes: nothing is wrapped or cut


def speak_unicode() -> None:
    """Write UTF-8 to files and pipes, and replace characters that a terminal lacks, so that no text raises an error.

    A stream that was closed before the program started discards its output.
    """
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - open to the end
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="replace")


def is_terminal() -> bool:
    """Return whether stdin is a terminal."""
    return sys.stdin.isatty()


def output() -> Console:
    """Return the console for results."""
    return console_for(sys.stdout)


def notices() -> Console:
    """Return the console for progress, notices and errors."""
    return console_for(sys.stderr)


def console_for(stream: TextIO) -> Console:
    """Return a console that prints text without markup, highlighting or emoji codes."""
    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = UNLIMITED
    return console


def harmless(text: str) -> str:
    """Return a text of several lines without control characters and bidirectional controls."""
    return HALVES.sub("\ufffd", INVISIBLE.sub("", BREAKS.sub("\n", text)))


def on_one_line(text: str) -> str:
    """Return a name, a title or a message on one line, with control characters escaped."""
    return ODD_IN_NAME.sub(lambda found: escape(found.group()), text)


def escape(character: str) -> str:
    """Return a character as a Python escape."""
    return repr(character)[1:-1] if not character.isprintable() else character.encode("unicode_escape").decode("ascii")


def write(text: str) -> None:
    """Write a piece of a result to stdout and flush it."""
    sys.stdout.write(harmless(text))
    sys.stdout.flush()


def say_error(message: str, hint: str = "") -> None:
    """Print an error and its hint on stderr."""
    console = notices()
    console.print(Text.assemble(("Error: ", "bold red"), on_one_line(message)))
    if hint:
        console.print(Text(on_one_line(name_library(hint)), "dim"))


def notice(message: str) -> None:
    """Print a notice on stderr, above a running spinner."""
    (LIVE_CONSOLES[-1] if LIVE_CONSOLES else notices()).print(Text(harmless(name_library(message)), "dim"))


def set_library(name: str | None) -> None:
    """Let the commands in hints name this library; none, or several ("work,home"): they stay as they are."""
    NAMED_LIBRARY[:] = [name] if name and "," not in name else []


def name_library(hint: str) -> str:
    """Return a hint whose commands name the library that the command line names, since they would use the default one."""
    return COMMAND.sub(lambda command: f"{command.group()} -L {NAMED_LIBRARY[0]}", hint) if NAMED_LIBRARY else hint


def linked(title: str, path: str, location: Location | None = None) -> Text:
    """Return the title as a link to the file, or to the page of a PDF."""
    return Text(on_one_line(title or Path(path).name), Style(bold=True, link=file_uri(path, location)))


def file_uri(path: str, location: Location | None) -> str:
    """Return the URI of a file, with the page for a PDF."""
    uri = openable_path(Path(path).absolute()).as_uri()
    if location and location.page is not None and path.lower().endswith(".pdf"):
        return f"{uri}#page={location.page}"
    return uri


def openable_path(path: Path) -> Path:
    """Return the path to open: for a file inside another (such as an attachment), the containing file."""
    return path if is_there(path) else next((place for place in path.parents if is_folder_there(place)), path)


def is_there(path: Path) -> bool:
    """Return whether a path exists; a path that cannot be accessed counts as missing."""
    return os.path.exists(path)  # noqa: PTH110 - Path.exists raises if a parent folder is not accessible


@cache
def is_folder_there(path: Path) -> bool:
    """Return whether a folder exists, cached: many hits are in the same folder."""
    return is_there(path)


def describe_location(location: Location) -> str:
    """Return a location as text on one line, such as "p. 3, lines 10-12"."""
    return on_one_line(location.words)


def size_in_words(count: int) -> str:
    """Return a number of bytes with a unit, such as "1.2 GB"."""
    size = float(count)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun in singular or plural."""
    plural = f"{noun}es" if noun.endswith(("s", "ch")) else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"
