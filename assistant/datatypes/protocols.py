"""Protocols of the embedding, reranking and chat models."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

from assistant.datatypes.answers import Message, PromptText
from assistant.datatypes.gates import Gate, Vector

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Vectors: TypeAlias = "npt.NDArray[np.float32]"  # a string, so that numpy is imported only where it is used


def never_stop() -> bool:
    """Return False: never stop."""
    return False


class Embedder(Protocol):
    """Maps texts to unit vectors."""

    @property
    def name(self) -> str:
        """The model's display name."""

    @property
    def fingerprint(self) -> str:
        """Hash of everything that influences a vector: weights, prompts, pooling, length limit."""

    @property
    def dimension(self) -> int:
        """The length of a vector."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, without special tokens."""

    def coverage(self, text: str) -> float:
        """Return the share (0 to 1) of the text's tokens that are in the vocabulary."""

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors of shape (len(texts), dimension)."""

    def embed_question(self, text: str) -> Vectors:
        """Return one unit vector of shape (dimension,)."""


class Reranker(Protocol):
    """A cross-encoder that scores the relevance of a passage to a question."""

    @property
    def name(self) -> str:
        """The model's display name."""

    @property
    def fingerprint(self) -> str:
        """Hash of everything that influences a score."""

    @property
    def pairs_per_second(self) -> float:
        """The estimated number of pairs scored per second on this machine."""

    def score(self, question: str, texts: Sequence[str]) -> Vectors:
        """Return the log-odds that each text is relevant, shape (len(texts),)."""


@dataclass(frozen=True, slots=True)
class ScoredText:
    """A candidate reply to messages whose log-probability is computed instead of generating it."""

    messages: tuple[Message, ...]
    text: PromptText


class Reply(Protocol):
    """A streamed reply; iterate to generate it. The counts are final afterwards."""

    prompt_tokens: int  # length of the prompt
    reused_tokens: int  # tokens of the prompt taken from the KV cache
    candidate_tokens: int  # tokens computed for candidates, and for a prompt that had to be computed again
    generated_tokens: int  # length of the reply
    finished: bool  # False if it was cut off at the token limit

    @property
    def has_estimated_counts(self) -> bool:
        """Whether the counts are estimates, because a server did not give them."""

    def likelihood(self, opening: str) -> float:
        """Return the probability (0 to 1) that the reply starts with `opening`, 0 if a server writes it; computes the prompt."""

    def log_likelihoods(self) -> tuple[float, ...]:
        """Return the natural-log probability of each candidate text, () if the model cannot score any; computes the prompt."""

    def hidden_state(self, layer: int) -> Vector | None:
        """Return the hidden state after a layer at the end of the prompt, None if it is not watched; computes the prompt."""

    def __iter__(self) -> Iterator[str]:
        """Yield the text in pieces."""


@runtime_checkable
class Tunable(Protocol):
    """A chat model that can tune its thread count to this machine."""

    def tune(self, place: Path, should_stop: Callable[[], bool], *, anew: bool = False) -> object:
        """Return the fastest configuration, from a file or (always with `anew`) measured now and saved.

        Stops early if `should_stop` returns True.
        """


@runtime_checkable
class Prefilling(Protocol):
    """A chat model that can read the beginning of prompts to come and store the result on disk."""

    def prefill(self, messages: Sequence[Message]) -> bool:
        """Store the KV state of the segments that other prompts begin with too; return False if nothing can be stored.

        Evicts nothing that a prompt has needed. Raises KeyboardInterrupt if it is stopped.
        """


class ChatModel(Protocol):
    """A chat model that generates replies to messages.

    It is opened with a function that says whether to stop, which is called between two steps of every computation. If it returns
    True, the computation raises KeyboardInterrupt and leaves nothing behind that could stop the next one.
    """

    @property
    def name(self) -> str:
        """The model's display name."""

    @property
    def fingerprint(self) -> str:
        """Hash of the model file, by which what was fitted to it is found; "" for a model on another machine."""

    @property
    def gate(self) -> Gate | None:
        """The constants that are shipped for this model to estimate answerability; None if nothing was fitted to it."""

    @property
    def machine(self) -> str:
        """The machine that the model runs on, HOST:PORT; "" for this machine."""

    @property
    def context_tokens(self) -> int:
        """The size of the context window: tokens of prompt plus reply."""

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return the length of the prompt that these messages become, chat template included."""

    def reply(self, messages: Sequence[Message], max_tokens: int, candidates: Sequence[ScoredText] = ()) -> Reply:
        """Start a reply at temperature 0. Raises ContextOverflow if prompt and reply do not fit the context window.

        The log-probabilities of up to two `candidates` are computed in the same batch; this is cheap if their
        messages share the prompt's prefix.
        """

    def close(self) -> None:
        """Free the model's memory."""


@runtime_checkable
class Probing(ChatModel, Protocol):
    """A chat model whose hidden states can be read."""

    @property
    def layers(self) -> int:
        """The number of layers whose outputs can be read; 0 if none can."""

    def watch(self, layer: int) -> None:
        """Keep the output of a layer at the end of each prompt from now on: see Reply.hidden_state."""
