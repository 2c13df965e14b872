"""Failures that a person can act on. Each says what is wrong, a hint says what to do, and each has an exit code.

AssistantError                1
├── UsageError                2
├── NothingIndexed            4
├── ModelMissing              5
├── ModelUnusable             1   a model file is no model, or is damaged
├── FetchFailed               1   a model could not be had from any source
├── LibraryBusy               1   another process is writing
├── LibraryDamaged            1
├── LibraryUnwritable         1   its folder or disk cannot be written
├── LibraryTooNew             1
├── ExportUnwritable          1   the file that a library is exported to cannot be written
├── EmbedderMismatch          1   the library was built with another embedding model
├── ContextOverflow           1
├── MemoryUnusable            1   the file of facts is damaged or cannot be written
├── DiskFull                  1
├── EngineUnavailable         1   the background process that keeps the models does not start, or has gone
│   └── EngineNotRunning      1   there is none, and what was asked does not start one
├── ReadersUnavailable        1   the process that reads files does not start
└── UnreadableFile                one file only: it becomes a ledger entry and never reaches the person as an error
    └── SkippedFile               the same, for a file that was left out on purpose
"""

from __future__ import annotations

import errno

NO_ROOM = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})
"""What the system says where the disk is full, or the person's share of it."""

ENCRYPTED = "it is encrypted"
"""How the reason begins of every file that a password would open."""

GONE = "it is gone"
BEING_WRITTEN = "it was being written while it was read"
UNREAD = "cannot be read"
"""How the reasons begin of files that may well be read a moment later: what is known of them stays."""


class AssistantError(Exception):
    """Base of all: `str(error)` is one sentence, `hint` says what to do."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(AssistantError):
    """The command was given something it cannot take."""

    exit_code = 2


class NothingIndexed(AssistantError):
    """The library holds no passage."""

    exit_code = 4


class ModelMissing(AssistantError):
    """A model is not on this disk."""

    exit_code = 5


class ModelUnusable(AssistantError):
    """A model file is truncated, damaged, or no model at all."""


class FetchFailed(AssistantError):
    """No source gave the bytes that the catalog names."""


class LibraryBusy(AssistantError):
    """Another process is writing to the library."""


class LibraryDamaged(AssistantError):
    """The library's file is not a readable database."""


class LibraryUnwritable(AssistantError):
    """The library's folder cannot be written."""


class ExportUnwritable(AssistantError):
    """The file that a library is exported to cannot be written."""


class LibraryTooNew(AssistantError):
    """The library was written by a newer version of this program."""


class EmbedderMismatch(AssistantError):
    """The library's vectors come from another embedding model."""


class ContextOverflow(AssistantError):
    """A prompt and its reply do not fit the model's context."""


class MemoryUnusable(AssistantError):
    """The file of the facts that the person asked to keep cannot be read or written."""


class DiskFull(AssistantError):
    """There is no room left on the disk."""


class EngineUnavailable(AssistantError):
    """The background process that keeps the models loaded does not start, or has gone."""


class EngineNotRunning(EngineUnavailable):
    """There is no such process, and what was asked does not start one."""


class ReadersUnavailable(AssistantError):
    """The process that reads files does not start."""


class UnreadableFile(AssistantError):
    """One file cannot be read; the message is the reason that the ledger shows.

    `content_hash` is there where the reason lies in the file's bytes: the same bytes are not read again.
    """

    def __init__(self, message: str, content_hash: str = "") -> None:
        super().__init__(message)
        self.content_hash = content_hash


class SkippedFile(UnreadableFile):
    """One file is left out on purpose; the message is the reason that the ledger shows."""
