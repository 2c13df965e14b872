"""One llama.cpp model and context: tokens in, tokens out. Knows nothing of chats, templates or passages.

The key/value cache is kept between calls, so a prompt that begins like the last one costs only what is new.
"""

from __future__ import annotations

import ctypes
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.backends.llama.context import BATCH, FIRST_ROOM, SEQUENCES, open_context
from assistant.backends.llama.cores import Threads, usable_cores
from assistant.backends.llama.interrupt import noted_interrupts
from assistant.backends.llama.log import LogKeeper
from assistant.backends.llama.opening import open_model
from assistant.backends.llama.vocabulary import Vocabulary
from assistant.backends.threads import wait_politely
from assistant.errors import ContextOverflow, ModelUnusable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Probabilities = npt.NDArray[np.float64]

SEQUENCE = 0
LEAST = 1e-30  # of a probability, so that it has a logarithm
APART = 1  # the sequence in which a run of tokens is computed, or brought back, before it joins the prompt


@dataclass(frozen=True, slots=True)
class Branch:
    """Tokens that part from those held at `start`, the last of them `weighed`: one at least, and less than all."""

    start: int
    tokens: Sequence[int]
    weighed: int


class Engine:
    """A loaded model with one sequence, and others to compute runs of tokens apart. Not for two threads at once."""

    def __init__(self, path: Path, context_tokens: int, threads: int, gpu_layers: int) -> None:
        wait_politely()
        import llama_cpp

        self._api: Any = llama_cpp
        self._log = LogKeeper(llama_cpp)
        llama_cpp.llama_backend_init()
        self._threads = Threads(*[threads or usable_cores()[0]] * 2)
        self._model = open_model(llama_cpp, path, gpu_layers, self._log)
        self.vocabulary = Vocabulary(llama_cpp, self._model)
        self.context_tokens: int = min(context_tokens, llama_cpp.llama_model_n_ctx_train(self._model))
        self._interrupted = False
        # kept as an attribute: llama.cpp calls it for as long as the context lives
        self._abort = llama_cpp.llama_cpp.ggml_abort_callback(self._should_abort)
        self.room = 0
        self._open(min(FIRST_ROOM, self.context_tokens))
        self._sampler = llama_cpp.llama_sampler_init_greedy()
        self._batch = llama_cpp.llama_batch_init(BATCH, 0, 1)
        self._held: list[int] = []  # the tokens whose keys and values the cache holds, in order

    def _open(self, room: int) -> None:
        self._context = open_context(self._api, self._model, room, self._threads, self._abort, self._log)
        self._memory = self._api.llama_get_memory(self._context)
        self.room = room

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

    def _free_context(self) -> None:
        if self._context:
            self._api.llama_free(self._context)
        self._context, self.room = None, 0

    def _should_abort(self, _data: object) -> bool:
        # Python runs signal handlers inside this call, so Ctrl-C stops a prefill that lasts half a minute
        return self._interrupted

    def interrupt(self) -> None:
        """Stop what is computed, in this thread or another, with KeyboardInterrupt."""
        self._interrupted = True

    def go_on(self) -> None:
        """Forget an interruption that came too late."""
        self._interrupted = False

    def set_threads(self, threads: Threads) -> None:
        """Compute with so many threads from now on."""
        self._threads = threads
        self._api.llama_set_n_threads(self._context, threads.writing, threads.reading)

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
            except ContextOverflow:
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

    def _kept(self, sequence: int) -> bytes:
        """Return the keys and values of a sequence."""
        size = self._api.llama_state_seq_get_size(self._context, sequence)
        buffer = (ctypes.c_uint8 * size)()
        written = self._api.llama_state_seq_get_data(self._context, buffer, size, sequence)
        return bytes(memoryview(buffer)[:written])

    def _take(self, kept: bytes, sequence: int) -> bool:
        """Let a sequence have the keys and values that `_kept` returned; return whether it could."""
        buffer = (ctypes.c_uint8 * len(kept)).from_buffer_copy(kept)
        return bool(self._api.llama_state_seq_set_data(self._context, buffer, len(kept), sequence))

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

    def follow(self, token: int, drafts: Sequence[int], sure: float = 0.0) -> list[int]:
        """Compute a token and drafts of what follows it; return the drafts that are right and the likeliest token after them.

        They end before the first whose probability is below `sure`; there may be none. The cache holds no more than what is
        right: nothing of a wrong draft is left.
        """
        before = len(self._held)
        self.extend([token, *drafts], every=True)
        right: list[int] = []
        for index in range(len(drafts) + 1):
            found = self.sample_sure(sure, index)
            right += found
            if not found or index == len(drafts) or found[0] != drafts[index]:
                break
        self._keep(before + len(right))
        return right

    def extend(self, tokens: Sequence[int], *, every: bool = False) -> None:
        """Compute more tokens after those held; with `every`, what follows each of them and not only the last.

        Raises KeyboardInterrupt where Ctrl-C came meanwhile.
        """
        self._fill(tokens, len(self._held), SEQUENCE, outputs=len(tokens) if every else 1)
        before = len(self._held)
        self._held.extend(tokens)
        try:
            self._compute(len(tokens))
        except BaseException:
            self._keep(before)
            raise

    def _compute(self, count: int) -> None:
        """Compute the batch, of so many tokens. Raises ContextOverflow, or KeyboardInterrupt where Ctrl-C came meanwhile."""
        if status := self._decode():
            raise ContextOverflow(f"llama.cpp could not take {count} more tokens after {len(self._held)} (status {status}).")

    def _decode(self) -> int:
        """Compute the batch; return llama.cpp's status. Raises KeyboardInterrupt where Ctrl-C came meanwhile."""
        with noted_interrupts(self.interrupt):
            status = int(self._api.llama_decode(self._context, self._batch))
        if self._interrupted:
            self._interrupted = False
            if status:
                self.drop_apart()
            raise KeyboardInterrupt
        return status

    def _fill(self, tokens: Sequence[int], position: int, sequence: int, *, at: int = 0, outputs: int = 1) -> None:
        """Put tokens of a sequence into the batch, behind the first `at` in it; what follows the last `outputs` will be known."""
        batch = self._batch
        batch.n_tokens = at + len(tokens)
        for index, token in enumerate(tokens):
            batch.token[at + index] = token
            batch.pos[at + index] = position + index
            batch.n_seq_id[at + index] = 1
            batch.seq_id[at + index][0] = sequence
            batch.logits[at + index] = index >= len(tokens) - outputs

    def _keep(self, count: int) -> None:
        self._api.llama_memory_seq_rm(self._memory, SEQUENCE, count, -1)
        del self._held[count:]

    def sample(self, index: int = -1) -> int:
        """Return the likeliest next token, behind a token of the last batch."""
        return int(self._api.llama_sampler_sample(self._sampler, self._context, index))

    def sample_sure(self, sure: float, index: int = -1) -> list[int]:
        """Return the likeliest next token, if its probability is `sure` at least; behind a token of the last batch."""
        return [self.sample(index)] if not sure or self.certainty(index) >= sure else []

    def certainty(self, index: int = -1) -> float:
        """Return the probability (0 to 1) of the likeliest next token, behind a token of the last batch."""
        import numpy as np

        logits = self._logits(index)
        return float(1 / np.exp(logits - logits.max()).sum(dtype=np.float64))

    def probabilities(self, index: int = -1) -> Probabilities:
        """Return the probability (0 to 1) of each token as the next one, behind a token of the last batch."""
        import numpy as np

        logits = self._logits(index).astype(np.float64)  # the sum has 150,000 terms
        odds = np.exp(logits - logits.max())
        shares: Probabilities = odds / odds.sum()
        return shares

    def _logits(self, index: int) -> npt.NDArray[np.float32]:
        """Return the logits behind a token of the last batch; they are the library's own, and good until the next one."""
        import numpy as np

        found = self._api.llama_get_logits_ith(self._context, index)
        logits: npt.NDArray[np.float32] = np.ctypeslib.as_array(found, shape=(self.vocabulary.size,))
        return logits

    def probability(self, token: int) -> float:
        """Return the probability (0 to 1) of a token as the next one."""
        return float(self.probabilities()[token])

    def close(self) -> None:
        """Free everything."""
        if self._model:
            self._free_context()
            self._api.llama_sampler_free(self._sampler)
            self._api.llama_batch_free(self._batch)
            self._api.llama_model_free(self._model)
            self._model = None

    def __del__(self) -> None:
        # at interpreter exit the library frees itself
        if not sys.is_finalizing() and getattr(self, "_batch", None):
            self.close()


def common_prefix(first: Sequence[int], second: Sequence[int]) -> int:
    """Return the length of the longest common prefix."""
    count = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        count += 1
    return count
