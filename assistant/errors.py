"""Errors for users: a message says what is wrong, a hint says what to do, and each class has an exit code.

AssistantError                1
├── UsageError                2
│   └── NotFound              2   a library, file or passage that does not exist, or that a client may not see
├── NothingIndexed            4
├── ModelMissing              5
├── ServerUnavailable         6   the server of a remote chat model cannot be reached, or breaks off
├── ModelUnusable             1   a model file is damaged, or not a model
├── FetchFailed               1   no source provides a model
├── LibraryBusy               1   another process is writing
├── LibraryDamaged            1
├── LibraryUnwritable         1   its folder or disk cannot be written
├── LibraryTooNew             1
├── ExportUnwritable          1   the export file cannot be written
├── EmbedderMismatch          1   the library was built with another embedding model
├── ContextOverflow           1
├── HomeUnwritable            1   a folder of the program's home cannot be written
├── MemoryUnusable            1   the database of facts is damaged or cannot be written
├── DiskFull                  1
├── EngineUnavailable         1   the engine does not start, or has exited
│   └── EngineNotRunning      1   the engine is not running, and the command does not start it
├── ServerBusy                1   too many requests of other programs wait already
├── TimeLimitExceeded         1   a request of another program took too long
├── ReadersUnavailable        1   the process that reads files does not start
└── UnreadableFile                affects one file: becomes a ledger entry, never shown as an error
    └── SkippedFile               the same, for a file that is left out on purpose
"""

from __future__ import annotations

import errno

NO_ROOM = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})
"""Error numbers for a full disk or an exceeded quota."""

ENCRYPTED = "it is encrypted"
"""Beginning of the reason for every file that a password would open."""

GONE = "it is gone"
BEING_WRITTEN = "it was being written while it was read"
UNREAD = "cannot be read"
"""Beginnings of reasons that may be temporary: the library keeps what it has of such a file."""


class AssistantError(Exception):
    """Base class: `str(error)` is one sentence, `hint` says what to do."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


OWN_FOLDER = "Check its permissions and the disk, or set ASSISTANT_HOME to a folder of your own."
"""Hint for a folder of the program's home that cannot be written."""


class UsageError(AssistantError):
    """A command, option or value is invalid."""

    exit_code = 2


class NotFound(UsageError):
    """A library, file or passage does not exist, or the client may not see it."""


class NothingIndexed(AssistantError):
    """The library holds no chunks."""

    exit_code = 4


class ModelMissing(AssistantError):
    """A model is not on this disk."""

    exit_code = 5


class ServerUnavailable(AssistantError):
    """The server of a remote chat model cannot be reached, answers nonsense or breaks off."""

    exit_code = 6


class ModelUnusable(AssistantError):
    """A model file is truncated, damaged or not a model."""


class FetchFailed(AssistantError):
    """No source provided the bytes that the catalog specifies."""


class LibraryBusy(AssistantError):
    """Another process is writing to the library."""


class LibraryDamaged(AssistantError):
    """The library is not a readable database."""


class LibraryUnwritable(AssistantError):
    """The library's folder cannot be written."""


class ExportUnwritable(AssistantError):
    """The export file cannot be written."""


class LibraryTooNew(AssistantError):
    """The library was written by a newer version of this program."""


class EmbedderMismatch(AssistantError):
    """The library's vectors come from another embedding model."""


class ContextOverflow(AssistantError):
    """The prompt and its reply do not fit the model's context window."""


class HomeUnwritable(AssistantError):
    """A folder of the program's home cannot be written."""


class MemoryUnusable(AssistantError):
    """The database of saved facts cannot be read or written."""


class DiskFull(AssistantError):
    """The disk is full."""


class EngineUnavailable(AssistantError):
    """The engine does not start, or has exited."""


class EngineNotRunning(EngineUnavailable):
    """The engine is not running, and the command does not start it."""


class ServerBusy(AssistantError):
    """Too many requests of other programs wait already."""


class TimeLimitExceeded(AssistantError):
    """A request of another program took longer than it may."""


class ReadersUnavailable(AssistantError):
    """The process that reads files does not start."""


class UnreadableFile(AssistantError):
    """One file cannot be read; the message is the reason shown in the ledger.

    `content_hash` is set if the reason lies in the file's bytes: the same bytes are not read again.
    """

    def __init__(self, message: str, content_hash: str = "") -> None:
        super().__init__(message)
        self.content_hash = content_hash


class SkippedFile(UnreadableFile):
    """One file is left out on purpose; the message is the reason shown in the ledger."""
