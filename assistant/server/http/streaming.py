"""Responses that end when the client disconnects: a whole one, and a stream of server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.responses import Response

from assistant.errors import AssistantError
from assistant.server.http.errors import describe_error

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

T = TypeVar("T")

HEARTBEAT_SECONDS = 10.0
HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


class Disconnected(Exception):
    """The client has gone; nothing can be sent any more."""


async def while_connected(request: Request, work: Awaitable[T]) -> T:
    """Return the result of some work, which is cancelled when the client disconnects. Raises Disconnected then."""
    task, gone = asyncio.ensure_future(work), asyncio.ensure_future(wait_for_disconnect(request.receive))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Disconnected
        return task.result()
    finally:
        await cancel_all(task, gone)


async def wait_for_disconnect(receive: Receive) -> None:
    """Return when the client has disconnected."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def cancel_all(*tasks: asyncio.Future[Any]) -> None:
    """Cancel tasks and wait for their end."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class EventStream(Response):
    """A stream of server-sent events. While nothing is to be said it sends comments, so that no proxy ends the connection.

    Each event is (name, data); an empty name is left out. Once the client disconnects, the generator of the events is closed.
    """

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[tuple[str, Mapping[str, object] | str]]) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        sending, gone = asyncio.ensure_future(self._send_all(send)), asyncio.ensure_future(wait_for_disconnect(receive))
        try:
            await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            await cancel_all(sending, gone)

    async def _send_all(self, send: Send) -> None:
        async with aclosing(with_heartbeats(self._events)) as encoded:
            async for data in encoded:
                await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def with_heartbeats(events: AsyncGenerator[tuple[str, Mapping[str, object] | str]]) -> AsyncGenerator[bytes]:
    """Yield events as bytes, and a comment whenever none has come for a while. A failure becomes the last event."""
    upcoming: asyncio.Future[tuple[str, Mapping[str, object] | str]] = asyncio.ensure_future(anext(events))
    try:
        while True:
            if not (await asyncio.wait({upcoming}, timeout=HEARTBEAT_SECONDS))[0]:
                yield b": waiting\n\n"
                continue
            yield encode_event(*upcoming.result())
            upcoming = asyncio.ensure_future(anext(events))
    except StopAsyncIteration:
        return
    except AssistantError as error:
        yield encode_event("error", describe_error(error)[1])
    finally:
        await cancel_all(upcoming)
        await events.aclose()


def encode_event(name: str, data: Mapping[str, object] | str) -> bytes:
    """Return a server-sent event as bytes; its data is JSON on one line, or a word."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {text}\n\n".encode("utf-8", "replace")
