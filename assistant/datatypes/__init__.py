"""The nouns that the rooms speak in, and the protocols of the models. Imports nothing of ours."""

from assistant.datatypes.answers import (
    Answer,
    Answering,
    Calibration,
    Citation,
    Conflict,
    Doubt,
    Masked,
    Sentence,
    Side,
    Support,
    Written,
)
from assistant.datatypes.conversation import CITED, READINGS, Fact, Message, PromptText, Role, Session, Turn
from assistant.datatypes.documents import Chunk, Document, Extraction, Heading, Location, Mark, Part, Shape, Table
from assistant.datatypes.files import (
    Change,
    FileState,
    Imported,
    IngestReport,
    LedgerEntry,
    LibraryStatus,
    OnProgress,
    Progress,
    ignore_progress,
)
from assistant.datatypes.protocols import ChatModel, Embedder, Reply, Reranker, Supposed, Tunable, Vectors, never
from assistant.datatypes.search import EVERY_FILE, Explanation, Filter, Hit, Kind, Reranking, SearchResult, Timings
from assistant.datatypes.system import Finding, Gpu, Machine, Severity

__all__ = [
    "CITED", "EVERY_FILE", "READINGS", "Answer", "Answering", "Calibration", "Change", "ChatModel", "Chunk", "Citation",
    "Conflict", "Document", "Doubt", "Embedder", "Explanation", "Extraction", "Fact", "FileState", "Filter",
    "Finding", "Gpu", "Heading", "Hit", "Imported", "IngestReport", "Kind", "LedgerEntry", "LibraryStatus", "Location",
    "Machine", "Mark", "Masked", "Message", "OnProgress", "Part", "Progress", "PromptText", "Reply", "Reranker", "Reranking",
    "Role", "SearchResult", "Sentence", "Session", "Severity", "Shape", "Side", "Support", "Supposed", "Table",
    "Timings", "Tunable", "Turn", "Vectors", "Written", "ignore_progress", "never",
]
