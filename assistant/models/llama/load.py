"""A model file in, the loaded model out, with as many layers on the graphics card as fit there."""

from __future__ import annotations

import ctypes
import hashlib
import sys
from collections import deque
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from assistant.errors import ModelUnusable


def open_model(api: Any, path: Path, gpu_layers: int, log: LogKeeper) -> Any:  # noqa: ANN401 - the C library, a C pointer
    """Return the loaded model. Raises ModelUnusable."""
    check_magic(path)
    layers = plan_layers(api, path, gpu_layers)
    parameters = api.llama_model_default_params()
    parameters.use_extra_bufts = not has_amx()
    while True:
        parameters.n_gpu_layers = layers
        model = api.llama_model_load_from_file(str(path).encode(), parameters)
        if model:
            return model
        if not layers:
            raise ModelUnusable(f"{path} cannot be loaded: {log.last_error() or 'llama.cpp gave no reason'}.",
                                "It may be truncated or damaged. Run: assistant models verify")
        layers //= 2  # the graphics memory was fuller than it looked


def check_magic(path: Path) -> None:
    """Raise ModelUnusable where the file does not begin as a GGUF does."""
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise ModelUnusable(f"{path} is not a GGUF model.",
                                "Give a .gguf file, or a name that `assistant models list` shows.")


SAMPLE = 2**20  # bytes hashed at either end of a model file


def model_fingerprint(path: Path) -> str:
    """Return a hash of a model file's size, first and last bytes: it identifies the file without a read of gigabytes."""
    known = path.stat()
    return hash_ends(path, known.st_size, known.st_mtime_ns)


@cache
def hash_ends(path: Path, size: int, _changed: int) -> str:
    """Return the hash of a file's size and ends, computed once for each state of the file."""
    with path.open("rb") as file:
        ends = file.read(SAMPLE)
        file.seek(max(0, size - SAMPLE))
        ends += file.read(SAMPLE)
    return hashlib.sha256(f"{size}".encode() + ends).hexdigest()[:32]


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


def has_amx() -> bool:
    """Return whether this is Linux on a CPU with AMX units."""
    if sys.platform != "linux":
        return False
    try:
        return " amx_tile" in Path("/proc/cpuinfo").read_text("utf-8", "replace")
    except OSError:
        return False


ERROR_LEVEL = 4  # ggml.h; the bindings' own table of levels is out of date


class LogKeeper:
    """Takes over llama.cpp's log. The callback is kept for the life of the process: the library never lets go of it."""

    _callback: ClassVar[Any] = None
    _errors: ClassVar[deque[str]] = deque(maxlen=8)

    def __init__(self, api: Any) -> None:  # noqa: ANN401 - the bindings have no types
        LogKeeper._errors.clear()
        if LogKeeper._callback is None:
            LogKeeper._callback = api.llama_log_callback(self._take)
            api.llama_log_set(LogKeeper._callback, ctypes.c_void_p(0))

    @staticmethod
    def _take(level: int, text: bytes, _data: object) -> None:
        if level == ERROR_LEVEL and text.strip():
            LogKeeper._errors.append(text.decode("utf-8", "replace").strip())

    def last_error(self) -> str:
        """Return the first error of those remembered: later ones only repeat that loading failed."""
        return LogKeeper._errors[0].rpartition(": ")[2] if LogKeeper._errors else ""
