"""Start the HTTP server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.server.gateway import Gateway
from assistant.server.http.app import create_app
from assistant.server.http.uvicorn_server import run_app

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from assistant.server.channel import Channel
    from assistant.server.http.guard import Access
    from assistant.server.scope import Scope


def serve(channel: Channel, scope: Scope, access: Access, listening: socket.socket,
          on_start: Callable[[], None]) -> None:
    """Serve other programs until SIGINT or SIGTERM; call `on_start` once they are served."""
    run_app(create_app(Gateway(channel, scope), access), listening, on_start)
