"""One library: its store and its searcher, opened on first use, and the files that models wrote beside it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from assistant.app.library.trials import TrialLog
from assistant.app.models import ModelProvider
from assistant.config import DEFAULT_LIBRARY
from assistant.datatypes import Chunk, Citation, Embedder, Hit
from assistant.errors import EmbedderMismatch, NothingIndexed
from assistant.index import LibraryStore, open_library
from assistant.index.places import file_in, is_shared, read_link, require_writable
from assistant.index.rights import Access
from assistant.retrieval import Searcher


class Library:
    """A library by name. Close it after use."""

    def __init__(self, name: str, folder: Path, models: ModelProvider, groups: frozenset[str] = frozenset()) -> None:
        self.name, self._groups = name, groups
        self.folder = folder / name
        self._models = models
        self._store: LibraryStore | None = None
        self._whole: LibraryStore | None = None
        self._searcher: Searcher | None = None
        self._checked_generation = self._written = -1

    @property
    def file(self) -> Path:
        """The SQLite file, or the file that says where a shared library lives."""
        return file_in(self.folder)

    def exists(self) -> bool:
        """Return whether there is such a library."""
        return self.file.exists()

    @property
    def is_shared(self) -> bool:
        """Whether other machines use the library too."""
        return is_shared(self.folder)

    def close(self) -> None:
        """Close the stores that are open."""
        for store in (self._store, self._whole):
            if store is not None:
                store.close()
        self._store = self._whole = self._searcher = None

    def require(self) -> None:
        """Raise NothingIndexed if the library does not exist."""
        if self.exists():
            return
        if self.name == DEFAULT_LIBRARY:
            raise NothingIndexed(f"The library '{self.name}' is empty.", "Add files first: assistant add FOLDER")
        raise NothingIndexed(f"There is no library '{self.name}'.",
                             f"List the libraries: assistant library list. Or make it: assistant add FOLDER -L {self.name}")

    def holds_text(self) -> bool:
        """Return whether the library exists and holds any chunk."""
        return self.exists() and self.store.count_chunks() > 0

    @property
    def store(self) -> LibraryStore:
        """The store to read, created if it does not exist: of a shared library what the reader's groups may see."""
        if self._store is None:
            self._store = open_library(self.folder, Access(self._groups, is_whole=False))
        if self._whole is not None and self._whole.generation != self._written:
            self._written = self._whole.generation
            with self._store.reading():  # what was just written is read at once
                pass
        return self._store

    @property
    def writable(self) -> LibraryStore:
        """The store to write to, which holds all files. Raises UsageError if a shared library is linked read-only."""
        if not self.is_shared:
            return self.store
        require_writable(read_link(self.file))
        if self._whole is None:
            self._whole = open_library(self.folder, Access(self._groups))
        return self._whole

    def searcher(self) -> Searcher:
        """Return the searcher. Raises NothingIndexed, or EmbedderMismatch if another model made the vectors."""
        is_new = self._store is None  # it is read when it is opened
        self.require()
        with nullcontext() if is_new else self.store.reading():  # the newest version, also if other machines change the library
            if not self.store.count_chunks():
                raise NothingIndexed(f"The library '{self.name}' holds no text.",
                                     "Add files first: assistant add FOLDER; see skipped files: assistant status --files")
            generation = self.store.generation
            if self._searcher is None or generation != self._checked_generation:  # another process may have rebuilt it
                embedder = self._models.embedder
                require_same_embedder(self.store, embedder)
                self._checked_generation = generation
                self._searcher = self._searcher or Searcher(self.store, embedder)
        return self._searcher

    @property
    def notes_folder(self) -> Path:
        """The folder of the models' notes on the documents."""
        return self.folder / "notes"

    def trial_log(self, by: str) -> TrialLog:
        """Return the log of calibration trials, to read and to add those of this model and kind."""
        return TrialLog(self.folder / "calibration.jsonl", by)

    def chunk_at(self, path: str, character: int) -> list[Hit]:
        """Return the chunk of a file at a character offset, as a hit; an empty list if there is none."""
        found = self.store.chunk_at(path, character).values() if self.exists() else ()
        return [Hit(each.chunk_id, each.path, each.title, each.chunk) for each in found]

    def passage(self, cited: Citation) -> list[Hit]:
        """Return the chunk that a citation quotes, as a hit; an empty list if the library no longer has it."""
        if cited.kind != "file" or not self.exists():
            return []
        return [hit for hit in self.chunk_at(cited.path, cited.location.char_start) if cited.quote in hit.chunk.text]

    def neighbours(self, hits: Sequence[Hit]) -> list[list[Chunk]]:
        """Return, for each hit, the chunks right after and right before it in its file; none if the library does not hold it."""
        spans = [(hit.path, hit.chunk.location.char_start, hit.chunk.location.char_end) for hit in hits]
        return self.store.beside_each(spans) if self.exists() else [[] for _ in hits]


def require_same_embedder(store: LibraryStore, embedder: Embedder) -> None:
    """Raise EmbedderMismatch if another model made the library's vectors."""
    if store.meta("embedder") not in {"", embedder.fingerprint}:
        built_with = store.meta("embedder_name")
        other = f"but {embedder.name} is chosen" if embedder.name != built_with else "whose files have changed since"
        raise EmbedderMismatch(
            f"This library was built with the embedding model {built_with}, {other}.",
            f"Use --embed {built_with}, or embed all files again: assistant sync --rebuild",
        )
