"""Copy a library from one store into another, empty one, with its vectors: nothing is read, split or embedded again."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from assistant.app.library.calibrations import PREFIX
from assistant.datatypes import EVERY_FILE, FileState, LedgerEntry, OnProgress, Progress
from assistant.errors import UsageError
from assistant.index import LibraryStore, Nearest, StoredChunk
from assistant.index.store import vector_key

COPIED_KEYS = ("embedder", "embedder_name", "shape", "ocr")
FILES_AT_ONCE, CHUNKS_AT_ONCE = 512, 2_048  # of one transaction


def transfer(source: LibraryStore, target: LibraryStore, on_progress: OnProgress) -> None:
    """Copy everything but the tables, which are files on one machine. Raises UsageError if the target is not empty.

    If it stops half way, the target is emptied again.
    """
    if target.ledger() or target.roots():
        raise UsageError(f"There is already a library at {target.place}.", "Link it (assistant library create NAME --at PLACE), "
                         "or choose another place.")
    try:
        with source.reading():
            copy_roots(source, target)
            copy_all(source, target, on_progress)
    except BaseException:
        with target.transaction():
            target.drop_files(list(target.ledger()))
            for root in target.roots():
                target.drop_root(root)
        raise
    finally:
        target.release()


def copy_roots(source: LibraryStore, target: LibraryStore) -> None:
    """Copy the added paths, before the files: a shared library knows those by their root.

    Roots of a shared library that are not on this machine have no path, so a library on one machine cannot list them.
    """
    roots = {*source.roots(), *(entry.root for entry in source.ledger().values() if not os.path.isabs(entry.root))}  # noqa: PTH117
    kept = sorted(root for root in roots if target.is_shared or os.path.isabs(root))  # noqa: PTH117
    with target.transaction():
        for root in kept:
            target.add_root(root)
    target.hold(kept)


def copy_all(source: LibraryStore, target: LibraryStore, on_progress: OnProgress) -> None:
    """Copy the files in transactions, then the excluded paths and the named values."""
    ledger, dimension = source.ledger(), source.dimension()
    titles = {path: title for path, title, _, _ in source.filtered_files(EVERY_FILE)}
    view = source.view(dimension, None)
    done, total = 0, sum(entry.size for entry in ledger.values())
    for block in blocks(list(ledger.values())):
        with target.transaction():
            copied = [stored for entry in block for stored in copy_file(source, target, entry, titles.get(entry.path, ""))]
            copy_vectors(copied, view, target)
        done += sum(entry.size for entry in block)
        on_progress(Progress("copying", done, total))
    with target.transaction():
        for path in source.excluded():
            target.exclude(path)
        for key in (*COPIED_KEYS, *source.meta_with_prefix(PREFIX)):
            target.set_meta(key, source.meta(key))
    target.prepare(dimension)


def blocks(entries: Sequence[LedgerEntry]) -> Iterator[list[LedgerEntry]]:
    """Yield the entries in blocks."""
    block, chunks = list[LedgerEntry](), 0
    for entry in entries:
        if len(block) == FILES_AT_ONCE or (block and chunks + entry.chunks > CHUNKS_AT_ONCE):
            yield block
            block, chunks = [], 0
        block.append(entry)
        chunks += entry.chunks
    if block:
        yield block


def copy_file(source: LibraryStore, target: LibraryStore, entry: LedgerEntry, title: str) -> list[StoredChunk]:
    """Copy the entry and the chunks of a file; return the chunks."""
    if entry.state is not FileState.INDEXED:
        target.put_entry(entry)
        return []
    copied = source.chunks_of_file(entry.path)
    target.put_document(entry, title, (stored.chunk for stored in copied))
    return copied


def copy_vectors(copied: Sequence[StoredChunk], view: Nearest, target: LibraryStore) -> None:
    """Copy the vectors of these chunks of the source, of which `view` has the vectors; those of a large file bit by bit."""
    for start in range(0, len(copied), CHUNKS_AT_ONCE):
        chunks = {stored.chunk_id: stored.chunk for stored in copied[start : start + CHUNKS_AT_ONCE]}
        ids, vectors = view.vectors(list(chunks))
        keys = [vector_key(chunks[chunk].searchable) for chunk in ids.tolist()]
        target.put_vectors(dict(zip(keys, vectors, strict=True)))
