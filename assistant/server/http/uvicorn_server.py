"""Run an ASGI application with uvicorn: bounded connections, no waiting for clients that stall, an orderly end."""

from __future__ import annotations

import asyncio
import errno
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from assistant.errors import UsageError
from assistant.system.confinement import refuse_outgoing_network

if TYPE_CHECKING:
    from starlette.types import ASGIApp

MOST_CONNECTIONS = 256
MOST_HEADER_BYTES = 64 * 1024
KEEP_ALIVE_SECONDS = 30
STALL_SECONDS = 30.0  # for a client to send its headers, or to read what was sent
GRACE_SECONDS = 10  # for responses in progress when the server is to end


class BoundedProtocol(H11Protocol):
    """HTTP/1.1 whose connection is aborted if the client does not send a request, or does not read the response, for long.

    uvicorn itself waits forever for both, and closing its transport waits for the reader as well.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to watch the connection."""
        super().connection_made(transport)
        self._waits_since: float | None = self.loop.time()
        self._blocked_since: float | None = None
        self._watch = self.loop.call_later(STALL_SECONDS / 2, self._abort_stalled)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop watching."""
        self._watch.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Note that the client does not read."""
        self._blocked_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """Note that the client reads again."""
        self._blocked_since = None
        super().resume_writing()

    def _abort_stalled(self) -> None:
        now = self.loop.time()
        if self.cycle is not None and not self.cycle.response_complete:
            self._waits_since = None  # a request is being answered
        elif self._waits_since is None:
            self._waits_since = now
        since = [each for each in (self._waits_since, self._blocked_since) if each is not None]
        if any(now - each >= STALL_SECONDS for each in since):
            self.transport.abort()
        else:
            self._watch = self.loop.call_later(STALL_SECONDS / 2, self._abort_stalled)


class OrderlyServer(uvicorn.Server):
    """A uvicorn server that returns from `run` after SIGINT or SIGTERM instead of raising the signal again.

    `on_start` is called once requests are served and the signals end the server.
    """

    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to serve."""
        await super().startup(sockets)
        if not self.should_exit:
            self._on_start()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Let the signals end the server: orderly at first, at once the second time."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises UsageError if the address cannot be used."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=128)
    except (OSError, OverflowError, UnicodeError) as error:
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            raise UsageError(f"Port {port} is in use by another program.", "Choose another: --port N") from error
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{host}, port {port}, cannot be listened on: {reason}.", "Choose another: --host ADDRESS") from error


def run_app(app: ASGIApp, listening: socket.socket, on_start: Callable[[], None]) -> None:
    """Serve an application until SIGINT or SIGTERM; call `on_start` once it is served."""
    refuse_outgoing_network()
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # it logs what the guard has logged without words of files
    server_for(app, on_start).run(sockets=[listening])


def start_silently() -> None:
    """Do nothing: the default for `on_start`."""


def server_for(app: ASGIApp, on_start: Callable[[], None] = start_silently) -> OrderlyServer:
    """Return the server for an application."""
    options: dict[str, Any] = {"http": BoundedProtocol, "loop": "asyncio", "ws": "none", "lifespan": "on", "log_config": None}
    return OrderlyServer(uvicorn.Config(
        app, **options, access_log=False, server_header=False, proxy_headers=False, limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS, timeout_graceful_shutdown=GRACE_SECONDS,
        h11_max_incomplete_event_size=MOST_HEADER_BYTES,
    ), on_start)
