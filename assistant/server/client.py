"""Client of the engine: send it calls and receive its messages; start an engine if none runs."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any, NoReturn, cast

from assistant import errors
from assistant.config import Settings
from assistant.datatypes import never_stop
from assistant.errors import AssistantError, EngineNotRunning, EngineUnavailable
from assistant.server import protocol
from assistant.server.endpoint import CONNECTION_ERRORS, POLL_SECONDS, connect, connect_or_start, endpoint_of
from assistant.server.operations import Arguments, Kind, Operation, Returned
from assistant.system.paths import is_address

ATTEMPTS = 3  # after engines that die before their first message
TURNS = 20  # of engines that are ending, or are of another version
STOP_SECONDS = 10.0
ERRORS: dict[str, type[AssistantError]] = {  # by the name under which the engine reports them
    name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, AssistantError)
}


class EngineDraining(Exception):
    """The engine took no more calls, and has ended by now."""


class CallStopped(Exception):
    """A call ended because its `should_stop` returned True."""


def ignore_restart() -> None:
    """Do nothing: the default for `on_restart`."""


class EngineClient:
    """Client of the engine of one home. Each call has a connection of its own: closing it stops just that call.

    `on_restart` is called when an engine of another version must end first, which lasts until its answers are written.
    """

    def __init__(self, settings: Settings, on_restart: Callable[[], None] = ignore_restart) -> None:
        self._settings, self._on_restart = settings, on_restart
        self._endpoint = endpoint_of(settings.home)
        self._stamp = protocol.stamp()
        self._unused: list[Connection] = []  # opened, and not used yet
        self._should_stop = never_stop

    def with_call_settings(self, settings: Settings, should_stop: Callable[[], bool]) -> EngineClient:
        """Return a client of the same engine for calls with other settings; they raise CallStopped once `should_stop` is true."""
        client = copy.copy(self)
        client._settings, client._should_stop, client._unused = settings, should_stop, []
        return client

    def is_up(self) -> bool:
        """Return whether an engine answers."""
        try:
            connect(self._endpoint).close()
        except CONNECTION_ERRORS:
            return False
        return True

    def is_busy(self) -> bool:
        """Return whether calls wait for the engine; False if none runs."""
        try:
            return self.report().waiting > 0
        except EngineUnavailable:
            return False

    def report(self) -> protocol.Report:
        """Return the status of the engine, of whatever version. Raises EngineNotRunning or EngineUnavailable."""
        with self._send_control("status") as connection:
            try:
                frame = parse_reply(connection.recv_bytes())
            except CONNECTION_ERRORS as error:
                raise EngineUnavailable("The engine has just ended.", "Run the command again.") from error
        return replace(protocol.report_from(reply_body(frame, "status")), other_version=not frame.is_of(self._stamp))

    def connect(self) -> None:
        """Connect, starting the engine if none runs, and keep the connection for the first call. Raises EngineUnavailable."""
        self._unused.append(connect_or_start(self._endpoint, self._settings.home))

    def disconnect(self) -> None:
        """Close the connection if no call has used it."""
        for connection in self._unused:
            connection.close()
        self._unused.clear()

    def stop(self) -> None:
        """Stop the engine, of whatever version, and wait for its end. Raises EngineNotRunning; EngineUnavailable if it stays."""
        with self._send_control("stop") as connection:
            try:
                reply_body(parse_reply(connection.recv_bytes()), "stopping")
                has_ended = connection.poll(STOP_SECONDS)
            except CONNECTION_ERRORS:
                has_ended = not self.is_up()
        if not has_ended:
            raise EngineUnavailable(f"The engine is still there after {STOP_SECONDS:.0f} seconds.", "End its process.")

    def _send_control(self, request: str) -> Connection:
        """Send a control request, which every version understands; return the connection. Raises EngineNotRunning."""
        try:
            connection = connect(self._endpoint)
            connection.send_bytes(protocol.control_frame(self._stamp, {"request": request}))
        except CONNECTION_ERRORS as error:
            raise EngineNotRunning("No engine is running.", "The next question starts one.") from error
        return connection

    def result(self, operation: Operation[Returned, *Arguments], *arguments: *Arguments) -> Returned:
        """Return the result of an operation. Raises what it raises, and EngineUnavailable."""
        for message in self.messages(operation, *arguments):
            if isinstance(message, protocol.Result):
                return cast("Returned", message.result)
        raise EngineUnavailable("The engine said nothing.", "Try again, or use --no-engine.")

    def messages(self, operation: Operation[Any, *Arguments], *arguments: *Arguments) -> Iterator[protocol.EngineMessage]:
        """Yield the engine's messages to a call, Result last. Raises what the operation raises, and EngineUnavailable.

        If the engine dies before its first message, or takes no more calls, another is started and asked.
        """
        key = self._chat_key() if operation.kind is Kind.ANSWER else ""
        call = protocol.message_frame(self._stamp, protocol.Call(operation.name, self._settings, arguments, key))
        deaths = 0
        for _ in range(TURNS):
            heard = False
            try:
                for message in self._exchange(call):
                    heard = True
                    yield message
                return
            except EngineDraining:
                continue
            except protocol.NotAFrame as error:
                raise protocol_violation() from error
            except CONNECTION_ERRORS as error:
                deaths += 1
                if heard or deaths == ATTEMPTS:
                    raise EngineUnavailable("The engine stopped in the middle of its work.",
                                            "Ask again; if it happens again, run: assistant engine stop") from error
        raise EngineUnavailable("Engines of several versions of the program take turns.", "Run: assistant engine stop")

    def _chat_key(self) -> str:
        """Return the key of a chat model on another machine, which the engine does not inherit."""
        if not is_address(self._settings.chat):
            return ""
        from assistant.app.models import chat_key  # only needed for such a model

        return chat_key(self._settings)

    def _exchange(self, call: bytes) -> Iterator[protocol.EngineMessage]:
        """Send a call; yield the messages. Raises EngineDraining when an engine that refused the call has ended."""
        with self._connection() as connection:
            connection.send_bytes(call)
            while True:
                frame = protocol.parse_frame(self._receive(connection))
                if frame.is_control:
                    self._wait_for_end(connection, reply_body(frame, "leaving"))
                message = cast("protocol.EngineMessage", protocol.load_message(frame, self._stamp))
                if isinstance(message, protocol.Failed):
                    raise error_from(message)
                yield message
                if isinstance(message, protocol.Result):
                    return

    def _wait_for_end(self, connection: Connection, said: dict[str, object]) -> NoReturn:
        """Wait until an engine that takes no more calls has ended. Raises EngineDraining."""
        if said.get("reason") == "version":
            self._on_restart()
        with suppress(*CONNECTION_ERRORS):
            while True:
                self._receive(connection)
        raise EngineDraining

    def _receive(self, connection: Connection) -> bytes:
        """Return the next message. Raises CallStopped, and CONNECTION_ERRORS."""
        if self._should_stop is not never_stop:
            while not connection.poll(POLL_SECONDS):
                if self._should_stop():
                    raise CallStopped
        return connection.recv_bytes()

    def _connection(self) -> Connection:
        try:
            return self._unused.pop()  # no check before: calls may come from several threads
        except IndexError:
            return connect_or_start(self._endpoint, self._settings.home)


def error_from(message: protocol.Failed) -> AssistantError:
    """Return the engine's error as the exception that it was there."""
    return ERRORS.get(message.kind, AssistantError)(message.message, message.hint)


def parse_reply(data: bytes) -> protocol.Frame:
    """Return the frame that an engine sent. Raises EngineUnavailable if it is none."""
    try:
        return protocol.parse_frame(data)
    except protocol.NotAFrame as error:
        raise protocol_violation() from error


def protocol_violation() -> EngineUnavailable:
    """Return the error for an engine that breaks the protocol."""
    return EngineUnavailable("The engine said something that makes no sense.", "End its process, or use --no-engine.")


def reply_body(frame: protocol.Frame, expected: str) -> dict[str, object]:
    """Return the body of a control frame. Raises EngineUnavailable if it is not the expected reply."""
    try:
        said = protocol.load_control(frame)
    except protocol.NotAFrame:
        said = {}
    if said.get("reply") != expected:
        raise protocol_violation()
    return said
