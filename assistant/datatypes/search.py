"""Search filters, hits and their explanation, and timings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from assistant.datatypes.documents import Chunk, Location
from assistant.datatypes.files import OutdatedFile


@dataclass(frozen=True, slots=True)
class Filter:
    """Restricts a question to some files; an empty filter passes every file. A file must match each non-empty field."""

    paths: tuple[str, ...] = ()  # files, folders or patterns with * and ?; one must match
    types: tuple[str, ...] = ()  # suffixes without a dot; one must match
    since_ns: int | None = None  # time of modification or later, nanoseconds since 1970
    within: tuple[str, ...] = ()  # as paths; restricts a client to some files, whatever paths it asks for

    def __bool__(self) -> bool:
        """Return True if the filter is not empty."""
        return bool(self.paths or self.types or self.since_ns is not None or self.within)


EVERY_FILE = Filter()

Kind = Literal["file", "memory", "turn"]
"""The source of a passage: a file, a remembered fact, or an earlier turn of the conversation."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk found for a question."""

    chunk_id: int
    path: str  # the file, or for another `kind` an id such as "memory:3"
    title: str
    chunk: Chunk
    score: float = 0.0  # fused score in log-odds; only its order is meaningful
    keyword_rank: int | None = None  # keyword_rank, dense_rank: rank from 1 in that search, None if it did not find the chunk
    keyword_score: float | None = None  # BM25 score
    dense_rank: int | None = None
    cosine: float | None = None  # cosine similarity (-1 to 1) to the question
    also: tuple[tuple[str, Location], ...] = ()  # (path, location) of its near-duplicates
    kind: Kind = "file"
    rerank_score: float | None = None  # log-odds from the reranker, None if it did not read the chunk
    rank_before_rerank: int | None = None  # rank from 1 before reranking, None if it was not reranked
    exact_score: float = 0.0  # for identifiers of the question that few chunks hold and this one does; it precedes `score`


@dataclass(frozen=True, slots=True)
class Reranking:
    """Statistics of reranking for one question."""

    model: str
    read: int  # number of hits that were reranked
    candidates: int  # number of hits before
    pairs_per_second: float
    milliseconds: float  # time used
    budget_milliseconds: int  # time allowed


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a search found what it found."""

    terms: tuple[tuple[str, int], ...]  # (term, number of chunks that hold it); terms that are too common are left out
    dense_weight: float  # weight of the dense score, 0 if it was not used
    candidates: tuple[tuple[Hit, str], ...]  # (hit, name of the step that dropped it, or "")
    reranking: Reranking | None = None  # None if no reranker is selected


@dataclass(frozen=True, slots=True)
class Timings:
    """Times in milliseconds since the question, and token counts; None if a step did not happen."""

    retrieve_ms: float
    first_token_ms: float | None = None  # when the first text was shown; later than generated if the answer is checked first
    total_ms: float = 0.0
    writing_ms: float = 0.0  # duration of generation
    prompt_tokens: int = 0  # length of the prompt
    reused_tokens: int = 0  # tokens of the prompt taken from the KV cache
    read_tokens: int = 0  # tokens computed, including those for checks
    read_passages: int = 0  # number of passages that the answer was written from
    generated_tokens: int = 0  # length of the reply
    estimated_tokens: bool = False  # whether the counts are estimates, because a server did not give them


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The hits for one question, best first."""

    question: str
    hits: tuple[Hit, ...]
    timings: Timings
    embedded: float = 1.0  # share (0 to 1) of all chunks that have a vector
    outdated: tuple[OutdatedFile, ...] = ()  # the files of the hits that have changed since they were read
