"""Calls out, messages in: the line from a command to the engine, which is started where there is none."""

from __future__ import annotations

import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import cast

from assistant import errors
from assistant.config import Settings
from assistant.engine.launch import GONE, LOOK_SECONDS, connect, connect_or_start
from assistant.engine.messages import Call, Done, Failed, Message, Outdated, Report, stamp
from assistant.engine.place import place_of
from assistant.errors import AssistantError, EngineUnavailable

ATTEMPTS = 3
STOP_SECONDS = 10.0


class Line:
    """Speaks to one home's engine. Each call is a connection of its own, so that hanging up stops just that call."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._place = place_of(settings.home)
        self._stamp = stamp()
        self._held: list[Connection] = []  # picked up, and not used yet

    def is_up(self) -> bool:
        """Return whether an engine answers."""
        try:
            connect(self._place).close()
        except GONE:
            return False
        return True

    def is_busy(self) -> bool:
        """Return whether somebody waits for the engine; False where there is none."""
        try:
            with connect(self._place) as connection:
                connection.send(Call(self._stamp, "report", self._settings))
                done = connection.recv()
        except (*GONE, EngineUnavailable):
            return False
        return isinstance(done, Done) and cast("Report", done.result).waiting > 0

    def pick_up(self) -> None:
        """Start the engine where there is none, and keep the connection for the first call. Raises EngineUnavailable."""
        self._held.append(connect_or_start(self._place, self._settings.home))

    def hang_up(self) -> None:
        """Close the connection that no call has used."""
        for connection in self._held:
            connection.close()
        self._held.clear()

    def stop(self) -> None:
        """Stop the engine and wait until it is gone. Raises EngineUnavailable where it does not go."""
        self.result("stop")
        deadline = time.monotonic() + STOP_SECONDS
        while self.is_up():
            if time.monotonic() > deadline:
                raise EngineUnavailable(f"The engine is still there after {STOP_SECONDS:.0f} seconds.", "End its process.")
            time.sleep(LOOK_SECONDS)

    def result(self, method: str, *arguments: object) -> object:
        """Return what a method returns. Raises what it raises, and EngineUnavailable."""
        for message in self.messages(method, *arguments):
            if isinstance(message, Done):
                return message.result
        raise EngineUnavailable("The engine said nothing.", "Try again, or use --no-engine.")

    def messages(self, method: str, *arguments: object) -> Iterator[Message]:
        """Yield what the engine says to a call, Done last. Raises what the method raises, and EngineUnavailable.

        Where the engine dies before it has said anything, another is started and asked once more.
        """
        call = Call(self._stamp, method, self._settings, arguments)
        for attempt in range(1, ATTEMPTS + 1):
            heard = False
            try:
                for message in self._exchange(call):
                    if isinstance(message, Outdated):
                        break
                    heard = True
                    yield message
                else:
                    return
            except GONE as error:
                if heard or attempt == ATTEMPTS:
                    raise EngineUnavailable("The engine stopped in the middle of its work.",
                                            "Ask again; if it happens again, use --no-engine.") from error
        raise EngineUnavailable("Engines of several versions of the program take turns.", "Run: assistant engine stop")

    def _exchange(self, call: Call) -> Iterator[Message]:
        with self._connection() as connection:
            connection.send(call)
            while True:
                message = connection.recv()
                if isinstance(message, Failed):
                    raise failure(message)
                yield message
                if isinstance(message, Done | Outdated):
                    return

    def _connection(self) -> Connection:
        try:
            return self._held.pop()  # not asked before whether there is one: calls may come from several threads
        except IndexError:
            return connect_or_start(self._place, self._settings.home)


def failure(message: Failed) -> AssistantError:
    """Return the failure that happened in the engine, as it would have been here."""
    kind = getattr(errors, message.kind, AssistantError)
    return (kind if issubclass(kind, AssistantError) else AssistantError)(message.message, message.hint)
