"""A home with a small library, and an engine of its own that ends with the test."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from assistant.app.assistant import Assistant
from assistant.config import Settings, load_settings
from assistant.errors import EngineNotRunning
from assistant.server.client import EngineClient
from assistant.server.endpoint import STARTED_PROCESSES, reap

TEXT = "The lease ends on 31 December 2027.\n\nThe deposit is 15500 pounds.\n\nThe mill was built in 1874.\n"


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    home = Path(tempfile.mkdtemp(prefix="engine"))  # a socket's path must be short
    for name, value in {"HOME": str(home), "CHAT": "fake:", "EMBED": "fake:", "ENGINE": "on"}.items():
        monkeypatch.setenv(f"ASSISTANT_{name}", value)
    (home / "files").mkdir()
    (home / "files" / "lease.txt").write_text(TEXT, "utf-8")
    loaded = load_settings(environment=os.environ)
    with Assistant(loaded) as assistant:
        assistant.add([home / "files"])
    yield loaded
    with suppress(EngineNotRunning):
        EngineClient(loaded).stop()
    shutil.rmtree(home, ignore_errors=True)
    for process in STARTED_PROCESSES:  # without its home each one ends
        process.wait(timeout=30)
    reap()
