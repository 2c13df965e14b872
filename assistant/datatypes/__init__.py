"""The data types that all packages share, and the protocols of the models. Imports no other package of the program."""

from assistant.datatypes.answers import (
    CITED,
    PASSAGES,
    QUERY_SEPARATOR,
    Answer,
    Answerability,
    AnswerStreaming,
    Calibration,
    Citation,
    Conflict,
    ConflictSide,
    Fact,
    Message,
    OutgoingRequest,
    ProbeCalibration,
    PromptText,
    RemovedText,
    Role,
    SentCount,
    Sentence,
    Session,
    StreamedAnswer,
    Support,
    Turn,
)
from assistant.datatypes.browsing import Embeddings, TextPage
from assistant.datatypes.documents import (
    WITHOUT_VALUE,
    Chunk,
    Document,
    Extraction,
    Heading,
    Location,
    Part,
    PositionLabel,
    Shape,
    Table,
)
from assistant.datatypes.files import (
    Change,
    FileState,
    Finding,
    Gpu,
    ImportReport,
    IngestReport,
    LedgerEntry,
    LibraryMetrics,
    LibraryStatus,
    Machine,
    MachineSync,
    OnProgress,
    OutdatedFile,
    Progress,
    Severity,
    ignore_progress,
)
from assistant.datatypes.gates import Gate, LikelihoodGate, LikelihoodWeights, Probe, ProbeGate, Vector
from assistant.datatypes.protocols import (
    ChatModel,
    Embedder,
    Prefilling,
    Probing,
    Reply,
    Reranker,
    ScoredText,
    Tunable,
    Vectors,
    never_stop,
)
from assistant.datatypes.search import EVERY_FILE, Explanation, Filter, Hit, Kind, Reranking, SearchResult, Timings

__all__ = [
    "CITED", "EVERY_FILE", "PASSAGES", "QUERY_SEPARATOR", "WITHOUT_VALUE", "Answer", "AnswerStreaming", "Answerability",
    "Calibration", "Change", "ChatModel", "Chunk", "Citation", "Conflict", "ConflictSide", "Document", "Embedder", "Embeddings",
    "Explanation", "Extraction", "Fact", "FileState", "Filter", "Finding", "Gate", "Gpu", "Heading", "Hit", "ImportReport",
    "IngestReport", "Kind", "LedgerEntry", "LibraryMetrics", "LibraryStatus", "LikelihoodGate", "LikelihoodWeights",
    "Location", "Machine", "MachineSync", "Message", "OnProgress", "OutdatedFile", "OutgoingRequest", "Part", "PositionLabel",
    "Prefilling", "Probe", "ProbeCalibration", "ProbeGate", "Probing", "Progress", "PromptText", "RemovedText", "Reply",
    "Reranker", "Reranking", "Role", "ScoredText", "SearchResult", "SentCount", "Sentence", "Session", "Severity", "Shape",
    "StreamedAnswer", "Support", "Table", "TextPage", "Timings", "Tunable", "Turn", "Vector", "Vectors", "ignore_progress",
    "never_stop",
]
