"""The proxy of the resident engine: ask it as an Assistant is asked, or open an Assistant in this process instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias, cast

from assistant.datatypes import EVERY_FILE, Answer, Filter, Hit, OnProgress, SearchResult, Sentence, StreamedAnswer, Turn
from assistant.errors import EngineUnavailable
from assistant.server.client import EngineClient, ignore_restart
from assistant.server.operations import ASK, EMBEDDED_SHARE, EXPLAIN, PREFETCH_QUERY, SEARCH, STATUS
from assistant.server.protocol import EngineMessage, ProgressUpdate, Result, Started, TokenDelta
from assistant.system.paths import is_fake, user_path

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.app.assistant import Assistant
    from assistant.config import Settings
    from assistant.datatypes import AnswerStreaming, Explanation, Fact, IngestReport, LibraryStatus

Answerer: TypeAlias = "Assistant | RemoteAssistant"


class RemoteAssistant:
    """Proxy of the engine with the interface of an Assistant. What changes the library runs here, in an Assistant of its own."""

    def __init__(self, settings: Settings, client: EngineClient) -> None:
        self.settings = settings
        self._client = client
        self._own: Assistant | None = None

    def close(self) -> None:
        """Disconnect from the engine, and close what is open here."""
        self._client.disconnect()
        if self._own is not None:
            self._own.close()

    def __enter__(self) -> RemoteAssistant:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def search(self, question: str, limit: int = 0, wanted: Filter = EVERY_FILE) -> SearchResult:
        """Return the passages for a question, best first. Raises what Assistant.search raises, and EngineUnavailable."""
        return self._client.result(SEARCH, question, limit, wanted)

    def explain(self, question: str, wanted: Filter = EVERY_FILE) -> Explanation:
        """Return how a search came about. Raises what Assistant.explain raises, and EngineUnavailable."""
        return self._client.result(EXPLAIN, question, wanted)

    def ask(self, question: str, turns: Sequence[Turn] = (), wanted: Filter = EVERY_FILE,
            strict: bool = False) -> AnswerStreaming:
        """Return an answer that comes from the engine. Raises what Assistant.ask raises, and EngineUnavailable."""
        messages = self._client.messages(ASK, question, tuple(turns), wanted, strict)
        begun = next(messages)
        if not isinstance(begun, Started):
            raise EngineUnavailable("The engine did not begin to answer.", "Try again, or use --no-engine.")
        return RemoteAnswerStream(begun.question, begun.hits, messages)

    def anticipate(self, question: str, turns: Sequence[Turn] = ()) -> None:
        """Let the engine retrieve the evidence of a question that is being typed; returns when that is done.

        The next question or prefetch stops it. Raises what Assistant.anticipate raises, and EngineUnavailable.
        """
        self._client.result(PREFETCH_QUERY, question, tuple(turns))

    def embedded_share(self) -> float:
        """Return the share (0 to 1) of the passages that have a vector. Raises EngineUnavailable."""
        return self._client.result(EMBEDDED_SHARE)

    def status(self) -> LibraryStatus:
        """Return what the library holds. Raises what Assistant.status raises, and EngineUnavailable."""
        return self._client.result(STATUS, EVERY_FILE)

    def add(self, paths: Sequence[Path], on_progress: OnProgress) -> IngestReport:
        """Bring files and folders in. Raises what Assistant.add raises."""
        return self._opened().add(paths, on_progress)

    def remember(self, words: str) -> Fact:
        """Keep a fact; return it. Raises what Assistant.remember raises."""
        return self._opened().remember(words)

    def _opened(self) -> Assistant:
        from assistant.app.assistant import Assistant

        self._own = self._own or Assistant(self.settings)
        return self._own


class RemoteAnswerStream(StreamedAnswer):
    """An answer that the engine writes. It is stopped there when the iteration stops."""

    def __init__(self, question: str, hits: tuple[Hit, ...], messages: Iterator[EngineMessage]) -> None:
        self.question = question
        self.hits = hits
        self._messages, self._call = messages, messages
        self._said: tuple[Sentence, ...] = ()

    @property
    def sentences(self) -> Sequence[Sentence]:
        """The finished sentences."""
        return self._finished[0].sentences if self._finished else self._said

    def prepare(self, on_progress: OnProgress) -> None:
        """Wait for the work before the first word: only answers about whole files have any, and those begin without passages."""
        self._on_progress = on_progress
        while not self.hits and not self._finished:
            message = next(self._messages)
            if not isinstance(message, ProgressUpdate):
                self._messages = chain((message,), self._messages)
                return
            on_progress(message.progress)

    def __iter__(self) -> Iterator[str]:
        """Yield the text as it comes."""
        try:
            for message in self._messages:
                if isinstance(message, TokenDelta):
                    self._said = message.sentences
                    yield message.text
                elif isinstance(message, ProgressUpdate):
                    self._on_progress(message.progress)
                elif isinstance(message, Result):
                    self._finished = (cast("Answer", message.result),)
        finally:
            if not self._finished and hasattr(self._call, "close"):
                self._call.close()  # disconnects


def open_assistant(settings: Settings, on_restart: Callable[[], None] = ignore_restart) -> Answerer:
    """Return the proxy of the engine, or an Assistant in this process if the engine is off or the models are fake.

    A library that is shared is always opened in this process: the engine uses no network.

    Starts the engine if none runs. `on_restart` is called if an engine of another version must end first, which can last as long
    as the answers that it is writing. Raises EngineUnavailable if it does not start.
    """
    if settings.has_shared_library or settings.engine == "off" or (settings.engine == "auto" and is_fake(settings.embed)):
        return open_here(settings)
    settings = with_absolute_model_paths(settings)
    client = EngineClient(settings, on_restart)
    client.connect()
    return RemoteAssistant(settings, client)


def open_here(settings: Settings) -> Assistant:
    """Return an Assistant in this process; its modules are imported only now."""
    from assistant.app.assistant import Assistant

    return Assistant(settings)


def with_absolute_model_paths(settings: Settings) -> Settings:
    """Return the settings with absolute paths for the user's own models: the engine has another working folder."""
    named = (settings.chat, settings.local_chat, settings.embed, settings.rerank)
    chat, local, embed, rerank = (str(user_path(name) or name) for name in named)
    return replace(settings, chat=chat, local_chat=local, embed=embed, rerank=rerank)
