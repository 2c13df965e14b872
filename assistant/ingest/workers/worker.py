"""The worker process: names of files come in on one pipe, what is in them goes out on another.

It is a process of its own because parsers crash, hang and eat memory: what happens here is one entry of the ledger. Because a
parser may also do what a hostile file makes it do, the process is confined before it opens the first file (`confinement.py`).
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
    WireBroken,
    confinement_to_frame,
    reading_to_frame,
    receive,
    send,
)
from assistant.ingest.workers.read_file import Reading, Run, Terms, readings
from assistant.system.children import keep_compiled
from assistant.system.confinement import confine, refuse_network

ADDRESS_SPACE = 3  # times the memory that is allowed: libraries reserve far more than they use
LIBRARIES = ("PIL.Image", "bs4", "lxml.html", "msoffcrypto", "numpy", "olefile", "onnxruntime", "pypdf", "pypdfium2", "rapidocr")
STEP_SECONDS = 0.2  # between two steps that are told


def main() -> None:
    """Serve until the other side hangs up."""
    incoming, outgoing = _take_pipes()
    refuse_network()
    opening = receive(incoming)
    _limit_memory(int(opening["memory"]))
    if sys.platform.startswith("linux"):
        keep_compiled(LIBRARIES)
    confinement = confine(Path(opening["scratch"]))
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    terms = Terms(int(opening["max_bytes"]), tuple(opening["passwords"]))
    send(outgoing, {"ready": confinement_to_frame(confinement)})
    while True:
        try:
            serve(receive(incoming), terms, lambda frame: send(outgoing, frame))
        except WireBroken:
            return


def serve(request: Frame, terms: Terms, tell: Callable[[Frame], None]) -> None:
    """Read one file and tell what comes of it, and of each file inside it, as soon as it is known."""
    last = [0.0]

    def step(words: str) -> None:
        if time.monotonic() - last[0] > STEP_SECONDS:
            last[0] = time.monotonic()
            tell({"step": words})

    run = Run(Path(request["path"]), terms, request["known"], dict(request["passed_over"]),
              begin=lambda path: tell({"begin": path}), on_step=step)
    for reading in readings(run):
        tell_reading(reading, tell)
    tell({"done": True})


def tell_reading(reading: Reading, tell: Callable[[Frame], None]) -> None:
    """Tell what came of a file; of one that is too long for the pipe, that it is."""
    try:
        tell({"reading": reading_to_frame(reading)})
    except FrameTooLong:
        refused = UnreadableFile("its text and its tables are too long", reading.content_hash)
        tell({"reading": reading_to_frame(replace(reading, outcome=refused))})


def _take_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Keep the two pipes for this module, so that nothing a library prints gets between the frames."""
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    sys.stdin, sys.stdout, sys.stderr = (open(os.devnull, mode, encoding="utf-8") for mode in ("r", "w", "w"))  # noqa: SIM115, PTH123
    return incoming, outgoing


def _limit_memory(limit: int) -> None:
    """Let a greedy parser fail with MemoryError; the program watches what is really used, and ends what slips through."""
    if sys.platform.startswith("linux"):
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        wanted = ADDRESS_SPACE * limit
        resource.setrlimit(resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end_with(parent: int) -> None:
    """End when the program that started this one has ended, whatever is going on here."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)


if __name__ == "__main__":
    main()
