"""The protocols of the models, and their vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

from assistant.datatypes.conversation import Message, PromptText

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Vectors: TypeAlias = "npt.NDArray[np.float32]"  # a string, so that a command that needs no vectors need not import numpy


def never() -> bool:
    """Say that nothing is to be stopped."""
    return False


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


@dataclass(frozen=True, slots=True)
class Supposed:
    """A text as a reply to messages, not to be written but to be weighed."""

    messages: tuple[Message, ...]
    text: PromptText


class Reply(Protocol):
    """A reply that is being written: iterate to stream its pieces; the counts are final after that."""

    prompt_tokens: int
    reused_tokens: int
    supposed_tokens: int  # of what was supposed
    generated_tokens: int
    finished: bool  # False: it was cut off at the token limit

    def likelihood(self, opening: str) -> float:
        """Return the probability (0 to 1) that the reply begins as `opening` does; ask before iterating."""

    def log_likelihoods(self) -> tuple[float, ...]:
        """Return the natural logarithm of the probability of each text that was supposed; reads the prompt."""

    def __iter__(self) -> Iterator[str]:
        """Yield the text piece by piece."""


@runtime_checkable
class Tunable(Protocol):
    """A chat model that can be measured on this machine, so that it is faster afterwards."""

    def tune(self, place: Path, should_stop: Callable[[], bool]) -> object:
        """Return how it computes fastest, as kept in a file or measured now and kept; soon where `should_stop` says so."""


class ChatModel(Protocol):
    """Writes replies to messages.

    It is opened with a function that says whether to stop. The thread that computes asks it between two steps of any computation,
    which ends with KeyboardInterrupt where it says so: nothing is left over that could stop the next one.
    """

    @property
    def name(self) -> str:
        """What a person calls the model."""

    @property
    def context_tokens(self) -> int:
        """The number of tokens that prompt and reply must share."""

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return the length of the prompt that these messages become, template included."""

    def reply(self, messages: Sequence[Message], max_tokens: int, supposed: Sequence[Supposed] = ()) -> Reply:
        """Start a reply at temperature 0. Raises ContextOverflow where prompt and reply do not fit.

        How likely a model finds what is `supposed`, two texts at most, is found by the way, for little where its messages begin
        as these do.
        """

    def close(self) -> None:
        """Free the model's memory."""
