"""The hits of several readings of one question in, one list of them out; and passages of an earlier answer among them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, zip_longest

from assistant.datatypes import Hit


def dealt(lists: Sequence[Sequence[Hit]], limit: int) -> tuple[Hit, ...]:
    """Return the hits of all lists in turn, the first list's first: each reading keeps its best."""
    return distinct([hit for hit in chain.from_iterable(zip_longest(*lists)) if hit is not None])[:limit]


def carried(hits: Sequence[Hit], earlier: Sequence[Hit], place: int) -> tuple[Hit, ...]:
    """Return the hits with the earlier ones put in at a place, unless they stand before it already; none gets lost."""
    return distinct([*hits[:place], *earlier, *hits[place:]])


def distinct(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Return the hits, each passage once."""
    found: dict[tuple[str, int], Hit] = {}
    for hit in hits:
        found.setdefault((hit.path, hit.chunk.location.char_start), hit)
    return tuple(found.values())
