"""Describe a chat model on a server: what may be connected to, what is replaced, when to give up."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ServerSpec:
    """A chat model on a server."""

    address: str
    policy: str  # "lan" or "any"
    redact: bool = True
    seconds: float = 120.0  # without text
    record: Path = Path()  # file of what was sent; none for Path()
