"""The table tools of the MCP server, through the official client in the same process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from typing import Any, TypeVar

import pytest
from jsonschema import Draft202012Validator
from mcp import Client

from assistant.app.assistant import Assistant
from assistant.config import Settings, load_settings
from assistant.server.channel import InProcessChannel
from assistant.server.gateway import Gateway
from assistant.server.mcp.schemas import TABLE_TOOLS
from assistant.server.mcp.server import create_server
from assistant.server.scope import Scope

T = TypeVar("T")

SALES = "Region;Day;Amount (EUR)\nNorth;2026-01-05;1234.50\nSouth;2026-01-17;99.90\nNorth;2026-02-01;10.10\nTotal;;1344.50\n"
WAGES = "Name;Wage (EUR)\nAda;5100\nBob;4700\n"
SUM = "SELECT region, sum(amount) AS total FROM sales GROUP BY region ORDER BY region"


@pytest.fixture
def channel(settings: Settings) -> Iterator[InProcessChannel]:
    with closing(InProcessChannel()) as made:
        yield made


@pytest.fixture
def tables(settings: Settings) -> Settings:
    write(settings, sales=SALES, wages=WAGES)
    return settings


def write(settings: Settings, library: str = "default", **texts: str) -> None:
    for name, text in texts.items():
        (settings.home / "files" / f"{name}.csv").write_text(text, "utf-8")
    with Assistant(load_settings({"library": library})) as assistant:
        assistant.add([settings.home / "files"])


def path(settings: Settings, name: str) -> str:
    return str(settings.home / "files" / f"{name}.csv")


def with_client(channel: InProcessChannel, scope: Scope | None, use: Callable[[Client], Awaitable[T]]) -> T:
    async def run() -> T:
        async with Client(create_server(Gateway(channel, scope or Scope()))) as client:
            return await use(client)

    return asyncio.run(run())


def call(channel: InProcessChannel, name: str, scope: Scope | None = None, **arguments: Any) -> Any:
    return with_client(channel, scope, lambda client: client.call_tool(name, arguments))


def names(channel: InProcessChannel, scope: Scope | None = None) -> list[str]:
    return [tool.name for tool in with_client(channel, scope, lambda client: client.list_tools()).tools]


def listed(channel: InProcessChannel, scope: Scope | None = None, **arguments: Any) -> list[str]:
    return [table["name"] for table in call(channel, "list_tables", scope, **arguments).structured_content["tables"]]


def test_the_table_tools_are_listed_where_there_are_tables(channel: InProcessChannel, settings: Settings):
    assert not {"list_tables", "query_table"} & set(names(channel))
    assert call(channel, "list_tables").content[0].text == "There are no tables in these files."
    write(settings, sales=SALES)
    assert names(channel)[-2:] == ["list_tables", "query_table"]
    assert "query_table" not in names(channel, Scope((), (str(settings.home / "files" / "lease.txt"),)))
    for tool in TABLE_TOOLS:
        Draft202012Validator.check_schema(tool.input_schema)
        assert tool.annotations is not None and tool.annotations.read_only_hint


def test_a_client_learns_tables_and_columns(channel: InProcessChannel, tables: Settings):
    result = call(channel, "list_tables")
    Draft202012Validator(TABLE_TOOLS[0].output_schema).validate(result.structured_content)
    sales, wages = result.structured_content["tables"]
    assert (sales["name"], sales["rows"], sales["files"]) == ("sales", 3, [path(tables, "sales")])
    assert sales["columns"][0] == {"name": "region", "type": "text", "values": "North, South"}
    assert sales["columns"][2]["unit"] == "EUR"
    assert sales["notes"] == ["rows that total others, left out: 1"]
    assert wages["name"] == "wages"
    assert "sales: 3 rows from sales.csv. Columns: region text (North, South); day date" in result.content[0].text
    assert listed(channel, path="*wages*") == ["wages"]
    assert listed(channel, type="pdf") == []


def test_a_statement_returns_rows_and_the_files_that_it_read(channel: InProcessChannel, tables: Settings):
    result = call(channel, "query_table", sql=SUM)
    Draft202012Validator(TABLE_TOOLS[1].output_schema).validate(result.structured_content)
    assert result.structured_content == {
        "columns": ["region", "total"], "rows": [["North", "1244.60"], ["South", "99.90"]], "truncated": False,
        "sources": [{"table": "sales", "files": [path(tables, "sales")]}], "more": None}
    assert result.content[0].text == "region | total\nNorth | 1244.60\nSouth | 99.90\n\nFrom sales.csv"
    assert call(channel, "query_table", sql="SELECT * FROM sales WHERE amount > 9999").content[0].text.endswith(
        "No rows.\n\nFrom sales.csv")


def test_values_that_json_cannot_hold_are_text(channel: InProcessChannel, tables: Settings):
    sql = "SELECT day, amount, NULL, amount > 5, CAST('nan' AS DOUBLE), 2::HUGEINT FROM sales ORDER BY day LIMIT 1"
    result = call(channel, "query_table", sql=sql)
    assert result.structured_content["rows"] == [["2026-01-05", "1234.50", None, True, "nan", 2]]
    json.dumps(result.structured_content, allow_nan=False)


@pytest.mark.parametrize(("sql", "says"), [
    ("", "sql is missing"), ("DELETE FROM sales", "Only one SELECT"), ("SELECT 1; SELECT 2", "Exactly one"),
    ("SELECT * FROM read_csv('/etc/passwd')", "not allowed"), ("SELECT * FROM '/etc/passwd'", "no table"),
    ("SELECT * FROM duckdb_settings()", "not allowed"), ("COPY sales TO '/tmp/x'", "Only one SELECT"),
    ("SELECT nothing FROM sales", "nothing"), ("SELECT * FROM secrets", "no table secrets"), ("ATTACH 'x'", "Only one SELECT"),
    ("SELECT * FROM sales__all", "no table"), ("SELECT * FROM information_schema.tables", "only the tables"),
])
def test_what_is_not_allowed_is_said(channel: InProcessChannel, tables: Settings, sql: str, says: str):
    result = call(channel, "query_table", sql=sql)
    assert result.is_error
    assert says in result.content[0].text


def test_rows_come_in_pages_of_one_run(channel: InProcessChannel, settings: Settings):
    write(settings, log="Number;Words\n" + "".join(f"{number};{'word ' * 8}{number}\n" for number in range(300)))

    async def use(client: Client) -> tuple[list[int], int]:
        seen, pages, more = list[int](), 0, {}
        while pages < 100:
            result = await client.call_tool("query_table", {"sql": "SELECT * FROM log ORDER BY number", "limit": 100,
                                                            "max_characters": 1500, **more})
            assert len(result.content[0].text) < 1900
            fields = result.structured_content or {}
            seen, pages = seen + [row[0] for row in fields["rows"]], pages + 1
            if fields["more"] is None:
                break
            more = {"cursor": fields["more"]}
        return seen, pages

    seen, pages = with_client(channel, None, use)
    assert seen == list(range(300))
    assert pages > 10
    assert "not valid any more" in call(channel, "query_table", sql="SELECT 1", cursor="abc:1").content[0].text


def test_a_result_is_bounded_in_rows_cells_and_characters(channel: InProcessChannel, settings: Settings):
    write(settings, log="Number;Words\n" + "".join(f"{number};{'word ' * 8}{number}\n" for number in range(1500)))
    fields = call(channel, "query_table", sql="SELECT number FROM log", limit=1000, max_characters=50_000).structured_content
    assert len(fields["rows"]) == 1000
    assert fields["truncated"] is True
    assert fields["more"] is None
    [[long]] = call(channel, "query_table", sql="SELECT string_agg(words, ',') FROM log").structured_content["rows"]
    assert len(long) <= 1001
    wide = "SELECT " + ", ".join(f"words AS w{number}" for number in range(40)) + " FROM log"
    assert len(call(channel, "query_table", sql=wide, max_characters=500).content[0].text) < 1500


def test_tables_come_in_pages(channel: InProcessChannel, settings: Settings):
    write(settings, **{f"{letter}list": f"Key{letter};Value\nx;1\ny;2\n" for letter in "abcdefgh"})
    seen, more = list[str](), {}
    for _ in range(20):
        fields = call(channel, "list_tables", limit=3, **more).structured_content
        seen += [table["name"] for table in fields["tables"]]
        if fields["more"] is None:
            break
        more = {"cursor": fields["more"]}
    assert seen == [f"{letter}list" for letter in "abcdefgh"]
    assert len(call(channel, "list_tables", max_characters=500).content[0].text) < 700


def test_a_table_of_a_hidden_file_is_neither_listed_nor_queried(channel: InProcessChannel, tables: Settings):
    scope = Scope((), (path(tables, "sales"),))
    assert listed(channel, scope) == ["sales"]
    assert listed(channel, scope, path="*wages*") == []
    said = [str(call(channel, "query_table", scope, sql=sql)) for sql in (
        "SELECT * FROM wages", "SELECT * FROM sales JOIN wages ON true", "SELECT (SELECT max(wage) FROM wages)",
        "WITH w AS (SELECT * FROM wages) SELECT * FROM w")]
    assert all("there is no table wages" in each and "5100" not in each for each in said)
    assert call(channel, "query_table", scope, sql="SELECT count(*) FROM sales").structured_content["rows"] == [[3]]
    assert "5100" in str(call(channel, "query_table", sql="SELECT * FROM wages"))


def test_a_hidden_file_of_a_merged_table_adds_no_rows_and_no_name(channel: InProcessChannel, settings: Settings):
    write(settings, costs_2025="Item;Cost\nPaint;1\n", costs_2026="Item;Cost\nSecret;2\n")
    assert call(channel, "query_table", sql="SELECT sum(cost) FROM costs").structured_content["rows"] == [[3]]
    result = call(channel, "list_tables", Scope((), (path(settings, "costs_2025"),)))
    assert "Secret" not in str(result) and "2026" not in str(result)
    assert [table["rows"] for table in result.structured_content["tables"]] == [1]


def test_tables_of_a_hidden_library_are_not_visible(channel: InProcessChannel, tables: Settings):
    (tables.home / "files" / "wages.csv").unlink()
    (tables.home / "files" / "sales.csv").unlink()
    write(tables, "work", stock="Part;Count\nBolt;7\n")
    assert listed(channel) == ["sales", "stock", "wages"]
    assert listed(channel, Scope(("work",))) == ["stock"]
    assert call(channel, "query_table", Scope(("work",)), sql="SELECT * FROM wages").is_error
    assert "query_table" not in names(channel, Scope(("nothing",)))


def test_a_file_in_two_libraries_counts_once(channel: InProcessChannel, tables: Settings):
    write(tables, "work")
    assert listed(channel) == ["sales", "wages"]
    assert call(channel, "query_table", sql="SELECT count(*) FROM sales").structured_content["rows"] == [[3]]


def test_the_names_do_not_depend_on_what_a_list_is_narrowed_to(channel: InProcessChannel, settings: Settings):
    for folder, value in (("a", 1), ("b", 2)):
        (settings.home / "files" / folder).mkdir()
        (settings.home / "files" / folder / "costs.csv").write_text(f"Item;Cost\nPaint;{value}\n", "utf-8")
    write(settings)
    [name] = listed(channel, path=str(settings.home / "files" / "b"))
    assert call(channel, "query_table", sql=f"SELECT cost FROM {name}").structured_content["rows"] == [[2]]
