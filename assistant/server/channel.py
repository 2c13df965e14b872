"""Call the engine's operations from a process that serves other programs: in the engine's process, or in this one.

Both channels queue calls on the same dispatcher, so a call is cancelled, and takes turns, in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from queue import Empty
from typing import TYPE_CHECKING, Any, Protocol

from assistant.server.client import CallStopped, EngineClient, error_from, ignore_restart
from assistant.server.operations import Kind
from assistant.server.protocol import Call, EngineMessage, Failed, Result
from assistant.server.remote_assistant import with_absolute_model_paths
from assistant.system.paths import is_fake

if TYPE_CHECKING:
    from assistant.config import Settings
    from assistant.server.operations import AnyOperation

POLL_SECONDS = 0.02


class Channel(Protocol):
    """A way to the engine's operations. Thread-safe."""

    def messages(self, settings: Settings, operation: AnyOperation, arguments: tuple[Any, ...],
                 should_stop: Callable[[], bool]) -> Iterator[EngineMessage]:
        """Yield the messages of a call, Result last. Raises what the operation raises, and CallStopped.

        The call is cancelled when the iterator is closed, or soon after `should_stop` returns True.
        """

    def close(self) -> None:
        """Cancel the calls of this channel, and end what it has started in this process."""


class EngineChannel:
    """Calls the engine's process, which is started if none runs. Each call has a connection of its own."""

    def __init__(self, settings: Settings, on_restart: Callable[[], None] = ignore_restart) -> None:
        self._client = EngineClient(settings, on_restart)

    def connect(self) -> None:
        """Start the engine if none runs. Raises EngineUnavailable."""
        self._client.connect()
        self._client.disconnect()

    def messages(self, settings: Settings, operation: AnyOperation, arguments: tuple[Any, ...],
                 should_stop: Callable[[], bool]) -> Iterator[EngineMessage]:
        """Yield the messages of a call; see Channel. Raises EngineUnavailable too."""
        client = self._client.with_call_settings(with_absolute_model_paths(settings), should_stop)
        yield from client.messages(operation, *arguments)

    def close(self) -> None:
        """Do nothing: each call closes its own connection."""


class InProcessChannel:
    """Calls a dispatcher of this process: for fake models, and where the engine is off."""

    def __init__(self) -> None:
        from assistant.app.models import ModelCache, chat_key
        from assistant.server.dispatcher import Dispatcher

        self._dispatcher, self._find_key = Dispatcher(ModelCache()), chat_key

    def messages(self, settings: Settings, operation: AnyOperation, arguments: tuple[Any, ...],
                 should_stop: Callable[[], bool]) -> Iterator[EngineMessage]:
        """Yield the messages of a call; see Channel."""
        key = self._find_key(settings) if operation.kind is Kind.ANSWER else ""
        job = self._dispatcher.submit(Call(operation.name, settings, arguments, key))
        try:
            while True:
                try:
                    message = job.messages.get(timeout=POLL_SECONDS)
                except Empty:
                    if should_stop():
                        raise CallStopped from None
                    continue
                if isinstance(message, Failed):
                    raise error_from(message)
                yield message
                if isinstance(message, Result):
                    return
        finally:
            self._dispatcher.cancel(job)

    def close(self) -> None:
        """End the threads of the dispatcher."""
        self._dispatcher.close()


def open_channel(settings: Settings, on_restart: Callable[[], None] = ignore_restart) -> Channel:
    """Return the channel to the engine, started if none runs, or to this process if the engine is off or the models are fake.

    Raises EngineUnavailable if the engine does not start.
    """
    if settings.engine == "off" or (settings.engine == "auto" and is_fake(settings.embed)):
        return InProcessChannel()
    channel = EngineChannel(settings, on_restart)
    channel.connect()
    return channel
