"""Search filters, hits and their explanation, and timings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from assistant.datatypes.documents import Chunk, Location


@dataclass(frozen=True, slots=True)
class Filter:
    """Restricts a question to some files; an empty filter passes every file. A file must match each non-empty field.

    paths: files, folders or patterns with * and ?; one must match
    types: suffixes without a dot; one must match
    since_ns: time of modification or later, nanoseconds since 1970
    within: as `paths`; restricts a client to some files, whatever paths it asks for
    """

    paths: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    since_ns: int | None = None
    within: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Return True if the filter is not empty."""
        return bool(self.paths or self.types or self.since_ns is not None or self.within)


EVERY_FILE = Filter()

Kind = Literal["file", "memory", "turn"]
"""The source of a passage: a file, a remembered fact, or an earlier turn of the conversation."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk found for a question.

    path: the file, or for another `kind` an id such as "memory:3"
    score: fused score in log-odds; only its order is meaningful
    keyword_rank, dense_rank: rank from 1 in that search, None if it did not find the chunk
    keyword_score: BM25 score
    cosine: cosine similarity (-1 to 1) to the question
    also: (path, location) of its near-duplicates
    rerank_score: log-odds from the reranker, None if it did not read the chunk
    rank_before: rank from 1 before reranking, None if it was not reranked
    """

    chunk_id: int
    path: str
    title: str
    chunk: Chunk
    score: float = 0.0
    keyword_rank: int | None = None
    keyword_score: float | None = None
    dense_rank: int | None = None
    cosine: float | None = None
    also: tuple[tuple[str, Location], ...] = ()
    kind: Kind = "file"
    rerank_score: float | None = None
    rank_before_rerank: int | None = None


@dataclass(frozen=True, slots=True)
class Reranking:
    """Statistics of reranking for one question.

    read: number of hits that were reranked
    candidates: number of hits before
    milliseconds: time used
    budget_milliseconds: time allowed
    """

    model: str
    read: int
    candidates: int
    pairs_per_second: float
    milliseconds: float
    budget_milliseconds: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a search found what it found.

    terms: (term, number of chunks that hold it); terms that are too common are left out
    dense_weight: weight of the dense score, 0 if it was not used
    candidates: (hit, name of the step that dropped it, or "")
    reranking: None if no reranker is selected
    """

    terms: tuple[tuple[str, int], ...]
    dense_weight: float
    candidates: tuple[tuple[Hit, str], ...]
    reranking: Reranking | None = None


@dataclass(frozen=True, slots=True)
class Timings:
    """Times in milliseconds since the question, and token counts; None if a step did not happen.

    first_token_ms: when the first text was shown; later than generated if the answer is checked first
    writing_ms: duration of generation
    prompt_tokens: length of the prompt
    reused_tokens: tokens of the prompt taken from the KV cache
    read_tokens: tokens computed, including those for checks
    generated_tokens: length of the reply
    """

    retrieve_ms: float
    first_token_ms: float | None = None
    total_ms: float = 0.0
    writing_ms: float = 0.0
    prompt_tokens: int = 0
    reused_tokens: int = 0
    read_tokens: int = 0
    generated_tokens: int = 0


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The hits for one question, best first.

    embedded: share (0 to 1) of all chunks that have a vector
    """

    question: str
    hits: tuple[Hit, ...]
    timings: Timings
    embedded: float = 1.0
