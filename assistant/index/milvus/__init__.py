"""The store of a shared library in Milvus: a server or cluster, or the embedded milvus-lite for tests and trials.

Nothing here is imported unless a shared library is opened, and `pymilvus` only when a connection is made.
"""

from __future__ import annotations

from pathlib import Path

from assistant.index.interfaces import LibraryStore
from assistant.index.milvus.address import parse_address
from assistant.index.places import SharedPlace
from assistant.index.rights import WHOLE, Access

__all__ = ["canonical", "open_shared"]


def canonical(address: str) -> str:
    """Return the full form of an address. Raises UsageError if it is invalid."""
    return parse_address(address).text


def open_shared(place: SharedPlace, folder: Path, access: Access = WHOLE) -> LibraryStore:
    """Open the library at a place, whole or for a reader, or create it there.

    Raises UsageError if the package is not installed, ServerUnavailable, LibraryBusy or LibraryTooNew.
    """
    from assistant.index.milvus.connection import connect
    from assistant.index.milvus.library import MilvusLibrary

    connection = connect(parse_address(place.address), may_create=not place.is_read_only)
    return MilvusLibrary(connection, place, folder, access)
