"""Detect a question about whole files (summarise, compare, list) and prepare the answer that goes through all of their text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assistant.app.library.library import Library
from assistant.datatypes import ChatModel, Filter, Hit
from assistant.generation.documents import (
    File,
    NotesCache,
    SourceFile,
    Task,
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
    owners = {source: library for library in libraries for source in sources_in(library.store, wanted)}
    chosen = resolve_files(task, question, tuple(owners), narrowed=bool(wanted))
    if not chosen or is_beyond_rules(task, len(chosen) < len(owners) or bool(wanted)):
        return None
    files = [] if task.kind is TaskKind.COUNTING else [file_of(owners[source].store, source) for source in chosen]
    elsewhere = {source.content_hash: library.notes_folder for source, library in owners.items()}
    notes = NotesCache(libraries[0].notes_folder, elsewhere=elsewhere)
    return WholeDocumentStream(question, task, files, open_chat, notes, embedder)


def is_beyond_rules(task: Task, narrowed: bool) -> bool:
    """Return whether a list needs the model to find its items, and no file is named to look in."""
    return task.kind is TaskKind.LISTING and not parse_item_kinds(task.wanted) and not (task.certain or narrowed)


def sources_in(store: Store, wanted: Filter) -> list[SourceFile]:
    """Return the files of a library that match the filter."""
    return [SourceFile(*row) for row in store.filtered_files(wanted)]


def file_of(store: Store, source: SourceFile) -> File:
    """Return a file with all its chunks."""
    return File(source, tuple(Hit(stored.chunk_id, stored.path, stored.title, stored.chunk)
                              for stored in store.chunks_of_file(source.path)))
