"""A keyring for tests in place of the package `keyring`: it holds what a test puts in, and notes what it is asked for."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from types import ModuleType

import pytest


@dataclass
class FakeKeyring:
    """A keyring. `failure`, if any, is raised by each look-up, as by one that is locked."""

    passwords: dict[tuple[str, str], str] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    failure: Exception | None = None

    def get_password(self, service: str, username: str) -> str | None:
        self.asked.append((service, username))
        if self.failure is not None:
            raise self.failure
        return self.passwords.get((service, username))


def install(monkeypatch: pytest.MonkeyPatch) -> FakeKeyring:
    """Let `import keyring` give a fake keyring."""
    held = FakeKeyring()
    module = ModuleType("keyring")
    module.get_password = held.get_password  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", module)
    return held


def uninstall(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `import keyring` fail."""
    monkeypatch.setitem(sys.modules, "keyring", None)
