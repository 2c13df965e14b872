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
from assistant.models.llama.decoder import BATCH, FIRST_ROOM, SEQUENCES, Accepts, Decoder, always

SEQUENCE = 0
LEAST = 1e-30  # of a probability, so that it has a logarithm
APART = 1  # the sequence in which a run of tokens is computed, or brought back, before it joins the prompt


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

    def bring(self, tokens: Sequence[int]) -> int:
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
        for sequence, branch in enumerate(branches, APART):
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
            for sequence in range(APART, APART + len(branches)):
                self._api.llama_memory_seq_rm(self._memory, sequence, -1, -1)
        self._held.extend(tokens[head:])
        return [sum(math.log(max(LEAST, self.probabilities(row)[token])) for row, token in branch) for branch in rows]

    @property
    def held(self) -> list[int]:
        """The tokens whose keys and values the cache holds, in order. Not to be written to."""
        return self._held

    @property
    def can_join(self) -> bool:
        """Whether what was computed in one place can be moved to another."""
        return bool(self._api.llama_memory_can_shift(self._memory))

    def keep(self, count: int) -> None:
        """Forget all but the first so many of the tokens held."""
        self._keep(count)

    def compute_apart(self, prefix: int, tokens: Sequence[int]) -> bytes:
        """Compute tokens as if they stood right behind the first `prefix` of those held; return their keys and values.

        They are left apart: `join` moves them, `drop_apart` forgets them.
        """
        api, memory = self._api, self._memory
        self.drop_apart()
        api.llama_memory_seq_cp(memory, SEQUENCE, APART, 0, prefix)
        for start in range(0, len(tokens), BATCH):
            piece = tokens[start : start + BATCH]
            self._fill(piece, prefix + start, APART)
            try:
                self._compute(len(piece))
            except BaseException:
                self.drop_apart()
                raise
        api.llama_memory_seq_rm(memory, APART, 0, prefix)
        return self._kept(APART)

    def bring_back(self, kept: bytes) -> bool:
        """Bring back what `compute_apart` returned; return whether it could be."""
        self.drop_apart()
        if self._take(kept, APART):
            return True
        self.drop_apart()
        return False

    def join(self, prefix: int, tokens: Sequence[int]) -> None:
        """Move what is apart, computed at position `prefix`, behind the tokens held."""
        api, memory = self._api, self._memory
        api.llama_memory_seq_add(memory, APART, -1, -1, len(self._held) - prefix)
        api.llama_memory_seq_cp(memory, APART, SEQUENCE, -1, -1)
        self.drop_apart()
        self._held.extend(tokens)

    def refresh(self, spans: Sequence[tuple[int, int]]) -> None:
        """Compute spans of the tokens held (first place, place behind the last) anew, each behind all that stands before it.

        As many at once as there are sequences and as fit a batch: a span does not see what is anew of the others in the batch.
        """
        waiting: list[tuple[int, int]] = []
        for start, end in spans:
            if len(waiting) == SEQUENCES - APART or sum(last - first for first, last in waiting) + end - start > BATCH:
                self._refresh(waiting)
                waiting = []
            waiting.append((start, end))
        if waiting:
            self._refresh(waiting)

    def _refresh(self, spans: Sequence[tuple[int, int]]) -> None:
        api, memory, at = self._api, self._memory, 0
        for sequence, (start, end) in enumerate(spans, APART):
            api.llama_memory_seq_rm(memory, sequence, -1, -1)
            api.llama_memory_seq_cp(memory, SEQUENCE, sequence, 0, start)
            self._fill(self._held[start:end], start, sequence, at=at)
            at += end - start
        try:
            self._compute(at)
            for sequence, (start, end) in enumerate(spans, APART):
                api.llama_memory_seq_rm(memory, SEQUENCE, start, end)
                api.llama_memory_seq_cp(memory, sequence, SEQUENCE, start, end)
        finally:
            for sequence in range(APART, APART + len(spans)):
                api.llama_memory_seq_rm(memory, sequence, -1, -1)

    def drop_apart(self) -> None:
        """Forget what is apart."""
        self._api.llama_memory_seq_rm(self._memory, APART, -1, -1)

    def follow(self, token: int, drafts: Sequence[int], accepts: Accepts = always) -> list[int]:
        """Compute a token and drafts of what follows it; return the drafts that are right and the likeliest token after them.

        They end before the first that is not accepted; there may be none. The cache holds no more than what is
        right: nothing of a wrong draft is left.
        """
        before = len(self._held)
        self.extend([token, *drafts], every=True)
        right: list[int] = []
        for index in range(len(drafts) + 1):
            found = self.sample_if(accepts, index)
            right += found
            if not found or index == len(drafts) or found[0] != drafts[index]:
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
