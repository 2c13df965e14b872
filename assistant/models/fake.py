"""Models without weights: real implementations of the protocols for tests and trials, and the pattern for a new backend.

Texts that share words have near vectors, so rankings can be asserted; the chat copies the passage sentence nearest to the
question. Never a default: a person must ask for `fake:` by name.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from assistant.datatypes import Message, Supposed, Vectors, never
from assistant.errors import ContextOverflow
from assistant.text.languages import HAN

WORD = re.compile(rf"[{HAN}]|[^\W{HAN}]+")
PASSAGE = re.compile(r"^\[(\d+)\] [^\n]*\n<passage>\n(.*?)\n</passage>$", re.MULTILINE | re.DOTALL)
YES_OR_NO = re.compile("[Rr]eply (?:only )?Yes or No|只回答")
FORETOLD, UNHEARD = -1.0, -5.0  # logarithms of the probability of a word
SENTENCE = re.compile(r"[^.!?。！？\n]+[.!?。！？]?")


def words(text: str) -> list[str]:
    """Return lower-case words, and single characters of CJK."""
    return WORD.findall(text.lower())


class FakeEmbedder:
    """Hashes words to buckets: the vector of a text is the unit-length count of its words."""

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
    """Scores a text by the share of the question's words that it holds, from -4 to 4."""

    name = "fake:"
    fingerprint = "fake-1"
    pairs_per_second = 1e6

    def score(self, question: str, texts: Sequence[str]) -> Vectors:
        """Return a score for each text, shape (len(texts),)."""
        asked = set(words(question))
        return np.array([8 * len(asked & set(words(text))) / max(1, len(asked)) - 4 for text in texts], np.float32)


@dataclass(slots=True)
class FakeReply:
    """A reply whose text is known from the start."""

    text: str
    prompt_tokens: int
    reused_tokens: int = 0
    supposed_tokens: int = 0
    generated_tokens: int = 0
    finished: bool = True
    weighed: tuple[float, ...] = ()
    should_stop: Callable[[], bool] = never

    def _compute(self) -> None:
        """Stand for one step of a computation. Raises KeyboardInterrupt where it is to stop."""
        if self.should_stop():
            raise KeyboardInterrupt

    def likelihood(self, opening: str) -> float:
        """Return 1 where the text begins so, 0 otherwise. Raises KeyboardInterrupt where it is to stop."""
        self._compute()
        return float(self.text.startswith(opening))

    def log_likelihoods(self) -> tuple[float, ...]:
        """Return what is known of the texts that were supposed. Raises KeyboardInterrupt where it is to stop."""
        self._compute()
        return self.weighed

    def __iter__(self) -> Iterator[str]:
        """Yield the text word by word. Raises KeyboardInterrupt between two words where it is to stop."""
        for piece in re.findall(r"\S+\s*", self.text):
            self._compute()
            self.generated_tokens += 1
            yield piece


@dataclass(slots=True)
class FakeChat:
    """Answers with the passage sentence that shares most words with the question; records what it was asked.

    `replies`, where given, are said first, in order; `verdict` is what it says where only Yes or No is wanted.
    `should_stop` ends a reply in the middle, as it does with a real model.
    """

    name: str = "fake:"
    context_tokens: int = 4096
    replies: list[str] = field(default_factory=list)
    asked: list[tuple[Message, ...]] = field(default_factory=list)
    verdict: str = "Yes"
    should_stop: Callable[[], bool] = never

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return the number of words of all messages."""
        return sum(len(words(message.content)) for message in messages)

    def reply(self, messages: Sequence[Message], max_tokens: int, supposed: Sequence[Supposed] = ()) -> FakeReply:
        """Start a reply; see ChatModel. Raises ContextOverflow where prompt and reply do not fit."""
        tokens = self.count_tokens(messages)
        if tokens + max_tokens > self.context_tokens:
            raise ContextOverflow(f"The prompt has {tokens} tokens, too many for a context of {self.context_tokens}.")
        if YES_OR_NO.search(messages[-1].content.strip().rpartition("\n")[2]):  # what is asked, and not a passage
            return FakeReply(self.verdict, tokens, should_stop=self.should_stop)
        self.asked.append(tuple(messages))
        by_person = [message.content for message in messages if message.role == "user"]
        said = self.replies.pop(0) if self.replies else nearest_sentence(by_person)
        weighed = tuple(self._weigh(each) for each in supposed)
        return FakeReply(said, tokens, weighed=weighed, should_stop=self.should_stop)

    def _weigh(self, supposed: Supposed) -> float:
        """Return a logarithm of a probability: with a passage before it each word is likelier, where the verdict is Yes."""
        foretold = self.verdict == "Yes" and any(PASSAGE.search(message.content) for message in supposed.messages)
        return len(words(supposed.text)) * (FORETOLD if foretold else UNHEARD)

    def close(self) -> None:
        """Do nothing: there is no memory to free."""


def nearest_sentence(said: Sequence[str]) -> str:
    """Return the sentence of the passages in what the person said that shares most words with the last line, and its number."""
    question = set(words(said[-1].strip().rpartition("\n")[2]))
    best = (0, "I do not know.")
    for prompt in said:
        for number, body in PASSAGE.findall(prompt.strip().rpartition("\n")[0]):
            for sentence in SENTENCE.findall(body):
                shared = len(question & set(words(sentence)))
                if shared > best[0]:
                    best = (shared, f"{sentence.strip()} [{number}]")
    return best[1]
