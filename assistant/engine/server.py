"""A home in; an engine that answers its commands, until it is stopped or nobody needs it."""

from __future__ import annotations

import logging
import os
import threading
import time
from contextlib import suppress
from multiprocessing.connection import Connection, Listener, answer_challenge, deliver_challenge
from pathlib import Path
from queue import Empty

import psutil
from filelock import FileLock, Timeout

from assistant.engine.desk import ANSWERS, FORESIGHT, SEARCHES, Desk, Job
from assistant.engine.messages import Call, Done, Failed, Message, Outdated, Report, stamp
from assistant.engine.place import PRIVATE_FILE, Place, make_private
from assistant.loading import Shelf

TICK = 1.0
CALM = 5.0  # seconds without a call, after which there is time for what is done once
PATIENCE = 0.05  # seconds between two looks whether a caller is still there
OF_THE_ENGINE = ("stop", "report")
LITTLE_MEMORY = 0.04  # share of the machine's memory: below it the language model is unloaded
CLOSED = (EOFError, OSError)

log = logging.getLogger(__name__)


class Server:
    """Listens, and ends by itself. Raises FileNotFoundError where the place has no key: who starts an engine makes it first."""

    def __init__(self, place: Place, idle_minutes: int) -> None:
        self._place, self._idle_minutes = place, idle_minutes
        self._stamp, self._key = stamp(), place.key_file.read_bytes()
        self._shelf = Shelf()
        self._desk = Desk(self._shelf)
        self._stopping = threading.Event()
        self._started = self._last_call = time.monotonic()

    def run(self) -> None:
        """Serve until there is a reason to end. Returns at once where another engine serves this home, or the home has gone."""
        lock = FileLock(self._place.lock)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return
        with lock:
            if not self._place.key_file.exists():
                return
            listener = self._listen()
            threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
            while not self._stopping.wait(TICK):
                self._look_around()
            with suppress(OSError):  # it removes the socket, which may have gone with its home
                listener.close()

    def _listen(self) -> Listener:
        if self._place.family == "AF_UNIX":
            make_private(Path(self._place.address).parent)
            with suppress(FileNotFoundError):
                os.unlink(self._place.address)  # noqa: PTH108 - left by an engine that was killed
        before = os.umask(0o177)
        try:
            listener = Listener(self._place.address, self._place.family, backlog=64)
        finally:
            os.umask(before)
        if self._place.family == "AF_UNIX":
            os.chmod(self._place.address, PRIVATE_FILE)  # noqa: PTH101
        return listener

    def _accept(self, listener: Listener) -> None:
        while not self._stopping.is_set():
            try:
                connection = listener.accept()
            except CLOSED:
                continue  # a caller that went away before it was heard
            threading.Thread(target=self._hear, args=(connection,), daemon=True).start()

    def _hear(self, connection: Connection) -> None:
        with connection, suppress(*CLOSED):
            deliver_challenge(connection, self._key)
            answer_challenge(connection, self._key)
            call = connection.recv()
            if isinstance(call, Call) and call.method in OF_THE_ENGINE:
                self._answer(connection, call)  # who asks how it is does not need it
            elif isinstance(call, Call):
                self._last_call = time.monotonic()
                self._answer(connection, call)
                self._last_call = time.monotonic()

    def _answer(self, connection: Connection, call: Call) -> None:
        if call.method == "stop":
            connection.send(Done(None))
            self._end()
        elif call.method == "report":
            connection.send(Done(self._report()))
        elif call.stamp != self._stamp:
            connection.send(Outdated())
            self._end()
        elif call.method in (*ANSWERS, *SEARCHES, FORESIGHT):
            self._relay(connection, self._desk.take(call))
        else:
            connection.send(Failed("UsageError", f"The engine knows no {call.method}.", ""))

    def _relay(self, connection: Connection, job: Job) -> None:
        """Send what the job says as it says it. A caller who has gone stops it; one who does not listen holds up nobody else."""
        try:
            while True:
                try:
                    message: Message = job.messages.get(timeout=PATIENCE)
                except Empty:
                    if connection.poll(0):  # a caller says nothing more: this is its end
                        connection.recv()
                    continue
                connection.send(message)
                if isinstance(message, Done | Failed):
                    return
        except CLOSED:
            self._desk.cancel(job)
            raise

    def _end(self) -> None:
        self._stopping.set()

    def _look_around(self) -> None:
        """End where nobody came for long, or the home is gone; give memory back where there is little left."""
        if not self._desk.is_idle:
            return
        idle = time.monotonic() - self._last_call
        if idle > self._idle_minutes * 60 or not self._place.key_file.exists():
            self._end()
        memory = psutil.virtual_memory()
        if memory.available < memory.total * LITTLE_MEMORY and self._shelf.chat_name:
            log.warning("little memory is left: the language model is unloaded")
            self._shelf.drop_chat()
        elif idle > CALM and self._shelf.chat_name:
            self._desk.tune()
            self._desk.read_ahead()

    def _report(self) -> Report:
        desk = self._desk
        return Report(os.getpid(), time.monotonic() - self._started, psutil.Process().memory_info().rss, self._shelf.chat_name,
                      self._shelf.embedder_names, desk.answers, desk.searches, desk.waiting, desk.prompt_tokens,
                      desk.reused_tokens, self._idle_minutes, self._shelf.joins, self._shelf.kept_bytes, desk.read_beforehand)
