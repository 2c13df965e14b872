"""Settings in; an Assistant out whose questions the engine answers, or that does everything itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import cast

from assistant.config import Settings
from assistant.datatypes import EVERY_FILE, Answer, Answering, Explanation, Filter, Hit, Progress, SearchResult, Sentence, Turn
from assistant.engine.line import Line
from assistant.engine.messages import Begun, Done, Message, Piece, Step
from assistant.errors import EngineUnavailable
from assistant.loading import is_fake, own_path
from assistant.pipeline import Assistant


class ResidentAssistant(Assistant):
    """Asks the engine; does itself what changes the library."""

    def __init__(self, settings: Settings, line: Line) -> None:
        super().__init__(settings)
        self._line = line

    def search(self, question: str, limit: int = 0, wanted: Filter = EVERY_FILE) -> SearchResult:
        """Return the passages for a question, best first. Raises what Assistant.search raises, and EngineUnavailable."""
        return cast("SearchResult", self._line.result("search", question, limit, wanted))

    def explain(self, question: str, wanted: Filter = EVERY_FILE) -> Explanation:
        """Return how a search came about. Raises what Assistant.explain raises, and EngineUnavailable."""
        return cast("Explanation", self._line.result("explain", question, wanted))

    def ask(self, question: str, turns: Sequence[Turn] = (), wanted: Filter = EVERY_FILE, strict: bool = False) -> Answering:
        """Return an answer that comes from the engine. Raises what Assistant.ask raises, and EngineUnavailable."""
        messages = self._line.messages("ask", question, tuple(turns), wanted, strict)
        begun = next(messages)
        if not isinstance(begun, Begun):
            raise EngineUnavailable("The engine did not begin to answer.", "Try again, or use --no-engine.")
        return ResidentStream(begun.question, begun.hits, messages)


class ResidentStream:
    """An answer that is written in another process. To stop iterating is to stop it there."""

    def __init__(self, question: str, hits: tuple[Hit, ...], messages: Iterator[Message]) -> None:
        self.question = question
        self.hits = hits
        self._messages, self._call = messages, messages
        self._finished: tuple[Answer, ...] = ()
        self._said: tuple[Sentence, ...] = ()

    @property
    def sentences(self) -> Sequence[Sentence]:
        """The sentences that are over."""
        return self._finished[0].sentences if self._finished else self._said

    @property
    def answer(self) -> Answer:
        """The finished answer; waits for it where nobody has iterated."""
        if not self._finished:
            for _ in self:
                pass
        return self._finished[0]

    def prepare(self, on_progress: Callable[[Progress], None]) -> None:
        """Wait for the work before the first word, which only answers about whole files have: those begin without passages."""
        while not self.hits and not self._finished:
            message = next(self._messages)
            if not isinstance(message, Step):
                self._messages = chain((message,), self._messages)
                return
            on_progress(message.progress)

    def __iter__(self) -> Iterator[str]:
        """Yield the text as it comes."""
        try:
            for message in self._messages:
                if isinstance(message, Piece):
                    self._said = message.sentences
                    yield message.text
                elif isinstance(message, Done):
                    self._finished = (cast("Answer", message.result),)
        finally:
            if not self._finished and hasattr(self._call, "close"):
                self._call.close()  # hangs up


def open_assistant(settings: Settings) -> Assistant:
    """Return the Assistant to ask: of the engine, or where that is switched off or would gain nothing, of this process.

    Starts the engine where there is none. Raises EngineUnavailable where it does not start.
    """
    if settings.engine == "off" or (settings.engine == "auto" and is_fake(settings.embed)):
        return Assistant(settings)
    settings = with_whole_paths(settings)
    line = Line(settings)
    line.pick_up()
    return ResidentAssistant(settings, line)


def with_whole_paths(settings: Settings) -> Settings:
    """Return the settings with models of the person's own by their whole paths: the engine works in another folder."""
    names = (settings.chat, settings.embed, settings.rerank)
    chat, embed, rerank = (str(own_path(name) or name) for name in names)
    return replace(settings, chat=chat, embed=embed, rerank=rerank)
