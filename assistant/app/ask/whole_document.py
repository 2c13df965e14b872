"""A question and the libraries in; where it is one about whole files, the answer that goes through all of them out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assistant.app.library.derived import folder_of_notes, notes_of
from assistant.app.library.library import Library
from assistant.datatypes import ChatModel, Filter, Hit
from assistant.generation.documents import File, Kind, Source, Task, WholeStream, recognise, sources_of, wanted_in
from assistant.index import Store


def is_about_files(question: str) -> bool:
    """Return whether a question may be one about whole files."""
    return recognise(question) is not None


def overview(question: str, libraries: Sequence[Library], wanted: Filter, open_chat: Callable[[], ChatModel],
             embedder: str) -> WholeStream | None:
    """Return the answer to come; None where the question is an ordinary one.

    Raises UsageError where it is unclear which files are meant, NothingIndexed where there is no library.
    """
    task = recognise(question)
    if task is None:
        return None
    for library in libraries:
        library.require()
    owners = {source: library for library in libraries for source in sources_in(library.store, wanted)}
    chosen = sources_of(task, question, tuple(owners), narrowed=bool(wanted))
    if not chosen or is_beyond_rules(task, len(chosen) < len(owners) or bool(wanted)):
        return None
    files = [] if task.kind is Kind.COUNTING else [file_of(owners[source].store, source) for source in chosen]
    elsewhere = {source.content_hash: folder_of_notes(library) for source, library in owners.items()}
    return WholeStream(question, task, files, open_chat, notes_of(libraries[0], elsewhere), embedder)


def is_beyond_rules(task: Task, narrowed: bool) -> bool:
    """Return whether a list is of something that only a model finds, and no file is named to look for it in."""
    return task.kind is Kind.LISTING and not wanted_in(task.wanted) and not (task.certain or narrowed)


def sources_in(store: Store, wanted: Filter) -> list[Source]:
    """Return the files of a library that pass the filter."""
    return [Source(*row) for row in store.files_wanted(wanted)]


def file_of(store: Store, source: Source) -> File:
    """Return a file with all its passages."""
    return File(source, tuple(Hit(stored.chunk_id, stored.path, stored.title, stored.chunk)
                              for stored in store.passages_of(source.path)))
