"""Interface of the readers: their input, their type, and wrappers that import them on first use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import PurePath
from typing import Any

from assistant.datatypes import Extraction
from assistant.errors import UnreadableFile


def ignore_step(_step: str) -> None:
    """Ignore a progress message."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file to read. `passwords` are tried if it is encrypted.

    A slow reader calls `on_step` ("page 12 of 300") to report progress: without any, the file is given up after the idle
    timeout.
    """

    data: bytes
    name: str
    passwords: tuple[str, ...] = field(default=(), repr=False)
    on_step: Callable[[str], None] = field(default=ignore_step, repr=False, compare=False)

    @property
    def suffix(self) -> str:
        """The suffix of the name, in lower case, with its dot."""
        return PurePath(self.name).suffix.lower()


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside a file: an attachment or an archive entry. `refusal` is set if it could not be extracted."""

    name: str
    data: bytes = b""
    refusal: UnreadableFile | None = None


Reader = Callable[[Source], Extraction]
Opener = Callable[[Source], Iterator[Member]]


@dataclass(frozen=True, slots=True)
class LazyReader:
    """A reader that is imported on its first call, which keeps the start of the program fast."""

    module: str
    function: str

    def __call__(self, source: Source) -> Extraction:
        """Import the reader and call it."""
        read: Reader = import_function(self.module, self.function)
        return read(source)


@dataclass(frozen=True, slots=True)
class LazyOpener:
    """An opener that is imported on its first call."""

    module: str
    function: str

    def __call__(self, source: Source) -> Iterator[Member]:
        """Import the opener and call it."""
        open_file: Opener = import_function(self.module, self.function)
        return open_file(source)


def import_function(module: str, function: str) -> Any:  # noqa: ANN401 - the caller knows the type
    """Return a function of a module below this package."""
    return getattr(import_module(f"{__package__}.{module}"), function)
