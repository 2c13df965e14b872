"""One worker process, kept in bounds: a file goes in, its readings come out, whatever the file does to the worker."""

from __future__ import annotations

import queue
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from assistant.errors import ReadersUnavailable, UnreadableFile
from assistant.ingest.workers.protocol import (
    Frame,
    WireBroken,
    belongs_to,
    confinement_from_frame,
    reading_from_frame,
    receive,
    send,
)
from assistant.ingest.workers.read_file import Reading, Terms, hash_of, read_bytes
from assistant.ingest.workers.reading_budget import size_of
from assistant.system.children import has_ended, start_piped
from assistant.system.confinement import Confinement

if TYPE_CHECKING:
    import subprocess

SETTINGS = {"PYTHONUTF8": "1", "PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1"}
TEMPORARY = ("TMPDIR", "TEMP", "TMP")  # variables that name the folder for temporary files
GLANCE_SECONDS = 0.1  # between two looks at a worker's memory
TOTAL = 30  # times the silence that is allowed is what a file may take in all
MOST_PASSED_OVER = 20  # files inside one file that end the worker, before the rest is given up
TIRED = 0.5  # of the memory: a worker that still holds this much after a file is replaced
START_SECONDS = 60
PROBE_MEMORY = 2**31
MOST_FRAMES = 2  # of a worker that wait to be looked at; it waits with the next
ENDED = "the worker was ended"
LARGEST_RESULT = 2**30  # bytes of what comes of one file and the files inside it: more than a worker in its senses sends


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one file may take: seconds without any progress, bytes of memory."""

    silence: float
    memory: int


class WorkerLost(Exception):
    """The worker had to be ended, or ended by itself; the message is the reason that the ledger shows."""


class Frames:
    """What a worker has said and nobody has looked at yet. Only a few frames wait, so that they do not fill the memory."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[Frame | WireBroken] = queue.Queue(MOST_FRAMES)
        self._is_closed = False

    def put(self, frame: Frame | WireBroken) -> None:
        """Add a frame when there is room for it; drop it where nobody will look at it."""
        while not self._is_closed:
            with suppress(queue.Full):
                self._waiting.put(frame, timeout=GLANCE_SECONDS)
                return

    def get(self, timeout: float) -> Frame | WireBroken:
        """Return the next frame, the end of the stream where there will be none. Raises queue.Empty where none comes in time."""
        if self._is_closed and self._waiting.empty():
            return WireBroken(ENDED)
        return self._waiting.get(timeout=timeout)

    def close(self) -> None:
        """Drop what comes from now on, and wake who waits for it."""
        self._is_closed = True
        with suppress(queue.Full):
            self._waiting.put_nowait(WireBroken(ENDED))


class Warden:
    """Starts a worker when there is something to read, watches it, and replaces it when it is lost."""

    def __init__(self, terms: Terms, bounds: Bounds) -> None:
        self._terms, self._bounds = terms, bounds
        self._process: subprocess.Popen[bytes] | None = None
        self._frames = Frames()
        self._is_closed = False
        self.scratch = Path()  # the only folder that the worker can write to, where the system can see to that
        self.confinement = Confinement()

    def close(self) -> None:
        """End the worker, whatever it is doing."""
        self._is_closed = True
        self._end()

    def read(self, path: Path, known_hash: str, on_step: Callable[[str], None]) -> list[Reading]:
        """Return what came of a file and of the files inside it. What ends the worker becomes a reason like any other."""
        passed_over: dict[str, str] = {}
        while True:
            found: list[Reading] = []
            held = 0
            current = [str(path)]
            try:
                for frame in self._ask(path, known_hash, passed_over):
                    if "step" in frame:
                        on_step(str(frame["step"]))
                    elif "begin" in frame:
                        current.append(str(frame["begin"]))
                    elif "reading" in frame:
                        found.append(_reading_of(path, frame["reading"]))
                        held += size_of(found[-1:])
                        if held > LARGEST_RESULT:
                            raise WorkerLost("what is in it is too long")
                self._replace_if_tired()
                return found
            except (WorkerLost, WireBroken) as error:
                self._end()
                if self._is_closed or current[-1] == str(path) or len(passed_over) == MOST_PASSED_OVER:
                    return [*(each for each in found if each.path != str(path)), self._lost(path, str(error))]
                passed_over[current[-1]] = str(error)  # what is inside is given up alone; the rest is read again

    def _lost(self, path: Path, reason: str) -> Reading:
        """Return the reading of a file that ends workers. Its hash says that the same bytes need not be tried again."""
        try:
            content_hash = hash_of(read_bytes(path, self._terms.max_bytes))
        except UnreadableFile:
            content_hash = ""
        return Reading(str(path), UnreadableFile(reason, content_hash), content_hash)

    def _ask(self, path: Path, known_hash: str, passed_over: dict[str, str]) -> Iterator[Frame]:
        """Yield the worker's frames about a file. Raises WorkerLost or WireBroken."""
        process = self._started()
        self._tell(process, {"path": str(path), "known": known_hash, "passed_over": passed_over})
        began = last = time.monotonic()
        while True:
            frame = self._next(process, began, last)
            if frame.get("done"):
                return
            last = time.monotonic()
            yield frame

    def _next(self, process: subprocess.Popen[bytes], began: float, last: float) -> Frame:
        """Return the next frame, looking at time and memory meanwhile."""
        while True:
            try:
                frame = self._frames.get(timeout=GLANCE_SECONDS)
            except queue.Empty:
                self._look_at(process, began, last)
                continue
            if isinstance(frame, WireBroken):
                raise WorkerLost(_cause_of_end(process))
            self._look_at(process, began, time.monotonic())
            return frame

    def _look_at(self, process: subprocess.Popen[bytes], began: float, last: float) -> None:
        now, silence = time.monotonic(), self._bounds.silence
        if now - last > silence:
            raise WorkerLost(f"reading it was given up: no progress in {silence:.0f} seconds")
        if now - began > TOTAL * silence:
            raise WorkerLost(f"reading it was given up after {TOTAL * silence / 60:.0f} minutes")
        if memory_of(process.pid) > self._bounds.memory:
            raise WorkerLost(f"reading it takes more than {self._bounds.memory / 1e9:.1f} GB of memory")

    def start(self) -> None:
        """Start the worker, which reading would start otherwise. Raises ReadersUnavailable."""
        self._started()

    def _launched(self) -> subprocess.Popen[bytes]:
        """Start a worker in a new folder of its own, which goes when the worker goes."""
        try:
            self.scratch = Path(tempfile.mkdtemp(prefix="assistant-reader-")).resolve()
        except OSError as error:
            raise unavailable(f"no temporary folder can be made ({error.strerror})") from error
        settings = SETTINGS | dict.fromkeys(TEMPORARY, str(self.scratch))
        return start_piped("assistant.ingest.workers.worker", self.scratch, settings)

    def _started(self) -> subprocess.Popen[bytes]:
        if self._is_closed:
            raise WorkerLost("reading was stopped")
        if self._process is None:
            self._process = self._launched()
            self._frames = Frames()
            threading.Thread(target=_listen, args=(self._process, self._frames), daemon=True).start()
            self._greet(self._process)
        return self._process

    def _greet(self, process: subprocess.Popen[bytes]) -> None:
        try:
            self._tell(process, {"memory": self._bounds.memory, "max_bytes": self._terms.max_bytes,
                                 "passwords": list(self._terms.passwords), "scratch": str(self.scratch)})
            self._await_ready(process)
        except (WorkerLost, WireBroken) as error:
            self._end()
            raise unavailable(str(error)) from error
        except ReadersUnavailable:
            self._end()
            raise

    def _await_ready(self, process: subprocess.Popen[bytes]) -> None:
        try:
            frame = self._frames.get(timeout=START_SECONDS)
        except queue.Empty as error:
            raise unavailable("it says nothing") from error
        if isinstance(frame, WireBroken):
            if not self._is_closed:
                raise unavailable(_cause_of_end(process))
        else:
            self.confinement = confinement_from_frame(frame["ready"])

    def _tell(self, process: subprocess.Popen[bytes], frame: Frame) -> None:
        assert process.stdin is not None
        try:
            send(process.stdin, frame)
        except OSError as error:
            raise WorkerLost(_cause_of_end(process)) from error

    def _replace_if_tired(self) -> None:
        if self._process is not None and memory_of(self._process.pid) > TIRED * self._bounds.memory:
            self._end()

    def _end(self) -> None:
        process, self._process = self._process, None
        self._frames.close()
        if process is None:
            return
        process.kill()
        process.wait()
        shutil.rmtree(self.scratch, ignore_errors=True)
        for stream in (process.stdin, process.stdout):
            with suppress(OSError):
                if stream is not None:
                    stream.close()


def confinement_of_readers() -> Confinement:
    """Start a worker, and return what it is kept from on this machine. Raises ReadersUnavailable."""
    warden = Warden(Terms(0), Bounds(START_SECONDS, PROBE_MEMORY))
    try:
        warden.start()
        return warden.confinement
    finally:
        warden.close()


def _reading_of(path: Path, frame: Frame) -> Reading:
    """Return the reading in a frame. Raises WireBroken where it is one of another file than was asked for."""
    reading = reading_from_frame(frame)
    if not belongs_to(reading, str(path)):
        raise WireBroken("a reading is of another file")
    return reading


def unavailable(cause: str) -> ReadersUnavailable:
    """Return the error for a worker that does not start."""
    return ReadersUnavailable(f"The process that reads files does not start: {cause}.",
                              "Close other programs if memory is short; see what is wrong with: assistant doctor")


def memory_of(process: int) -> int:
    """Return the bytes of memory that a process uses, 0 where it has ended."""
    try:
        return int(psutil.Process(process).memory_info().rss)
    except psutil.Error:
        return 0


def _listen(process: subprocess.Popen[bytes], frames: Frames) -> None:
    """Pass on what a worker says, until it says no more."""
    assert process.stdout is not None
    try:
        while True:
            frames.put(receive(process.stdout))
    except (WireBroken, OSError, ValueError) as error:
        frames.put(error if isinstance(error, WireBroken) else WireBroken(str(error)))


def _cause_of_end(process: subprocess.Popen[bytes]) -> str:
    """Return why a worker is gone."""
    if not has_ended(process, 5):
        return "reading it ended without a result"
    code = process.returncode
    if code < 0:
        with suppress(ValueError):
            return f"it crashes the program that reads it ({signal.Signals(-code).name})"
    return f"it crashes the program that reads it (exit code {code})"
