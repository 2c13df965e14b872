"""A home in; an engine that answers its commands, until it is stopped or nobody needs it."""

from __future__ import annotations

import logging
import os
import threading
import time
from contextlib import suppress
from multiprocessing.connection import Client, Connection, Listener, answer_challenge, deliver_challenge
from multiprocessing.context import AuthenticationError
from pathlib import Path
from queue import Empty

import psutil
from filelock import FileLock, Timeout

from assistant.app.models.cache import Shelf
from assistant.server.calls import CallCounter
from assistant.server.dispatcher import Dispatcher, Job
from assistant.server.endpoint import PRIVATE_FILE, Endpoint, make_private_folder
from assistant.server.operations import OPERATIONS
from assistant.server.protocol import Call, EngineMessage, Failed, Report, Result, report_fields, stamp
from assistant.server.wire import (
    OUTDATED_BEFORE_HEADERS,
    PICKLE,
    Frame,
    NotAFrame,
    control_frame,
    load_control,
    load_message,
    message_frame,
    parse_frame,
)

TICK = 1.0
IDLE_WORK_AFTER = 5.0  # seconds without a call, after which there is time for what is done once
POLL_SECONDS = 0.05  # seconds between two looks whether a caller is still there
DELIVERY_SECONDS = 30.0  # for callers to take what was computed for them before the engine ends
FINAL_REPLY_SECONDS = 2.0  # for callers to hear that the engine has ended
LOW_MEMORY_SHARE = 0.04  # share of the machine's memory: below it the language model is unloaded
CONNECTION_ERRORS = (EOFError, OSError)

log = logging.getLogger(__name__)


class Server:
    """Listens, and ends by itself. Raises FileNotFoundError where the place has no key: who starts an engine makes it first."""

    def __init__(self, place: Endpoint, idle_minutes: int) -> None:
        self._place, self._idle_minutes = place, idle_minutes
        self._stamp, self._key = stamp(), place.key_file.read_bytes()
        self._shelf = Shelf()
        self._dispatcher = Dispatcher(self._shelf)
        self._calls = CallCounter()
        self._gone = threading.Event()  # set when another engine may take this one's place
        self._turned_away: list[threading.Thread] = []  # each holds a caller's connection until then
        self._started = self._busy = time.monotonic()

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
            accepting = threading.Thread(target=self._accept, args=(listener,), daemon=True)
            accepting.start()
            while not self._calls.over.wait(TICK):
                self._look_around()
            self._stop_listening(listener, accepting)
        self._gone.set()
        for thread in tuple(self._turned_away):
            thread.join(FINAL_REPLY_SECONDS)

    def _listen(self) -> Listener:
        if self._place.family == "AF_UNIX":
            make_private_folder(Path(self._place.address).parent)
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

    def _stop_listening(self, listener: Listener, accepting: threading.Thread) -> None:
        """Close the listener once nobody waits in it: who has connected and was not heard learns at once that nobody will."""
        with suppress(*CONNECTION_ERRORS):
            Client(self._place.address, self._place.family).close()  # wakes the thread that accepts; it ends then
            accepting.join(FINAL_REPLY_SECONDS)
        with suppress(OSError):  # it removes the socket, which may have gone with its home
            listener.close()

    def _accept(self, listener: Listener) -> None:
        while not self._calls.over.is_set():
            try:
                connection = listener.accept()
            except CONNECTION_ERRORS:
                time.sleep(POLL_SECONDS)  # a caller that went away before it was heard, or too many files are open
                continue
            threading.Thread(target=self._hear, args=(connection,), daemon=True).start()

    def _hear(self, connection: Connection) -> None:
        with connection, suppress(*CONNECTION_ERRORS):
            try:
                deliver_challenge(connection, self._key)
                answer_challenge(connection, self._key)
            except AuthenticationError:
                log.warning("a caller without the key was turned away")
                return
            self._serve(connection, connection.recv_bytes())

    def _serve(self, connection: Connection, data: bytes) -> None:
        """Do what a caller wants. Whether its message may be loaded is decided from the header alone."""
        try:
            frame = parse_frame(data)
            if not frame.is_control:
                self._serve_message(connection, frame)
            else:
                self._serve_control(connection, load_control(frame))
        except NotAFrame:
            if data.startswith(PICKLE):  # a version of the program from before there were headers
                self._turn_away(connection, last=OUTDATED_BEFORE_HEADERS)

    def _serve_control(self, connection: Connection, said: dict[str, object]) -> None:
        """Do what every version of the program may ask: see `wire`. This must go on working for ever."""
        if said.get("request") == "stop":
            connection.send_bytes(self._control(reply="stopping"))
            self._calls.end()
            self._hold(connection)
        elif said.get("request") == "status":
            connection.send_bytes(self._control(reply="status", **report_fields(self._report())))
        else:
            connection.send_bytes(self._control(reply="unknown"))

    def _serve_message(self, connection: Connection, frame: Frame) -> None:
        if not frame.is_of(self._stamp):
            self._turn_away(connection, self._control(reply="leaving", reason="version"))
        elif not self._calls.admit():
            self._turn_away(connection, self._control(reply="leaving", reason="ending"))
        else:
            try:
                self._answer(connection, load_message(frame, self._stamp))
            finally:
                self._calls.finish()

    def _control(self, **said: object) -> bytes:
        return control_frame(self._stamp, said)

    def _turn_away(self, connection: Connection, first: bytes = b"", last: bytes = b"") -> None:
        """Take no more calls, and end after those that there are; a caller learns of the end by the end of the connection."""
        if first:
            connection.send_bytes(first)
        self._calls.leave()
        self._hold(connection)
        if last:
            connection.send_bytes(last)

    def _hold(self, connection: Connection) -> None:
        """Keep a connection until another engine may take this one's place, or the caller has gone."""
        self._turned_away.append(threading.current_thread())
        while not self._gone.wait(POLL_SECONDS):
            if connection.poll(0):
                connection.recv_bytes()

    def _answer(self, connection: Connection, call: object) -> None:
        if isinstance(call, Call) and call.operation in OPERATIONS and OPERATIONS[call.operation].is_remote:
            self._relay(connection, self._dispatcher.submit(call))
        else:
            name = call.operation if isinstance(call, Call) else type(call).__name__
            self._send(connection, Failed("UsageError", f"The engine knows no {name}.", ""))

    def _send(self, connection: Connection, message: EngineMessage) -> None:
        connection.send_bytes(message_frame(self._stamp, message))

    def _relay(self, connection: Connection, job: Job) -> None:
        """Send what the job says as it says it. A caller who has gone stops it; one who does not listen holds up nobody else."""
        try:
            while True:
                try:
                    message = job.messages.get(timeout=POLL_SECONDS)
                except Empty:
                    if connection.poll(0):  # a caller says nothing more: this is its end
                        connection.recv_bytes()
                    continue
                self._send(connection, message)
                if isinstance(message, Result | Failed):
                    return
        except BaseException:
            self._dispatcher.cancel(job)
            raise

    def _look_around(self) -> None:
        """End where nobody came for long, or the home is gone, but never before a call that was admitted has its answer."""
        if not self._dispatcher.is_idle:
            self._busy = time.monotonic()
            return
        quiet = min(time.monotonic() - self._busy, self._calls.idle_seconds)
        if self._calls.is_leaving:
            if quiet > DELIVERY_SECONDS:
                self._calls.end()  # whoever is left does not listen
        elif quiet > self._idle_minutes * 60 or not self._place.key_file.exists():
            self._calls.leave()
        else:
            self._use_the_calm(quiet)

    def _use_the_calm(self, quiet: float) -> None:
        """Give memory back where there is little left; after a while let the threads be tuned."""
        memory = psutil.virtual_memory()
        if memory.available < memory.total * LOW_MEMORY_SHARE and self._shelf.chat_name:
            if self._dispatcher.unload_chat():
                log.warning("little memory is left: the language model is unloaded")
        elif quiet > IDLE_WORK_AFTER and self._shelf.chat_name:
            self._dispatcher.tune()

    def _report(self) -> Report:
        desk, calls = self._dispatcher, self._calls
        return Report(os.getpid(), time.monotonic() - self._started, psutil.Process().memory_info().rss, self._shelf.chat_name,
                      self._shelf.embedder_names, desk.answers, desk.searches, desk.waiting, desk.prompt_tokens,
                      desk.reused_tokens, self._idle_minutes, calls.is_leaving)
