"""Answers with their citations, support, answerability and conflicts; conversations, saved sessions and remembered facts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NewType, Protocol

from assistant.datatypes.documents import Location
from assistant.datatypes.files import OnProgress, OutdatedFile, ignore_progress
from assistant.datatypes.search import Hit, Kind, Timings
from assistant.datatypes.tables import Computation


@dataclass(frozen=True, slots=True)
class Citation:
    """A numbered source of an answer: a verbatim quote and its exact location."""

    number: int  # the number in the answer's text, from 1
    path: str  # the file, or for another `kind` an id such as "memory:3"
    title: str
    location: Location
    quote: str  # verbatim text of the source
    kind: Kind = "file"


Support = Literal["full", "partial", "none"]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an answer."""

    text: str  # without citation marks
    numbers: tuple[int, ...]  # numbers of its citations
    support: Support  # how far the cited passages entail it


@dataclass(frozen=True, slots=True)
class Answerability:
    """The answerability of a question from the passages found, estimated before or after the answer is generated.

    There is no estimate for a model for which nothing was fitted: then only the checks of the finished answer decide.
    """

    p_unanswerable: float | None  # probability (0 to 1) that the passages do not state the answer; None: there is no estimate
    threshold: float  # the answer is refused above this probability (0 to 1)
    p_refusal_token: float | None = None  # probability (0 to 1) that the model's reply starts with the refusal; None: unknown
    # 1 - log p(question | passages) / log p(question), in [-1, 1]; 1: the passages predict the question fully, 0: not
    # at all, negative: they make it less likely
    query_likelihood_gain: float | None = None  # None if it was not measured
    p_verified: float | None = None  # probability (0 to 1) of "Yes" when the model verifies its answer; None if it was not asked
    probe: float | None = None  # log-odds, by the model's probe, that the passages answer the question; None without a probe

    @property
    def is_unlikely(self) -> bool:
        """Whether the estimate says that the passages do not state the answer; False without an estimate."""
        return self.p_unanswerable is not None and self.p_unanswerable > self.threshold


@dataclass(frozen=True, slots=True)
class Calibration:
    """The refusal threshold's calibration for one library, from questions generated from its own chunks."""

    questions: int  # number of questions
    offset: float  # added to the log-odds of `p_unanswerable`
    threshold: float  # refusal threshold (0 to 1) that the shares refer to
    answerable_refused: tuple[float, float]  # share (0 to 1) of answerable questions refused, without and with the offset
    unanswerable_refused: tuple[float, float]  # share (0 to 1) of unanswerable questions refused, without and with the offset


@dataclass(frozen=True, slots=True)
class ProbeCalibration:
    """The probe of a chat model, fitted to questions that it wrote about one library's own chunks.

    The area and the shares are cross-validated: each question is judged by a probe that was fitted without its file.
    """

    questions: int  # number of questions
    files: int  # number of files that they are about
    layer: int  # the layer whose output the probe reads
    area: float  # area under the ROC curve, questions with their file against the same without it; .5 is chance
    area_low: float  # the ends of its 95 % bootstrap interval over files
    area_high: float
    threshold: float  # refusal threshold (0 to 1) that the shares refer to
    answerable_refused: float  # share (0 to 1) of answerable questions refused before the answer
    unanswerable_refused: float  # share (0 to 1) of unanswerable questions refused before the answer
    is_stored: bool  # False if the area is not clearly above chance


@dataclass(frozen=True, slots=True)
class ConflictSide:
    """What one file says in a conflict."""

    citation: Citation  # where it says so
    value: str  # the conflicting value
    date: str = ""  # date of the file's statement, "2024", "2024-03" or "2024-03-01"; "" if unknown


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two or more files that contradict each other, newest first."""

    sides: tuple[ConflictSide, ...]


@dataclass(frozen=True, slots=True)
class RemovedText:
    """Text of one file that was removed from the prompt: prompt injections and invisible comments."""

    path: str
    sentences: int  # number of sentences that give the model instructions
    comments: int  # number of comments that a reader does not see


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer."""

    question: str
    text: str  # the answer with citation marks [1]; if `abstained`, the refusal
    abstained: bool  # True if the files do not state the answer
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]  # the passages in the prompt, best first
    model: str
    embedder: str
    prompt_version: str  # version of the prompt templates
    timings: Timings
    searched: str = ""  # the rewritten query of a follow-up question; "" if the question was used as it is
    sentences: tuple[Sentence, ...] = ()  # the sentences with their support, empty if it was not checked
    answerability: Answerability | None = None  # None if it was not estimated
    conflicts: tuple[Conflict, ...] = ()
    masked: tuple[RemovedText, ...] = ()  # what was removed from the passages before the model read them
    computation: Computation | None = None  # how it was computed over a table; None if it was read from passages
    outdated: tuple[OutdatedFile, ...] = ()  # the cited files that have changed since they were read
    machine: str = ""  # HOST:PORT of the model, or "this machine" if another one could have answered; "" if none could
    fallback: str = ""  # why the local model answered instead of the one on another machine; "" if it did not

    @property
    def is_unsupported(self) -> bool:
        """Whether the passages support no sentence of the answer."""
        return bool(self.sentences) and all(sentence.support == "none" for sentence in self.sentences)


@dataclass(frozen=True, slots=True)
class OutgoingRequest:
    """A request as it would be sent to a chat model on another machine, but for the key."""

    url: str
    headers: Mapping[str, str]
    body: str  # JSON


@dataclass(frozen=True, slots=True)
class SentCount:
    """What went to chat models on other machines so far."""

    questions: int  # number of questions that could go to another machine
    left: int  # number of those that went
    requests: int
    bytes: int  # of the requests' bodies
    servers: tuple[str, ...]  # HOST:PORT of each machine


PASSAGES = "passages"  # the stage of an answer in which the model reads passages


class StreamedAnswer:
    """Base class of streamed answers: see AnswerStreaming. Subclasses set `_finished` at the end of iteration."""

    question: str
    hits: tuple[Hit, ...] = ()
    _finished: tuple[Answer, ...] = ()
    _on_progress: OnProgress = staticmethod(ignore_progress)

    @property
    def sentences(self) -> Sequence[Sentence]:
        """Return none, as for an answer whose lines carry their own citations."""
        return ()

    def prepare(self, on_progress: OnProgress) -> None:
        """Report to `on_progress` while iterating, as an answer does that has no work to do before it."""
        self._on_progress = on_progress

    @property
    def answer(self) -> Answer:
        """The finished answer; iterates to the end first if necessary."""
        if not self._finished:
            for _ in self:
                pass
        return self._finished[0]

    def __iter__(self) -> Iterator[str]:
        """Yield the text in pieces."""
        raise NotImplementedError


class AnswerStreaming(Protocol):
    """A streamed answer: iterate for its text, then read the finished `answer`."""

    question: str
    hits: tuple[Hit, ...]

    @property
    def answer(self) -> Answer:
        """The finished answer; iterates to the end first if necessary."""

    @property
    def sentences(self) -> Sequence[Sentence]:
        """The sentences completed so far."""

    def prepare(self, on_progress: OnProgress) -> None:
        """Do the work that comes before any passage is shown, if any. Report its progress, and later what the model reads.

        What the model reads is reported as a Progress of the stage PASSAGES: `total` passages, of which it has read `done`.
        """

    def __iter__(self) -> Iterator[str]:
        """Yield the text in pieces."""


QUERY_SEPARATOR = " / "  # separates alternative rewritten queries of a question

CITED = re.compile(r" ?\[\d{1,3}\]")

Role = Literal["system", "user", "assistant"]

PromptText = NewType("PromptText", str)
"""Text that may be part of a prompt. Only `generation.untrusted_text` creates it, so none goes unsanitized."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat prompt."""

    role: Role
    content: PromptText  # plain text; chat template markup in it has no effect
    segments: tuple[PromptText, ...] = ()  # the content in pieces that are tokenized separately; empty if it is one piece
    first_segments: int = 0  # number of leading segments that other prompts begin with too: their KV state is kept
    document: str = ""  # mark of the document that those segments quote; "": their KV state is not stored on disk


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a conversation with its answer."""

    question: str
    answer: str
    citations: tuple[Citation, ...] = ()
    searched: str = ""  # the rewritten query; "" if the question was used as it is
    abstained: bool = False  # True if the answer is a refusal
    asked: str = ""  # time of the question, ISO 8601

    @property
    def standalone(self) -> str:
        """The question rewritten to stand alone; the first of several rewritten queries."""
        return self.searched.split(QUERY_SEPARATOR)[0] or self.question


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact that the user asked to remember."""

    number: int  # its id
    said: str  # when it was added, ISO 8601
    text: str


@dataclass(frozen=True, slots=True)
class Session:
    """A saved conversation."""

    name: str  # its id, for example "20240314-2"
    library: str  # name of the library it is with
    started: str  # time of the first question, ISO 8601
    turns: tuple[Turn, ...]
