"""For every test: a home of its own, no settings of the person who runs it, and no network beyond this machine."""

from __future__ import annotations

import os
import socket
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant import catalog
from assistant.config import find_home

LOOPBACK = ("127.", "::1", "localhost")


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith("ASSISTANT_") or name == "HF_ENDPOINT":
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    monkeypatch.setenv("ASSISTANT_HOME", str(home))
    monkeypatch.setenv("ASSISTANT_ENGINE", "off")  # no process outlives a test
    return home


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", guarded(socket.socket.connect))
    monkeypatch.setattr(socket.socket, "connect_ex", guarded(socket.socket.connect_ex))


def guarded(connect: Callable[..., Any]) -> Callable[..., Any]:
    def connect_on_this_machine(self: socket.socket, address: Any) -> Any:
        if self.family in {socket.AF_INET, socket.AF_INET6} and not str(address[0]).startswith(LOOPBACK):
            raise ConnectionRefusedError(f"a test reached out to {address}")
        return connect(self, address)

    return connect_on_this_machine


REAL_HOME = find_home(os.environ)  # where this machine's models lie; read before any test moves the home


@pytest.fixture(scope="session")
def weights() -> Callable[[str], Path]:
    """Return a function from a catalog name to the model's path on this machine; it skips the test where there is none."""
    store = catalog.ModelStore(REAL_HOME / "models")

    def path(name: str) -> Path:
        model = catalog.find(name)
        if not store.is_present(model):
            pytest.skip(f"needs weights: assistant models pull {name}")
        return store.path(model)

    return path


WHAT_SKIPPING_MEANS = {
    "model": "this run says nothing about llama.cpp or the embedding libraries",
    "clients": "this run says nothing about programs that others wrote, such as OpenAI's client",
    "shared": "this run says nothing about shared libraries in Milvus",
    "offline": "this run does not prove in every way that nothing uses the network",
}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end which tests of the markers that need something of the machine were skipped, why, and what that means."""
    for marker, meaning in WHAT_SKIPPING_MEANS.items():
        reasons = Counter(reason_of(report) for report in terminalreporter.getreports("skipped") if marker in report.keywords)
        if reasons:
            count = reasons.total()
            terminalreporter.write_line(f"{count} tests with the marker '{marker}' were skipped: {meaning}.", yellow=True)
            for reason, times in sorted(reasons.items()):
                terminalreporter.write_line(f"  {times} x {reason}")


def reason_of(report: pytest.TestReport) -> str:
    """Return why a test was skipped."""
    said = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return said.removeprefix("Skipped: ")


@pytest.fixture
def fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the fake model shipped constants, as the starter model has them."""
    from assistant.models.fake import FakeChat
    from tests.generation.gates import LIKELIHOOD_GATE

    made = FakeChat.__init__

    def init(self, *arguments, **named):
        made(self, *arguments, **named)
        self.gate = LIKELIHOOD_GATE

    monkeypatch.setattr(FakeChat, "__init__", init)
