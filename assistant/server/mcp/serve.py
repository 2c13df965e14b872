"""Run the MCP server over stdio or HTTP."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mcp.server.stdio import stdio_server
from mcp.server.transport_security import TransportSecuritySettings

from assistant.server.gateway import Gateway
from assistant.server.http.app import guarded
from assistant.server.http.guard import MOST_BYTES
from assistant.server.http.uvicorn_server import run_app
from assistant.server.mcp.server import create_server
from assistant.system.confinement import refuse_outgoing_network

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from starlette.types import ASGIApp

    from assistant.server.channel import Channel
    from assistant.server.http.guard import Access
    from assistant.server.scope import Scope

PATH = "/mcp"
MOST_SESSIONS = 100


def serve_stdio(channel: Channel, scope: Scope) -> None:
    """Serve the program that started this process over stdin and stdout, until it closes stdin."""
    refuse_outgoing_network()
    asyncio.run(run_stdio(Gateway(channel, scope)))


async def run_stdio(gateway: Gateway) -> None:
    """Serve one client. While it lasts, stdout belongs to the protocol: what else is printed goes to stderr."""
    server = create_server(gateway)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


def serve_http(channel: Channel, scope: Scope, access: Access, listening: socket.socket,
               on_start: Callable[[], None]) -> None:
    """Serve clients over streamable HTTP until SIGINT or SIGTERM; call `on_start` once they are served."""
    run_app(create_http_app(Gateway(channel, scope), access), listening, on_start)


def create_http_app(gateway: Gateway, access: Access) -> ASGIApp:
    """Return the application; its guard checks Host, Origin and token for the SDK's own checks."""
    app = create_server(gateway).streamable_http_app(
        streamable_http_path=PATH, max_request_body_size=MOST_BYTES, max_sessions=MOST_SESSIONS,
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False))
    return guarded(app, access)
