"""Prove that the program uses no network: run all its commands on sample files and record every network call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Observer(StrEnum):
    """Tools that observe network calls, strongest evidence first."""

    STRACE = "strace"
    UNSHARE = "unshare"
    AUDIT = "audit"


@dataclass(frozen=True, slots=True)
class NetworkEvidence:
    """Network calls observed in a tree of processes.

    `calls` counts all recorded calls; `inet_sockets` and `names` count network sockets and name lookups among them.
    `attempts` describes each of those and each call with a remote address. `apart` counts calls that stay inside the machine
    (Unix sockets, netlink, loopback addresses), by name.
    """

    processes: int = 0
    calls: int = 0
    inet_sockets: int = 0
    names: int = 0
    attempts: tuple[str, ...] = ()
    apart: Mapping[str, int] = field(default_factory=dict)
    gaps: tuple[str, ...] = ()  # events of this run that the observer cannot see into


@dataclass(frozen=True, slots=True)
class TrialStep:
    """One step of the trial run; `failure` is empty if it succeeded."""

    name: str
    seconds: float
    failure: str = ""


@dataclass(frozen=True, slots=True)
class OfflineProof:
    """Result of a trial run. `passed_over`: stronger observers that this machine does not allow, with the reasons."""

    way: Observer
    passed_over: tuple[str, ...]
    steps: tuple[TrialStep, ...]
    evidence: NetworkEvidence

    @property
    def failures(self) -> tuple[TrialStep, ...]:
        """The failed steps, about which nothing is proven."""
        return tuple(step for step in self.steps if step.failure)

    @property
    def holds(self) -> bool:
        """Whether every step succeeded, a process was observed, and no network call was attempted."""
        return bool(self.steps) and not self.failures and self.evidence.processes > 0 and not self.evidence.attempts
