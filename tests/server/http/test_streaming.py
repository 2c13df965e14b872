"""Who disconnects ends the work; who waits is kept waiting."""

from __future__ import annotations

import json
import threading

import pytest

from assistant.config import Settings
from assistant.errors import UsageError
from assistant.models.fake import FakeReply
from assistant.server.http import streaming
from assistant.server.http.streaming import encode_event, with_heartbeats
from tests.server.serving import until
from tests.server.web import TOKEN, Web, serving_web

PATHS = {
    "/v1/chat/completions": {"model": "default", "messages": [{"role": "user", "content": "How much is the deposit?"}]},
    "/v1/responses": {"model": "default", "input": "How much is the deposit?"},
    "/ask": {"question": "How much is the deposit?"},
}


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    event = threading.Event()

    def compute(reply: FakeReply) -> None:
        if reply.generated_tokens:
            until(reply.should_stop)
            event.set()
            raise KeyboardInterrupt

    monkeypatch.setattr(FakeReply, "_compute", compute)
    return event


def sent(path: str, fields: dict[str, object]) -> bytes:
    body = json.dumps(fields).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", PATHS)
def test_disconnecting_stops_the_model(web: Web, stopped: threading.Event, path: str, stream: bool):
    with web.connect() as connection:
        connection.sendall(sent(path, {**PATHS[path], "stream": stream}))
        if stream and path != "/ask":
            assert connection.recv(20).startswith(b"HTTP/1.1 200")
        else:
            threading.Event().wait(0.3)
    until(stopped.is_set)
    assert web.post("/search", {"question": "deposit"}).status_code == 200


def test_a_stream_that_waits_says_so(settings: Settings, stopped: threading.Event, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(streaming, "HEARTBEAT_SECONDS", 0.05)
    with serving_web() as web, web.connect() as connection:
        connection.sendall(sent("/v1/responses", {**PATHS["/v1/responses"], "stream": True}))
        heard = b""
        while heard.count(b": waiting\n\n") < 3:
            heard += connection.recv(1000)
    until(stopped.is_set)


def test_an_error_is_the_last_event():
    import asyncio

    async def events():
        yield "", {"a": "é\n"}
        raise UsageError("It is wrong.", "Do this.")

    async def run() -> list[bytes]:
        return [data async for data in with_heartbeats(events())]

    first, last = asyncio.run(run())
    assert first == 'data: {"a":"é\\n"}\n\n'.encode()
    assert last.startswith(b'event: error\ndata: {"error":{"message":"It is wrong. Do this."')


def test_lone_surrogates_do_not_break_a_stream():
    assert encode_event("", {"a": "\ud800"}) == b'data: {"a":"?"}\n\n'
