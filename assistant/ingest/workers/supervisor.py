"""Supervise one reader worker: restart it when it crashes or exceeds its time or memory limit."""

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
    ProtocolError,
    confinement_from_frame,
    is_result_of,
    reading_from_frame,
    receive,
    send,
)
from assistant.ingest.workers.read_file import ReadOptions, ReadResult, memory_size, read_bytes, sha256_of
from assistant.system.children import ends_within, start_piped
from assistant.system.confinement import Confinement

if TYPE_CHECKING:
    import subprocess

WORKER_ENVIRONMENT = {"PYTHONUTF8": "1", "PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1"}
TEMPORARY_FOLDER_VARIABLES = ("TMPDIR", "TEMP", "TMP")
POLL_SECONDS = 0.1  # between two checks of a worker's memory
TOTAL_TIMEOUT_FACTOR = 30  # one file may take this many times the idle timeout in all
MAX_GIVEN_UP = 20  # files inside one file that may end the worker before the whole file is given up
RECYCLE_AT = 0.5  # share of the memory limit: a worker that holds more after a file is replaced
START_SECONDS = 60
PROBE_MEMORY = 2**31
MAX_QUEUED_FRAMES = 2  # the worker blocks when more frames wait
MAX_RESULT_BYTES = 2**30  # of one file and the files inside it; an honest worker sends less
WORKER_ENDED = "the worker was ended"


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """The limits for one file: `idle_timeout` in seconds without progress, `memory` in bytes."""

    idle_timeout: float
    memory: int


class WorkerLost(Exception):
    """The worker ended or had to be ended; the message is the reason that the ledger shows."""


class WorkerSupervisor:
    """Start a worker when there is a file to read, watch it, and replace it when it is lost."""

    def __init__(self, terms: ReadOptions, bounds: WorkerLimits) -> None:
        self._terms, self._bounds = terms, bounds
        self._process: subprocess.Popen[bytes] | None = None
        self._frames = FrameQueue()
        self._is_closed = False
        self.scratch = Path()  # the only folder that a confined worker can write to
        self.confinement = Confinement()

    def close(self) -> None:
        """End the worker, even in the middle of a file."""
        self._is_closed = True
        self._end()

    def start(self) -> None:
        """Start the worker before the first file. Raises ReadersUnavailable."""
        self._running_process()

    def read(self, path: Path, known_hash: str, on_step: Callable[[str], None]) -> list[ReadResult]:
        """Return the results of a file and of the files inside it. A lost worker becomes the reason for an unreadable file.

        A file inside a container that ends the worker is given up alone; the rest of the container is read again without it.
        """
        given_up: dict[str, str] = {}
        while True:
            results: list[ReadResult] = []
            held = 0
            current = [str(path)]
            try:
                for frame in self._request(path, known_hash, given_up):
                    if "step" in frame:
                        on_step(str(frame["step"]))
                    elif "begin" in frame:
                        current.append(str(frame["begin"]))
                    elif "reading" in frame:
                        results.append(_result_of(path, frame["reading"]))
                        held += memory_size(results[-1:])
                        if held > MAX_RESULT_BYTES:
                            raise WorkerLost("what is in it is too long")
                if self._process is not None and memory_of(self._process.pid) > RECYCLE_AT * self._bounds.memory:
                    self._end()
                return results
            except (WorkerLost, ProtocolError) as error:
                self._end()
                if self._is_closed or current[-1] == str(path) or len(given_up) == MAX_GIVEN_UP:
                    return [*(each for each in results if each.path != str(path)), self._failure(path, str(error))]
                given_up[current[-1]] = str(error)

    def _request(self, path: Path, known_hash: str, given_up: dict[str, str]) -> Iterator[Frame]:
        """Ask the worker to read a file and yield its frames. Raises WorkerLost or ProtocolError."""
        process = self._running_process()
        self._send(process, {"path": str(path), "known": known_hash, "passed_over": given_up})
        began = last = time.monotonic()
        while True:
            frame = self._next_frame(process, began, last)
            if frame.get("done"):
                return
            last = time.monotonic()
            yield frame

    def _next_frame(self, process: subprocess.Popen[bytes], began: float, last: float) -> Frame:
        """Return the next frame; check the time and memory limits while waiting."""
        while True:
            try:
                frame = self._frames.get(timeout=POLL_SECONDS)
            except queue.Empty:
                self._check_limits(process, began, last)
                continue
            if isinstance(frame, ProtocolError):
                raise WorkerLost(_cause_of_end(process))
            self._check_limits(process, began, time.monotonic())
            return frame

    def _check_limits(self, process: subprocess.Popen[bytes], began: float, last: float) -> None:
        now, idle_timeout = time.monotonic(), self._bounds.idle_timeout
        if now - last > idle_timeout:
            raise WorkerLost(f"reading it was given up: no progress in {idle_timeout:.0f} seconds")
        if now - began > TOTAL_TIMEOUT_FACTOR * idle_timeout:
            raise WorkerLost(f"reading it was given up after {TOTAL_TIMEOUT_FACTOR * idle_timeout / 60:.0f} minutes")
        if memory_of(process.pid) > self._bounds.memory:
            raise WorkerLost(f"reading it takes more than {self._bounds.memory / 1e9:.1f} GB of memory")

    def _failure(self, path: Path, reason: str) -> ReadResult:
        """Return the result for a file that ends workers, with its hash, so that the same bytes are not tried again."""
        try:
            content_hash = sha256_of(read_bytes(path, self._terms.max_bytes))
        except UnreadableFile:
            content_hash = ""
        return ReadResult(str(path), UnreadableFile(reason, content_hash), content_hash)

    def _running_process(self) -> subprocess.Popen[bytes]:
        if self._is_closed:
            raise WorkerLost("reading was stopped")
        if self._process is None:
            self._process = self._launch()
            self._frames = FrameQueue()
            threading.Thread(target=_forward_frames, args=(self._process, self._frames), daemon=True).start()
            self._greet(self._process)
        return self._process

    def _launch(self) -> subprocess.Popen[bytes]:
        """Start a worker in a new temporary folder, which is deleted when the worker ends."""
        try:
            self.scratch = Path(tempfile.mkdtemp(prefix="assistant-reader-")).resolve()
        except OSError as error:
            raise _readers_unavailable(f"no temporary folder can be made ({error.strerror})") from error
        environment = WORKER_ENVIRONMENT | dict.fromkeys(TEMPORARY_FOLDER_VARIABLES, str(self.scratch))
        return start_piped("assistant.ingest.workers.worker", self.scratch, environment)

    def _greet(self, process: subprocess.Popen[bytes]) -> None:
        try:
            self._send(process, {"memory": self._bounds.memory, "max_bytes": self._terms.max_bytes,
                                 "passwords": list(self._terms.passwords), "scratch": str(self.scratch)})
            self._await_ready(process)
        except (WorkerLost, ProtocolError) as error:
            self._end()
            raise _readers_unavailable(str(error)) from error

    def _await_ready(self, process: subprocess.Popen[bytes]) -> None:
        try:
            frame = self._frames.get(timeout=START_SECONDS)
        except queue.Empty as error:
            raise WorkerLost("it does not respond") from error
        if isinstance(frame, ProtocolError):
            if not self._is_closed:
                raise WorkerLost(_cause_of_end(process))
        else:
            self.confinement = confinement_from_frame(frame["ready"])

    def _send(self, process: subprocess.Popen[bytes], frame: Frame) -> None:
        assert process.stdin is not None
        try:
            send(process.stdin, frame)
        except OSError as error:
            raise WorkerLost(_cause_of_end(process)) from error

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


class FrameQueue:
    """A short queue of the frames that a worker sent, so that they do not fill the memory."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[Frame | ProtocolError] = queue.Queue(MAX_QUEUED_FRAMES)
        self._is_closed = False

    def put(self, frame: Frame | ProtocolError) -> None:
        """Add a frame as soon as there is room; drop it if the queue is closed."""
        while not self._is_closed:
            with suppress(queue.Full):
                self._waiting.put(frame, timeout=POLL_SECONDS)
                return

    def get(self, timeout: float) -> Frame | ProtocolError:
        """Return the next frame, or ProtocolError after the last. Raises queue.Empty after `timeout` seconds."""
        if self._is_closed and self._waiting.empty():
            return ProtocolError(WORKER_ENDED)
        return self._waiting.get(timeout=timeout)

    def close(self) -> None:
        """Drop all further frames and wake the waiting thread."""
        self._is_closed = True
        with suppress(queue.Full):
            self._waiting.put_nowait(ProtocolError(WORKER_ENDED))


def probe_confinement() -> Confinement:
    """Start a worker and return its confinement on this machine. Raises ReadersUnavailable."""
    supervisor = WorkerSupervisor(ReadOptions(0), WorkerLimits(START_SECONDS, PROBE_MEMORY))
    try:
        supervisor.start()
        return supervisor.confinement
    finally:
        supervisor.close()


def memory_of(process: int) -> int:
    """Return the resident memory of a process in bytes, 0 if it has ended."""
    try:
        return int(psutil.Process(process).memory_info().rss)
    except psutil.Error:
        return 0


def _result_of(path: Path, frame: Frame) -> ReadResult:
    """Return the result in a frame. Raises ProtocolError if it belongs to another file than the one requested."""
    result = reading_from_frame(frame)
    if not is_result_of(result, str(path)):
        raise ProtocolError("a reading is of another file")
    return result


def _readers_unavailable(cause: str) -> ReadersUnavailable:
    return ReadersUnavailable(f"The process that reads files does not start: {cause}.",
                              "Close other programs if memory is short; see what is wrong with: assistant doctor")


def _forward_frames(process: subprocess.Popen[bytes], frames: FrameQueue) -> None:
    """Move the worker's frames from its pipe to the queue until the pipe ends."""
    assert process.stdout is not None
    try:
        while True:
            frames.put(receive(process.stdout))
    except (ProtocolError, OSError, ValueError) as error:
        frames.put(error if isinstance(error, ProtocolError) else ProtocolError(str(error)))


def _cause_of_end(process: subprocess.Popen[bytes]) -> str:
    """Return the reason for the end of a worker."""
    if not ends_within(process, 5):
        return "reading it ended without a result"
    code = process.returncode
    if code < 0:
        with suppress(ValueError):
            return f"it crashes the program that reads it ({signal.Signals(-code).name})"
    return f"it crashes the program that reads it (exit code {code})"
