"""A small model, a hub that misbehaves on request, and wheels to put into a folder."""

import hashlib
import threading
import zipfile
from dataclasses import dataclass, field

from assistant.catalog import HubSource, Model, ModelFile

SOURCE = HubSource("someone/some-model", "main")
BASE = "/someone/some-model/resolve/main/"


def pattern(size, seed=1):
    """Return bytes that differ everywhere, so that a shifted copy is noticed."""
    return b"".join(hashlib.sha256(bytes([seed]) + number.to_bytes(4, "big")).digest() for number in range(size // 32 + 1))[:size]


def model_of(contents, *sources, kind="chat", **more):
    files = tuple(ModelFile(path, len(data), hashlib.sha256(data).hexdigest()) for path, data in contents.items())
    return Model(name="small", kind=kind, summary="", licence="", languages=("en",), memory=1, files=files,
                 sources=sources or (SOURCE,), **more)


@dataclass
class FakeHub:
    """Files by path. Each request takes the next of `cuts` (bytes after which to break off) and of `statuses`."""

    files: dict[str, bytes] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    redirects: dict[str, str] = field(default_factory=dict)
    ranges: bool = True
    empty: int = 0  # so many of the next bodies are empty, in chunks, without a length
    gate: threading.Event | None = None
    address: str = ""
    sent: int = 0

    def answer(self, handler):
        self.requests.append((handler.path, handler.headers.get("Range", "")))
        if self.gate:
            self.gate.wait(10)
        status = self.statuses.pop(0) if self.statuses else 200
        if status != 200:
            return self.plain(handler, status)
        if handler.path in self.redirects:
            handler.send_response(302)
            handler.send_header("Location", self.redirects[handler.path])
            handler.send_header("Content-Length", "0")
            return handler.end_headers()
        if handler.path not in self.files:
            return self.plain(handler, 404)
        if self.empty:
            return self.nothing(handler)
        return self.body(handler, self.files[handler.path])

    def nothing(self, handler):
        self.empty -= 1
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"0\r\n\r\n")

    def plain(self, handler, status):
        handler.send_response(status)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def body(self, handler, data):
        asked = handler.headers.get("Range")
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.ranges else 0
        if start and start >= len(data):
            return self.plain(handler, 416)
        handler.send_response(206 if start else 200)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        handler.send_header("Content-Length", str(len(data) - start))
        handler.end_headers()
        cut = self.cuts.pop(0) if self.cuts else len(data)
        piece = data[start:start + cut]
        handler.wfile.write(piece)
        self.sent += len(piece)
        handler.close_connection = True


def make_wheel(folder, name, members):
    """Write a wheel that pip accepts."""
    module = name.replace("-", "_")
    information = f"{module}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{module}-1.0-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as wheel:
        for member, data in members.items():
            wheel.writestr(member, data)
        wheel.writestr(f"{information}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(f"{information}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{information}/RECORD", "")
