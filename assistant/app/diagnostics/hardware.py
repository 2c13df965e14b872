"""Detect processor, memory, disk and GPUs of this machine. What cannot be detected counts as absent; nothing here raises."""

from __future__ import annotations

import ctypes
import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sys
from contextlib import suppress
from pathlib import Path

from assistant.datatypes import Gpu, Machine
from assistant.models.llama.load import usable_gpus
from assistant.system.children import interpreter_name, output_of

# instruction sets that determine the speed of quantized models, by their Linux names
TELLING = frozenset({"avx", "avx2", "f16c", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_int8",
                     "asimd", "asimddp", "i8mm", "sve"})
MAC_NAMES = {"hw.optional.neon": "asimd", "hw.optional.arm.FEAT_DotProd": "asimddp",
             "hw.optional.arm.FEAT_I8MM": "i8mm", "hw.optional.avx2_0": "avx2", "hw.optional.avx512f": "avx512f"}
WINDOWS_NUMBERS = {39: "avx", 40: "avx2", 41: "avx512f", 43: "asimddp"}  # PF_... of IsProcessorFeaturePresent
CPUINFO = Path("/proc/cpuinfo")
CGROUP = Path("/sys/fs/cgroup")


def inspect_machine(disk: Path) -> Machine:
    """Return the hardware of this machine. `disk` is a folder on the disk to measure; `gpus` are those that llama.cpp can use."""
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
    """Return the GPUs of the machine if the installed llama.cpp can use none of them."""
    return () if machine.gpus else present_gpus()


def free_space(folder: Path) -> int:
    """Return the free bytes on the disk where the folder is or will be."""
    existing = next((path for path in (folder, *folder.absolute().parents) if os.path.exists(path)), Path())  # noqa: PTH110 - raises nothing
    return shutil.disk_usage(existing).free


def container_memory() -> tuple[int, int]:
    """Return memory limit and usage of this process's cgroup in bytes; `sys.maxsize` without a limit."""
    with suppress(OSError, ValueError):
        limit = int((CGROUP / "memory.max").read_text("ascii"))
        statistics = dict(line.split() for line in (CGROUP / "memory.stat").read_text("ascii").splitlines())
        cached = int(statistics.get("inactive_file", 0))  # reclaimable page cache
        return limit, int((CGROUP / "memory.current").read_text("ascii")) - cached
    return sys.maxsize, 0


def processor_name() -> str:
    """Return the name of the processor."""
    if sys.platform == "darwin":
        return output_of("sysctl", "-n", "machdep.cpu.brand_string").strip() or platform.processor()
    return cpuinfo("model name") or platform.processor() or platform.machine()


def processor_features() -> tuple[str, ...]:
    """Return the processor's instruction sets that matter for model speed, sorted."""
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
    """Return the first value of a key in Linux's description of the processor; an empty string if it is missing."""
    with suppress(OSError, UnicodeDecodeError):
        for line in CPUINFO.read_text("utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == key:
                return value.strip()
    return ""


DRIVER = Path("/proc/driver/nvidia/gpus")
DRAWING = Path("/sys/class/drm")
VENDORS = {"0x10de": ("NVIDIA graphics card", "CUDA"), "0x1002": ("AMD graphics card", "Vulkan"),
           "0x8086": ("Intel graphics", "Vulkan")}
OPTIONS = {"CUDA": "-DGGML_CUDA=on", "Vulkan": "-DGGML_VULKAN=on", "Metal": "-DGGML_METAL=on"}
NEEDS = {"CUDA": "the CUDA toolkit", "Vulkan": "the Vulkan SDK", "Metal": "Xcode's command line tools"}


def present_gpus() -> tuple[Gpu, ...]:
    """Return the GPUs of this machine with the interface that llama.cpp would need; NVIDIA's and Apple's first."""
    if sys.platform == "darwin":
        return (Gpu("Apple graphics", 0, 0, "Metal"),) if platform.machine() == "arm64" else ()
    return nvidia_cards() or driver_cards() or drawing_cards()


def nvidia_cards() -> tuple[Gpu, ...]:
    """Return the GPUs that nvidia-smi lists."""
    listing = output_of("nvidia-smi", "--query-gpu=name,memory.total,memory.free", "--format=csv,noheader,nounits")
    cards = []
    for line in listing.splitlines():
        name, *sizes = (field.strip() for field in line.rsplit(",", 2))
        if len(sizes) == 2 and all(size.isdigit() for size in sizes):
            cards.append(Gpu(name, int(sizes[0]) * 2**20, int(sizes[1]) * 2**20, "CUDA"))
    return tuple(cards)


def driver_cards() -> tuple[Gpu, ...]:
    """Return the GPUs that NVIDIA's driver lists, for machines without nvidia-smi, such as containers."""
    cards = []
    with suppress(OSError):
        for card in sorted(DRIVER.iterdir()):
            lines = (card / "information").read_text("utf-8", "replace").splitlines()
            model = next((line.partition(":")[2].strip() for line in lines if line.startswith("Model:")), "NVIDIA graphics card")
            cards.append(Gpu(model, 0, 0, "CUDA"))
    return tuple(cards)


def drawing_cards() -> tuple[Gpu, ...]:
    """Return the GPUs that Linux's DRM lists, by vendor."""
    found = []
    with suppress(OSError):
        for card in sorted(DRAWING.glob("card[0-9]*/device/vendor")):
            if known := VENDORS.get(card.read_text("ascii").strip()):
                found.append(Gpu(known[0], 0, 0, known[1]))
    return tuple(dict.fromkeys(found))


def install_line(interface: str) -> str:
    """Return the command that builds the installed version of llama-cpp-python for CUDA, Vulkan or Metal."""
    command = (f"{interpreter_name()} -m pip install --force-reinstall --no-deps --no-cache-dir "
               f'--no-binary llama-cpp-python "llama-cpp-python=={installed_version()}"')
    if sys.platform == "win32":
        return f'$env:CMAKE_ARGS="{OPTIONS[interface]}"; {command}'
    return f'CMAKE_ARGS="{OPTIONS[interface]}" {command}'


def installed_version() -> str:
    """Return the installed version of llama-cpp-python; "0.*" if it is not installed."""
    try:
        return importlib.metadata.version("llama-cpp-python")
    except importlib.metadata.PackageNotFoundError:
        return "0.*"
