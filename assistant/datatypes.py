"""The nouns that the rooms speak in, and the protocols of the models. Imports nothing of ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
READINGS = " / "  # between the readings of a question that were searched for
CITED = re.compile(r" ?\[\d{1,3}\]")


@dataclass(frozen=True, slots=True)
class Location:
    """Where a run of text stands in one document.

    Lines count from 1: within the page, slide or sheet where there is one, within the file otherwise. `page` counts
    from 1; `page_label` is what the document itself calls that page ("xii"), where that differs. `cells` is a range
    such as "A2:F9", `message` the number of a message in a mailbox, `time` a place in a recording such as "01:02:03".
    `char_start` and `char_end` are a half-open span of the document's extracted text, which for plain
    text, Markdown and code is the decoded file itself.
    """

    line_start: int
    line_end: int
    char_start: int
    char_end: int
    page: int | None = None
    page_label: str | None = None
    slide: int | None = None
    sheet: str | None = None
    cells: str | None = None
    chapter: str | None = None
    message: int | None = None
    time: str | None = None
    heading: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A page, slide, sheet, chapter or message (or a whole file): a span of text that no chunk crosses."""

    char_start: int
    char_end: int
    page: int | None = None
    page_label: str | None = None
    slide: int | None = None
    sheet: str | None = None
    chapter: str | None = None
    message: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A span of text that is a table, one row to a line: it is cut between rows only.

    `header` is its header row, which every passage of the table needs to be understood; empty where it has none.
    """

    char_start: int
    char_end: int
    header: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """What the text from `char_start` on, up to the next mark, is called in its file: cells ("A2:F2") or a time ("12:05")."""

    char_start: int
    cells: str | None = None
    time: str | None = None


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading that begins at `char_start`; level 1 is the highest."""

    char_start: int
    level: int
    title: str


class Shape(StrEnum):
    """How the text of a document is laid out, its tables aside, which decides where it may be cut."""

    PROSE = "prose"
    CODE = "code"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Extraction:
    """What a reader found in one file. `parts` are in order and do not overlap; so are `tables`, each inside one part.

    `empty_pages` are the numbers of pages without text, `ocr_pages` of those whose text was read off a picture.
    """

    text: str
    parts: tuple[Part, ...]
    headings: tuple[Heading, ...] = ()
    tables: tuple[Table, ...] = ()
    marks: tuple[Mark, ...] = ()
    title: str = ""
    shape: Shape = Shape.PROSE
    encoding: str | None = None
    empty_pages: tuple[int, ...] = ()
    ocr_pages: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """One file's text, known by its path and by the sha256 of its bytes."""

    path: str
    title: str
    content_hash: str
    extraction: Extraction


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage of at most the chunker's token limit, verbatim from its document.

    `context` (title, heading path, table header) goes in front of the text for embedding, keyword search
    and the language model; a quote never includes it.
    """

    text: str
    location: Location
    context: str = ""

    @property
    def searchable(self) -> str:
        """The text that is embedded and indexed."""
        return f"{self.context}\n{self.text}" if self.context else self.text


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
class Citation:
    """A numbered source of an answer: a verbatim quote and where exactly it stands, in a file unless `kind` says otherwise."""

    number: int
    path: str
    title: str
    location: Location
    quote: str
    kind: Kind = "file"


Support = Literal["full", "partial", "none"]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an answer, without its marks: the numbers of its sources, and how far they bear it out."""

    text: str
    numbers: tuple[int, ...]
    support: Support


@dataclass(frozen=True, slots=True)
class Doubt:
    """The probability (`share`) that the files do not state the answer, and the `most` at which it is given all the same.

    `unstated` is the probability that the model refuses, `before` and `after` those of its Yes to whether the passages state
    an answer, and this answer; None: it was clear without.
    """

    share: float
    most: float
    unstated: float
    before: float
    after: float | None = None


@dataclass(frozen=True, slots=True)
class Calibration:
    """What so many questions of a library's own say of doubt there: the `offset` of its logarithm of odds.

    `answerable_refused` and `unanswerable_refused` are shares (0 to 1) at the `most` doubt allowed, without and with the offset.
    """

    questions: int
    offset: float
    most: float
    answerable_refused: tuple[float, float]
    unanswerable_refused: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Side:
    """What one file says where files disagree; `date` is "2024", "2024-03" or "2024-03-01", empty where it is not known."""

    citation: Citation
    value: str
    date: str = ""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two or more files that say otherwise of the same thing, newest first."""

    sides: tuple[Side, ...]


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


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer. `abstained`: the files do not say, and `text` says so.

    `searched` is what was searched for, where a follow-up question had to be made to stand alone.
    """

    question: str
    text: str
    abstained: bool
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]
    model: str
    embedder: str
    prompt_version: str
    timings: Timings
    searched: str = ""
    sentences: tuple[Sentence, ...] = ()
    doubt: Doubt | None = None
    conflicts: tuple[Conflict, ...] = ()


Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat. Its content is always plain text: markup of a chat template in it has no power."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a conversation, its answer and the answer's sources.

    `searched` is the question as it was searched for, made to stand alone; `asked` is when, in ISO 8601.
    """

    question: str
    answer: str
    citations: tuple[Citation, ...] = ()
    searched: str = ""
    abstained: bool = False
    asked: str = ""

    @property
    def standalone(self) -> str:
        """The question as it stands alone; of several readings the first."""
        return self.searched.split(READINGS)[0] or self.question

    @property
    def messages(self) -> tuple[Message, Message]:
        """The turn as a chat model reads it: without citation numbers, since those were of other passages."""
        return (Message("user", self.question), Message("assistant", CITED.sub("", self.answer)))


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that the person asked to remember; `said` is when, in ISO 8601."""

    number: int
    said: str
    text: str


@dataclass(frozen=True, slots=True)
class Session:
    """A kept conversation; `started` is in ISO 8601."""

    name: str
    library: str
    started: str
    turns: tuple[Turn, ...]


class Answering(Protocol):
    """An answer that is being written: iterate for its text, then read the finished `answer`."""

    question: str
    hits: tuple[Hit, ...]

    @property
    def answer(self) -> Answer:
        """The finished answer; waits for it where nobody has iterated."""

    @property
    def sentences(self) -> Sequence[Sentence]:
        """The sentences that are over."""

    def prepare(self, on_progress: Callable[[Progress], None]) -> None:
        """Do the long work before the first word, if there is any, and tell how far it is."""

    def __iter__(self) -> Iterator[str]:
        """Yield the text piece by piece."""


class FileState(StrEnum):
    """What became of a file that was seen."""

    INDEXED = "indexed"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What is known of one file: every file that was ever seen has one, with the reason for its state.

    A file inside a file (an attachment, an entry of an archive) has the `container`'s path and its own name below that.
    """

    path: str
    root: str
    state: FileState
    reason: str
    size: int
    mtime_ns: int
    content_hash: str = ""
    chunks: int = 0
    pages: int = 0
    empty_pages: tuple[int, ...] = ()
    ocr_pages: tuple[int, ...] = ()
    encoding: str | None = None
    notes: tuple[str, ...] = ()
    container: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one file in the library; `was` is the path that a moved one had."""

    kind: Literal["indexed", "moved", "removed", "skipped", "failed"]
    path: str
    reason: str = ""
    chunks: int = 0
    was: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a long task is. Counts are of this run."""

    stage: str
    done: int
    total: int
    chunks: int = 0
    current: str = ""


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What one `add` or `sync` did. `unchanged` files cost one stat; the files of roots that are `away` are kept."""

    indexed: int = 0
    unchanged: int = 0
    removed: int = 0
    skipped: tuple[LedgerEntry, ...] = ()
    failed: tuple[LedgerEntry, ...] = ()
    chunks: int = 0
    embedded: int = 0
    seconds: float = 0.0
    interrupted: bool = False
    away: tuple[str, ...] = ()


class Embedder(Protocol):
    """Turns text into unit vectors."""

    @property
    def name(self) -> str:
        """What a person calls the model."""

    @property
    def fingerprint(self) -> str:
        """Hash of everything that shapes a vector: weights, prompts, pooling, length limit."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, special tokens left out."""

    def coverage(self, text: str) -> float:
        """Return the share (0 to 1) of the text's tokens that the vocabulary knows."""

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors of shape (len(texts), dimension)."""

    def embed_question(self, text: str) -> Vectors:
        """Return one unit vector of shape (dimension,)."""


class Reranker(Protocol):
    """Says of a question and a passage, read together, whether the passage is wanted."""

    @property
    def name(self) -> str:
        """What a person calls the model."""

    @property
    def fingerprint(self) -> str:
        """Hash of everything that shapes a score."""

    @property
    def pairs_per_second(self) -> float:
        """How many pairs it scores in a second on this machine, as far as that is known."""

    def score(self, question: str, texts: Sequence[str]) -> Vectors:
        """Return the log-odds that each text is wanted, shape (len(texts),)."""


class Reply(Protocol):
    """A reply that is being written: iterate to stream its pieces; the counts are final after that."""

    prompt_tokens: int
    reused_tokens: int
    generated_tokens: int
    finished: bool  # False: it was cut off at the token limit

    def likelihood(self, opening: str) -> float:
        """Return the probability (0 to 1) that the reply begins as `opening` does; ask before iterating."""

    def __iter__(self) -> Iterator[str]:
        """Yield the text piece by piece."""


class ChatModel(Protocol):
    """Writes replies to messages."""

    @property
    def name(self) -> str:
        """What a person calls the model."""

    @property
    def context_tokens(self) -> int:
        """The number of tokens that prompt and reply must share."""

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return the length of the prompt that these messages become, template included."""

    def reply(self, messages: Sequence[Message], max_tokens: int) -> Reply:
        """Start a reply at temperature 0. Raises ContextOverflow where prompt and reply do not fit."""

    def interrupt(self) -> None:
        """Make the reply that another thread is reading end with KeyboardInterrupt, soon."""

    def close(self) -> None:
        """Free the model's memory."""


@dataclass(frozen=True, slots=True)
class LibraryStatus:
    """What a library holds; chunks that wait for a vector are found by keyword only."""

    name: str
    path: str
    embedder: str
    documents: int
    chunks: int
    roots: tuple[str, ...]
    skipped: int
    failed: int
    bytes: int
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Imported:
    """A library that was brought in: its folders that are not on this machine, and those of another library here too."""

    held: LibraryStatus
    away: tuple[str, ...]
    shared: tuple[tuple[str, str], ...]


class Severity(StrEnum):
    """How bad a finding of `doctor` is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that `doctor` looked at; `remedy` says what to do where it is not ok."""

    subject: str
    severity: Severity
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Gpu:
    """One graphics device; memory in bytes."""

    name: str
    memory_total: int
    memory_free: int


@dataclass(frozen=True, slots=True)
class Machine:
    """What this machine has: sizes in bytes, physical cores, CPU features such as "avx2"."""

    system: str
    processor: str
    cores: int
    features: tuple[str, ...]
    memory_total: int
    memory_available: int
    disk_free: int
    gpus: tuple[Gpu, ...] = field(default=())
