"""Decode tokens with a KV cache that is kept between calls: a prompt with the prefix of the last one costs only the rest.

A token's state depends, in its last bits, on the batch in which it was computed, and a near-tie between two words then falls
either way. So a prompt is computed in batches that begin at the same tokens whatever was cached: at each of its borders, and
every STEP tokens behind the last. Only whole parts between borders and whole steps are reused. It knows nothing of messages,
templates or chunks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from assistant.datatypes import never_stop
from assistant.errors import ModelUnusable
from assistant.models.llama.decoder import BATCH, FIRST_ROOM, Decoder
from assistant.models.llama.hidden_states import LayerOutputs

SEQUENCE = 0
STEP = 64  # tokens of a prompt that are computed at once: a cached prompt is reused up to the last common step
MIN_PROBABILITY = 1e-30  # so that it has a logarithm


@dataclass(frozen=True, slots=True)
class Branch:
    """An alternative continuation of the cached tokens from position `start`; its last `scored` tokens are scored.

    `scored` is at least 1 and less than the number of tokens.
    """

    start: int
    tokens: Sequence[int]
    scored: int


class Engine(Decoder):
    """A model with one sequence for the prompt and others for branches of it. Not thread-safe."""

    def __init__(self, path: Path, context_tokens: int, threads: int, gpu_layers: int,
                 should_stop: Callable[[], bool] = never_stop, layers: Collection[int] = ()) -> None:
        super().__init__(path, context_tokens, threads, gpu_layers, should_stop, layers)
        self._cached: list[int] = []  # the tokens whose KV state the cache holds, in order
        self._borders: tuple[int, ...] = ()  # where the parts of the prompt end that were each computed as a whole
        self._stepped = 0  # cached tokens that were computed in whole steps

    def grow_context(self, tokens: int) -> None:
        """Grow the context to `tokens`, up to `context_tokens`; the cached tokens stay.

        The context starts small since some operations pass over all of it, used or not. Raises ModelUnusable if there is too
        little memory; the context then has its old size and is empty.
        """
        if min(tokens, self.context_tokens) <= self.context_size:
            return
        before = self.context_size
        try:
            self._reopen(min(self.context_tokens, max(tokens, 2 * before)))
        except ModelUnusable:
            self._cached.clear()
            self._open(before or FIRST_ROOM)
            raise

    def _reopen(self, tokens: int) -> None:
        """Open another context of `tokens` in place of this one; the cached tokens stay. Raises ModelUnusable."""
        kept = self._state(SEQUENCE) if self._cached else b""
        self._free_context()
        self._open(tokens)
        if self._cached and not self._load_state(kept, SEQUENCE):
            self._cached.clear()

    def watch(self, layer: int) -> None:
        """Keep the outputs of a layer from the next batch on. The first layer takes a new context. Raises ModelUnusable."""
        if self._outputs is not None:
            self._outputs.watch(layer)
            return
        self._outputs = LayerOutputs(self._api, self._model, [layer])
        if self._context:
            self._reopen(self.context_size)

    def try_tokens(self, tokens: Sequence[int]) -> None:
        """Decode tokens after the cached ones, then drop them. Raises KeyboardInterrupt."""
        before = len(self._cached)
        try:
            self.extend(tokens)
        finally:
            self.truncate(before)

    def prefill(self, tokens: Sequence[int], *, needs_logits: bool = True) -> int:
        """Bring the cache to exactly these tokens, which begin with its parts; return how many of them it held.

        With `needs_logits` the last token is always computed: its logits predict the first token of the reply.
        """
        common = min(self._stepped, common_prefix(self._cached, tokens[:-1] if needs_logits else tokens))
        reused = self._start + (common - self._start) // STEP * STEP if common >= self._start else 0
        self.truncate(reused)
        for first in range(reused, len(tokens), STEP):
            self.extend(tokens[first : first + STEP])
            if first + STEP <= len(tokens) and first >= self._start:
                self._stepped = first + STEP
        return reused

    @property
    def _start(self) -> int:
        """Where the steps begin: the last border."""
        return self._borders[-1] if self._borders else 0

    def extend_parts(self, part: Sequence[int]) -> None:
        """Decode one more part of a prompt, as a whole, right behind the parts that the cache holds."""
        self.truncate(self._start)
        self.decode(part)
        self._borders = (*self._borders, len(self._cached))
        self._stepped = len(self._cached)

    def keep_parts(self, tokens: Sequence[int], borders: Sequence[int]) -> bool:
        """Return whether the cache begins with these tokens, computed in parts that end at these borders; drop further parts."""
        count = len(borders)
        if self._borders[:count] != tuple(borders) or self._cached[: len(tokens)] != list(tokens):
            return False
        if len(self._borders) > count:
            self.truncate(len(tokens))
            self._borders = tuple(borders)
        return True

    def decode(self, tokens: Sequence[int]) -> None:
        """Decode any number of tokens after the cached ones."""
        for start in range(0, len(tokens), BATCH):
            self.extend(tokens[start : start + BATCH])

    def decode_and_score(self, tokens: Sequence[int], branches: Sequence[Branch]) -> list[float]:
        """Decode tokens after the cached ones and score branches in the same batch; return the log-probability of each branch.

        One batch, since a step takes nearly as long for twenty tokens as for sixty. The branches must leave room in it for at
        least one token; they are dropped afterwards.
        """
        spare = BATCH - sum(len(branch.tokens) - 1 for branch in branches)
        head = max(0, len(tokens) - spare)
        self.decode(tokens[:head])
        before, at, rows = len(self._cached), 0, []
        for sequence, branch in enumerate(branches, SEQUENCE + 1):
            self._api.llama_memory_seq_rm(self._memory, sequence, -1, -1)
            self._api.llama_memory_seq_cp(self._memory, SEQUENCE, sequence, 0, branch.start)
            self._fill(branch.tokens[:-1], branch.start, sequence, at=at, outputs=branch.scored)
            at += len(branch.tokens) - 1
            rows.append([(at - branch.scored + number, token) for number, token in enumerate(branch.tokens[-branch.scored:])])
        self._fill(tokens[head:], before, SEQUENCE, at=at)
        try:
            self._compute(at + len(tokens) - head)
        except BaseException:
            self.truncate(before)
            raise
        finally:
            for sequence in range(SEQUENCE + 1, SEQUENCE + 1 + len(branches)):
                self._api.llama_memory_seq_rm(self._memory, sequence, -1, -1)
        self._cached.extend(tokens[head:])
        return [sum(math.log(max(MIN_PROBABILITY, self.probabilities(row)[token])) for row, token in branch) for branch in rows]

    @property
    def cached_tokens(self) -> list[int]:
        """The tokens whose KV state the cache holds, in order. Do not modify."""
        return self._cached

    def save(self) -> bytes:
        """Return the KV state of the cached tokens."""
        return self._state(SEQUENCE)

    def restore(self, kept: bytes, tokens: Sequence[int], borders: Sequence[int]) -> bool:
        """Cache the parts of a prompt, with the KV state that `save` returned; return False, caching none, on failure."""
        self.truncate(0)
        if not self._load_state(kept, SEQUENCE):
            self.truncate(0)
            return False
        self._cached.extend(tokens)
        self._borders, self._stepped = tuple(borders), len(tokens)
        return True

    @contextmanager
    def set_aside(self) -> Iterator[None]:
        """Cache nothing at first inside the block; afterwards, also if it is interrupted, what was cached before it."""
        tokens, borders, stepped = [*self._cached], self._borders, self._stepped
        kept = self.save() if tokens else b""
        self.truncate(0)
        try:
            yield
        finally:
            self.truncate(0)
            if tokens and self.restore(kept, tokens, borders):
                self._stepped = stepped

    def follow(self, token: int, drafts: Sequence[int]) -> list[int]:
        """Decode a token and drafted continuations; return the correct drafts and the likeliest token after them.

        The cache then holds the token and the correct drafts only.
        """
        before = len(self._cached)
        with self._outputs.paused() if self._outputs else nullcontext():
            self.extend([token, *drafts], every=True)
        right: list[int] = []
        for index in range(len(drafts) + 1):
            right.append(self.sample(index))
            if index == len(drafts) or right[-1] != drafts[index]:
                break
        self.truncate(before + len(right))
        return right

    def extend(self, tokens: Sequence[int], *, every: bool = False) -> None:
        """Decode tokens after the cached ones, with logits of the last, or of each with `every`. Raises KeyboardInterrupt."""
        self._fill(tokens, len(self._cached), SEQUENCE, outputs=len(tokens) if every else 1)
        before = len(self._cached)
        self._cached.extend(tokens)
        try:
            self._compute(len(tokens))
        except BaseException:
            self.truncate(before)
            raise

    def truncate(self, count: int) -> None:
        """Drop all cached tokens after the first `count`."""
        self._api.llama_memory_seq_rm(self._memory, SEQUENCE, count, -1)
        del self._cached[count:]
        self._stepped = min(self._stepped, count)
        self._borders = tuple(border for border in self._borders if border <= count)


def common_prefix(first: Sequence[int], second: Sequence[int]) -> int:
    """Return the length of the longest common prefix."""
    count = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        count += 1
    return count
