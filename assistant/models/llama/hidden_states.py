"""Copy the output of chosen layers of a model while llama.cpp computes: the hidden states of a batch's tokens.

llama.cpp calls a function for every node of its graph, and waits with those that the function asks for. The output of a layer
inside the model holds a row for each token of the batch, whether or not the token's logits are wanted.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from assistant.models.llama.load import function, ggml_folder, library

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    States = npt.NDArray[np.float32]

FLOAT_BYTES = 4
FUNCTIONS = ("ggml_get_name", "ggml_nelements", "ggml_backend_tensor_get")


def can_read_layers() -> bool:
    """Return whether llama.cpp's libraries have what `LayerOutputs` needs, where llama-cpp-python finds them."""
    try:
        base = ctypes.CDLL(str(library(ggml_folder(), "ggml-base")))
    except (OSError, ImportError, ValueError):  # not installed, or built differently
        return False
    return all(hasattr(base, name) for name in FUNCTIONS)


class LayerOutputs:
    """The outputs of chosen layers for the last batch that a context computed.

    Its `callback` must be set in the context's parameters, and it must live as long as the context. Only where `can_read_layers`.
    """

    def __init__(self, api: Any, model: Any, layers: Iterable[int]) -> None:  # noqa: ANN401 - the C library, a C pointer
        libraries = [ctypes.CDLL(str(library(ggml_folder(), "ggml-base")))]
        self._name_of = function(libraries, "ggml_get_name", ctypes.c_char_p, ctypes.c_void_p)
        self._count = function(libraries, "ggml_nelements", ctypes.c_int64, ctypes.c_void_p)
        size = ctypes.c_size_t
        self._copy = function(libraries, "ggml_backend_tensor_get", None, ctypes.c_void_p, ctypes.c_void_p, size, size)
        self._width = int(api.llama_model_n_embd(model))
        self._layer_of = {f"l_out-{layer}".encode(): layer for layer in layers}
        self._outputs: dict[int, States] = {}
        self._is_paused = False
        self.callback = api.llama_cpp.ggml_backend_sched_eval_callback(self._take)

    def _take(self, tensor: int, is_asked: bool, _data: object) -> bool:
        """Say whether a node's value is wanted before it is computed, and copy the value afterwards. Must not raise."""
        if self._is_paused and is_asked:
            return False
        layer = self._layer_of.get(self._name_of(tensor))
        if is_asked:
            return layer is not None
        if layer is not None:
            self._outputs[layer] = self._read(tensor)
        return True

    def _read(self, tensor: int) -> States:
        import numpy as np

        values = np.empty(self._count(tensor), np.float32)
        self._copy(tensor, values.ctypes.data, 0, values.size * FLOAT_BYTES)
        rows: States = values.reshape(-1, self._width)
        return rows

    def watch(self, layer: int) -> None:
        """Copy the output of one more layer from the next batch on."""
        self._layer_of[f"l_out-{layer}".encode()] = layer

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Copy nothing inside the block: the callback takes a few hundredths of the time of a token of a reply."""
        self._is_paused = True
        try:
            yield
        finally:
            self._is_paused = False

    def last_rows(self) -> dict[int, States]:
        """Return the hidden state of the last token of the last watched batch, shape (width,), by layer that gave an output."""
        return {layer: rows[-1].copy() for layer, rows in self._outputs.items()}
