"""Serve the commands of one home: accept their connections, dispatch their calls, end when stopped or idle."""

from __future__ import annotations

import logging
import os
import threading
import time
from contextlib import suppress
from dataclasses import asdict
from multiprocessing.connection import Client, Connection, Listener, answer_challenge, deliver_challenge
from multiprocessing.context import AuthenticationError
from pathlib import Path
from queue import Empty

import psutil
from filelock import FileLock, Timeout

from assistant.app.models import ModelCache
from assistant.server import protocol
from assistant.server.dispatcher import Dispatcher, Job
from assistant.server.endpoint import CONNECTION_ERRORS, PRIVATE_FILE, Endpoint, make_private_folder
from assistant.server.operations import OPERATIONS


class CallCounter:
    """Counts the calls in progress and says when the engine is to end. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running, self._leaving = 0, False
        self._last = time.monotonic()
        self.over = threading.Event()  # set when the engine is to end now

    @property
    def idle_seconds(self) -> float:
        """The seconds since a call began or ended."""
        with self._lock:
            return time.monotonic() - self._last

    @property
    def is_leaving(self) -> bool:
        """Whether no more calls are admitted."""
        return self._leaving

    def admit(self) -> bool:
        """Admit a call, which must then `finish`; return False once the engine is leaving."""
        with self._lock:
            if self._leaving:
                return False
            self._running += 1
            self._last = time.monotonic()
            return True

    def finish(self) -> None:
        """Note the end of a call."""
        with self._lock:
            self._running -= 1
            self._last = time.monotonic()
            self._end_if_done()

    def leave(self) -> None:
        """Admit no more calls, and end after the last of those that are being answered."""
        with self._lock:
            self._leaving = True
            self._end_if_done()

    def end(self) -> None:
        """Admit no more calls, and end now, whatever is being answered."""
        with self._lock:
            self._leaving = True
            self.over.set()

    def _end_if_done(self) -> None:
        if self._leaving and not self._running:
            self.over.set()


TICK = 1.0
IDLE_WORK_AFTER = 5.0  # seconds without a call before work for idle time begins
POLL_SECONDS = 0.05  # seconds between two checks whether the caller is still connected
DELIVERY_SECONDS = 30.0  # for callers to read their results before the engine ends
FINAL_REPLY_SECONDS = 2.0  # for callers to learn that the engine has ended
LOW_MEMORY_SHARE = 0.04  # share of the machine's memory below which the chat model is unloaded

log = logging.getLogger(__name__)


class Server:
    """The engine's server. Raises FileNotFoundError if the endpoint has no key: the starting process makes it first."""

    def __init__(self, endpoint: Endpoint, idle_minutes: int) -> None:
        self._endpoint, self._idle_minutes = endpoint, idle_minutes
        self._stamp, self._key = protocol.stamp(), endpoint.key_file.read_bytes()
        self._models = ModelCache()
        self._dispatcher = Dispatcher(self._models)
        self._calls = CallCounter()
        self._gone = threading.Event()  # set when another engine may take over
        self._turned_away: list[threading.Thread] = []  # each keeps a caller's connection open until then
        self._started = self._busy = time.monotonic()

    def run(self) -> None:
        """Serve until there is a reason to end. Returns at once if another engine serves this home, or the home is gone."""
        lock = FileLock(self._endpoint.lock)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return
        with lock:
            if not self._endpoint.key_file.exists():
                return
            listener = self._listen()
            accepting = threading.Thread(target=self._accept, args=(listener,), daemon=True)
            accepting.start()
            while not self._calls.over.wait(TICK):
                self._check_idle()
            self._stop_listening(listener, accepting)
        self._gone.set()
        for thread in tuple(self._turned_away):
            thread.join(FINAL_REPLY_SECONDS)

    def _listen(self) -> Listener:
        if self._endpoint.family == "AF_UNIX":
            make_private_folder(Path(self._endpoint.address).parent)
            with suppress(FileNotFoundError):
                os.unlink(self._endpoint.address)  # noqa: PTH108 - left behind by a killed engine
        before = os.umask(0o177)
        try:
            listener = Listener(self._endpoint.address, self._endpoint.family, backlog=64)
        finally:
            os.umask(before)
        if self._endpoint.family == "AF_UNIX":
            os.chmod(self._endpoint.address, PRIVATE_FILE)  # noqa: PTH101
        return listener

    def _stop_listening(self, listener: Listener, accepting: threading.Thread) -> None:
        """Close the listener once its queue is empty: callers in it learn at once that they will not be served."""
        with suppress(*CONNECTION_ERRORS):
            Client(self._endpoint.address, self._endpoint.family).close()  # wakes the thread that accepts; it ends then
            accepting.join(FINAL_REPLY_SECONDS)
        with suppress(OSError):  # it removes the socket, which may have gone with its home
            listener.close()

    def _accept(self, listener: Listener) -> None:
        while not self._calls.over.is_set():
            try:
                connection = listener.accept()
            except CONNECTION_ERRORS:
                time.sleep(POLL_SECONDS)  # a caller that disconnected too early, or too many open files
                continue
            threading.Thread(target=self._authenticate, args=(connection,), daemon=True).start()

    def _authenticate(self, connection: Connection) -> None:
        with connection, suppress(*CONNECTION_ERRORS):
            try:
                deliver_challenge(connection, self._key)
                answer_challenge(connection, self._key)
            except AuthenticationError:
                log.warning("a caller without the key was turned away")
                return
            self._serve(connection, connection.recv_bytes())

    def _serve(self, connection: Connection, data: bytes) -> None:
        """Serve one request. The header alone decides whether its message may be unpickled."""
        try:
            frame = protocol.parse_frame(data)
            if not frame.is_control:
                self._serve_message(connection, frame)
            else:
                self._serve_control(connection, protocol.load_control(frame))
        except protocol.NotAFrame:
            return

    def _serve_control(self, connection: Connection, said: dict[str, object]) -> None:
        """Serve a control request, which every version of the program may send (see `wire`): never change its meaning."""
        if said.get("request") == "stop":
            connection.send_bytes(self._control(reply="stopping"))
            self._calls.end()
            self._keep_open(connection)
        elif said.get("request") == "status":
            connection.send_bytes(self._control(reply="status", **asdict(self._report())))
        else:
            connection.send_bytes(self._control(reply="unknown"))

    def _serve_message(self, connection: Connection, frame: protocol.Frame) -> None:
        if not frame.is_of(self._stamp):
            self._turn_away(connection, "version")
        elif not self._calls.admit():
            self._turn_away(connection, "ending")
        else:
            try:
                self._answer(connection, protocol.load_message(frame, self._stamp))
            finally:
                self._calls.finish()

    def _control(self, **said: object) -> bytes:
        return protocol.control_frame(self._stamp, said)

    def _turn_away(self, connection: Connection, reason: str) -> None:
        """Take no more calls, and end after those in progress; the end of the connection tells the caller."""
        connection.send_bytes(self._control(reply="leaving", reason=reason))
        self._calls.leave()
        self._keep_open(connection)

    def _keep_open(self, connection: Connection) -> None:
        """Keep a connection open until another engine may take over, or the caller disconnects."""
        self._turned_away.append(threading.current_thread())
        while not self._gone.wait(POLL_SECONDS):
            if connection.poll(0):
                connection.recv_bytes()

    def _answer(self, connection: Connection, call: object) -> None:
        if isinstance(call, protocol.Call) and call.operation in OPERATIONS and OPERATIONS[call.operation].is_remote:
            self._relay(connection, self._dispatcher.submit(call))
        else:
            name = call.operation if isinstance(call, protocol.Call) else type(call).__name__
            self._send(connection, protocol.Failed("UsageError", f"The engine knows no {name}.", ""))

    def _send(self, connection: Connection, message: protocol.EngineMessage) -> None:
        connection.send_bytes(protocol.message_frame(self._stamp, message))

    def _relay(self, connection: Connection, job: Job) -> None:
        """Send a job's messages as they come. A caller that disconnects cancels it; one that does not read delays no other."""
        try:
            while True:
                try:
                    message = job.messages.get(timeout=POLL_SECONDS)
                except Empty:
                    if connection.poll(0):  # a caller sends nothing more: this is the end of the connection
                        connection.recv_bytes()
                    continue
                self._send(connection, message)
                if isinstance(message, protocol.Result | protocol.Failed):
                    return
        except BaseException:
            self._dispatcher.cancel(job)
            raise

    def _check_idle(self) -> None:
        """End after a long idle time or if the home is gone, but never before an admitted call has its answer."""
        if not self._dispatcher.is_idle:
            self._busy = time.monotonic()
            return
        quiet = min(time.monotonic() - self._busy, self._calls.idle_seconds)
        if self._calls.is_leaving:
            if quiet > DELIVERY_SECONDS:
                self._calls.end()  # the callers that are left do not read
        elif quiet > self._idle_minutes * 60 or not self._endpoint.key_file.exists():
            self._calls.leave()
        else:
            self._work_while_idle(quiet)

    def _work_while_idle(self, quiet: float) -> None:
        """Unload the chat model if memory is short; after a while tune its threads, then let it read ahead."""
        memory = psutil.virtual_memory()
        if memory.available < memory.total * LOW_MEMORY_SHARE and self._models.chat_name:
            if self._dispatcher.unload_chat():
                log.warning("little memory is left: the language model is unloaded")
        elif quiet > IDLE_WORK_AFTER and self._models.chat_name:
            self._dispatcher.work_while_idle()

    def _report(self) -> protocol.Report:
        models, dispatcher = self._models, self._dispatcher
        return protocol.Report(
            os.getpid(), time.monotonic() - self._started, psutil.Process().memory_info().rss, models.chat_name,
            models.embedder_names, dispatcher.answers, dispatcher.searches, dispatcher.waiting, dispatcher.prompt_tokens,
            dispatcher.reused_tokens, self._idle_minutes, self._calls.is_leaving)
