"""An engine in a thread of the test's own process, and calls to it whose connection the test holds in its hands."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import cast

from assistant.config import Settings
from assistant.errors import EngineUnavailable
from assistant.server.client import EngineClient
from assistant.server.endpoint import CONNECTION_ERRORS, connect, endpoint_of
from assistant.server.protocol import Call, EngineMessage, Failed, Result, load_message, message_frame, parse_frame, stamp
from assistant.server.server import Server

PATIENCE = 30.0


@contextmanager
def serving(settings: Settings, own_stamp: bytes = b"") -> Iterator[Server]:
    """Serve a home until the block ends; with a stamp of its own as an engine of another version of the program."""
    endpoint_of(settings.home).key()  # as who starts an engine does
    server = Server(endpoint_of(settings.home), 15)
    server._stamp = own_stamp or server._stamp
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: EngineClient(settings).is_up())
    try:
        yield server
    finally:
        with suppress(EngineUnavailable):
            EngineClient(settings).stop()
        server._calls.end()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def until(is_so: object) -> None:
    """Wait until something is so, for as long as a test has patience."""
    assert callable(is_so)
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.002)


def call(settings: Settings, method: str, arguments: tuple[object, ...], seconds: float = PATIENCE,
         messages: int = sys.maxsize) -> list[EngineMessage]:
    """Return what the engine says to a call; hang up after so many seconds or messages; return what was said until then."""
    heard: list[EngineMessage] = []
    end = time.monotonic() + seconds
    with connect(endpoint_of(settings.home)) as connection:
        connection.send_bytes(message_frame(stamp(), Call(method, settings, arguments)))
        with suppress(*CONNECTION_ERRORS):
            while connection.poll(max(0.0, end - time.monotonic())):
                heard.append(cast("EngineMessage", load_message(parse_frame(connection.recv_bytes()), stamp())))
                if isinstance(heard[-1], Result | Failed) or len(heard) == messages:
                    break
    return heard
