"""Whether this CPU has AMX, where llama.cpp's kernel crashes the process in some builds.

The only switch that llama.cpp gives is the one for all its rearranged weight layouts, AMX and others; on a CPU with AMX
the plain layout was as fast (124 against 94 tokens a second of prompt, 12 against 15 of reply, Qwen 1.5B on 2 cores).
Desktops and laptops have no AMX and keep the rearranged layouts.
"""

from __future__ import annotations

import sys
from pathlib import Path


def has_amx() -> bool:
    """Return whether this is Linux on a CPU with AMX units."""
    if sys.platform != "linux":
        return False
    try:
        return " amx_tile" in Path("/proc/cpuinfo").read_text("utf-8", "replace")
    except OSError:
        return False
