"""Files from a model hub over HTTPS: resumed after a break, through the proxies and certificates of the environment."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from assistant.catalog.arrival import Arrival, SourceFailed
from assistant.catalog.entries import HubSource

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0
TRIES = 4  # in a row without a new byte
BACKOFF_SECONDS = 1.0
BROKE_OFF = "the connection broke off."


class Broken(Exception):
    """The connection broke off, or the server is overloaded: another try may work."""


class Hub:
    """A connection to a hub for the files of one source; a context manager."""

    def __init__(self, address: str, source: HubSource) -> None:
        self._address = address.rstrip("/")
        self._source = source
        self._reached = False
        self._client = self._open()

    def __enter__(self) -> Hub:
        return self

    def __exit__(self, *unused: object) -> None:
        self._client.close()

    def fetch(self, arrival: Arrival) -> None:
        """Bring in the file. Raises SourceFailed where the hub does not have it or cannot be reached."""
        arrival.resume(arrival.file.size)
        if arrival.count and not self._is_whole(arrival):
            arrival.restart()  # what an earlier run left was not good: once more, from the first byte
        self._transfer(arrival)
        arrival.finish()

    def _open(self) -> httpx.Client:
        import httpx

        try:
            return httpx.Client(
                follow_redirects=True,
                timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
                headers={"Accept-Encoding": "identity"},  # the bytes themselves: they are counted and resumed
                event_hooks={"request": [self._refuse_plain]},
            )
        except (ImportError, ValueError, OSError, httpx.InvalidURL) as error:
            raise SourceFailed("the proxy or the certificates that the environment names cannot be used.") from error

    def _is_whole(self, arrival: Arrival) -> bool:
        self._transfer(arrival)
        return arrival.matches()

    def _transfer(self, arrival: Arrival) -> None:
        tries, furthest = 0, arrival.count
        while arrival.count < arrival.file.size:
            try:
                self._request(arrival)
            except Broken as error:
                tries = 0 if arrival.count > furthest else tries + 1
                furthest = max(furthest, arrival.count)
                if tries >= TRIES or not self._reached:
                    raise SourceFailed(str(error)) from error
                time.sleep(BACKOFF_SECONDS * 2**tries)

    def _request(self, arrival: Arrival) -> None:
        import httpx

        url = f"{self._address}/{self._source.repo}/resolve/{quote(self._source.revision)}/{quote(arrival.file.path)}"
        headers = {"Range": f"bytes={arrival.count}-"} if arrival.count else {}
        try:
            with self._client.stream("GET", url, headers=headers) as response:
                self._reached = True
                if self._accept(response, arrival):
                    for block in response.iter_bytes():
                        arrival.write(block)
        except httpx.InvalidURL as error:
            raise SourceFailed("the address of the hub is not valid.") from error
        except httpx.TransportError as error:
            raise Broken(explain(error)) from error
        except httpx.HTTPError as error:
            raise SourceFailed(f"it could not be read ({type(error).__name__}).") from error
        if arrival.count < arrival.file.size:
            raise Broken(BROKE_OFF)  # a body without a length can end early and look whole

    def _accept(self, response: httpx.Response, arrival: Arrival) -> bool:
        """Return whether the body is what comes next of the file; begins again where the server does."""
        status = response.status_code
        if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and arrival.count:
            arrival.restart()
            return False
        if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Broken(f"it answers with error {status}.")
        if status not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
            raise SourceFailed(f"it does not give out {arrival.file.path} (error {status}).")
        if arrival.count and not continues(response, arrival.count):
            arrival.restart()
        length = response.headers.get("Content-Length", "")
        counted = length.isdigit() and "Content-Encoding" not in response.headers
        if counted and arrival.count + int(length) != arrival.file.size:
            raise SourceFailed(f"its {arrival.file.path} has another size than the catalog says.")
        return True

    def _refuse_plain(self, request: httpx.Request) -> None:
        """Stop a redirect that leads from an encrypted connection to one that anybody could change."""
        if self._address.lower().startswith("https:") and request.url.scheme != "https":
            raise SourceFailed("it redirects to an unencrypted address.")


def continues(response: httpx.Response, count: int) -> bool:
    """Return whether the body starts at byte `count`."""
    span = response.headers.get("Content-Range", "")
    return response.status_code == HTTPStatus.PARTIAL_CONTENT and span.startswith(f"bytes {count}-")


def explain(error: httpx.TransportError) -> str:
    """Return a sentence for a connection that failed."""
    import httpx

    if isinstance(error, httpx.TimeoutException):
        return "it does not answer in time."
    if isinstance(error, httpx.ProxyError):
        return "the proxy does not let it through."
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "its certificate is not trusted here (SSL_CERT_FILE can name the right authority)."
    if isinstance(error, httpx.ConnectError):
        return "it cannot be reached."
    if isinstance(error, httpx.UnsupportedProtocol):
        return "its address does not begin with https://."
    return BROKE_OFF
