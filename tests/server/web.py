"""An HTTP server in a thread of the test's own process, and requests to it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from assistant.server.channel import Channel, InProcessChannel
from assistant.server.gateway import Gateway, GatewayLimits
from assistant.server.http.app import create_app
from assistant.server.http.guard import Access
from assistant.server.http.uvicorn_server import listen, server_for
from assistant.server.scope import Scope
from tests.server.serving import until

TOKEN = "0123456789abcdef-of-a-test"


@dataclass(frozen=True)
class Web:
    """A server, and how to reach it."""

    port: int
    gateway: Gateway

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def request(self, method: str, path: str, *, token: str = TOKEN, headers: dict[str, str] | None = None,
                **content: Any) -> httpx.Response:
        authorization = {"authorization": f"Bearer {token}"} if token else {}
        with httpx.Client(timeout=30, trust_env=False) as client:
            return client.request(method, self.url + path, headers={**authorization, **(headers or {})}, **content)

    def get(self, path: str) -> httpx.Response:
        return self.request("GET", path)

    def post(self, path: str, fields: object) -> httpx.Response:
        return self.request("POST", path, json=fields)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)


@contextmanager
def serving_web(scope: Scope | None = None, channel: Channel | None = None, access: Access | None = None,
                limits: GatewayLimits | None = None, make_app: Any = create_app) -> Iterator[Web]:
    """Serve until the block ends."""
    channel = channel or InProcessChannel()
    gateway = Gateway(channel, scope or Scope(), limits)
    server = server_for(make_app(gateway, access or Access(TOKEN)))
    with listen("127.0.0.1", 0) as listening:
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        until(lambda: server.started)
        try:
            yield Web(listening.getsockname()[1], gateway)
        finally:
            server.should_exit = True
            thread.join(30)
            assert not thread.is_alive()
            channel.close()
