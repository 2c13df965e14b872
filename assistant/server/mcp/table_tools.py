"""The tools for tables: list those that the client may see, and run read-only statements over them."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from contextlib import suppress

from assistant.datatypes.tables import TableQuery
from assistant.errors import AssistantError, UsageError
from assistant.server.gateway import Gateway
from assistant.server.mcp.arguments import requested_filter, size
from assistant.server.mcp.results import ToolResult
from assistant.server.mcp.table_results import rows_result, tables_result
from assistant.server.reading import Fields, field, required, whole_number

KEPT_RESULTS = 16
MOST_ROWS = 1_000  # of one statement
LONGEST_TEXT = 1_000  # characters of a text in a result


class TableTools:
    """The table tools of one server. Keeps the last results, so that all pages of a result are of one run of its statement."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._results: OrderedDict[str, TableQuery] = OrderedDict()

    async def are_useful(self, client: str) -> bool:
        """Return whether a visible library has a table. One that cannot be read counts as one without."""
        for name in self._gateway.scope.library_names():
            with suppress(AssistantError):
                if await self._gateway.holds_tables(name, client):
                    return True
        return False

    async def list_tables(self, arguments: Fields, client: str) -> ToolResult:
        """List tables by name, with their columns."""
        limit = whole_number(arguments, "limit", 1, 200, 20)
        tables = await self._gateway.tables(requested_filter(arguments), field(arguments, "cursor", ""), limit + 1, client)
        return tables_result(tables, limit, size(arguments))

    async def query_table(self, arguments: Fields, client: str) -> ToolResult:
        """Run a statement, or with a cursor return more rows of its result."""
        limit = whole_number(arguments, "limit", 1, MOST_ROWS, 50)
        if arguments.get("cursor") is not None:
            name, start = self._continued(field(arguments, "cursor", ""))
        else:
            sql = required(arguments, "sql")
            name, start = secrets.token_hex(8), 0
            self._results[name] = await self._gateway.query_tables(sql, MOST_ROWS, LONGEST_TEXT, client)
            if len(self._results) > KEPT_RESULTS:
                self._results.popitem(last=False)
        return rows_result(self._results[name], start, limit, size(arguments), name)

    def _continued(self, cursor: str) -> tuple[str, int]:
        """Return the result that a cursor continues, and from which row. Raises UsageError if it is no longer kept."""
        name, _, start = cursor.partition(":")
        if name not in self._results or not start.isdecimal() or len(start) > 6:
            raise UsageError("This cursor is not valid any more.", "Run the statement again without a cursor.")
        return name, int(start)
