"""Who disconnects ends the work; who waits is kept waiting."""

from __future__ import annotations

import asyncio
import json

import pytest

from assistant.config import Settings
from assistant.errors import UsageError
from assistant.server.http import streaming
from assistant.server.http.streaming import encode_event, with_heartbeats
from tests.server.endless import Endless
from tests.server.web import TOKEN, Web, serving_web

PATHS = {
    "/v1/chat/completions": {"model": "default", "messages": [{"role": "user", "content": "How much is the deposit?"}]},
    "/v1/responses": {"model": "default", "input": "How much is the deposit?"},
    "/ask": {"question": "How much is the deposit?"},
}


def sent(path: str, fields: dict[str, object]) -> bytes:
    body = json.dumps(fields).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@pytest.mark.parametrize(("path", "extra"), [
    ("/ask", {}), *((path, {"stream": stream}) for path in PATHS if path != "/ask" for stream in (False, True))
])
def test_disconnecting_stops_the_model(web: Web, endless: Endless, path: str, extra: dict[str, bool]):
    with web.connect() as connection:
        connection.sendall(sent(path, {**PATHS[path], **extra}))
        endless.wait_for_begin()
    endless.wait_for_stop()
    assert web.post("/search", {"question": "deposit"}).status_code == 200


def test_a_stream_that_waits_says_so(settings: Settings, endless: Endless, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(streaming, "HEARTBEAT_SECONDS", 0.05)
    with serving_web() as web, web.connect() as connection:
        connection.sendall(sent("/v1/responses", {**PATHS["/v1/responses"], "stream": True}))
        heard = b""
        while heard.count(b": waiting\n\n") < 3:
            heard += connection.recv(1000)
    endless.wait_for_stop()


def test_an_error_is_the_last_event():
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
