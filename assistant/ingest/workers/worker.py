"""Reader worker process: read the files that the supervisor names and send back the results.

Parsers crash, hang and exhaust memory, so they run in a process of their own and a failure costs one ledger entry. A hostile
file may also take a parser over, so the process is confined before it opens the first file (`assistant/system/confinement.py`).
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import IO

from assistant.errors import UnreadableFile
from assistant.ingest.workers.protocol import (
    Frame,
    FrameTooLong,
    ProtocolError,
    confinement_to_frame,
    reading_to_frame,
    receive,
    send,
    text_frames,
)
from assistant.ingest.workers.read_file import ReadOptions, ReadResult, ReadTask, read_with_members
from assistant.system.children import write_bytecode
from assistant.system.confinement import confine, refuse_network

ADDRESS_SPACE_FACTOR = 3  # times the memory limit: libraries reserve far more than they use
LIBRARIES = (
    "PIL.Image", "bs4", "duckdb", "lxml.html", "msoffcrypto", "numpy", "olefile", "onnxruntime", "pypdf", "pypdfium2", "rapidocr",
)  # fmt: skip
STEP_SECONDS = 0.2  # between two progress messages


def main() -> None:
    """Serve requests until the supervisor closes the pipe."""
    incoming, outgoing = _take_pipes()
    refuse_network()
    opening = receive(incoming)
    _limit_memory(int(opening["memory"]))
    if sys.platform.startswith("linux"):
        write_bytecode(LIBRARIES)
    confinement = confine(Path(opening["scratch"]))
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    terms = ReadOptions(int(opening["max_bytes"]), tuple(opening["passwords"]))
    send(outgoing, {"ready": confinement_to_frame(confinement)})
    while True:
        try:
            serve(receive(incoming), terms, lambda frame: send(outgoing, frame))
        except ProtocolError:
            return


def serve(request: Frame, terms: ReadOptions, send_frame: Callable[[Frame], None]) -> None:
    """Read one file; send its result and that of each file inside it as soon as it is known."""
    last = [0.0]

    def step(words: str) -> None:
        if time.monotonic() - last[0] > STEP_SECONDS:
            last[0] = time.monotonic()
            send_frame({"step": words})

    run = ReadTask(Path(request["path"]), terms, request["known"], dict(request["passed_over"]),
              begin=lambda path: send_frame({"begin": path}), on_step=step)
    for reading in read_with_members(run):
        send_result(reading, send_frame)
    send_frame({"done": True})


def send_result(reading: ReadResult, send_frame: Callable[[Frame], None]) -> None:
    """Send a result, or an UnreadableFile in its place if it is too long for a frame."""
    try:
        for piece in text_frames(reading):
            send_frame(piece)
        send_frame({"reading": reading_to_frame(reading)})
    except FrameTooLong:
        refused = UnreadableFile("its text and its tables are too long", reading.content_hash)
        send_frame({"reading": reading_to_frame(replace(reading, outcome=refused))})


def _take_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Duplicate the two pipes and redirect the standard streams, so that output of libraries cannot mix with the frames."""
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    sys.stdin, sys.stdout, sys.stderr = (open(os.devnull, mode, encoding="utf-8") for mode in ("r", "w", "w"))  # noqa: SIM115, PTH123
    return incoming, outgoing


def _limit_memory(limit: int) -> None:
    """Limit the address space, so that most parsers fail with MemoryError before the supervisor ends the process."""
    if sys.platform.startswith("linux"):
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        wanted = ADDRESS_SPACE_FACTOR * limit
        resource.setrlimit(resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end_with(parent: int) -> None:
    """End this process when its parent process has ended."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)


if __name__ == "__main__":
    main()
