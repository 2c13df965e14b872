"""What a reader is given: one file's bytes, and what a person gave to open it with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import PurePath
from typing import Any

from assistant.datatypes import Extraction
from assistant.errors import UnreadableFile


def ignore_step(_step: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file to read. `passwords` are tried where it is encrypted.

    A reader that takes long calls `on_step` ("page 12 of 300") as often as it gets something done: a file is given up
    when it is silent for too long.
    """

    data: bytes
    name: str
    passwords: tuple[str, ...] = field(default=(), repr=False)
    on_step: Callable[[str], None] = field(default=ignore_step, repr=False, compare=False)

    @property
    def suffix(self) -> str:
        """The end of its name, in lower case, with its dot."""
        return PurePath(self.name).suffix.lower()


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside a file: an attachment, or an entry of an archive. One with a `refusal` could not be taken out."""

    name: str
    data: bytes = b""
    refusal: UnreadableFile | None = None


Reader = Callable[[Source], Extraction]
Opener = Callable[[Source], Iterator[Member]]


@dataclass(frozen=True, slots=True)
class LazyReader:
    """A reader that is imported when it is first called: a question must not wait for sixty modules that it does not need."""

    module: str
    function: str

    def __call__(self, source: Source) -> Extraction:
        """Return what the reader finds."""
        read: Reader = found_in(self.module, self.function)
        return read(source)


@dataclass(frozen=True, slots=True)
class LazyOpener:
    """The same for an opener."""

    module: str
    function: str

    def __call__(self, source: Source) -> Iterator[Member]:
        """Yield what the opener finds."""
        take_out: Opener = found_in(self.module, self.function)
        return take_out(source)


def found_in(module: str, function: str) -> Any:  # noqa: ANN401 - the caller says what it is
    """Return a function of a module of this package."""
    return getattr(import_module(f"{__package__}.{module}"), function)
