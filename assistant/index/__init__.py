"""The store of a library: SQLite holds the truth and a FAISS view can be rebuilt; a shared library lives in Milvus instead."""

from assistant.index.chunks import StoredChunk
from assistant.index.database import PRIVATE_FOLDER
from assistant.index.integrity import Inspection
from assistant.index.interfaces import LibraryStore, Nearest, Searchable
from assistant.index.places import open_library
from assistant.index.sqlite_library import REMOVED_TEXT_KEY, SqliteLibrary
from assistant.index.store import Store
from assistant.index.vector_index import VectorView, check_view, prepare_view, remove_stale_files

__all__ = [
    "PRIVATE_FOLDER", "REMOVED_TEXT_KEY", "Inspection", "LibraryStore", "Nearest", "Searchable", "SqliteLibrary", "Store",
    "StoredChunk", "VectorView", "check_view", "open_library",
    "prepare_view", "remove_stale_files",
]
