"""A model that remembers what it has read: tokens in, tokens out. Knows nothing of chats, templates or passages.

The key/value cache is kept between calls, so a prompt that begins like the last one costs only what is new.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.datatypes import never
from assistant.errors import ModelUnusable
from assistant.models.llama.decoder import BATCH, FIRST_ROOM, Decoder

SEQUENCE = 0
LEAST = 1e-30  # of a probability, so that it has a logarithm


@dataclass(frozen=True, slots=True)
class Branch:
    """Tokens that part from those held at `start`, the last of them `weighed`: one at least, and less than all."""

    start: int
    tokens: Sequence[int]
    weighed: int


class Engine(Decoder):
    """A model with one sequence, the prompt's, and others to compute runs of tokens apart. Not for two threads at once."""

    def __init__(self, path: Path, context_tokens: int, threads: int, gpu_layers: int,
                 should_stop: Callable[[], bool] = never) -> None:
        super().__init__(path, context_tokens, threads, gpu_layers, should_stop)
        self._held: list[int] = []  # the tokens whose keys and values the cache holds, in order

    def make_room(self, tokens: int) -> None:
        """Make room for so many tokens in all, up to `context_tokens`; what is held stays.

        A small context is a fast one: moving what was computed takes a pass over all of it, used or not. Raises ModelUnusable
        where the memory does not suffice; the context is then as it was, but empty.
        """
        if min(tokens, self.context_tokens) <= self.room:
            return
        kept, before = self._kept(SEQUENCE) if self._held else b"", self.room
        self._free_context()
        try:
            self._open(min(self.context_tokens, max(tokens, 2 * before)))
        except ModelUnusable:
            self._held.clear()
            self._open(before or FIRST_ROOM)
            raise
        if self._held and not self._take(kept, SEQUENCE):
            self._held.clear()

    def try_tokens(self, tokens: Sequence[int]) -> None:
        """Compute tokens after those held, and forget them. Raises KeyboardInterrupt where it is interrupted."""
        before = len(self._held)
        try:
            self.extend(tokens)
        finally:
            self._keep(before)

    def prefill(self, tokens: Sequence[int]) -> int:
        """Bring the cache to exactly these tokens; return how many of them it held already."""
        # the last token is always computed: its logits are what comes next
        reused = common_prefix(self._held, tokens[:-1])
        self._keep(reused)
        self.read(tokens[reused:])
        return reused

    def read(self, tokens: Sequence[int]) -> None:
        """Compute any number of tokens after those held."""
        for start in range(0, len(tokens), BATCH):
            self.extend(tokens[start : start + BATCH])

    def extend_to(self, tokens: Sequence[int]) -> int:
        """Bring the cache to exactly these tokens, for others to come behind them; return how many it held already."""
        reused = common_prefix(self._held, tokens)
        self._keep(reused)
        self.read(tokens[reused:])
        return reused

    def read_with(self, tokens: Sequence[int], branches: Sequence[Branch]) -> list[float]:
        """Compute tokens after those held; return the logarithm of the probability of what is weighed in each branch.

        All together: a step of the computation takes nearly as long for twenty tokens as for sixty. The branches must leave room
        in the batch for one token at least; they are forgotten.
        """
        spare = BATCH - sum(len(branch.tokens) - 1 for branch in branches)
        head = max(0, len(tokens) - spare)
        self.read(tokens[:head])
        before, at, rows = len(self._held), 0, []
        for sequence, branch in enumerate(branches, SEQUENCE + 1):
            self._api.llama_memory_seq_rm(self._memory, sequence, -1, -1)
            self._api.llama_memory_seq_cp(self._memory, SEQUENCE, sequence, 0, branch.start)
            self._fill(branch.tokens[:-1], branch.start, sequence, at=at, outputs=branch.weighed)
            at += len(branch.tokens) - 1
            rows.append([(at - branch.weighed + number, token) for number, token in enumerate(branch.tokens[-branch.weighed:])])
        self._fill(tokens[head:], before, SEQUENCE, at=at)
        try:
            self._compute(at + len(tokens) - head)
        except BaseException:
            self._keep(before)
            raise
        finally:
            for sequence in range(SEQUENCE + 1, SEQUENCE + 1 + len(branches)):
                self._api.llama_memory_seq_rm(self._memory, sequence, -1, -1)
        self._held.extend(tokens[head:])
        return [sum(math.log(max(LEAST, self.probabilities(row)[token])) for row, token in branch) for branch in rows]

    @property
    def held(self) -> list[int]:
        """The tokens whose keys and values the cache holds, in order. Not to be written to."""
        return self._held

    def keep(self, count: int) -> None:
        """Forget all but the first so many of the tokens held."""
        self._keep(count)

    def save(self) -> bytes:
        """Return the keys and values of the tokens held."""
        return self._kept(SEQUENCE)

    def restore(self, kept: bytes, tokens: Sequence[int]) -> bool:
        """Hold these tokens instead, with the KV state that `save` returned; return False, holding none, on failure."""
        self._keep(0)
        if not self._take(kept, SEQUENCE):
            self._keep(0)
            return False
        self._held.extend(tokens)
        return True

    def follow(self, token: int, drafts: Sequence[int]) -> list[int]:
        """Compute a token and drafts of what follows it; return the drafts that are right and the likeliest token after them.

        The cache holds no more than what is right: nothing of a wrong draft is left.
        """
        before = len(self._held)
        self.extend([token, *drafts], every=True)
        right: list[int] = []
        for index in range(len(drafts) + 1):
            right.append(self.sample(index))
            if index == len(drafts) or right[-1] != drafts[index]:
                break
        self._keep(before + len(right))
        return right

    def extend(self, tokens: Sequence[int], *, every: bool = False) -> None:
        """Compute more tokens after those held; with `every`, what follows each of them and not only the last.

        Raises KeyboardInterrupt where it is interrupted.
        """
        self._fill(tokens, len(self._held), SEQUENCE, outputs=len(tokens) if every else 1)
        before = len(self._held)
        self._held.extend(tokens)
        try:
            self._compute(len(tokens))
        except BaseException:
            self._keep(before)
            raise

    def _keep(self, count: int) -> None:
        self._api.llama_memory_seq_rm(self._memory, SEQUENCE, count, -1)
        del self._held[count:]


def common_prefix(first: Sequence[int], second: Sequence[int]) -> int:
    """Return the length of the longest common prefix."""
    count = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        count += 1
    return count
