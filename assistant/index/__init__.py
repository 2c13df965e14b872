"""The index of a library: SQLite holds the truth, a FAISS view beside it can be rebuilt at any time."""

from assistant.index.chunks import StoredChunk
from assistant.index.database import PRIVATE_FOLDER
from assistant.index.integrity import Inspection
from assistant.index.interfaces import Nearest, Searchable
from assistant.index.store import Store
from assistant.index.vector_index import VectorView, check_view, prepare_view, remove_stale_files

__all__ = [
    "PRIVATE_FOLDER", "Inspection", "Nearest", "Searchable", "Store", "StoredChunk", "VectorView", "check_view",
    "prepare_view", "remove_stale_files",
]
