"""Diagnostic findings, and the hardware of this machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """The severity of a finding of `doctor`."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of `doctor`.

    subject: what was checked
    detail: what was found
    remedy: what to do about it; "" if nothing
    """

    subject: str
    severity: Severity
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU.

    memory_total, memory_free: bytes, 0 if unknown
    interface: "CUDA", "Vulkan", "Metal", ...
    """

    name: str
    memory_total: int
    memory_free: int
    interface: str = ""


@dataclass(frozen=True, slots=True)
class Machine:
    """The hardware of this machine.

    cores: number of physical cores
    features: CPU features such as "avx2"
    memory_total, memory_available, disk_free: bytes
    """

    system: str
    processor: str
    cores: int
    features: tuple[str, ...]
    memory_total: int
    memory_available: int
    disk_free: int
    gpus: tuple[Gpu, ...] = field(default=())
