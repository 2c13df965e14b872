"""An OpenAI-compatible server on this machine for tests: it answers as a script says, and keeps what it was sent."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[["Handler"], None]


@dataclass
class FakeServer:
    """A running server: `script` holds one answer for each request, the last one again and again."""

    script: list[Answer]
    port: int = 0
    bodies: list[dict[str, Any]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


class Handler(BaseHTTPRequestHandler):
    fake: FakeServer

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        self.fake.raw.append(sent)
        self.fake.bodies.append(json.loads(sent))
        self.fake.headers.append({name.lower(): value for name, value in self.headers.items()})
        number = min(len(self.fake.bodies), len(self.fake.script)) - 1
        self.fake.script[number](self)

    def send(self, status: int, body: bytes, content_type: str = "application/json", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()

    def event(self, **said: Any) -> None:
        self.wfile.write(f"data: {json.dumps(said)}\n\n".encode())
        self.wfile.flush()

    def delta(self, text: str, **more: Any) -> None:
        self.event(choices=[{"index": 0, "delta": {"content": text}, **more}])

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def says(*pieces: str, usage: tuple[int, int] | None = (123, 7), role_first: bool = False) -> Answer:
    """Answer with these pieces of text."""

    def answer(handler: Handler) -> None:
        handler.stream()
        if role_first:
            handler.event(choices=[{"index": 0, "delta": {"role": "assistant"}}])
        for piece in pieces:
            handler.delta(piece)
        handler.delta("", finish_reason="stop")
        if usage:
            handler.event(choices=[], usage={"prompt_tokens": usage[0], "completion_tokens": usage[1]})
        handler.wfile.write(b"data: [DONE]\n\n")

    return answer


def fails(status: int, message: str = "no", **headers: str) -> Answer:
    return lambda handler: handler.send(status, json.dumps({"error": {"message": message}}).encode(), **headers)


def dies_after(*pieces: str) -> Answer:
    """Send these pieces, then cut the connection."""

    def answer(handler: Handler) -> None:
        handler.stream()
        for piece in pieces:
            handler.delta(piece)
        handler.close_connection = True

    return answer


def is_silent(handler: Handler) -> None:
    handler.fake.stopping.wait(20)


def talks_without_text(handler: Handler) -> None:
    """Send comments, as some servers do to keep a connection open, and never any text."""
    handler.stream()
    while not handler.fake.stopping.wait(0.05):
        try:
            handler.wfile.write(b": still here\n\n")
            handler.wfile.flush()
        except OSError:
            return


def sends(body: bytes, content_type: str = "text/event-stream") -> Answer:
    return lambda handler: handler.send(200, body, content_type)


@contextmanager
def running(*script: Answer, tls: ssl.SSLContext | None = None) -> Iterator[FakeServer]:
    """Run a server on a free port of the loopback interface."""
    fake = FakeServer(list(script))
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"fake": fake}))
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign] - a client that leaves is no error here
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    fake.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield fake
    finally:
        fake.stopping.set()
        server.shutdown()
        server.server_close()
