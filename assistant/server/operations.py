"""The operations that the engine performs for other processes, each declared once: its name, its kind and how it runs.

The proxy (`remote_assistant`) calls an operation, the dispatcher queues it by its kind and runs it. A call names its operation
in its message; only names of this table are accepted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, TypeVarTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assistant import datatypes as data
    from assistant.app.assistant import Assistant
    from assistant.datatypes import AnswerStreaming, Explanation, Filter, LibraryStatus, SearchResult, Turn
    from assistant.datatypes.tables import TableInfo, TableQuery

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


ASK: Operation[AnswerStreaming, str, Sequence[Turn], Filter, bool] = Operation(
    "ask", Kind.ANSWER, lambda assistant, _, *given: assistant.ask(*given))
SEARCH: Operation[SearchResult, str, int, Filter] = Operation(
    "search", Kind.SEARCH, lambda assistant, _, *given: assistant.search(*given))
EXPLAIN: Operation[Explanation, str, Filter] = Operation(
    "explain", Kind.SEARCH, lambda assistant, _, *given: assistant.explain(*given))
EMBEDDED_SHARE: Operation[float] = Operation("embedded_share", Kind.SEARCH, lambda assistant, _: assistant.embedded_share())
STATUS: Operation[LibraryStatus, Filter] = Operation(
    "status", Kind.SEARCH, lambda assistant, _, *given: assistant.status(*given))
FILES: Operation[tuple[data.LedgerEntry, ...], Filter, str, int] = Operation(
    "files", Kind.SEARCH, lambda assistant, _, *given: assistant.files(*given))
PASSAGE: Operation[data.TextPage, str, int, int, Filter] = Operation(
    "passage", Kind.SEARCH, lambda assistant, _, *given: assistant.passage(*given))
TEXT: Operation[data.TextPage, str, int, int, Filter] = Operation(
    "text", Kind.SEARCH, lambda assistant, _, *given: assistant.text(*given))
HOLDS_TABLES: Operation[bool, Filter] = Operation(
    "holds_tables", Kind.SEARCH, lambda assistant, _, *given: assistant.holds_tables(*given))
LIST_TABLES: Operation[tuple[TableInfo, ...], Filter, Filter, str, int] = Operation(
    "list_tables", Kind.SEARCH, lambda assistant, _, visible, *given: assistant.tables(visible).page(*given))
QUERY_TABLES: Operation[TableQuery, Filter, str, int, int] = Operation(
    "query_tables", Kind.SEARCH, lambda assistant, _, visible, *given: assistant.tables(visible).query_for_client(*given))
EMBED: Operation[data.Embeddings, Sequence[str], bool] = Operation(
    "embed", Kind.SEARCH, lambda assistant, _, texts, as_questions: assistant.embed(texts, as_questions=as_questions))
PREFETCH_QUERY: Operation[None, str, Sequence[Turn]] = Operation(
    "anticipate", Kind.BACKGROUND, lambda assistant, should_stop, *given: assistant.anticipate(*given, should_stop=should_stop))
TUNE: Operation[None] = Operation(
    "tune", Kind.BACKGROUND, lambda assistant, should_stop: assistant.tune(should_stop), is_remote=False)
PREFILL: Operation[None] = Operation(
    "prefill", Kind.BACKGROUND, lambda assistant, should_stop: assistant.prefill(should_stop), is_remote=False)

_EVERY: tuple[AnyOperation, ...] = (ASK, SEARCH, EXPLAIN, EMBEDDED_SHARE, STATUS, FILES, PASSAGE, TEXT, HOLDS_TABLES,
                                    LIST_TABLES, QUERY_TABLES, EMBED, PREFETCH_QUERY, TUNE, PREFILL)
OPERATIONS = {operation.name: operation for operation in _EVERY}
