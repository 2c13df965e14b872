"""Count what a library holds: all of it, or the files that pass a filter."""

from __future__ import annotations

from assistant.app.library.library import Library
from assistant.datatypes import FileState, Filter, LibraryStatus


def status_of(library: Library) -> LibraryStatus:
    """Return the status of a library that exists."""
    store = library.store
    return LibraryStatus(
        library.name, store.place, store.meta("embedder_name"), store.count(FileState.INDEXED),
        store.count_chunks(), store.roots(), store.count(FileState.SKIPPED), store.count(FileState.FAILED),
        store.size(), store.count_pending_embeddings(),
    )


def filtered_status(library: Library, wanted: Filter) -> LibraryStatus:
    """Return the status as far as it concerns the files that pass a filter: `bytes` is the size of these files."""
    store = library.store
    counted = {state: store.count_files(state, wanted) for state in FileState}
    indexed = counted[FileState.INDEXED]
    return LibraryStatus(library.name, store.place, store.meta("embedder_name"), indexed.files, indexed.chunks,
                         wanted.within or wanted.paths, counted[FileState.SKIPPED].files, counted[FileState.FAILED].files,
                         indexed.bytes)
