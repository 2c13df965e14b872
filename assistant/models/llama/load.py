"""Load a GGUF file with llama.cpp, with as many layers on the graphics card as fit its memory."""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import os
import sys
from collections import deque
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from assistant.datatypes import Gpu
from assistant.errors import ModelUnusable


def open_model(api: Any, path: Path, gpu_layers: int, log: LogKeeper) -> Any:  # noqa: ANN401 - the C library, a C pointer
    """Load the model and return its C pointer. Raises ModelUnusable."""
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
        layers //= 2  # less graphics memory is free than reported


def check_magic(path: Path) -> None:
    """Raise ModelUnusable if the file does not begin with the GGUF magic bytes."""
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
GPU_TYPES = (1, 2)  # ggml's device types: discrete and integrated GPU; 0 is the CPU


def plan_layers(api: Any, path: Path, wanted: int) -> int:  # noqa: ANN401 - the bindings have no types
    """Return the number of layers to offload: `wanted`, or as many as fit if that is negative."""
    if not api.llama_supports_gpu_offload():
        return 0
    if wanted >= 0:
        return wanted
    free = max((gpu.memory_free for gpu in usable_gpus()), default=0)
    need = path.stat().st_size + COMPUTE_BYTES
    if free >= need * 1.1:
        return ALL_LAYERS
    # one layer is about 1/32 of the file: typical models have 28 to 48 layers
    return max(0, int((free - COMPUTE_BYTES) / (path.stat().st_size / 32)))


def usable_gpus() -> tuple[Gpu, ...]:
    """Return the GPUs that the installed llama.cpp can use, as its own library lists them; none if it cannot be asked."""
    try:
        return list_gpus(ggml_folder())
    except (OSError, AttributeError, ImportError, ValueError):  # not installed, or built differently
        return ()


def ggml_folder() -> Path:
    """Return the folder of llama.cpp's libraries, where llama-cpp-python finds them. Raises OSError without the package."""
    package = importlib.util.find_spec("llama_cpp")
    folders = package.submodule_search_locations if package else None
    if not folders:
        raise OSError("llama-cpp-python is not installed")
    chosen = os.environ.get("LLAMA_CPP_LIB_PATH")
    return Path(chosen) if chosen else Path(folders[0]) / "lib"


def list_gpus(folder: Path) -> tuple[Gpu, ...]:
    """Return the GPUs that the ggml libraries in a folder list."""
    libraries = [ctypes.CDLL(str(path)) for path in (library(folder, "ggml-base"), library(folder, "ggml"))]
    count = function(libraries, "ggml_backend_dev_count", ctypes.c_size_t)
    device_at = function(libraries, "ggml_backend_dev_get", ctypes.c_void_p, ctypes.c_size_t)
    kind = function(libraries, "ggml_backend_dev_type", ctypes.c_int, ctypes.c_void_p)
    name = function(libraries, "ggml_backend_dev_name", ctypes.c_char_p, ctypes.c_void_p)
    describe = function(libraries, "ggml_backend_dev_description", ctypes.c_char_p, ctypes.c_void_p)
    size_out = ctypes.POINTER(ctypes.c_size_t)
    measure = function(libraries, "ggml_backend_dev_memory", None, ctypes.c_void_p, size_out, size_out)
    gpus = []
    for device in (device_at(number) for number in range(count())):
        if kind(device) in GPU_TYPES:
            free, total = ctypes.c_size_t(), ctypes.c_size_t()
            measure(device, ctypes.byref(free), ctypes.byref(total))
            gpus.append(Gpu(text(describe(device)), total.value, free.value, interface(text(name(device)))))
    return tuple(gpus)


def text(words: bytes | None) -> str:
    """Decode a C string."""
    return (words or b"").decode("utf-8", "replace")


def interface(device: str) -> str:
    """Return the interface from ggml's device name: "CUDA0" is CUDA, "MTL0" is Metal."""
    bare = device.rstrip("0123456789")
    return "Metal" if bare in {"MTL", "Metal"} else bare


def library(folder: Path, name: str) -> Path:
    """Return the path of a dynamic library. Raises OSError if there is none."""
    for candidate in (f"lib{name}.so", f"lib{name}.dylib", f"{name}.dll", f"lib{name}.dll"):
        if (folder / candidate).exists():
            return folder / candidate
    raise OSError(f"no library {name}")


def function(libraries: list[ctypes.CDLL], name: str, result: object, *arguments: object) -> ctypes._NamedFuncPointer:
    """Return a C function from the first library that has it. Raises AttributeError if none has."""
    found = next(filter(None, (getattr(lib, name, None) for lib in libraries)), None)
    if found is None:
        raise AttributeError(name)
    found.restype, found.argtypes = result, list(arguments)
    return found  # type: ignore[no-any-return]


def has_amx() -> bool:
    """Return True on Linux with a CPU that has AMX units."""
    if sys.platform != "linux":
        return False
    try:
        return " amx_tile" in Path("/proc/cpuinfo").read_text("utf-8", "replace")
    except OSError:
        return False


ERROR_LEVEL = 4  # ggml.h; the bindings' own table of levels is out of date


class LogKeeper:
    """Collects llama.cpp's log errors. The callback lives as long as the process, since the library keeps its pointer."""

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
        """Return the first recent error: later ones only repeat that loading failed."""
        return LogKeeper._errors[0].rpartition(": ")[2] if LogKeeper._errors else ""
