"""An answer, its sources, and how far it is to be believed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from assistant.datatypes.documents import Location
from assistant.datatypes.files import Progress
from assistant.datatypes.search import Hit, Kind, Timings


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

    `foretold` is how much of the question the passages foretell (1: all of it, 0: nothing, less: they make it unlikelier),
    `unstated` the probability that the model refuses, `after` that of its Yes to whether the passages state this answer; None:
    it was clear without.
    """

    share: float
    most: float
    unstated: float
    foretold: float
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
class Masked:
    """What of one file a model was not shown: sentences that set its orders aside, and comments that no reader sees."""

    path: str
    sentences: int
    comments: int


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer. `abstained`: the files do not say, and `text` says so.

    `searched` is what was searched for, where a follow-up question had to be made to stand alone. `masked` names what the model
    was not shown of the passages.
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
    masked: tuple[Masked, ...] = ()


class Written:
    """What answers that are written while they are iterated have in common. Whoever iterates sets `_finished` at the end."""

    _finished: tuple[Answer, ...] = ()

    @property
    def answer(self) -> Answer:
        """The finished answer; waits for it where nobody has iterated."""
        if not self._finished:
            for _ in self:
                pass
        return self._finished[0]

    def __iter__(self) -> Iterator[str]:
        """Yield the text piece by piece."""
        raise NotImplementedError


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
