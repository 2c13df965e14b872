"""What each setting may be: a range of whole numbers, one of a few words, or a text of a certain kind."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

GIB = 2**30
LONGEST_TEXT = 4096  # characters of a path or an address
LONGEST_NAME = 100  # bytes of a library's name: a folder on every file system, with room for a suffix
LONGEST_SHOWN = 60  # characters of a wrong value that an error repeats
RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))})
FORBIDDEN = re.compile(r'[\x00-\x1f\x7f-\x9f/\\:<>"|?*\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]')
ADDRESS = re.compile(r"https?://[^\s/?#]+[^\s]*", re.IGNORECASE | re.ASCII)


class Allowed(Protocol):
    """What a setting may be. `words` completes the sentence "It can be ..."."""

    @property
    def words(self) -> str:
        """Say what is allowed."""
        ...

    def allows(self, value: object) -> bool:
        """Return whether a value of the setting's type is allowed."""
        ...


@dataclass(frozen=True, slots=True)
class Span:
    """Whole numbers from `low` to `high`, both included."""

    low: int
    high: int

    @property
    def words(self) -> str:
        """Say what is allowed."""
        return f"{self.low} to {self.high}"

    def allows(self, value: object) -> bool:
        """Return whether it is such a number."""
        return isinstance(value, int) and self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few words."""

    options: tuple[str, ...]

    @property
    def words(self) -> str:
        """Say what is allowed."""
        return f"{', '.join(self.options[:-1])} or {self.options[-1]}"

    def allows(self, value: object) -> bool:
        """Return whether it is one of them, in small letters."""
        return value in self.options


@dataclass(frozen=True, slots=True)
class Switch:
    """True or false."""

    words: str = "true or false"

    def allows(self, value: object) -> bool:
        """Return whether it is one of the two."""
        return isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class Name:
    """The name of a model, or a path; nothing for none."""

    words: str = "a name or a path"

    def allows(self, value: object) -> bool:
        """Return whether a path can hold it."""
        return isinstance(value, str) and len(value) <= LONGEST_TEXT and "\0" not in value


@dataclass(frozen=True, slots=True)
class Address:
    """Where something is fetched from."""

    words: str = "an http:// or https:// address"

    def allows(self, value: object) -> bool:
        """Return whether it is such an address."""
        return isinstance(value, str) and len(value) <= LONGEST_TEXT and ADDRESS.fullmatch(value) is not None


@dataclass(frozen=True, slots=True)
class Libraries:
    """One name of a library, or several with commas between them."""

    words: str = "a name, or several with commas between them"

    def allows(self, value: object) -> bool:
        """Return whether each is a name of a library."""
        return isinstance(value, str) and all(is_library_name(name.strip()) for name in value.split(","))


def is_library_name(name: str) -> bool:
    """Return whether a folder can have this name on every system, and it cannot be mistaken for a path or a hidden file."""
    return bool(name) and len(name.encode("utf-8", "replace")) <= LONGEST_NAME and not name.startswith(".") \
        and not name.endswith(".") and not FORBIDDEN.search(name) and name.partition(".")[0].rstrip().lower() not in RESERVED


ALLOWED: dict[str, Allowed] = {
    "library": Libraries(),
    "chat": Name(),
    "embed": Name(),
    "rerank": Name(),
    "hub": Address(),
    "max_file_bytes": Span(1, 1024 * GIB),
    "readers": Span(0, 256),
    "file_seconds": Span(1, 86_400),
    "file_memory_bytes": Span(GIB // 4, 1024 * GIB),
    "chunk_tokens": Span(1, 8192),
    "results": Span(1, 1000),
    "passages": Span(1, 100),
    "passage_tokens": Span(1, 1_000_000),
    "rerank_milliseconds": Span(1, 600_000),
    "context_tokens": Span(513, 1_048_576),
    "answer_tokens": Span(1, 100_000),
    "rewrite_seconds": Span(0, 600),
    "doubt_percent": Span(0, 100),
    "keep_sessions": Switch(),
    "use_memory": Switch(),
    "threads": Span(0, 512),
    "gpu_layers": Span(-1, 1000),
    "reuse": OneOf(("auto", "joined", "exact")),
    "reuse_bytes": Span(0, 1024 * GIB),
    "engine": OneOf(("auto", "on", "off")),
    "engine_idle_minutes": Span(1, 525_600),
}
"""By the name of the setting; the guide's table has the same words."""


def shown(value: object) -> str:
    """Return a wrong value for an error: short, and whatever it is."""
    try:
        text = repr(value) if isinstance(value, str) else str(value)
    except (ValueError, RecursionError):  # a whole number of thousands of digits; a deep list
        return "something very long"
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
