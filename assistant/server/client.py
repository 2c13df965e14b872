"""Calls out, messages in: the line from a command to the engine, which is started where there is none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any, NoReturn, cast

from assistant import errors
from assistant.config import Settings
from assistant.errors import AssistantError, EngineNotRunning, EngineUnavailable
from assistant.server.endpoint import endpoint_of
from assistant.server.operations import Arguments, Operation, Returned
from assistant.server.protocol import Call, EngineMessage, Failed, Report, Result, report_from, stamp
from assistant.server.spawn import CONNECTION_ERRORS, POLL_SECONDS, connect, connect_or_start
from assistant.server.wire import (
    STOP_BEFORE_HEADERS,
    Frame,
    NotAFrame,
    control_frame,
    load_control,
    load_message,
    message_frame,
    parse_frame,
)

ATTEMPTS = 3  # of engines that die before they say anything
TURNS = 20  # of engines that end, or are of another version, each after the answers that it was writing
STOP_SECONDS = 10.0


class EngineDraining(Exception):
    """The engine takes no more calls, and has ended by now."""


def ignore_restart() -> None:
    """Say nothing."""


class EngineClient:
    """Speaks to one home's engine. Each call is a connection of its own, so that hanging up stops just that call.

    `on_restart` is called when an engine of another version of the program must end first, which lasts as long as its answers do.
    """

    def __init__(self, settings: Settings, on_restart: Callable[[], None] = ignore_restart) -> None:
        self._settings, self._on_restart = settings, on_restart
        self._place = endpoint_of(settings.home)
        self._stamp = stamp()
        self._held: list[Connection] = []  # picked up, and not used yet

    def is_up(self) -> bool:
        """Return whether an engine answers."""
        try:
            connect(self._place).close()
        except CONNECTION_ERRORS:
            return False
        return True

    def is_busy(self) -> bool:
        """Return whether somebody waits for the engine; False where there is none."""
        try:
            return self.report().waiting > 0
        except EngineUnavailable:
            return False

    def report(self) -> Report:
        """Return how the engine is, of whatever version. Raises EngineNotRunning or EngineUnavailable."""
        with self._asked("status") as connection:
            frame = self._heard(connection)
        return replace(report_from(self._said(frame, "status")), other_version=not frame.is_of(self._stamp))

    def connect(self) -> None:
        """Start the engine where there is none, and keep the connection for the first call. Raises EngineUnavailable."""
        self._held.append(connect_or_start(self._place, self._settings.home))

    def disconnect(self) -> None:
        """Close the connection that no call has used."""
        for connection in self._held:
            connection.close()
        self._held.clear()

    def stop(self) -> None:
        """Stop the engine, of whatever version, and wait until it is gone. Raises EngineNotRunning.

        Raises EngineUnavailable where it does not go.
        """
        with self._asked("stop") as connection:
            try:
                data = connection.recv_bytes()
            except CONNECTION_ERRORS:
                has_ended = self._stop_before_headers()
            else:
                self._said(parse_reply(data), "stopping")
                has_ended = waits_until_closed(connection, STOP_SECONDS)
        if not has_ended:
            raise EngineUnavailable(f"The engine is still there after {STOP_SECONDS:.0f} seconds.", "End its process.")

    def _stop_before_headers(self) -> bool:
        """Stop an engine that hung up without a word, as versions before there were headers do; return whether it has ended."""
        with suppress(*CONNECTION_ERRORS), connect(self._place) as connection:
            connection.send_bytes(STOP_BEFORE_HEADERS)
            connection.recv_bytes()  # it says that it will
        deadline = time.monotonic() + STOP_SECONDS
        while self.is_up():
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True

    def _asked(self, request: str) -> Connection:
        """Return a connection over which an engine was asked what every version understands. Raises EngineNotRunning."""
        try:
            connection = connect(self._place)
            connection.send_bytes(control_frame(self._stamp, {"request": request}))
        except CONNECTION_ERRORS as error:
            raise EngineNotRunning("No engine is running.", "The next question starts one.") from error
        return connection

    def _heard(self, connection: Connection) -> Frame:
        """Return what the engine says to what every version understands. Raises EngineUnavailable."""
        try:
            return parse_reply(connection.recv_bytes())
        except CONNECTION_ERRORS as error:
            raise EngineUnavailable("The engine has just ended, or is of a version of the program that is too old to be asked.",
                                    "Run: assistant engine stop") from error

    def _said(self, frame: Frame, expected: str) -> dict[str, object]:
        """Return what a control frame says. Raises EngineUnavailable where that is not the reply expected."""
        try:
            said = load_control(frame)
        except NotAFrame:
            said = {}
        if said.get("reply") != expected:
            raise protocol_violation()
        return said

    def result(self, operation: Operation[Returned, *Arguments], *arguments: *Arguments) -> Returned:
        """Return the result of an operation. Raises what it raises, and EngineUnavailable."""
        for message in self.messages(operation, *arguments):
            if isinstance(message, Result):
                return cast("Returned", message.result)
        raise EngineUnavailable("The engine said nothing.", "Try again, or use --no-engine.")

    def messages(self, operation: Operation[Any, *Arguments], *arguments: *Arguments) -> Iterator[EngineMessage]:
        """Yield the engine's messages to a call, Result last. Raises what the operation raises, and EngineUnavailable.

        If the engine dies before its first message, or takes no more calls, another is started and asked.
        """
        call = message_frame(self._stamp, Call(operation.name, self._settings, arguments))
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
            except NotAFrame as error:
                raise protocol_violation() from error
            except CONNECTION_ERRORS as error:
                deaths += 1
                if heard or deaths == ATTEMPTS:
                    raise EngineUnavailable("The engine stopped in the middle of its work.",
                                            "Ask again; if it happens again, run: assistant engine stop") from error
        raise EngineUnavailable("Engines of several versions of the program take turns.", "Run: assistant engine stop")

    def _exchange(self, call: bytes) -> Iterator[EngineMessage]:
        """Send a call; yield what comes back. Raises EngineLeaves when an engine has ended that did not take it."""
        with self._connection() as connection:
            connection.send_bytes(call)
            while True:
                frame = parse_frame(connection.recv_bytes())
                if frame.is_control:
                    self._wait_for_end(connection, self._said(frame, "leaving"))
                message = cast("EngineMessage", load_message(frame, self._stamp))
                if isinstance(message, Failed):
                    raise error_from(message)
                yield message
                if isinstance(message, Result):
                    return

    def _wait_for_end(self, connection: Connection, said: dict[str, object]) -> NoReturn:
        """Wait until an engine that takes no more calls has done those that it has. Raises EngineLeaves."""
        if said.get("reason") == "version":
            self._on_restart()
        with suppress(*CONNECTION_ERRORS):
            while True:
                connection.recv_bytes()
        raise EngineDraining

    def _connection(self) -> Connection:
        try:
            return self._held.pop()  # not asked before whether there is one: calls may come from several threads
        except IndexError:
            return connect_or_start(self._place, self._settings.home)


def waits_until_closed(connection: Connection, seconds: float) -> bool:
    """Return whether the other side closes a connection, on which it says nothing more, within so many seconds."""
    try:
        return connection.poll(seconds)
    except CONNECTION_ERRORS:
        return True


def parse_reply(data: bytes) -> Frame:
    """Return what an engine sent. Raises EngineUnavailable where it is no frame."""
    try:
        return parse_frame(data)
    except NotAFrame as error:
        raise protocol_violation() from error


def protocol_violation() -> EngineUnavailable:
    """Return the failure of an engine that does not keep to the protocol."""
    return EngineUnavailable("The engine said something that makes no sense.", "End its process, or use --no-engine.")


def error_from(message: Failed) -> AssistantError:
    """Return the failure that happened in the engine, as it would have been here."""
    kind = getattr(errors, message.kind, AssistantError)
    return (kind if issubclass(kind, AssistantError) else AssistantError)(message.message, message.hint)
