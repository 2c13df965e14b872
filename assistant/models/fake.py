"""Models without weights: real implementations of the protocols for tests and trials, and the pattern for a new backend.

Texts that share words have similar vectors, so that tests can assert rankings. The chat model copies the sentence of the passages
that shares most words with the question. Never a default: `fake:` must be asked for by name.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from assistant.datatypes import Gate, Message, ScoredText, Vector, Vectors, never_stop
from assistant.errors import ContextOverflow
from assistant.text.languages import HAN

WORD = re.compile(rf"[{HAN}]|[^\W{HAN}]+")
PASSAGE = re.compile(r"^\[(\d+)\] [^\n]*\n<passage>\n(.*?)\n</passage>$", re.MULTILINE | re.DOTALL)
YES_OR_NO = re.compile("[Rr]eply (?:only )?Yes or No|只回答")
LIKELY, UNLIKELY = -1.0, -5.0  # log-probabilities of a word
SENTENCE = re.compile(r"[^.!?。！？\n]+[.!?。！？]?")


def words(text: str) -> list[str]:
    """Return lower-case words, and single CJK characters."""
    return WORD.findall(text.lower())


class FakeEmbedder:
    """Feature hashing: the vector of a text is the normalized count of its words in 256 buckets."""

    name = "fake:"
    fingerprint = "fake-1"
    dimension = 256

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of words of each text."""
        return [len(words(text)) for text in texts]

    def coverage(self, text: str) -> float:
        """Return 1: every word has a bucket."""
        return 1.0

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors of shape (len(texts), dimension)."""
        return np.stack([self.embed_question(text) for text in texts]) if texts else np.zeros((0, 256), np.float32)

    def embed_question(self, text: str) -> Vectors:
        """Return one unit vector of shape (dimension,)."""
        vector = np.zeros(self.dimension, np.float32)
        for word in words(text):
            vector[int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big") % self.dimension] += 1
        norm = float(np.linalg.norm(vector))
        return vector / norm if norm else vector


class FakeReranker:
    """Scores a text from -4 to 4 by the share of the question's words in it."""

    name = "fake:"
    fingerprint = "fake-1"
    pairs_per_second = 1e6

    def score(self, question: str, texts: Sequence[str]) -> Vectors:
        """Return a score for each text, shape (len(texts),)."""
        asked = set(words(question))
        return np.array([8 * len(asked & set(words(text))) / max(1, len(asked)) - 4 for text in texts], np.float32)


@dataclass(slots=True)
class FakeReply:
    """A reply with a given text."""

    text: str
    prompt_tokens: int
    reused_tokens: int = 0
    candidate_tokens: int = 0
    generated_tokens: int = 0
    finished: bool = True
    candidate_scores: tuple[float, ...] = ()
    states: Mapping[int, Vector] = field(default_factory=dict)
    has_estimated_counts: bool = False
    should_stop: Callable[[], bool] = never_stop

    def _compute(self) -> None:
        """Simulate one step of a computation. Raises KeyboardInterrupt if it is stopped."""
        if self.should_stop():
            raise KeyboardInterrupt

    def likelihood(self, opening: str) -> float:
        """Return 1 if the text begins so, else 0. Raises KeyboardInterrupt if it is stopped."""
        self._compute()
        return float(self.text.startswith(opening))

    def log_likelihoods(self) -> tuple[float, ...]:
        """Return the log-likelihoods of the candidate texts. Raises KeyboardInterrupt if it is stopped."""
        self._compute()
        return self.candidate_scores

    def hidden_state(self, layer: int) -> Vector | None:
        """Return the given state of a layer; None without one. Raises KeyboardInterrupt if it is stopped."""
        self._compute()
        return self.states.get(layer)

    def __iter__(self) -> Iterator[str]:
        """Yield the text word by word. Raises KeyboardInterrupt between two words if it is stopped."""
        for piece in re.findall(r"\S+\s*", self.text):
            self._compute()
            self.generated_tokens += 1
            yield piece


@dataclass(slots=True)
class FakeChat:
    """Replies with the sentence of the passages that shares most words with the question, and records its prompts.

    `replies`, if any, are given first, in order; `verdict` is the reply to prompts that ask for Yes or No. Its only hidden state,
    after the watched layers, is `probed`, or the share of the question's words in the passages.
    `should_stop` ends a reply in the middle, as with a real model.
    """

    name: str = "fake:"
    machine: str = ""
    context_tokens: int = 4096
    replies: list[str] = field(default_factory=list)
    asked: list[tuple[Message, ...]] = field(default_factory=list)
    prefilled: list[tuple[Message, ...]] = field(default_factory=list)
    verdict: str = "Yes"
    probed: float | None = None
    gate: Gate | None = None
    fingerprint: str = "fake-1"
    layers: int = 3
    watched: set[int] = field(default_factory=set)
    should_stop: Callable[[], bool] = never_stop

    def watch(self, layer: int) -> None:
        """Give replies a hidden state of this layer from now on."""
        self.watched.add(layer)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return the number of words of all messages."""
        return sum(len(words(message.content)) for message in messages)

    def reply(self, messages: Sequence[Message], max_tokens: int, candidates: Sequence[ScoredText] = ()) -> FakeReply:
        """Start a reply; see ChatModel. Raises ContextOverflow if prompt and reply do not fit."""
        tokens = self.count_tokens(messages)
        if tokens + max_tokens > self.context_tokens:
            raise ContextOverflow(f"The prompt has {tokens} tokens, too many for a context of {self.context_tokens}.")
        if YES_OR_NO.search(messages[-1].content.strip().rpartition("\n")[2]):  # the last line is the question
            return FakeReply(self.verdict, tokens, should_stop=self.should_stop)
        self.asked.append(tuple(messages))
        by_user = [message.content for message in messages if message.role == "user"]
        said = self.replies.pop(0) if self.replies else nearest_sentence(by_user)
        scores = tuple(self._score(each) for each in candidates)
        states = dict.fromkeys(self.watched, self._state(by_user))
        return FakeReply(said, tokens, candidate_scores=scores, states=states, should_stop=self.should_stop)

    def _state(self, said: Sequence[str]) -> Vector:
        """Return the hidden state at the end of a prompt, shape (1,)."""
        return np.array([share_in_passages(said) if self.probed is None else self.probed], np.float32)

    def prefill(self, messages: Sequence[Message]) -> bool:
        """Record the messages: there is nothing to store. Raises KeyboardInterrupt if it is stopped."""
        if self.should_stop():
            raise KeyboardInterrupt
        self.prefilled.append(tuple(messages))
        return True

    def _score(self, candidate: ScoredText) -> float:
        """Return a log-likelihood: if the verdict is Yes, each word is likelier after a passage."""
        is_likely = self.verdict == "Yes" and any(PASSAGE.search(message.content) for message in candidate.messages)
        return len(words(candidate.text)) * (LIKELY if is_likely else UNLIKELY)

    def close(self) -> None:
        """Do nothing, since there is no memory to free."""


def share_in_passages(said: Sequence[str]) -> float:
    """Return the share (0 to 1) of the words of the last line that the passages hold."""
    question = set(words(said[-1].strip().rpartition("\n")[2]))
    held = {word for prompt in said for _, body in PASSAGE.findall(prompt) for word in words(body)}
    return len(question & held) / len(question) if question else 0.0


def nearest_sentence(said: Sequence[str]) -> str:
    """Return the sentence of the passages that shares most words with the last line, with the passage's number."""
    question = set(words(said[-1].strip().rpartition("\n")[2]))
    best = (0, "I do not know.")
    for prompt in said:
        for number, body in PASSAGE.findall(prompt.strip().rpartition("\n")[0]):
            for sentence in SENTENCE.findall(body):
                shared = len(question & set(words(sentence)))
                if shared > best[0]:
                    best = (shared, f"{sentence.strip()} [{number}]")
    return best[1]
