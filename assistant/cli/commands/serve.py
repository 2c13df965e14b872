"""Commands `serve` and `mcp`: let other programs on this machine search and ask."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.app.ask.filters import path_pattern
from assistant.cli.commands.engine import RESTARTING
from assistant.cli.console import notice, write
from assistant.cli.options import Chat, Embed, Flags, Libraries, NoEngine, Rerank, settings_of
from assistant.errors import EngineUnavailable
from assistant.server.scope import Scope, requested_names
from assistant.server.token import load_token, token_file

if TYPE_CHECKING:
    import socket

    from assistant.config import Settings
    from assistant.server.channel import Channel
    from assistant.server.http.guard import Access

PORT, MCP_PORT = 8765, 8766

Host = Annotated[str, typer.Option("--host", metavar="ADDRESS", help="The address to listen on. Other machines can reach "
                                   "it only if you name an address of a network.")]
Port = Annotated[int, typer.Option("--port", metavar="N", min=0, max=65535, help="The port; 0 for any free one.")]
AllowHost = Annotated[list[str] | None, typer.Option("--allow-host", metavar="NAME", help="Another host name that requests may "
                                                     "name, such as host.docker.internal. Can be repeated.")]
AllowOrigin = Annotated[list[str] | None, typer.Option("--allow-origin", metavar="ORIGIN", help="A web page that may send "
                                                       "requests, such as http://localhost:3000. Can be repeated.")]
Http = Annotated[bool, typer.Option("--http", help="Serve over HTTP instead of stdin and stdout.")]
ShowToken = Annotated[bool, typer.Option("--show-token", help="Print the token and exit.")]
Visible = Annotated[list[str] | None, typer.Option("--path", metavar="PATH", help="Let clients see only this file, files in this "
                                                   "folder, or files that match a pattern. Can be repeated.")]


def serve(context: typer.Context, host: Host = "127.0.0.1", port: Port = PORT, allow_host: AllowHost = None,
          allow_origin: AllowOrigin = None, show_token: ShowToken = False, library: Libraries = None, path: Visible = None,
          chat: Chat = None, embed: Embed = None, rerank: Rerank = None, no_engine: NoEngine = False) -> None:
    """Serve other programs over HTTP: OpenAI's API and JSON.

    Every request needs the token, which is made at the first start. See docs/connect.md.
    """
    settings = settings_of(context, library, chat, embed, rerank)
    if show_token:
        write(f"{load_token(settings.home)}\n")
        return
    from assistant.server.http.serve import serve as serve_http

    access = access_for(settings, allow_host, allow_origin, host)
    scope = scope_of(context, library, path, chat, embed, rerank)
    with listening_socket(host, port) as listening, channel_for(settings, no_engine=no_engine) as channel:
        serve_http(channel, scope, access, listening, lambda: say_where(settings, host, listening, "/v1"))
    notice("Stopped.")


def scope_of(context: typer.Context, library: str | None, paths: list[str] | None, chat: str | None, embed: str | None,
             rerank: str | None) -> Scope:
    """Return what clients may see, and the flags that apply to their requests. Raises UsageError for a shared library."""
    before = context.obj if isinstance(context.obj, Flags) else Flags()
    named = library or before.library or ""
    said = {"chat": chat or before.chat, "embed": embed or before.embed, "rerank": rerank}
    flags = {name: value for name, value in said.items() if value is not None}
    scope = Scope(requested_names(named), tuple(path_pattern(path) for path in paths or ()), flags)
    scope.require_local()
    for name in set(scope.libraries) - set(scope.library_names()):
        notice(f"There is no library '{name}' yet. Add files to it: assistant add -L {name} FOLDER")
    return scope


def channel_for(settings: Settings, *, no_engine: bool) -> closing[Channel]:
    """Return the channel to the engine, to close; to this process, with a notice, if it is unavailable or not wanted."""
    from assistant.server.channel import InProcessChannel, open_channel

    if no_engine:
        return closing(InProcessChannel())
    try:
        return closing(open_channel(settings, lambda: notice(RESTARTING)))
    except EngineUnavailable as error:
        notice(f"{error} This command runs without it. {error.hint}")
        return closing(InProcessChannel())


def listening_socket(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises UsageError."""
    from assistant.server.http.uvicorn_server import listen

    return listen(host, port)


def say_where(settings: Settings, host: str, listening: socket.socket, path: str) -> None:
    """Say where the server is and where the token is."""
    shown = f"[{host}]" if ":" in host else host
    notice(f"Listening on http://{shown}:{listening.getsockname()[1]}{path}\nThe token is in {token_file(settings.home)}. "
           "Ctrl-C stops.")
    if not is_loopback(host):
        notice("Other machines can reach this address. The token and your files' text travel unencrypted.")


def access_for(settings: Settings, hosts: list[str] | None, origins: list[str] | None, host: str) -> Access:
    """Return who may send requests."""
    from assistant.server.http.guard import Access, host_names

    named = host_names([*(hosts or ()), f"[{host}]" if ":" in host else host])
    return Access(load_token(settings.home), named, frozenset(origin.rstrip("/") for origin in origins or ()))


def is_loopback(host: str) -> bool:
    """Return whether an address can only be reached from this machine."""
    return host == "localhost" or host == "::1" or host.startswith("127.")


def mcp(context: typer.Context, http: Http = False, host: Host = "127.0.0.1", port: Port = MCP_PORT, allow_host: AllowHost = None,
        allow_origin: AllowOrigin = None, library: Libraries = None, path: Visible = None, chat: Chat = None,
        embed: Embed = None, rerank: Rerank = None, no_engine: NoEngine = False) -> None:
    """Serve agents over the Model Context Protocol: search, ask, read, list, query tables.

    The program that uses it starts this command and speaks to it over stdin and stdout. See docs/connect.md.
    """
    settings = settings_of(context, library, chat, embed, rerank)
    scope = scope_of(context, library, path, chat, embed, rerank)
    from assistant.server.mcp.serve import serve_http, serve_stdio

    if not http:
        with channel_for(settings, no_engine=no_engine) as channel:
            serve_stdio(channel, scope)
        return
    access = access_for(settings, allow_host, allow_origin, host)
    with listening_socket(host, port) as listening, channel_for(settings, no_engine=no_engine) as channel:
        serve_http(channel, scope, access, listening, lambda: say_where(settings, host, listening, "/mcp"))
    notice("Stopped.")
