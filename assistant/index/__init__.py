"""What was added, kept and found again. SQLite is the truth; the FAISS view beside it can be thrown away."""

from assistant.index.store import Store, StoredChunk
from assistant.index.vectors import VectorView

__all__ = ["Store", "StoredChunk", "VectorView"]
