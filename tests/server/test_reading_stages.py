"""What the model reads for an answer is told by the engine, before the text."""

from __future__ import annotations

import pytest

from assistant.app.assistant import Assistant
from assistant.config import Settings
from assistant.datatypes import PASSAGES, Progress
from assistant.server.client import EngineClient
from assistant.server.remote_assistant import RemoteAssistant
from tests.server.serving import serving


@pytest.mark.parametrize("said", ["NOT STATED", ""])
def test_the_engine_tells_that_more_passages_are_read(settings: Settings, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    (settings.home / "files" / "deed.txt").write_text("The lease of the mill is kept with the deed.", "utf-8")
    with Assistant(settings) as assistant:
        assistant.add([settings.home / "files"])
    if said:
        monkeypatch.setattr("assistant.models.fake.nearest_sentence", lambda _: said)
    events: list[object] = []
    with serving(settings):
        stream = RemoteAssistant(settings, EngineClient(settings)).ask("When does the lease end?")
        stream.prepare(events.append)
        events += stream
        text = stream.answer.text
    read = [Progress(PASSAGES, 0, 1), *([Progress(PASSAGES, 1, 2)] if said else [])]
    assert events[: len(read)] == read
    assert "".join(map(str, events[len(read):])) == text
