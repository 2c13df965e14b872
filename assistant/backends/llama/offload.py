"""How many layers of a model go to the graphics card: as many as its free memory holds."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

COMPUTE_BYTES = 600 * 2**20
ALL_LAYERS = 999
GPU_TYPES = (1, 2)  # ggml's device types: a card of its own, or one inside the processor


def plan_layers(api: Any, path: Path, wanted: int) -> int:  # noqa: ANN401 - the bindings have no types
    """Return the number of layers to offload: `wanted`, or where that is negative as many as fit."""
    if not api.llama_supports_gpu_offload():
        return 0
    if wanted >= 0:
        return wanted
    free = free_gpu_memory(api)
    need = path.stat().st_size + COMPUTE_BYTES
    if free >= need * 1.1:
        return ALL_LAYERS
    # a layer's share of the file, without knowing their number: typical models have 28 to 48
    return max(0, int((free - COMPUTE_BYTES) / (path.stat().st_size / 32)))


def free_gpu_memory(api: Any) -> int:  # noqa: ANN401 - the bindings have no types
    """Return the free bytes of the graphics device that has most; 0 where there is none."""
    ggml = api.llama_cpp._lib
    ggml.ggml_backend_dev_get.restype = ctypes.c_void_p
    ggml.ggml_backend_dev_count.restype = ctypes.c_size_t
    best = 0
    for index in range(ggml.ggml_backend_dev_count()):
        device = ctypes.c_void_p(ggml.ggml_backend_dev_get(ctypes.c_size_t(index)))
        if ggml.ggml_backend_dev_type(device) in GPU_TYPES:
            free, total = ctypes.c_size_t(), ctypes.c_size_t()
            ggml.ggml_backend_dev_memory(device, ctypes.byref(free), ctypes.byref(total))
            best = max(best, free.value)
    return best
