"""Take the text of removed files out of the saved conversations with a library, unless another of their libraries holds it."""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path

from assistant.datatypes import Citation
from assistant.errors import AssistantError
from assistant.history import IsGone, Sessions
from assistant.index import LibraryStore, open_library
from assistant.index.places import file_in, is_shared


def forget_text(sessions: Sessions, libraries: Path, name: str, is_gone: IsGone) -> None:
    """Take out the answers of conversations with a library that cite what is gone from it. Raises OSError.

    libraries: the folder of the libraries, in which the other ones of a conversation are looked up
    """
    with ExitStack() as opened:
        sessions.forget(name, is_gone, _OtherLibraries(libraries, opened).hold)


class _OtherLibraries:
    """The other libraries of conversations, opened when they are asked for."""

    def __init__(self, folder: Path, opened: ExitStack) -> None:
        self._folder, self._opened = folder, opened
        self._stores: dict[str, LibraryStore] = {}

    def hold(self, name: str, cited: Citation) -> bool:
        """Return whether a library has a cited file or its words, or may have them: it is shared, or cannot be read."""
        folder = self._folder / name
        if not file_in(folder).exists():
            return False
        if is_shared(folder):  # removing a file of this machine does not connect to another one
            return True
        try:
            return holds(self._store(name), cited)
        except (AssistantError, OSError):
            return True

    def _store(self, name: str) -> LibraryStore:
        if name not in self._stores:
            self._stores[name] = self._opened.enter_context(closing(open_library(self._folder / name)))
        return self._stores[name]


def holds(store: LibraryStore, cited: Citation) -> bool:
    """Return whether a library knows a cited file, or has its words in another one, as after a renaming."""
    return store.entry(cited.path) is not None or store.says(cited.quote)
