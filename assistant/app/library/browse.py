"""Browse libraries: list their files page by page, read a passage with its neighbours, read the text of a file."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import merge
from itertools import groupby, islice

from assistant.app.library.library import Library
from assistant.datatypes import Filter, Hit, LedgerEntry, TextPage
from assistant.errors import NotFound
from assistant.index import StoredChunk

MOST_CHUNKS = 2000  # of one page of a file's text


def list_files(libraries: Sequence[Library], wanted: Filter, after: str, limit: int) -> tuple[LedgerEntry, ...]:
    """Return at most `limit` files with text that pass the filter, by path, from the path behind `after`.

    Raises NothingIndexed if a library does not exist.
    """
    for library in libraries:
        library.require()
    found = merge(*(library.store.indexed_files(wanted, after, limit) for library in libraries), key=lambda entry: entry.path)
    distinct = (next(same) for _, same in groupby(found, key=lambda entry: entry.path))
    return tuple(islice(distinct, limit))


def read_passage(libraries: Sequence[Library], path: str, character: int, neighbours: int, wanted: Filter) -> TextPage:
    """Return the chunk of a file at a character offset, with so many chunks before and after it.

    Raises NotFound if no library holds it, or the filter excludes the file.
    """
    for library in holding(libraries, path, wanted):
        if stored := library.store.chunks_around(path, character, neighbours):
            following = library.store.chunks_from(path, stored[-1].chunk.location.char_end, 1)
            return page_of(stored, complete=not following)
    raise not_found(path)


def read_text(libraries: Sequence[Library], path: str, character: int, most: int, wanted: Filter) -> TextPage:
    """Return the text of a file from a character offset, at most about `most` characters, always at least one chunk.

    Raises NotFound if no library holds it, or the filter excludes the file.
    """
    for library in holding(libraries, path, wanted):
        stored = library.store.chunks_from(path, character, MOST_CHUNKS)
        if stored:
            limit = max(character, stored[0].chunk.location.char_start) + most
            kept = [each for number, each in enumerate(stored) if not number or each.chunk.location.char_end <= limit]
            complete = len(kept) == len(stored) < MOST_CHUNKS
            return page_of(kept, complete=complete, start=character)
    raise not_found(path)


def holding(libraries: Sequence[Library], path: str, wanted: Filter) -> list[Library]:
    """Return the libraries that hold a file which passes the filter."""
    return [library for library in libraries if library.exists() and library.store.passes(path, wanted)]


def not_found(path: str) -> NotFound:
    """Return the error for a file or passage that is not there, or that the filter hides: both look the same."""
    return NotFound(f"There is no passage at this place of {path}.", "Search again: the file may have changed.")


def page_of(stored: Sequence[StoredChunk], *, complete: bool, start: int = 0) -> TextPage:
    """Return consecutive chunks of a file as one text from `start` on, without the text that two of them share."""
    places = [each.chunk.location for each in stored]
    begin = end = max(start, places[0].char_start)
    text = ""
    for each, place in zip(stored, places, strict=True):
        if place.char_start > end:
            text, end = f"{text}\n", place.char_start
        text += each.chunk.text[max(0, end - place.char_start):]
        end = max(end, place.char_end)
    hits = tuple(Hit(each.chunk_id, each.path, each.title, each.chunk) for each in stored)
    return TextPage(stored[0].path, stored[0].title, text, begin, end, hits, complete)
