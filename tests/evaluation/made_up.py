"""Hits and answers of no library."""

from __future__ import annotations

from assistant.datatypes import Answer, Chunk, Citation, Hit, Location, Timings


def make_hit(path, start=0, end=10, **place):
    return Hit(1, path, path, Chunk("text", Location(1, 1, start, end, **place)))


def make_answer(text="", *cited, abstained=False):
    """Return an answer that cites (path, page) places."""
    places = [(path, Location(1, 1, 0, 1, page=page)) for path, page in cited]
    citations = [Citation(number, path, path, location, "") for number, (path, location) in enumerate(places, 1)]
    return Answer("?", text, abstained, tuple(citations), (), "fake:", "fake:", "1", Timings(0.0))
