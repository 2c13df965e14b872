"""Answers with their citations, support, answerability and conflicts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from assistant.datatypes.documents import Location
from assistant.datatypes.files import Progress
from assistant.datatypes.search import Hit, Kind, Timings


@dataclass(frozen=True, slots=True)
class Citation:
    """A numbered source of an answer: a verbatim quote and its exact location.

    number: the number in the answer's text, from 1
    path: the file, or for another `kind` an id such as "memory:3"
    quote: verbatim text of the source
    """

    number: int
    path: str
    title: str
    location: Location
    quote: str
    kind: Kind = "file"


Support = Literal["full", "partial", "none"]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an answer.

    text: without citation marks
    numbers: numbers of its citations
    support: how far the cited passages entail it
    """

    text: str
    numbers: tuple[int, ...]
    support: Support


@dataclass(frozen=True, slots=True)
class Answerability:
    """The answerability of a question from the passages found, estimated before or after the answer is generated.

    p_unanswerable: probability (0 to 1) that the passages do not state the answer
    threshold: the answer is refused above this probability (0 to 1)
    p_refusal_token: probability (0 to 1) that the model's reply starts with the refusal
    query_likelihood_gain: 1 - log p(question | passages) / log p(question), in [-1, 1]; 1: the passages predict the question
      fully, 0: not at all, negative: they make it less likely
    p_verified: probability (0 to 1) of "Yes" when the model verifies its answer; None if it was not asked
    """

    p_unanswerable: float
    threshold: float
    p_refusal_token: float
    query_likelihood_gain: float
    p_verified: float | None = None


@dataclass(frozen=True, slots=True)
class Calibration:
    """The refusal threshold's calibration for one library, from questions generated from its own chunks.

    questions: number of questions
    offset: added to the log-odds of `p_unanswerable`
    threshold: refusal threshold (0 to 1) that the shares refer to
    answerable_refused: share (0 to 1) of answerable questions refused, without and with the offset
    unanswerable_refused: share (0 to 1) of unanswerable questions refused, without and with the offset
    """

    questions: int
    offset: float
    threshold: float
    answerable_refused: tuple[float, float]
    unanswerable_refused: tuple[float, float]


@dataclass(frozen=True, slots=True)
class ConflictSide:
    """What one file says in a conflict.

    citation: where it says so
    value: the conflicting value
    date: date of the file's statement, "2024", "2024-03" or "2024-03-01"; "" if unknown
    """

    citation: Citation
    value: str
    date: str = ""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two or more files that contradict each other, newest first."""

    sides: tuple[ConflictSide, ...]


@dataclass(frozen=True, slots=True)
class RemovedText:
    """Text of one file that was removed from the prompt: prompt injections and invisible comments.

    sentences: number of sentences that give the model instructions
    comments: number of comments that a reader does not see
    """

    path: str
    sentences: int
    comments: int


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer.

    text: the answer with citation marks [1]; if `abstained`, the refusal
    abstained: True if the files do not state the answer
    hits: the passages in the prompt, best first
    prompt_version: version of the prompt templates
    searched: the rewritten query of a follow-up question; "" if the question was used as it is
    sentences: the sentences with their support, empty if it was not checked
    answerability: None if it was not estimated
    masked: what was removed from the passages before the model read them
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
    answerability: Answerability | None = None
    conflicts: tuple[Conflict, ...] = ()
    masked: tuple[RemovedText, ...] = ()


class StreamedAnswer:
    """Base class of streamed answers: see AnswerStreaming. Subclasses set `_finished` at the end of iteration."""

    question: str
    hits: tuple[Hit, ...] = ()
    _finished: tuple[Answer, ...] = ()

    @property
    def sentences(self) -> Sequence[Sentence]:
        """Return none, as for an answer whose lines carry their own citations."""
        return ()

    def prepare(self, on_progress: Callable[[Progress], None]) -> None:
        """Do nothing, as for an answer without work before its first token."""

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

    def prepare(self, on_progress: Callable[[Progress], None]) -> None:
        """Do the long work before the first token, if any, and report its progress."""

    def __iter__(self) -> Iterator[str]:
        """Yield the text in pieces."""
