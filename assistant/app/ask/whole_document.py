"""Detect a question about whole files (summarise, compare, list) and prepare the answer that goes through all of their text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assistant.app.library.derived import document_notes, notes_folder
from assistant.app.library.library import Library
from assistant.datatypes import ChatModel, Filter, Hit
from assistant.generation.documents import (
    File,
    SourceFile,
    TaskKind,
    WholeDocumentStream,
    parse_item_kinds,
    recognize_task,
    resolve_files,
)
from assistant.index import Store


def is_about_files(question: str) -> bool:
    """Return whether a question may be one about whole files."""
    return recognize_task(question) is not None


def answer_about_files(question: str, libraries: Sequence[Library], wanted: Filter, open_chat: Callable[[], ChatModel],
             embedder: str) -> WholeDocumentStream | None:
    """Return the answer to come; None for an ordinary question.

    Raises UsageError if it is unclear which files are meant, NothingIndexed if a library is missing.
    """
    task = recognize_task(question)
    if task is None:
        return None
    for library in libraries:
        library.require()
    owners = {SourceFile(*row): library for library in libraries for row in library.store.filtered_files(wanted)}
    chosen = resolve_files(task, question, tuple(owners), narrowed=bool(wanted))
    # a list whose items only the model can find needs a file that is named
    is_vague = task.kind is TaskKind.LISTING and not parse_item_kinds(task.wanted) and not task.certain
    if not chosen or (is_vague and len(chosen) == len(owners) and not wanted):
        return None
    files = [] if task.kind is TaskKind.COUNTING else [file_of(owners[source].store, source) for source in chosen]
    elsewhere = {source.content_hash: notes_folder(library) for source, library in owners.items()}
    return WholeDocumentStream(question, task, files, open_chat, document_notes(libraries[0], elsewhere), embedder)


def file_of(store: Store, source: SourceFile) -> File:
    """Return a file with all its chunks."""
    return File(source, tuple(Hit(stored.chunk_id, stored.path, stored.title, stored.chunk)
                              for stored in store.chunks_of_file(source.path)))
