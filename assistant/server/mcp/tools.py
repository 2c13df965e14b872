"""The tools of the MCP server: read the arguments, ask the gateway, bound the result."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import aclosing

from assistant import __version__
from assistant.datatypes import Answer, Finding, LedgerEntry, TextPage
from assistant.errors import AssistantError, UsageError
from assistant.server.gateway import MOST_HITS, Gateway, GatewayQuestion, Read
from assistant.server.mcp.arguments import at_least, cursor_number, requested_filter, size
from assistant.server.mcp.results import (
    ToolResult,
    answer_fields,
    answer_text,
    files_result,
    passages_result,
    status_result,
    text_result,
    with_more,
)
from assistant.server.mcp.schemas import ARGUMENTS
from assistant.server.mcp.table_tools import TableTools
from assistant.server.protocol import ProgressUpdate, Started, TokenDelta
from assistant.server.reading import Fields, field, require_known, required, whole_number

OnProgress = Callable[[str], Awaitable[None]]
KEPT_ANSWERS = 16


class Tools:
    """The tools of one server. `client` identifies a client for the fair queue."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway, self.tables = gateway, TableTools(gateway)
        self._long_answers: OrderedDict[str, tuple[Answer, str]] = OrderedDict()  # to continue them

    async def call(self, name: str, arguments: Fields, client: str, on_progress: OnProgress) -> ToolResult:
        """Return the result of a tool. Raises AssistantError, also for an unknown tool."""
        require_known(arguments, ARGUMENTS.get(name, arguments))
        if name == "ask":
            return await self.ask(arguments, client, on_progress)
        tools = {"search": self.search, "read_passage": self.read_passage, "list_files": self.list_files, "status": self.status,
                 "list_tables": self.tables.list_tables, "query_table": self.tables.query_table}
        if name not in tools:
            raise UsageError(f"There is no tool {name[:100]!r}.", f"Tools: ask, {', '.join(tools)}.")
        return await tools[name](arguments, client)

    async def search(self, arguments: Fields, client: str) -> ToolResult:
        """Find passages."""
        offset, limit = cursor_number(arguments), whole_number(arguments, "limit", 1, 50, 5)
        most = min(MOST_HITS, offset + limit + 1)  # one more, to know whether there is more
        found = await self._gateway.search(required(arguments, "query"), most, field(arguments, "library", ""),
                                           requested_filter(arguments), client)
        return passages_result(found.hits, offset, limit, size(arguments))

    async def read_passage(self, arguments: Fields, client: str) -> ToolResult:
        """Read a passage with its neighbours, or with a cursor the text that follows."""
        path, most = required(arguments, "path"), size(arguments)
        if arguments.get("cursor") is not None:
            start = cursor_number(arguments)
            page, wrong = await self._read(arguments, lambda library: self._gateway.text(path, start, most, library, client))
            return text_result(page, most, wrong)
        at, neighbours = at_least(arguments, "at", 0), whole_number(arguments, "neighbours", 0, 10, 1)

        async def passage(library: str) -> TextPage:
            page = await self._gateway.passage(path, at, neighbours, library, client)
            if len(page.text) > most and neighbours:  # the passage itself comes first
                page = await self._gateway.passage(path, at, 0, library, client)
            return page

        page, wrong = await self._read(arguments, passage)
        return text_result(page, most, wrong)

    async def list_files(self, arguments: Fields, client: str) -> ToolResult:
        """List files by path."""
        limit, after = whole_number(arguments, "limit", 1, 500, 100), field(arguments, "cursor", "")
        wanted = requested_filter(arguments)

        async def files(library: str) -> tuple[LedgerEntry, ...]:
            return await self._gateway.files(after, limit + 1, library, wanted, client) if library else ()

        found, wrong = await self._read(arguments, files)
        return files_result(found, limit, size(arguments), wrong)

    async def _read(self, arguments: Fields, read: Callable[[str], Awaitable[Read]]) -> tuple[Read, list[Finding]]:
        """Return what is read of the library of the arguments, by default of all, and what is wrong with those left out."""
        library = field(arguments, "library", "")
        return (await read(library), []) if library else await self._gateway.from_all(read)

    async def status(self, _arguments: Fields, client: str) -> ToolResult:
        """Show the libraries."""
        return status_result(__version__, *await self._gateway.statuses(client))

    async def ask(self, arguments: Fields, client: str, on_progress: OnProgress) -> ToolResult:
        """Answer a question, or with a cursor continue a long answer."""
        if arguments.get("cursor") is not None:
            return self._continued(field(arguments, "cursor", ""), size(arguments))
        asked = GatewayQuestion(required(arguments, "question"), field(arguments, "library", ""), (), requested_filter(arguments),
                         field(arguments, "strict", False), client)
        answer = await self._finished(asked, on_progress)
        return self._page(answer, answer_text(answer), 0, size(arguments), "")

    async def _finished(self, asked: GatewayQuestion, on_progress: OnProgress) -> Answer:
        """Return the finished answer; report what happens until then."""
        await on_progress("Waiting for the engine")
        async with aclosing(self._gateway.ask(asked)) as events:
            async for event in events:
                if isinstance(event, Answer):
                    return event
                if isinstance(event, Started):
                    await on_progress(f"Found {len(event.hits)} passages")
                elif isinstance(event, ProgressUpdate):
                    await on_progress(f"{event.progress.stage}: {event.progress.done} of {event.progress.total}")
                elif isinstance(event, TokenDelta):
                    await on_progress("Writing")
        raise AssistantError("The engine did not finish its answer.", "Ask again.")

    def _continued(self, cursor: str, most: int) -> ToolResult:
        """Return the next part of a long answer. Raises UsageError if it is no longer kept."""
        name, _, start = cursor.partition(":")
        if name not in self._long_answers or not start.isdecimal():
            raise UsageError("This cursor is not valid any more.", "Ask again without a cursor.")
        answer, text = self._long_answers[name]
        return self._page(answer, text, int(start), most, name)

    def _page(self, answer: Answer, text: str, start: int, most: int, name: str) -> ToolResult:
        """Return a part of an answer's text; the answer is kept if more follows."""
        end, more = start + most, None
        if end < len(text):
            name = name or secrets.token_hex(4)
            self._long_answers[name] = (answer, text)
            if len(self._long_answers) > KEPT_ANSWERS:
                self._long_answers.popitem(last=False)
            more = f"{name}:{end}"
        fields = answer_fields(answer, start, end, is_last=more is None)
        return ToolResult(with_more(text[start:end], more), {**fields, "more": more})
