"""Check every HTTP request before anything else sees it: Host, Origin, token, size and duration of the body.

Host and Origin are checked against DNS rebinding: a web page whose name was pointed at this machine sends its own name in both.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from assistant.server.http.errors import plain_error

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
MOST_BYTES = 2 * 2**20  # of a body
BODY_SECONDS = 30.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Access:
    """Who may send requests.

    token: the bearer token
    hosts: host names, beside those of the loopback interface, that the Host header may name
    origins: origins of web pages, such as "http://localhost:3000", that may send requests
    """

    token: str
    hosts: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()

    def allows_host(self, headers: Headers) -> bool:
        """Return whether there is exactly one Host header, and it names this machine."""
        named = headers.getlist("host")
        return len(named) == 1 and host_name(named[0]) in LOOPBACK | self.hosts

    def allows_origin(self, headers: Headers) -> bool:
        """Return whether the request comes from no web page, or from one that was allowed."""
        return set(headers.getlist("origin")) <= self.origins

    def allows_token(self, headers: Headers) -> bool:
        """Return whether there is exactly one Authorization header, with the token."""
        sent = headers.getlist("authorization")
        scheme, _, token = sent[0].partition(" ") if len(sent) == 1 else ("", "", "")
        same = hmac.compare_digest(token.strip().encode("utf-8", "replace"), self.token.encode())
        return scheme.lower() == "bearer" and same


def host_name(host: str) -> str:
    """Return the name in a Host header without its port, in lower case; an empty string if it is malformed."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return ""
    if parts.username is not None or parts.path or parts.query or parts.fragment:
        return ""
    return (parts.hostname or "").rstrip(".")


class Guard:
    """ASGI middleware that refuses requests without access, and those with too large or too slow a body."""

    def __init__(self, app: ASGIApp, access: Access, most_bytes: int = MOST_BYTES, body_seconds: float = BODY_SECONDS) -> None:
        self._app, self._access = app, access
        self._most_bytes, self._body_seconds = most_bytes, body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a permitted request on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = self._refusal(scope)
        if refused is not None:
            await refused(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._body_seconds):
                body = await self._read_body(receive)
        except TimeoutError:
            await plain_error(408, "The body of the request took too long.")(scope, receive, send)
            return
        except BodyTooLarge:
            await plain_error(413, f"The body is larger than {self._most_bytes:,} bytes.")(scope, receive, send)
            return
        except ConnectionError:
            return
        await self._pass_on(scope, Replay(body, receive), TrackedSend(send))

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        """Return the response that refuses a request; None if it is permitted."""
        headers, access = Headers(scope=scope), self._access
        if not access.allows_host(headers):
            return plain_error(421, "This host name is not served.")
        if not access.allows_origin(headers):
            return plain_error(403, "This origin is not allowed.", "permission_error")
        if is_preflight(scope, headers):
            return None
        if not access.allows_token(headers):
            return plain_error(401, "The token is missing or wrong. Send the header: Authorization: Bearer TOKEN",
                               "authentication_error", {"www-authenticate": "Bearer"})
        declared = headers.get("content-length", "0")
        if not declared.isdecimal() or int(declared) > self._most_bytes:
            return plain_error(413, f"The body is larger than {self._most_bytes:,} bytes.")
        return None

    async def _read_body(self, receive: Receive) -> bytes:
        """Return the whole body. Raises BodyTooLarge, and ConnectionError if the client disconnects."""
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                raise ConnectionError
            body += message.get("body", b"")
            if len(body) > self._most_bytes:
                raise BodyTooLarge
            if not message.get("more_body", False):
                return bytes(body)

    async def _pass_on(self, scope: Scope, receive: Receive, send: TrackedSend) -> None:
        """Run the application; log where a bug is, but not its message, which may hold words of a question or a file."""
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            log.error("a request failed: %s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
            if not send.started:
                await plain_error(500, f"The server failed: {type(error).__name__}.", "server_error")(scope, receive, send)
            elif not send.finished:
                raise ResponseBroken from None  # the server closes the connection: the client sees that the response is cut off


class BodyTooLarge(Exception):
    """A body has more bytes than allowed."""


class ResponseBroken(Exception):
    """A response failed after it began."""


class Replay:
    """Hands a body that was read to the application, then what the client sends after it: its disconnection."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        """Return the next message."""
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


class TrackedSend:
    """Sends messages, and knows whether the response has begun, and ended."""

    def __init__(self, send: Send) -> None:
        self._send, self.started, self.finished = send, False, False

    async def __call__(self, message: Message) -> None:
        """Send a message."""
        self.started = True
        await self._send(message)
        self.finished = message["type"] == "http.response.body" and not message.get("more_body", False)


def is_preflight(scope: Scope, headers: Headers) -> bool:
    """Return whether this is the question of a browser whether a page may send a request; its Origin was checked."""
    return scope["method"] == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers


def host_names(hosts: Iterable[str]) -> frozenset[str]:
    """Return host names as they are compared."""
    return frozenset(filter(None, map(host_name, hosts)))
