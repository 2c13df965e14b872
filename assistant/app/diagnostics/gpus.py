"""Detect the GPUs of this machine, also those that the installed llama.cpp cannot use, and how to build it for them.

What cannot be detected counts as absent; nothing here raises.
"""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from contextlib import suppress
from pathlib import Path

from assistant.datatypes import Gpu
from assistant.system.children import interpreter_name, output_of

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
