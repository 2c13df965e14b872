"""What this machine has, and what is wrong with an installation."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding of `doctor` is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that `doctor` looked at; `remedy` says what to do where it is not ok."""

    subject: str
    severity: Severity
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Gpu:
    """One graphics device; memory in bytes, 0 where it is not known; `interface`: CUDA, Vulkan, Metal, ..."""

    name: str
    memory_total: int
    memory_free: int
    interface: str = ""


@dataclass(frozen=True, slots=True)
class Machine:
    """What this machine has: sizes in bytes, physical cores, CPU features such as "avx2"."""

    system: str
    processor: str
    cores: int
    features: tuple[str, ...]
    memory_total: int
    memory_available: int
    disk_free: int
    gpus: tuple[Gpu, ...] = field(default=())
