"""A library and a chat model in; passages that the model has read beforehand, so that a question does not wait for it, out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from assistant.app.ask.ask import FULL
from assistant.app.library.library import Library
from assistant.datatypes import ChatModel, Hit, OnProgress, Progress, Warmed
from assistant.generation import alone

AT_ONCE = 50  # passages that are taken from the library together


def warm(library: Library, chat: ChatModel, places: Sequence[int], budget: int, on_progress: OnProgress) -> Warmed:
    """Let the model read the passages with these numbers that it has not read yet, as far as the budget of bytes goes.

    What is read is kept at once, so that one that was stopped goes on where it was.
    """
    done = tokens = 0
    is_full = False
    for hit in hits_of(library, places):
        is_full = chat.kept_bytes > budget * FULL
        if is_full:
            break
        tokens += chat.make_ready(alone(hit, library.shelf_of))
        done += 1
        on_progress(Progress("reading", done, len(places), current=hit.path))
    return Warmed(len(places), done, tokens, is_full)


def hits_of(library: Library, places: Sequence[int]) -> Iterator[Hit]:
    """Yield the passages with these numbers that are still there, as hits."""
    for start in range(0, len(places), AT_ONCE):
        found = library.store.chunks(places[start : start + AT_ONCE])
        yield from (Hit(each.chunk_id, each.path, each.title, each.chunk) for each in found.values())


def chosen(places: Sequence[tuple[int, str]], is_wanted: Callable[[str], bool]) -> list[int]:
    """Return the numbers of the passages of the files that are wanted."""
    return [number for number, path in places if is_wanted(path)]
