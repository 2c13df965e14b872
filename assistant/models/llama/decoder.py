"""One llama.cpp model and context: tokens of several sequences in; their keys and values, and what follows each, out.

Knows nothing of what the tokens mean, nor of what stands in the cache: who fills it does.
"""

from __future__ import annotations

import ctypes
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.datatypes import never
from assistant.errors import ContextOverflow, ModelUnusable
from assistant.models.llama.chat_template import Vocabulary
from assistant.models.llama.load import LogKeeper, open_model
from assistant.models.llama.thread_tuning import Threads, usable_cores, wait_politely

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    Probabilities = npt.NDArray[np.float64]


class Decoder:
    """A loaded model and its context. Not for two threads at once.

    `should_stop` is asked again and again while it computes, by the thread that computes; it must not raise.
    """

    def __init__(self, path: Path, context_tokens: int, threads: int, gpu_layers: int,
                 should_stop: Callable[[], bool] = never) -> None:
        wait_politely()
        import llama_cpp

        self._api: Any = llama_cpp
        self._log = LogKeeper(llama_cpp)
        llama_cpp.llama_backend_init()
        self._threads = Threads(*[threads or usable_cores()[0]] * 2)
        self._model = open_model(llama_cpp, path, gpu_layers, self._log)
        self.vocabulary = Vocabulary(llama_cpp, self._model)
        self.context_tokens: int = min(context_tokens, llama_cpp.llama_model_n_ctx_train(self._model))
        self._should_stop, self._interrupted = should_stop, False
        # kept as an attribute: llama.cpp calls it for as long as the context lives
        self._abort = llama_cpp.llama_cpp.ggml_abort_callback(self._should_abort)
        self.room = 0
        self._open(min(FIRST_ROOM, self.context_tokens))
        self._sampler = llama_cpp.llama_sampler_init_greedy()
        self._batch = llama_cpp.llama_batch_init(BATCH, 0, 1)

    def _open(self, room: int) -> None:
        self._context = open_context(self._api, self._model, room, self._threads, self._abort, self._log)
        self._memory = self._api.llama_get_memory(self._context)
        self.room = room

    def _free_context(self) -> None:
        if self._context:
            self._api.llama_free(self._context)
        self._context, self.room = None, 0

    def _should_abort(self, _data: object) -> bool:
        # Python runs signal handlers inside this call, so Ctrl-C stops a prefill that lasts half a minute
        self._interrupted = self._interrupted or self._should_stop()
        return self._interrupted

    def _interrupt(self) -> None:
        self._interrupted = True

    def set_threads(self, threads: Threads) -> None:
        """Compute with so many threads from now on."""
        self._threads = threads
        self._api.llama_set_n_threads(self._context, threads.writing, threads.reading)

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

    def _compute(self, count: int) -> None:
        """Compute the batch, of so many tokens. Raises ContextOverflow, or KeyboardInterrupt where it is to stop."""
        if status := self._decode():
            raise ContextOverflow(f"llama.cpp could not take {count} more tokens (status {status}).")

    def _decode(self) -> int:
        """Compute the batch; return llama.cpp's status.

        Raises KeyboardInterrupt where Ctrl-C came meanwhile or `should_stop` says so, also where the device never asked.
        """
        self._interrupted = False
        with noted_interrupts(self._interrupt):
            status = int(self._api.llama_decode(self._context, self._batch))
        if self._should_abort(None):
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

    def sample(self, index: int = -1) -> int:
        """Return the likeliest next token, behind a token of the last batch."""
        return int(self._api.llama_sampler_sample(self._sampler, self._context, index))

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


BATCH = 512
FIRST_ROOM = 2048  # tokens: enough for most questions; a context grows where it is not
SEQUENCES = 3  # the prompt, and two texts that are weighed in the same batch


def open_context(api: Any, model: Any, room: int, threads: Threads, abort: Any, log: LogKeeper) -> Any:  # noqa: ANN401 - C library
    """Return a context with room for so many tokens. Raises ModelUnusable."""
    parameters = api.llama_context_default_params()
    parameters.n_ctx = room
    parameters.n_batch = parameters.n_ubatch = BATCH
    parameters.n_seq_max = SEQUENCES
    parameters.kv_unified = True  # the sequences share their cells: a copy of the prompt's costs nothing
    parameters.n_threads, parameters.n_threads_batch = threads.writing, threads.reading
    parameters.flash_attn_type = 1
    parameters.no_perf = True
    parameters.abort_callback = abort
    context = api.llama_init_from_model(model, parameters)
    if not context:
        raise ModelUnusable(f"llama.cpp cannot make a context of {room} tokens: {log.last_error()}.",
                            "Lower context_tokens in config.toml.")
    return context


@contextmanager
def noted_interrupts(note: Callable[[], None]) -> Iterator[None]:
    """Call `note` on Ctrl-C meanwhile. An exception thrown in a C callback would be printed and forgotten.

    Only where Python's own handler is in force: a program that handles Ctrl-C itself goes on doing so.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, lambda *_: note())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
