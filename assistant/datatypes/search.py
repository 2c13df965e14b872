"""What a search finds, and of which files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from assistant.datatypes.documents import Chunk, Location


@dataclass(frozen=True, slots=True)
class Filter:
    """Which files a question is about; an empty one lets every file through.

    `paths` are files, folders or patterns with * and ?, `types` suffixes without a dot; a file passes that matches one
    of each. `since_ns`: only files that were changed then or later, in nanoseconds since 1970.
    """

    paths: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    since_ns: int | None = None

    def __bool__(self) -> bool:
        """Say whether it keeps anything out."""
        return bool(self.paths or self.types or self.since_ns is not None)


EVERY_FILE = Filter()

Kind = Literal["file", "memory", "turn"]
"""Where words come from: a file, a fact that the person asked to keep, or an earlier turn of the conversation."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that was found for a question; ranks count from 1, None where that search did not find it.

    The score adds up evidence, in log-odds: only its order means something. `also` names the other places of the same text.
    What is no file has a `path` such as "memory:3", and says so in `kind`. `rerank_score` is what a reranker says, in log-odds,
    and `rank_before` the rank that the hit had before; None where no reranker read it.
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
    rank_before: int | None = None


@dataclass(frozen=True, slots=True)
class Reranking:
    """What a reranker did for one question: how many of the candidates it read, at what pace, and how long that took."""

    model: str
    read: int
    candidates: int
    pairs_per_second: float
    milliseconds: float
    budget_milliseconds: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a search found what it found.

    `terms` with the number of passages that hold each (those that are too common are not asked for), the weight of the
    dense side, the candidates, each with the name of the step that dropped it, or nothing, and what a reranker did, where
    one is chosen.
    """

    terms: tuple[tuple[str, int], ...]
    dense_weight: float
    candidates: tuple[tuple[Hit, str], ...]
    reranking: Reranking | None = None


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds from the start of the question, and token counts. None: it did not happen.

    `first_token_ms` is when the person saw the first of the text: an answer that is checked before it is shown comes later.
    `writing_ms`: how long the reply took to write. Of the `prompt_tokens`, `reused_tokens` were held from questions before;
    `read_tokens` were computed, those of the checks included.
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
    """The passages found for one question, best first. `embedded`: the share of all passages that have a vector."""

    question: str
    hits: tuple[Hit, ...]
    timings: Timings
    embedded: float = 1.0
