"""A loaded model in, a context of llama.cpp to compute in out."""

from __future__ import annotations

from typing import Any

from assistant.backends.llama.cores import Threads
from assistant.backends.llama.log import LogKeeper
from assistant.errors import ModelUnusable

BATCH = 512
FIRST_ROOM = 2048  # tokens: enough for most questions; a context grows where it is not
SEQUENCES = 8  # of the prompt, and of what is computed beside it at the same time


def open_context(api: Any, model: Any, room: int, threads: Threads, abort: Any, log: LogKeeper) -> Any:  # noqa: ANN401 - C library
    """Return a context with room for so many tokens. Raises ModelUnusable."""
    parameters = api.llama_context_default_params()
    parameters.n_ctx = room
    parameters.n_batch = parameters.n_ubatch = BATCH
    parameters.n_seq_max = SEQUENCES
    parameters.kv_unified = True  # the sequences share their cells: joining copies nothing
    parameters.n_threads, parameters.n_threads_batch = threads.writing, threads.reading
    parameters.flash_attn_type = 1
    parameters.no_perf = True
    parameters.abort_callback = abort
    context = api.llama_init_from_model(model, parameters)
    if not context:
        raise ModelUnusable(f"llama.cpp cannot make a context of {room} tokens: {log.last_error()}.",
                            "Lower context_tokens in config.toml.")
    return context
