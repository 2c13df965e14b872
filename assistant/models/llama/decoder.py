"""Wrap one llama.cpp model and context: decode batches of tokens of several sequences, sample, save and load KV states.

It does not know what the cache holds: its subclass `Engine` keeps account of that.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.datatypes import never_stop
from assistant.errors import ContextOverflow, ModelUnusable
from assistant.models.llama.chat_template import Vocabulary
from assistant.models.llama.hidden_states import LayerOutputs
from assistant.models.llama.load import LogKeeper, open_model
from assistant.models.llama.thread_tuning import Threads, limit_spinning, usable_cores
from assistant.system.interrupts import noted_interrupts

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from assistant.models.llama.hidden_states import States
    Probabilities = npt.NDArray[np.float64]


class Decoder:
    """A loaded model and its context. Not thread-safe.

    The computing thread calls `should_stop` repeatedly during a computation; it must not raise. Of the tokens of the last batch,
    the outputs of `layers` are kept, and of those that are watched later.
    """

    def __init__(self, path: Path, context_tokens: int, threads: int, gpu_layers: int,
                 should_stop: Callable[[], bool] = never_stop, layers: Collection[int] = ()) -> None:
        limit_spinning()
        import llama_cpp

        self._api: Any = llama_cpp
        self._log = LogKeeper(llama_cpp)
        llama_cpp.llama_backend_init()
        self._threads = Threads(*[threads or usable_cores()[0]] * 2)
        self._model = open_model(llama_cpp, path, gpu_layers, self._log)
        self.vocabulary = Vocabulary(llama_cpp, self._model)
        self.layers: int = llama_cpp.llama_model_n_layer(self._model)
        self.context_tokens: int = min(context_tokens, llama_cpp.llama_model_n_ctx_train(self._model))
        self._should_stop, self._interrupted = should_stop, False
        # an attribute, since llama.cpp calls it as long as the context exists
        self._abort = llama_cpp.llama_cpp.ggml_abort_callback(self._should_abort)
        self._outputs = LayerOutputs(llama_cpp, self._model, layers) if layers else None
        self.context_size = 0
        self._open(min(FIRST_ROOM, self.context_tokens))
        self._sampler = llama_cpp.llama_sampler_init_greedy()
        self._batch = llama_cpp.llama_batch_init(BATCH, 0, 1)

    def _open(self, room: int) -> None:
        parameters = context_parameters(self._api, room, self._threads, self._abort)
        if self._outputs:
            parameters.cb_eval = self._outputs.callback
        self._context = open_context(self._api, self._model, parameters, self._log)
        self._memory = self._api.llama_get_memory(self._context)
        self.context_size = room

    def _free_context(self) -> None:
        if self._context:
            self._api.llama_free(self._context)
        self._context, self.context_size = None, 0

    def _should_abort(self, _data: object) -> bool:
        # Python runs signal handlers inside this call, so Ctrl-C stops a long prefill
        self._interrupted = self._interrupted or self._should_stop()
        return self._interrupted

    def set_threads(self, threads: Threads) -> None:
        """Set the numbers of threads."""
        self._threads = threads
        self._api.llama_set_n_threads(self._context, threads.writing, threads.reading)

    def _state(self, sequence: int) -> bytes:
        """Return the KV state of a sequence."""
        size = self._api.llama_state_seq_get_size(self._context, sequence)
        buffer = (ctypes.c_uint8 * size)()
        written = self._api.llama_state_seq_get_data(self._context, buffer, size, sequence)
        return bytes(memoryview(buffer)[:written])

    def _load_state(self, state: bytes, sequence: int) -> bool:
        """Load a KV state that `_state` returned into a sequence; return False on failure."""
        buffer = (ctypes.c_uint8 * len(state)).from_buffer_copy(state)
        return bool(self._api.llama_state_seq_set_data(self._context, buffer, len(state), sequence))

    def _compute(self, count: int) -> None:
        """Decode the batch of `count` tokens. Raises ContextOverflow, or KeyboardInterrupt if it was stopped."""
        if status := self._decode():
            raise ContextOverflow(f"llama.cpp could not take {count} more tokens (status {status}).")

    def _decode(self) -> int:
        """Decode the batch and return llama.cpp's status.

        Raises KeyboardInterrupt after Ctrl-C or if `should_stop` returns True, even if the device never called it.
        """
        self._interrupted = False
        with noted_interrupts(lambda: setattr(self, "_interrupted", True)):
            status = int(self._api.llama_decode(self._context, self._batch))
        if self._should_abort(None):
            raise KeyboardInterrupt
        return status

    def _fill(self, tokens: Sequence[int], position: int, sequence: int, *, at: int = 0, outputs: int = 1) -> None:
        """Put tokens of a sequence into the batch from index `at` on, with logits for the last `outputs` of them."""
        batch = self._batch
        batch.n_tokens = at + len(tokens)
        for index, token in enumerate(tokens):
            batch.token[at + index] = token
            batch.pos[at + index] = position + index
            batch.n_seq_id[at + index] = 1
            batch.seq_id[at + index][0] = sequence
            batch.logits[at + index] = index >= len(tokens) - outputs

    def sample(self, index: int = -1) -> int:
        """Return the likeliest token after the token at `index` of the last batch."""
        return int(self._api.llama_sampler_sample(self._sampler, self._context, index))

    def probabilities(self, index: int = -1) -> Probabilities:
        """Return the probability (0 to 1) of each next token after the token at `index` of the last batch."""
        import numpy as np

        found = self._api.llama_get_logits_ith(self._context, index)
        logits = np.ctypeslib.as_array(found, shape=(self.vocabulary.size,)).astype(np.float64)  # the sum has 150,000 terms
        odds = np.exp(logits - logits.max())
        shares: Probabilities = odds / odds.sum()
        return shares

    def hidden_states(self) -> dict[int, States]:
        """Return the hidden state of the last token of the last batch, shape (width,), by watched layer that gave an output."""
        return self._outputs.last_rows() if self._outputs else {}

    def close(self) -> None:
        """Free model, context, sampler and batch."""
        if self._model:
            self._free_context()
            self._api.llama_sampler_free(self._sampler)
            self._api.llama_batch_free(self._batch)
            self._api.llama_model_free(self._model)
            self._model = None

    def __del__(self) -> None:
        # at interpreter exit the library frees its memory itself
        if not sys.is_finalizing() and getattr(self, "_batch", None):
            self.close()


BATCH = 512
FIRST_ROOM = 2048  # tokens: enough for most questions; the context grows if needed
SEQUENCES = 3  # the prompt, and two candidate texts that are scored in the same batch


def context_parameters(api: Any, room: int, threads: Threads, abort: Any) -> Any:  # noqa: ANN401 - C library
    """Return the parameters of a context for `room` tokens."""
    parameters = api.llama_context_default_params()
    parameters.n_ctx = room
    parameters.n_batch = parameters.n_ubatch = BATCH
    parameters.n_seq_max = SEQUENCES
    parameters.kv_unified = True  # the sequences share their cells: a copy of the prompt's costs nothing
    parameters.n_threads, parameters.n_threads_batch = threads.writing, threads.reading
    parameters.flash_attn_type = 1
    parameters.no_perf = True
    parameters.abort_callback = abort
    return parameters


def open_context(api: Any, model: Any, parameters: Any, log: LogKeeper) -> Any:  # noqa: ANN401 - C library
    """Create a context. Raises ModelUnusable."""
    context = api.llama_init_from_model(model, parameters)
    if not context:
        raise ModelUnusable(f"llama.cpp cannot make a context of {parameters.n_ctx} tokens: {log.last_error()}.",
                            "Lower context_tokens in config.toml.")
    return context
