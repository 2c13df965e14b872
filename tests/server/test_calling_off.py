"""A comparison of two long files ends where the caller has gone, so that the answers after it need not wait."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from assistant.app.assistant import Assistant
from assistant.config import Settings
from assistant.generation.documents import compare as pulse
from assistant.server.dispatcher import Job, perform
from assistant.server.protocol import Call, Started


def test_a_comparison_ends_when_its_caller_has_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "SECONDS", 0.0)
    chance, files = random.Random(1), tmp_path / "files"
    files.mkdir()
    for name in ("old.md", "new.md"):
        (files / name).write_text(" ".join(f"Word {chance.random()} is said." for _ in range(200)), "utf-8")
    settings = Settings(home=tmp_path / "home", chat="fake:", embed="fake:")
    with Assistant(settings) as assistant:
        assistant.add([files])
        job = Job(Call("ask", settings, ("What changed between old.md and new.md?",)))
        messages = perform(assistant, job)
        assert isinstance(next(messages), Started)
        job.cancelled.set()
        with pytest.raises(KeyboardInterrupt):
            next(messages)
