"""The tools of the MCP server as clients see them: descriptions, and JSON schemas of arguments and results.

TOOLS are always listed, TABLE_TOOLS only if a visible file has a table.
"""

from __future__ import annotations

from collections.abc import Mapping

from mcp_types import Tool, ToolAnnotations

Schema = dict[str, object]

TEXT: Schema = {"type": "string"}
TEXTS: Schema = {"anyOf": [TEXT, {"type": "array", "items": TEXT, "maxItems": 100}]}
MORE: Schema = {"type": ["string", "null"], "description": "Pass it as cursor to get the rest; null if this is all."}
CURSOR: Schema = {"type": "string", "description": "The value of more in the last result, with otherwise the same arguments."}
LIBRARY: Schema = {"type": "string", "description": "A library, or several separated by commas (see the tool status). Leave it "
                                                    "out for the default."}
NARROWING: Schema = {
    "library": LIBRARY,
    "path": {**TEXTS, "description": "Only these files, folders, or patterns such as *lease*."},
    "type": {**TEXTS, "description": "Only files with these suffixes, such as pdf."},
    "since": {"type": "string", "description": "Only files changed since a date (2026-01-31) or in the last 7d, 2w, 6m, 1y."},
}


def number(least: int, most: int, default: int, says: str) -> Schema:
    """Return the schema of a whole number."""
    return {"type": "integer", "minimum": least, "maximum": most, "default": default, "description": says}


def record(required: Mapping[str, object], optional: Mapping[str, object] | None = None) -> Schema:
    """Return the schema of an object; it may have other fields."""
    return {"type": "object", "properties": {**required, **(optional or {})}, "required": list(required)}


def listed(item: object) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": item}


SIZE = number(500, 50_000, 6000, "The most characters of the result.")
AT: Schema = {"type": "integer", "minimum": 0, "description": "The character of the file's text at which the passage begins."}
PASSAGE = record({"path": TEXT, "title": TEXT, "place": TEXT, "at": AT, "text": TEXT})
CITATION = record({"number": {"type": "integer"}, "path": TEXT, "title": TEXT, "place": TEXT, "at": AT, "quote": TEXT})
SENTENCE = record({"text": TEXT, "citations": listed({"type": "integer"}), "support": {"enum": ["full", "partial", "none"]}})
FILE = record({"path": TEXT, "bytes": {"type": "integer"}, "passages": {"type": "integer"}})
FINDINGS = {**listed(record({"subject": TEXT, "severity": TEXT, "detail": TEXT, "remedy": TEXT})),
            "description": "What is wrong with libraries that cannot be read and are left out."}

CELL: Schema = {"type": ["string", "number", "boolean", "null"]}
COLUMN = record({"name": TEXT, "type": TEXT}, {"header": TEXT, "unit": TEXT, "values": TEXT})
TABLE = record({"name": TEXT, "rows": {"type": "integer"}, "files": listed(TEXT), "columns": listed(COLUMN),
                "notes": listed(TEXT)})

TOOLS = (
    Tool(
        name="search", title="Search the user's files",
        description="Find passages in the user's own files by meaning and keyword, best first, with their exact places. Fast. "
                    "Use it to look for evidence that you will read yourself; use ask for an answer that is checked.",
        input_schema=record({"query": {"type": "string", "description": "A question or keywords, in the language of the files."}},
                            {**NARROWING, "limit": number(1, 50, 5, "The most passages."), "max_characters": SIZE,
                             "cursor": CURSOR}),
        output_schema=record({"passages": listed(PASSAGE), "more": MORE}),
    ),
    Tool(
        name="ask", title="Ask the user's files",
        description="Answer a question from the user's own files with a local model. Every sentence cites a source, and says how "
                    "far that source supports it: full, partial, or none. If the files do not state the answer, abstained is "
                    "true. Takes seconds to minutes.",
        input_schema=record({"question": {"type": "string", "description": "One question that can be understood by itself."}},
                            {**NARROWING, "strict": {"type": "boolean", "default": False, "description": "Leave out sentences "
                                                                                                         "without support."},
                             "max_characters": SIZE, "cursor": CURSOR}),
        output_schema=record({"answer": TEXT, "abstained": {"type": "boolean"}, "sentences": listed(SENTENCE),
                              "citations": listed(CITATION), "model": TEXT, "more": MORE}),
    ),
    Tool(
        name="read_passage", title="Read around a passage",
        description="Read the text of a file around a place that search or ask has returned, with the passages beside it.",
        input_schema=record({"path": {"type": "string", "description": "The path of the file, as returned."}},
                            {"at": {**AT, "default": 0}, "neighbours": number(0, 10, 1, "Passages before and after."),
                             "library": LIBRARY, "max_characters": SIZE, "cursor": CURSOR}),
        output_schema=record({"path": TEXT, "title": TEXT, "start": {"type": "integer"}, "end": {"type": "integer"}, "text": TEXT,
                              "places": listed(record({"at": AT, "place": TEXT})), "more": MORE, "findings": FINDINGS}),
    ),
    Tool(
        name="list_files", title="List the user's files",
        description="List the files that can be searched, by path.",
        input_schema=record({}, {**NARROWING, "limit": number(1, 500, 100, "The most files."), "max_characters": SIZE,
                                 "cursor": CURSOR}),
        output_schema=record({"files": listed(FILE), "more": MORE, "findings": FINDINGS}),
    ),
    Tool(
        name="status", title="Show the libraries",
        description="Show the libraries, how many files and passages each one holds, and the folders that they were read from; "
                    "findings say which ones cannot be opened, and why.",
        input_schema=record({}),
        output_schema=record({"version": TEXT, "libraries": listed(record({
            "name": TEXT, "files": {"type": "integer"}, "passages": {"type": "integer"}, "folders": listed(TEXT),
            "left_out": {"type": "integer"}, "not_embedded": {"type": "integer"}})),
            "findings": FINDINGS}),
    ),
)

TABLE_TOOLS = (
    Tool(
        name="list_tables", title="List the user's tables",
        description="List the tables in the user's files (spreadsheets, CSV, tables in documents) with columns and types, for "
                    "query_table.",
        input_schema=record({}, {**{name: NARROWING[name] for name in ("path", "type", "since")},
                                 "limit": number(1, 200, 20, "The most tables."), "max_characters": SIZE, "cursor": CURSOR}),
        output_schema=record({"tables": listed(TABLE), "more": MORE}),
    ),
    Tool(
        name="query_table", title="Query the user's tables",
        description="Run one SELECT statement (DuckDB SQL) over tables of list_tables: sums, counts, rankings and filters over "
                    "all rows, which search and ask may miss. Read-only; stopped after 10 seconds; at most 1,000 rows. Cite the "
                    "files in sources.",
        input_schema=record({"sql": {"type": "string", "description": "One SELECT, such as SELECT region, sum(amount) FROM sales "
                                                                      "GROUP BY region ORDER BY 2 DESC."}},
                            {"limit": number(1, 1000, 50, "The most rows of the result."), "max_characters": SIZE,
                             "cursor": CURSOR}),
        output_schema=record({"columns": listed(TEXT), "rows": listed(listed(CELL)), "truncated": {"type": "boolean"},
                              "sources": listed(record({"table": TEXT, "files": listed(TEXT)})), "more": MORE}),
    ),
)

ARGUMENTS: dict[str, tuple[str, ...]] = {tool.name: tuple(tool.input_schema["properties"]) for tool in (*TOOLS, *TABLE_TOOLS)}
"""The names of the arguments of each tool."""

for tool in (*TOOLS, *TABLE_TOOLS):
    tool.input_schema["additionalProperties"] = False
    tool.annotations = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
