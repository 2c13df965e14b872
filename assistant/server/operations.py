"""The operations that the engine performs for other processes, each declared once: its name, its kind and how it runs.

The proxy (`remote_assistant`) calls an operation, the dispatcher queues it by its kind and runs it. A call names its operation
in its message; only names of this table are accepted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, TypeVarTuple

from assistant.datatypes import EVERY_FILE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assistant.app.assistant import Assistant
    from assistant.datatypes import (
        AnswerStreaming,
        Embeddings,
        Explanation,
        Filter,
        LedgerEntry,
        LibraryStatus,
        SearchResult,
        TextPage,
        Turn,
    )

ShouldStop = Callable[[], bool]
Arguments = TypeVarTuple("Arguments")
Returned = TypeVar("Returned")


class Kind(Enum):
    """On which thread an operation runs, and how its result is sent."""

    ANSWER = "answer"  # on the answers' thread; the text is sent as it is written
    SEARCH = "search"  # on the searches' thread; the result is sent as a whole
    BACKGROUND = "background"  # on the answers' thread; stopped as soon as another call waits for that thread


@dataclass(frozen=True, slots=True)
class Operation(Generic[Returned, *Arguments]):
    """An operation: `run` takes an Assistant, a function that says whether to stop, and the arguments of the call."""

    name: str
    kind: Kind
    run: Callable[[Assistant, ShouldStop, *Arguments], Returned]
    is_remote: bool = True  # whether other processes may call it; the engine itself begins the others


AnyOperation: TypeAlias = "Operation[Any, *tuple[Any, ...]]"


def _ask(assistant: Assistant, _should_stop: ShouldStop, question: str, turns: Sequence[Turn] = (), wanted: Filter = EVERY_FILE,
         strict: bool = False) -> AnswerStreaming:
    return assistant.ask(question, turns, wanted, strict)


def _search(assistant: Assistant, _should_stop: ShouldStop, question: str, limit: int = 0,
            wanted: Filter = EVERY_FILE) -> SearchResult:
    return assistant.search(question, limit, wanted)


def _explain(assistant: Assistant, _should_stop: ShouldStop, question: str, wanted: Filter = EVERY_FILE) -> Explanation:
    return assistant.explain(question, wanted)


def _embedded_share(assistant: Assistant, _should_stop: ShouldStop) -> float:
    return assistant.embedded_share()


def _status(assistant: Assistant, _should_stop: ShouldStop, wanted: Filter = EVERY_FILE) -> LibraryStatus:
    return assistant.status(wanted)


def _files(assistant: Assistant, _should_stop: ShouldStop, wanted: Filter = EVERY_FILE, after: str = "",
           limit: int = 100) -> tuple[LedgerEntry, ...]:
    return assistant.files(wanted, after, limit)


def _passage(assistant: Assistant, _should_stop: ShouldStop, path: str, character: int, neighbours: int = 0,
             wanted: Filter = EVERY_FILE) -> TextPage:
    return assistant.passage(path, character, neighbours, wanted)


def _text(assistant: Assistant, _should_stop: ShouldStop, path: str, character: int, most: int,
          wanted: Filter = EVERY_FILE) -> TextPage:
    return assistant.text(path, character, most, wanted)


def _embed(assistant: Assistant, _should_stop: ShouldStop, texts: Sequence[str], as_questions: bool = False) -> Embeddings:
    return assistant.embed(texts, as_questions=as_questions)


def _prefetch(assistant: Assistant, should_stop: ShouldStop, question: str, turns: Sequence[Turn] = ()) -> None:
    assistant.anticipate(question, turns, should_stop)


def _tune(assistant: Assistant, should_stop: ShouldStop) -> None:
    assistant.tune(should_stop)


ASK = Operation("ask", Kind.ANSWER, _ask)
SEARCH = Operation("search", Kind.SEARCH, _search)
EXPLAIN = Operation("explain", Kind.SEARCH, _explain)
EMBEDDED_SHARE = Operation("embedded_share", Kind.SEARCH, _embedded_share)
STATUS = Operation("status", Kind.SEARCH, _status)
FILES = Operation("files", Kind.SEARCH, _files)
PASSAGE = Operation("passage", Kind.SEARCH, _passage)
TEXT = Operation("text", Kind.SEARCH, _text)
EMBED = Operation("embed", Kind.SEARCH, _embed)
PREFETCH_QUERY = Operation("anticipate", Kind.BACKGROUND, _prefetch)
TUNE = Operation("tune", Kind.BACKGROUND, _tune, is_remote=False)

_EVERY: tuple[AnyOperation, ...] = (ASK, SEARCH, EXPLAIN, EMBEDDED_SHARE, STATUS, FILES, PASSAGE, TEXT, EMBED,
                                    PREFETCH_QUERY, TUNE)
OPERATIONS = {operation.name: operation for operation in _EVERY}
