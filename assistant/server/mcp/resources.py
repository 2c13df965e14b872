"""Files and passages as MCP resources: `assistant://file/PATH` and `assistant://passage/PATH?at=N`, paths percent-encoded."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

from mcp_types import (
    ListResourcesResult,
    ListResourceTemplatesResult,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextResourceContents,
)

from assistant.datatypes import LedgerEntry, TextPage
from assistant.errors import NotFound, UsageError
from assistant.server.gateway import Gateway
from assistant.server.reading import require_known

SCHEME = "assistant"
PAGE = 100  # resources of one list
MOST_CHARACTERS = 100_000  # of one resource
LONGEST_NUMBER = 15  # digits of a number in an address
TEMPLATES = (
    ResourceTemplate(name="file", uri_template="assistant://file/{path}{?from}", mime_type="text/plain",
                     description="The text of a file, from a character on."),
    ResourceTemplate(name="passage", uri_template="assistant://passage/{path}{?at,neighbours}", mime_type="text/plain",
                     description="The passage of a file at a character, with its neighbours."),
)


class Resources:
    """The resources of one server."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def list(self, cursor: str, client: str) -> ListResourcesResult:
        """Return files by path; the cursor is the last path."""
        async def listed_in(library: str) -> tuple[LedgerEntry, ...]:
            return await self._gateway.files(cursor, PAGE + 1, library, client=client) if library else ()

        files, _ = await self._gateway.from_all(listed_in)
        listed = [Resource(uri=file_uri(entry.path), name=Path(entry.path).name, title=entry.path, mime_type="text/plain")
                  for entry in files[:PAGE]]
        return ListResourcesResult(resources=listed, next_cursor=files[PAGE - 1].path if len(files) > PAGE else None)

    async def templates(self) -> ListResourceTemplatesResult:
        """Return the forms of the addresses."""
        return ListResourceTemplatesResult(resource_templates=list(TEMPLATES))

    async def read(self, uri: str, client: str) -> ReadResourceResult:
        """Return a file or a passage; `_meta.more` is the address of the rest. Raises NotFound."""
        parts = urlsplit(uri)
        path, query = unquote(parts.path.removeprefix("/")), parse_qs(parts.query)
        if parts.scheme != SCHEME or parts.netloc not in {"file", "passage"} or not self._gateway.scope.library_names():
            raise NotFound(f"There is no resource {uri[:200]}.", "List the resources.")
        require_known(query, ("from",) if parts.netloc == "file" else ("at", "neighbours"))
        start, at, neighbours = number(query, "from", 0), number(query, "at", 0), min(10, number(query, "neighbours", 0))

        async def read_from(library: str) -> TextPage:
            if parts.netloc == "file":
                return await self._gateway.text(path, start, MOST_CHARACTERS, library, client)
            return await self._gateway.passage(path, at, neighbours, library, client)

        page, _ = await self._gateway.from_all(read_from)
        text = page.text[:MOST_CHARACTERS]
        end = page.start + len(text) if len(text) < len(page.text) else page.end
        rest = {"more": f"{file_uri(path)}?from={end}"} if len(text) < len(page.text) or not page.complete else None
        return ReadResourceResult(contents=[TextResourceContents(uri=uri, text=text, mime_type="text/plain", _meta=rest)])


def file_uri(path: str) -> str:
    """Return the address of a file."""
    return f"{SCHEME}://file/{quote(path, safe='')}"


def number(query: dict[str, list[str]], name: str, default: int) -> int:
    """Return a number of an address; the default if it is missing. Raises UsageError if it is no number."""
    value = query.get(name, [str(default)])[0]
    if not value.isdecimal() or len(value) > LONGEST_NUMBER:
        raise UsageError(f"{name} must be a whole number.", "Use an address that was returned.")
    return int(value)
