"""Send one HTTP request to a checked address, and receive the lines of its response in a thread of its own.

The only file that uses httpx for chat models. The connection goes to an address that `resolve` has checked; the name is sent as
Host and verified in the certificate. Redirects are not followed. Proxies of the environment are ignored.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeAlias

from assistant.models.remote.address import RemoteServer
from assistant.system.confinement import permit_network

if TYPE_CHECKING:
    import ssl

    import httpx

CONNECT_SECONDS = 10.0
STEP_SECONDS = 0.1  # between two looks at whether to stop
LONGEST_LINE = 2**20  # bytes
LONGEST_ERROR = 2**16  # bytes of a response that is an error
LONGEST_RESPONSE = 2**26  # bytes


@dataclass(frozen=True, slots=True)
class Request:
    """A request to a server: `body` is JSON."""

    server: RemoteServer
    path: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class ResponseStart:
    """The status and the headers of a response, names in lower case."""

    status: int
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Broken:
    """The end of an exchange that failed; `is_connected` tells whether the server had been reached."""

    reason: str
    is_connected: bool


class ExchangeFailed(Exception):
    """The exchange failed; `may_retry` is True if no server was reached, so that nothing was received twice."""

    def __init__(self, reason: str, *, may_retry: bool) -> None:
        super().__init__(reason)
        self.may_retry = may_retry


Received: TypeAlias = "ResponseStart | bytes | Broken | None"  # None: the response is complete


class Exchange:
    """One request and its response. Waiting for a line can be stopped at any time; `close` ends the exchange on both sides.

    `seconds`: how long the server may send nothing that counts, see `lines`.
    """

    def __init__(self, request: Request, addresses: Sequence[str], seconds: float, should_stop: Callable[[], bool]) -> None:
        self._request, self._addresses, self._seconds, self._should_stop = request, addresses, seconds, should_stop
        self._received: SimpleQueue[Received] = SimpleQueue()
        self._socket: socket.socket | None = None
        self._is_closed = False
        self._deadline = time.monotonic() + seconds
        threading.Thread(target=self._run, name="ask-server", daemon=True).start()

    def start(self) -> ResponseStart:
        """Wait for the status. Raises ExchangeFailed, or KeyboardInterrupt if it is stopped."""
        first = self._next()
        assert isinstance(first, ResponseStart)
        return first

    def lines(self) -> Iterator[bytes]:
        """Yield the lines of the response. Raises ExchangeFailed, or KeyboardInterrupt if it is stopped."""
        while (line := self._next()) is not None:
            assert isinstance(line, bytes)
            yield line

    def extend(self) -> None:
        """Note that the server has sent something that counts: its time begins anew."""
        self._deadline = time.monotonic() + self._seconds

    def close(self) -> None:
        """Cut the connection, so that the server stops generating and the thread ends."""
        self._is_closed = True
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _next(self) -> ResponseStart | bytes | None:
        while True:
            if self._should_stop():
                self.close()
                raise KeyboardInterrupt
            left = self._deadline - time.monotonic()
            if left <= 0:
                self.close()
                raise ExchangeFailed(f"sent no text for {self._seconds:g} seconds", may_retry=False)
            with suppress(Empty):
                received = self._received.get(timeout=min(STEP_SECONDS, left))
                if isinstance(received, Broken):
                    raise ExchangeFailed(received.reason, may_retry=not received.is_connected)
                return received

    def _run(self) -> None:
        import httpx

        is_connected = False
        try:
            for address in self._addresses:
                try:
                    with permit_network({address}):
                        self._exchange(address)
                    return
                except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                    failure: Exception = error
            raise failure
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            self._received.put(Broken(describe_failure(error), is_connected))
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            self._received.put(Broken(describe_failure(error), is_connected=True))

    def _exchange(self, address: str) -> None:
        import httpx

        request = self._request
        timeout = httpx.Timeout(self._seconds, connect=min(CONNECT_SECONDS, self._seconds))
        with httpx.Client(trust_env=False, follow_redirects=False, timeout=timeout, verify=verified_context()) as client:
            message = client.build_request("POST", request.server.url(address, request.path), content=request.body,
                                           headers=request.headers,
                                           extensions={"sni_hostname": request.server.host, "trace": self._keep_socket})
            response = client.send(message, stream=True)
            try:
                self._received.put(ResponseStart(response.status_code, dict(response.headers)))
                self._receive(response)
            finally:
                response.close()

    def _keep_socket(self, event: str, details: Mapping[str, Any]) -> None:
        """Keep the socket of the new connection, so that it can be cut before the server answers (a callback of httpcore)."""
        if event in {"connection.connect_tcp.complete", "connection.start_tls.complete"}:
            self._socket = details["return_value"].get_extra_info("socket")
            if self._is_closed:
                self.close()

    def _receive(self, response: httpx.Response) -> None:
        pending, total = b"", 0
        for piece in response.iter_raw():
            if self._is_closed:
                return
            *lines, pending = (pending + piece).split(b"\n")
            total += len(piece)
            if total > LONGEST_RESPONSE:
                raise ValueError("it sent more than any answer has")
            for line in lines:
                self._received.put(line)
            if len(pending) > LONGEST_LINE or (response.status_code >= 300 and total > LONGEST_ERROR):
                break
        self._received.put(pending[:LONGEST_LINE])
        self._received.put(None)


def verified_context() -> ssl.SSLContext:
    """Return the TLS context: certificates are verified with certifi's authorities, or those that SSL_CERT_FILE names."""
    import httpx

    return httpx.create_ssl_context(trust_env=True)


def describe_failure(error: Exception) -> str:
    """Return why an exchange failed, as the end of a sentence that begins with the server."""
    import httpx

    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return f"has a certificate that cannot be verified ({error})"
    if isinstance(error, httpx.ConnectTimeout):
        return "does not answer"
    if isinstance(error, httpx.ConnectError):
        return f"cannot be reached ({error})"
    if isinstance(error, httpx.TimeoutException):
        return "sent nothing in time"
    if isinstance(error, httpx.RemoteProtocolError):
        return f"broke off, or does not speak HTTP ({error})"
    return f"broke off ({error or type(error).__name__})"
