"""Asynchronous access to the engine for the servers of other programs: fair queues, time limits, cancellation, and the scope."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

from assistant.datatypes import EVERY_FILE, Answer, Filter, Finding, LedgerEntry, LibraryStatus, SearchResult, TextPage, Turn
from assistant.errors import AssistantError, EngineUnavailable, NotFound, ServerBusy, TimeLimitExceeded, UsageError
from assistant.server.citation_order import CitationOrder
from assistant.server.fair_queue import FairQueue
from assistant.server.operations import (
    ASK,
    EMBED,
    FILES,
    HOLDS_TABLES,
    LIST_TABLES,
    PASSAGE,
    QUERY_TABLES,
    SEARCH,
    STATUS,
    TEXT,
    Arguments,
    Operation,
    Returned,
)
from assistant.server.protocol import EngineMessage, ProgressUpdate, Result, Started, TokenDelta
from assistant.server.turn_memory import TurnMemory

if TYPE_CHECKING:
    from assistant.config import Settings
    from assistant.datatypes import Embeddings
    from assistant.datatypes.tables import TableInfo, TableQuery
    from assistant.server.channel import Channel
    from assistant.server.operations import AnyOperation
    from assistant.server.scope import Scope

AnswerEvent: TypeAlias = Started | ProgressUpdate | TokenDelta | Answer

Read = TypeVar("Read")

LONGEST_QUESTION = 20_000  # characters
MOST_TURNS = 20  # of a conversation, the last ones
MOST_HITS = 100


@dataclass(frozen=True, slots=True)
class GatewayLimits:
    """Limits for the requests of other programs: counts, and seconds.

    A client has at most `waiting_per_client` requests in a queue of at most `waiting`.
    """

    waiting: int = 128
    waiting_per_client: int = 32
    queue_seconds: float = 300.0
    answer_seconds: float = 900.0
    search_seconds: float = 120.0


@dataclass(frozen=True, slots=True)
class GatewayQuestion:
    """A question of a client; `client` identifies it for the fair queue.

    in_order: whether the citations of the answer are renumbered in the order in which its text cites them
    """

    text: str
    library: str = ""
    turns: tuple[Turn, ...] = ()
    wanted: Filter = EVERY_FILE
    strict: bool = False
    client: str = ""
    in_order: bool = False


class Gateway:
    """Calls the engine for the clients of one server, within a scope. For one event loop.

    One answer at a time is given to the engine, so that a question from a terminal waits for one answer at most.
    """

    def __init__(self, channel: Channel, scope: Scope, limits: GatewayLimits | None = None) -> None:
        self.scope, self.limits = scope, limits or GatewayLimits()
        self._channel, self._turns = channel, TurnMemory()
        of = self.limits
        self._answers = FairQueue(1, of.waiting, of.waiting_per_client, of.queue_seconds)
        self._searches = FairQueue(2, of.waiting, of.waiting_per_client, of.queue_seconds)

    @property
    def waiting(self) -> int:
        """The number of requests that wait for their turn."""
        return self._answers.waiting + self._searches.waiting

    async def search(self, question: str, limit: int = 0, library: str = "", wanted: Filter = EVERY_FILE,
                     client: str = "") -> SearchResult:
        """Return the hits for a question. Raises what Assistant.search raises, NotFound, ServerBusy and TimeLimitExceeded."""
        require_question(question)
        if limit > MOST_HITS:
            raise UsageError(f"At most {MOST_HITS} passages can be asked for.", "Ask for fewer.")
        return await self._result(client, library, SEARCH, question, limit, self.scope.filter(wanted))

    async def ask(self, asked: GatewayQuestion) -> AsyncGenerator[AnswerEvent]:
        """Yield the events of an answer, the finished Answer last. Raises what Assistant.ask raises, and as `search` does.

        The answer is cancelled when the iterator is closed.
        """
        require_question(asked.text)
        settings = self.scope.settings(asked.library)
        turns = tuple(self._turns.recall(settings.library, turn) for turn in asked.turns[-MOST_TURNS:])
        arguments = (asked.text, turns, self.scope.filter(asked.wanted), asked.strict)
        order = CitationOrder() if asked.in_order else None
        call = self._call(self._answers, asked.client, settings, self.limits.answer_seconds, ASK, arguments)
        async with aclosing(call) as messages:
            async for message in messages:
                if isinstance(message, Result):
                    answer = cast("Answer", message.result)
                    if order and (rest := order.rest()):
                        yield TokenDelta(rest)
                    answer = order.renumber_answer(answer) if order else answer
                    self._turns.remember(settings.library, answer)
                    yield answer
                elif isinstance(message, Started | ProgressUpdate | TokenDelta):
                    yield order.renumber_delta(message) if order and isinstance(message, TokenDelta) else message

    async def answer(self, asked: GatewayQuestion) -> Answer:
        """Return the finished answer to a question; raises what `ask` raises."""
        async with aclosing(self.ask(asked)) as events:
            async for event in events:
                if isinstance(event, Answer):
                    return event
        raise AssistantError("The engine did not finish its answer.", "Ask again.")

    async def status(self, library: str, client: str = "") -> LibraryStatus:
        """Return what a library holds, as far as it is in the scope. Raises NotFound."""
        return await self._result(client, library, STATUS, self.scope.filter())

    async def statuses(self, client: str = "") -> tuple[list[LibraryStatus], list[Finding]]:
        """Return what each visible library holds, and a finding for each that cannot be opened."""
        from assistant.app.library.registry import unopened

        held: list[LibraryStatus] = []
        wrong: list[Finding] = []
        for name in self.scope.library_names():
            try:
                held.append(await self.status(name, client))
            except (EngineUnavailable, ServerBusy, TimeLimitExceeded):
                raise
            except (AssistantError, OSError) as error:
                wrong.append(unopened(name, error))
        return held, wrong

    async def from_all(self, read: Callable[[str], Awaitable[Read]]) -> tuple[Read, list[Finding]]:
        """Return what `read` returns for all visible libraries, or for those that it can read, with a finding for each other.

        read: takes the names of libraries, separated by commas
        """
        from assistant.app.library.registry import unopened

        names = self.scope.library_names()
        try:
            return await read(",".join(names)), []
        except (EngineUnavailable, ServerBusy, TimeLimitExceeded, UsageError):
            raise
        except (AssistantError, OSError):
            wrong: dict[str, Finding] = {}
            for name in names:
                try:
                    with suppress(NotFound):  # it can be read, and does not hold what is asked for
                        await read(name)
                except (EngineUnavailable, ServerBusy, TimeLimitExceeded):
                    raise
                except (AssistantError, OSError) as error:
                    wrong[name] = unopened(name, error)
            if not wrong or len(wrong) == len(names):
                raise
        try:
            return await read(",".join(name for name in names if name not in wrong)), list(wrong.values())
        except NotFound as error:
            details = " ".join(f"{each.subject}: {each.detail}" for each in wrong.values())
            raise NotFound(str(error), f"It may be in a library that cannot be read. {details}") from error

    async def files(self, after: str = "", limit: int = 100, library: str = "", wanted: Filter = EVERY_FILE,
                    client: str = "") -> tuple[LedgerEntry, ...]:
        """Return files by path, from the path behind `after`."""
        return await self._result(client, library, FILES, self.scope.filter(wanted), after, limit)

    async def passage(self, path: str, character: int, neighbours: int = 0, library: str = "", client: str = "") -> TextPage:
        """Return a passage with its neighbours. Raises NotFound, also for what the scope hides."""
        return await self._result(client, library, PASSAGE, path, character, neighbours, self.scope.filter())

    async def text(self, path: str, character: int, most: int, library: str = "", client: str = "") -> TextPage:
        """Return text of a file. Raises NotFound, also for what the scope hides."""
        return await self._result(client, library, TEXT, path, character, most, self.scope.filter())

    async def embed(self, texts: Sequence[str], library: str = "", client: str = "", *, as_questions: bool = False) -> Embeddings:
        """Return the vectors of texts, made with the embedding model of a library."""
        return await self._result(client, library, EMBED, tuple(texts), as_questions)

    async def holds_tables(self, library: str, client: str = "") -> bool:
        """Return whether a visible file of a library has a table. Raises NotFound."""
        return await self._result(client, library, HOLDS_TABLES, self.scope.filter())

    async def tables(self, wanted: Filter, after: str, limit: int, client: str = "") -> tuple[TableInfo, ...]:
        """Return tables of visible files that pass a filter, by name, from the name behind `after`.

        Tables are named among those of all visible files of all visible libraries, for this and for `query_tables`.
        """
        settings, visible = self.scope.settings_of_tables(), self.scope.filter()
        return await self._result_with(client, settings, LIST_TABLES, visible, self.scope.filter(wanted), after, limit)

    async def query_tables(self, sql: str, most_rows: int, longest_text: int, client: str = "") -> TableQuery:
        """Run a SELECT statement over the tables of visible files. Raises AssistantError if it is not allowed or fails."""
        settings = self.scope.settings_of_tables()
        return await self._result_with(client, settings, QUERY_TABLES, self.scope.filter(), sql, most_rows, longest_text)

    async def _result(self, client: str, library: str, operation: Operation[Returned, *Arguments],
                      *arguments: *Arguments) -> Returned:
        """Return the result of an operation of the searches' thread in a library. Raises NotFound."""
        return await self._result_with(client, self.scope.settings(library), operation, *arguments)

    async def _result_with(self, client: str, settings: Settings, operation: Operation[Returned, *Arguments],
                           *arguments: *Arguments) -> Returned:
        """Return the result of an operation of the searches' thread."""
        call = self._call(self._searches, client, settings, self.limits.search_seconds, operation, arguments)
        async with aclosing(call) as messages:
            async for message in messages:
                if isinstance(message, Result):
                    return cast("Returned", message.result)
        raise AssistantError("The engine said nothing.", "Try again.")

    async def _call(self, queue: FairQueue, client: str, settings: Settings, seconds: float, operation: AnyOperation,
                    arguments: tuple[Any, ...]) -> AsyncGenerator[EngineMessage]:
        """Yield the messages of a call once it is its client's turn. The slot is held until its thread has ended."""
        await queue.acquire(client)
        call = ThreadedCall(lambda stop: self._channel.messages(settings, operation, arguments, stop), queue.release)
        deadline = asyncio.get_running_loop().time() + seconds
        try:
            while (message := await call.next(deadline)) is not None:
                yield message
        except TimeoutError as error:
            raise TimeLimitExceeded(f"The request took longer than {seconds:.0f} seconds.", "Ask for less at a time.") from error
        finally:
            call.cancel()


class ThreadedCall:
    """Runs a blocking iterator in a thread and hands its items to the event loop. `ended` is called in the loop at its end."""

    def __init__(self, start: Callable[[Callable[[], bool]], Any], ended: Callable[[], None]) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), threading.Event()
        self._items: asyncio.Queue[EngineMessage | BaseException | None] = asyncio.Queue()
        self._start, self._ended = start, ended
        try:
            threading.Thread(target=self._run, name="call", daemon=True).start()
        except RuntimeError as error:
            ended()
            raise ServerBusy("This machine cannot start more threads.", "Try again in a few seconds.") from error

    async def next(self, deadline: float) -> EngineMessage | None:
        """Return the next message; None after the last. Raises what the iterator raised, and TimeoutError.

        deadline: in seconds of the event loop's clock
        """
        if self._items.empty():
            async with asyncio.timeout_at(deadline):
                item = await self._items.get()
        else:
            item = self._items.get_nowait()
        if isinstance(item, BaseException):
            raise item
        return item

    def cancel(self) -> None:
        """Stop the thread at its next step."""
        self._stop.set()

    def _run(self) -> None:
        try:
            for message in self._start(self._stop.is_set):
                self._put(message)
            self._put(None)
        except BaseException as error:
            self._put(error)
        finally:
            with suppress(RuntimeError):  # the loop is closed: the server has ended
                self._loop.call_soon_threadsafe(self._ended)

    def _put(self, item: EngineMessage | BaseException | None) -> None:
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._items.put_nowait, item)


def require_question(question: str) -> None:
    """Raise UsageError for a question that is empty or too long."""
    if not question.strip():
        raise UsageError("The question is empty.", "Send a question.")
    if len(question) > LONGEST_QUESTION:
        raise UsageError(f"The question has {len(question):,} characters; {LONGEST_QUESTION:,} are allowed.", "Shorten it.")
