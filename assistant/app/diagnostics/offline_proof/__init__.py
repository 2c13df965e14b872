"""Proof that the program uses no network: a trial run of all that it does, with every network call of every process recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Observer(StrEnum):
    """How network calls are observed, the strongest evidence first."""

    STRACE = "strace"
    UNSHARE = "unshare"
    AUDIT = "audit"


@dataclass(frozen=True, slots=True)
class NetworkEvidence:
    """What was observed of a tree of processes.

    `calls` counts what was recorded of the kind that this way sees; `inet_sockets` and `names` are the sockets of a network
    family and the traces of name look-ups among them. `attempts` describes each of those and each call with a network
    address. `apart` counts what stays inside the machine (Unix sockets, netlink, loopback addresses), by its name.
    """

    processes: int = 0
    calls: int = 0
    inet_sockets: int = 0
    names: int = 0
    attempts: tuple[str, ...] = ()
    apart: Mapping[str, int] = field(default_factory=dict)
    gaps: tuple[str, ...] = ()  # what happened in this run that this way of observing cannot see into


@dataclass(frozen=True, slots=True)
class TrialStep:
    """One command of the trial run; `failure` says what went wrong, and is empty where the command did its work."""

    name: str
    seconds: float
    failure: str = ""


@dataclass(frozen=True, slots=True)
class OfflineProof:
    """The outcome of a trial run. `passed_over`: stronger ways of observing that this machine does not allow, and why."""

    way: Observer
    passed_over: tuple[str, ...]
    steps: tuple[TrialStep, ...]
    evidence: NetworkEvidence

    @property
    def failures(self) -> tuple[TrialStep, ...]:
        """The commands that did not do their work, so that nothing is known of them."""
        return tuple(step for step in self.steps if step.failure)

    @property
    def holds(self) -> bool:
        """Whether every command did its work, some process was watched, and no network call was attempted."""
        return bool(self.steps) and not self.failures and self.evidence.processes > 0 and not self.evidence.attempts
