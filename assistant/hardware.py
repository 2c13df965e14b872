"""What this machine has: nothing in, a Machine out. What cannot be found out counts as absent, and nothing raises."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from assistant.datatypes import Gpu, Machine

# the instructions that decide how fast a quantized model runs, under the names that Linux gives them
TELLING = frozenset({"avx", "avx2", "f16c", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_int8",
                     "asimd", "asimddp", "i8mm", "sve"})
MAC_NAMES = {"hw.optional.neon": "asimd", "hw.optional.arm.FEAT_DotProd": "asimddp",
             "hw.optional.arm.FEAT_I8MM": "i8mm", "hw.optional.avx2_0": "avx2", "hw.optional.avx512f": "avx512f"}
WINDOWS_NUMBERS = {39: "avx", 40: "avx2", 41: "avx512f", 43: "asimddp"}  # PF_... of IsProcessorFeaturePresent
GRAPHICS_CARDS = (1, 2)  # ggml's device types: a card of its own, or one inside the processor; 0 is the processor
CPUINFO = Path("/proc/cpuinfo")
CGROUP = Path("/sys/fs/cgroup")
SECONDS = 10


def look(disk: Path) -> Machine:
    """Return what this machine has; `disk` is the folder whose disk counts. `gpus` are those that llama.cpp can use."""
    import psutil  # type: ignore[import-untyped, unused-ignore]

    memory = psutil.virtual_memory()
    limit, used = container_memory()
    return Machine(
        system=f"{platform.system()} {platform.machine()}",
        processor=processor_name(),
        cores=psutil.cpu_count(logical=False) or os.cpu_count() or 1,
        features=processor_features(),
        memory_total=min(memory.total, limit),
        memory_available=min(memory.available, max(0, limit - used)),
        disk_free=free_space(disk),
        gpus=usable_gpus(),
    )


def unused_gpus(machine: Machine) -> tuple[Gpu, ...]:
    """Return graphics cards that are here while llama.cpp, as it is installed, can use none."""
    return () if machine.gpus else nvidia_cards()


def free_space(folder: Path) -> int:
    """Return the bytes free where the folder is, or will be."""
    existing = next((path for path in (folder, *folder.absolute().parents) if path.exists()), Path())
    return shutil.disk_usage(existing).free


def container_memory() -> tuple[int, int]:
    """Return the limit and the use of the control group that this process is in; no limit where there is none."""
    with suppress(OSError, ValueError):
        limit = int((CGROUP / "memory.max").read_text("ascii"))
        statistics = dict(line.split() for line in (CGROUP / "memory.stat").read_text("ascii").splitlines())
        cached = int(statistics.get("inactive_file", 0))  # given back as soon as somebody needs it
        return limit, int((CGROUP / "memory.current").read_text("ascii")) - cached
    return sys.maxsize, 0


def processor_name() -> str:
    """Return what the processor calls itself."""
    if sys.platform == "darwin":
        return output_of("sysctl", "-n", "machdep.cpu.brand_string").strip() or platform.processor()
    return cpuinfo("model name") or platform.processor() or platform.machine()


def processor_features() -> tuple[str, ...]:
    """Return those instruction sets of the processor that matter here, sorted."""
    if sys.platform == "darwin":
        lines = [line.partition(":") for line in output_of("sysctl", "hw.optional").splitlines()]
        found = {MAC_NAMES[name] for name, _, value in lines if name in MAC_NAMES and value.strip() == "1"}
    elif sys.platform == "win32":
        present = ctypes.windll.kernel32.IsProcessorFeaturePresent
        found = {name for number, name in WINDOWS_NUMBERS.items() if present(number)}
    else:
        found = TELLING & set((cpuinfo("flags") or cpuinfo("Features")).split())
    return tuple(sorted(found))


def cpuinfo(key: str) -> str:
    """Return the first value of a key in Linux's description of the processor; nothing where it has none."""
    with suppress(OSError, UnicodeDecodeError):
        for line in CPUINFO.read_text("utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == key:
                return value.strip()
    return ""


def usable_gpus() -> tuple[Gpu, ...]:
    """Return the graphics cards that the installed llama.cpp can use, as its own library lists them."""
    try:
        package = importlib.util.find_spec("llama_cpp")
        folders = package.submodule_search_locations if package else None
        return listed_gpus(Path(folders[0]) / "lib") if folders else ()
    except (OSError, AttributeError, ImportError, ValueError):  # not installed, or built in another way
        return ()


def listed_gpus(folder: Path) -> tuple[Gpu, ...]:
    """Return the graphics cards that the ggml libraries in a folder list."""
    libraries = [ctypes.CDLL(str(path)) for path in (library(folder, "ggml-base"), library(folder, "ggml"))]
    count = function(libraries, "ggml_backend_dev_count", ctypes.c_size_t)
    device_at = function(libraries, "ggml_backend_dev_get", ctypes.c_void_p, ctypes.c_size_t)
    kind = function(libraries, "ggml_backend_dev_type", ctypes.c_int, ctypes.c_void_p)
    describe = function(libraries, "ggml_backend_dev_description", ctypes.c_char_p, ctypes.c_void_p)
    size_out = ctypes.POINTER(ctypes.c_size_t)
    measure = function(libraries, "ggml_backend_dev_memory", None, ctypes.c_void_p, size_out, size_out)
    gpus = []
    for device in (device_at(number) for number in range(count())):
        if kind(device) in GRAPHICS_CARDS:
            free, total = ctypes.c_size_t(), ctypes.c_size_t()
            measure(device, ctypes.byref(free), ctypes.byref(total))
            gpus.append(Gpu((describe(device) or b"").decode("utf-8", "replace"), total.value, free.value))
    return tuple(gpus)


def library(folder: Path, name: str) -> Path:
    """Return the dynamic library of this name. Raises OSError where there is none."""
    for candidate in (f"lib{name}.so", f"lib{name}.dylib", f"{name}.dll", f"lib{name}.dll"):
        if (folder / candidate).exists():
            return folder / candidate
    raise OSError(f"no library {name}")


def function(libraries: list[ctypes.CDLL], name: str, result: object, *arguments: object) -> ctypes._NamedFuncPointer:
    """Return a C function from the first library that has it. Raises AttributeError where none has."""
    found = next(filter(None, (getattr(lib, name, None) for lib in libraries)), None)
    if found is None:
        raise AttributeError(name)
    found.restype, found.argtypes = result, list(arguments)
    return found  # type: ignore[no-any-return]


def nvidia_cards() -> tuple[Gpu, ...]:
    """Return the graphics cards that NVIDIA's driver lists."""
    listing = output_of("nvidia-smi", "--query-gpu=name,memory.total,memory.free", "--format=csv,noheader,nounits")
    cards = []
    for line in listing.splitlines():
        name, *sizes = (field.strip() for field in line.rsplit(",", 2))
        if len(sizes) == 2 and all(size.isdigit() for size in sizes):
            cards.append(Gpu(name, int(sizes[0]) * 2**20, int(sizes[1]) * 2**20))
    return tuple(cards)


def output_of(*command: str) -> str:
    """Return what a program of the system prints; nothing where it is not there or fails."""
    program = shutil.which(command[0])
    if program is None:
        return ""
    try:
        return subprocess.run([program, *command[1:]], capture_output=True, text=True, errors="replace", check=True,
                              timeout=SECONDS, stdin=subprocess.DEVNULL).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
