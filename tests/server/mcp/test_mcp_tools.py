"""The tools and resources of the MCP server, through the official client in the same process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from jsonschema import Draft202012Validator
from mcp import Client
from mcp.shared.exceptions import MCPError

from assistant.app.assistant import Assistant
from assistant.config import Settings
from assistant.datatypes import Answer, Sentence
from assistant.server.channel import InProcessChannel
from assistant.server.gateway import Gateway
from assistant.server.mcp.resources import file_uri
from assistant.server.mcp.schemas import TOOLS
from assistant.server.mcp.server import create_server
from assistant.server.scope import Scope
from tests.server.endless import Endless

T = TypeVar("T")

MODES = ("legacy", "auto")


@pytest.fixture
def channel(settings: Settings) -> Iterator[InProcessChannel]:
    with closing(InProcessChannel()) as made:
        yield made


def with_client(channel: InProcessChannel, use: Callable[[Client], Awaitable[T]], scope: Scope | None = None,
                mode: str = "auto") -> T:
    async def run() -> T:
        async with Client(create_server(Gateway(channel, scope or Scope())), mode=mode) as client:
            return await use(client)

    return asyncio.run(run())


def call(channel: InProcessChannel, name: str, scope: Scope | None = None, mode: str = "auto", **arguments: Any) -> Any:
    return with_client(channel, lambda client: client.call_tool(name, arguments), scope, mode)


def lease(settings: Settings) -> str:
    return str(settings.home / "files" / "lease.txt")


@pytest.mark.parametrize("mode", MODES)
def test_the_tools_are_read_only_and_their_schemas_valid(channel: InProcessChannel, mode: str):
    listed = with_client(channel, lambda client: client.list_tools(), mode=mode).tools
    assert [tool.name for tool in listed] == ["search", "ask", "read_passage", "list_files", "status"]
    for tool in listed:
        Draft202012Validator.check_schema(tool.input_schema)
        Draft202012Validator.check_schema(tool.output_schema)
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint
        assert not tool.annotations.destructive_hint


@pytest.mark.parametrize("mode", MODES)
def test_every_result_fits_its_schema(channel: InProcessChannel, settings: Settings, mode: str):
    schemas = {tool.name: tool.output_schema for tool in TOOLS}
    arguments = {"search": {"query": "deposit"}, "ask": {"question": "How much is the deposit?"},
                 "read_passage": {"path": lease(settings)}, "list_files": {}, "status": {}}
    assert arguments.keys() == schemas.keys()
    for name, given in arguments.items():
        result = call(channel, name, mode=mode, **given)
        assert not result.is_error
        Draft202012Validator(schemas[name]).validate(result.structured_content)


def test_an_answer_says_how_far_each_sentence_is_supported_and_where(channel: InProcessChannel, settings: Settings):
    result = call(channel, "ask", question="How much is the deposit?")
    fields = result.structured_content
    assert fields["answer"] == "The deposit is 15500 pounds [1]."
    assert fields["sentences"] == [{"text": "The deposit is 15500 pounds.", "citations": [1], "support": "full"}]
    [cited] = fields["citations"]
    assert (cited["path"], cited["place"], cited["quote"]) == (lease(settings), "line 3", "The deposit is 15500 pounds.")
    assert "Every sentence is supported" in result.content[0].text
    read = call(channel, "read_passage", path=cited["path"], at=cited["at"])
    assert cited["quote"] in read.structured_content["text"]


def test_a_damaged_library_is_a_finding_and_hides_no_other(channel: InProcessChannel, settings: Settings):
    broken = settings.libraries_folder / "broken"
    broken.mkdir()
    (broken / "library.sqlite").write_bytes(b"no database" * 200)
    result = call(channel, "status")
    assert [each["name"] for each in result.structured_content["libraries"]] == ["default"]
    assert result.structured_content["findings"][0]["subject"] == "library broken"
    assert "not a readable library" in result.content[0].text


def test_files_of_the_other_libraries_are_listed_and_read_beside_a_damaged_one(channel: InProcessChannel, settings: Settings):
    broken = settings.libraries_folder / "broken"
    broken.mkdir()
    (broken / "library.sqlite").write_bytes(b"no database" * 200)
    schemas = {tool.name: tool.output_schema for tool in TOOLS}
    path = lease(settings)
    for name, given in (("list_files", {}), ("read_passage", {"path": path}), ("read_passage", {"path": path, "cursor": "0"})):
        result = call(channel, name, **given)
        assert not result.is_error
        Draft202012Validator(schemas[name]).validate(result.structured_content)
        assert [each["subject"] for each in result.structured_content["findings"]] == ["library broken"]
        assert path in result.content[0].text and "not a readable library" in result.content[0].text
    missing = call(channel, "read_passage", path="/nowhere.txt")
    assert missing.is_error and "broken" in missing.content[0].text
    assert call(channel, "list_files", library="broken").is_error
    assert [str(each.uri) for each in with_client(channel, lambda client: client.list_resources()).resources] == [file_uri(path)]
    assert "deposit" in with_client(channel, lambda client: client.read_resource(file_uri(path))).contents[0].text


def test_what_the_files_do_not_say(channel: InProcessChannel):
    result = call(channel, "ask", question="Quel vin boire avec du fromage?")
    assert result.structured_content["abstained"] is True
    assert "do not state the answer" in result.content[0].text


def test_passages_come_in_pages_until_there_are_no_more(channel: InProcessChannel, settings: Settings):
    for number in range(12):
        (settings.home / "files" / f"{number}.txt").write_text(f"Invoice {number} is for paint. {'word ' * 40}\n", "utf-8")
    with Assistant(settings) as assistant:
        assistant.add([settings.home / "files"])
    seen, cursor, pages = list[str](), None, 0
    while pages < 20:
        more = {"cursor": cursor} if cursor else {}
        fields = call(channel, "search", query="invoice paint", limit=5, **more).structured_content
        seen += [passage["path"] for passage in fields["passages"]]
        pages, cursor = pages + 1, fields["more"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) >= 12
    assert pages >= 3


def test_results_are_bounded_in_characters(channel: InProcessChannel, settings: Settings):
    big = settings.home / "files" / "big.md"
    big.write_text("\n\n".join(f"## Part {number}\n\n{'paint and mortar ' * 30}" for number in range(60)), "utf-8")
    with Assistant(settings) as assistant:
        assistant.add([settings.home / "files"])
    for name, arguments in (("search", {"query": "paint mortar", "limit": 50}), ("list_files", {}),
                            ("read_passage", {"path": str(big), "at": 9000, "neighbours": 10})):
        result = call(channel, name, max_characters=700, **arguments)
        assert len(result.content[0].text) < 1000
        assert len(str(result.structured_content)) < 2200
    text, cursor = "", "0"
    while cursor is not None:
        part = call(channel, "read_passage", path=str(big), cursor=cursor, max_characters=5000).structured_content
        text, cursor = text + part["text"], part["more"]
    assert "".join(text.split()) == "".join(big.read_text("utf-8").split())


def test_a_passage_that_is_longer_than_the_limit_is_the_one_asked_for(channel: InProcessChannel, settings: Settings):
    big = settings.home / "files" / "big.md"
    big.write_text("\n\n".join(f"## Part {number}\n\n{f'paint{number} ' * 100}" for number in range(9)), "utf-8")
    with Assistant(settings) as assistant:
        assistant.add([settings.home / "files"])
    at = big.read_text("utf-8").index("## Part 5")
    fields = call(channel, "read_passage", path=str(big), at=at, neighbours=2, max_characters=500).structured_content
    assert "paint5" in fields["text"]
    assert len(fields["text"]) <= 500


def test_a_long_answer_continues_and_its_cursor_is_checked(channel: InProcessChannel, monkeypatch: pytest.MonkeyPatch):
    from assistant.server.mcp import tools

    monkeypatch.setattr(tools, "answer_text", lambda _answer: "".join(f"{number:05}" for number in range(400)))

    async def use(client: Client) -> str:
        text, cursor = "", None
        while True:
            more = {"cursor": cursor} if cursor else {}
            result = await client.call_tool("ask", {"question": "How much is the deposit?", "max_characters": 600, **more})
            text += result.content[0].text.split("\n\nThere is more")[0]  # type: ignore[union-attr]
            cursor = (result.structured_content or {})["more"]
            if cursor is None:
                return text

    assert with_client(channel, use) == "".join(f"{number:05}" for number in range(400))
    assert call(channel, "ask", question="x", cursor="abc:10").is_error


@pytest.mark.parametrize("most", [500, 700, 6000, 50_000])
def test_the_fields_of_a_long_answer_lose_nothing(channel: InProcessChannel, monkeypatch: pytest.MonkeyPatch, most: int):
    from assistant.server.mcp import tools

    text = " ".join(f"Room {number:03} is painted in the colour {number * 7:05} [{number + 1}]." for number in range(100))
    said = [f"Room {number:03} is painted in the colour {number * 7:05}." for number in range(100)]
    finished = tools.Tools._finished

    async def at_length(self: tools.Tools, *arguments: Any) -> Answer:
        answer = await finished(self, *arguments)
        cited = [replace(answer.citations[0], number=number, quote=each) for number, each in enumerate(said, 1)]
        return replace(answer, text=text, citations=tuple(cited),
                       sentences=tuple(Sentence(each, (number,), "full") for number, each in enumerate(said, 1)))

    monkeypatch.setattr(tools.Tools, "_finished", at_length)

    async def use(client: Client) -> list[dict[str, Any]]:
        pages, cursor = list[dict[str, Any]](), None
        while cursor is not None or not pages:
            more = {"cursor": cursor} if cursor else {}
            result = await client.call_tool("ask", {"question": "How much is the deposit?", "max_characters": most, **more})
            pages.append(result.structured_content or {})
            cursor = pages[-1]["more"]
        return pages

    pages = with_client(channel, use)
    assert "".join(page["answer"] for page in pages) == text
    assert [each["text"] for page in pages for each in page["sentences"]] == said
    assert [each["quote"] for page in pages for each in page["citations"]] == said
    assert all(len(page["answer"]) <= most for page in pages)
    assert all(len(str(page)) < 4 * most for page in pages)


@pytest.mark.parametrize(("name", "arguments", "says"), [
    ("search", {}, "query is missing"), ("search", {"query": 3}, "must be a text"),
    ("search", {"query": "x", "limit": "many"}, "number"),
    ("search", {"query": "x", "cursor": "-1"}, "cursor"), ("search", {"query": "x", "since": "never"}, "not a valid time"),
    ("search", {"query": "x", "path": {"a": 1}}, "list of texts"), ("search", {"query": "x", "path": "a\0"}, "NUL"),
    ("search", {"query": "x", "library": "nothing"}, "no library"), ("ask", {"question": ""}, "missing or empty"),
    ("read_passage", {"path": "/etc/passwd"}, "no passage"), ("read_passage", {"path": "\0"}, "no passage"),
    ("search", {"query": "x", "typ": "docx"}, "'typ'. The fields are: query, library, path, type, since, limit"),
    ("search", {"query": "x", "limit": 0}, "limit must be a whole number from 1 to 50"),
    ("search", {"query": "x", "limit": 51}, "limit must be a whole number from 1 to 50"),
    ("ask", {"question": "x", "max_characters": 10}, "max_characters must be a whole number from 500"),
    ("read_passage", {"path": "x", "page": 3}, "'page'. The fields are: path, at, neighbours"),
    ("read_passage", {"path": "x", "at": -1}, "at must be a whole number from 0"),
    ("list_files", {"suffix": "pdf"}, "'suffix'"), ("status", {"library": "default"}, "'library'. There are no fields."),
    ("list_tables", {"library": "default"}, "'library'"), ("query_table", {"sql": "SELECT 1", "rows": 5}, "'rows'"),
    ("delete_everything", {}, "no tool"),
])  # fmt: skip
def test_what_is_wrong_is_said_to_the_model(channel: InProcessChannel, name: str, arguments: dict[str, Any], says: str):
    result = call(channel, name, **arguments)
    assert result.is_error
    assert says in result.content[0].text


@pytest.mark.parametrize("mode", MODES)
def test_files_and_passages_are_resources(channel: InProcessChannel, settings: Settings, mode: str):
    async def use(client: Client) -> None:
        [resource] = (await client.list_resources()).resources
        assert resource.uri == file_uri(lease(settings))
        [content] = (await client.read_resource(resource.uri)).contents
        assert content.text == Path(lease(settings)).read_text("utf-8").strip()  # type: ignore[union-attr]
        [content] = (await client.read_resource(resource.uri.replace("/file/", "/passage/") + "?at=40&neighbours=1")).contents
        assert "15500" in content.text  # type: ignore[union-attr]
        assert len((await client.list_resource_templates()).resource_templates) == 2
        for wrong in ("assistant://file/%2Fetc%2Fpasswd", "assistant://other/x", "file:///etc/passwd", "assistant://file/",
                      f"{resource.uri}?at=3", f"{resource.uri}?from=x"):
            with pytest.raises(MCPError):
                await client.read_resource(wrong)

    with_client(channel, use, mode=mode)


def test_a_scope_hides_files_in_every_tool_and_resource(channel: InProcessChannel, settings: Settings):
    hidden = settings.home / "files" / "secret.txt"
    hidden.write_text("The deposit of the secret contract is 77 pounds.\n", "utf-8")
    with Assistant(settings) as assistant:
        assistant.add([settings.home / "files"])
    scope = Scope((), (lease(settings),))
    said = [str(call(channel, name, scope, **arguments)) for name, arguments in (
        ("search", {"query": "secret deposit", "path": str(hidden)}), ("search", {"query": "secret contract"}),
        ("ask", {"question": "What is the deposit of the secret contract?"}), ("ask", {"question": "Summarise secret.txt"}),
        ("list_files", {}), ("list_files", {"path": "*secret*"}), ("status", {}), ("read_passage", {"path": str(hidden)}),
        ("read_passage", {"path": str(hidden), "cursor": "0"}))]

    async def read(client: Client) -> None:
        said.append(str((await client.list_resources()).resources))
        for uri in (file_uri(str(hidden)), file_uri(str(hidden)).replace("/file/", "/passage/")):
            with pytest.raises(MCPError):
                await client.read_resource(uri)

    with_client(channel, read, scope)
    assert not any("77 pounds" in each or "secret contract is" in each for each in said)
    assert not any("secret.txt" in each for each in (said[1], said[4], said[5], said[6], said[9]))
    assert "77 pounds" in str(call(channel, "read_passage", path=str(hidden)))


@pytest.mark.parametrize("mode", MODES)
def test_progress_is_notified_and_grows(channel: InProcessChannel, mode: str):
    heard: list[tuple[float, str | None]] = []

    async def note(progress: float, _total: float | None, message: str | None) -> None:
        heard.append((progress, message))

    async def use(client: Client) -> None:
        await client.call_tool("ask", {"question": "How much is the deposit?"}, progress_callback=note)

    with_client(channel, use, mode=mode)
    assert [number for number, _ in heard] == [float(number) for number in range(1, len(heard) + 1)]
    assert heard[0][1] == "Waiting for the engine"
    assert "Writing" in [message for _, message in heard]


@pytest.mark.parametrize("mode", MODES)
def test_a_cancelled_request_stops_the_model(channel: InProcessChannel, endless: Endless, mode: str):
    async def use(client: Client) -> None:
        asked = asyncio.create_task(client.call_tool("ask", {"question": "How much is the deposit?"}))
        await asyncio.to_thread(endless.wait_for_begin)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        await asyncio.to_thread(endless.wait_for_stop)
        assert not (await client.call_tool("search", {"query": "deposit"})).is_error

    with_client(channel, use, mode=mode)
