"""The catalog of a library's tables: their descriptions as JSON, SQL names, and tables of the same shape as one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import PurePath

from assistant.datatypes.tables import Column, ColumnType, StoredTable, TableInfo, TableSource
from assistant.tables.headers import identifier, unique_name

VARIABLE = re.compile(
    r"\d+|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b|[一二三四五六七八九十]+(?=[月季])|q[1-4]", re.I
)
PLAIN_NAME = re.compile(r"[^\W\d_]{2,}|[\u4e00-\u9fff]")
MERGED_SAMPLES = 24
WIDEST = {ColumnType.INTEGER: 0, ColumnType.DECIMAL: 1, ColumnType.DATE: 0, ColumnType.TIMESTAMP: 1}


def to_json(tables: Sequence[StoredTable]) -> str:
    """Return the tables of one document as JSON."""
    return json.dumps([asdict(table) for table in tables], ensure_ascii=False)


def from_json(text: str) -> tuple[StoredTable, ...]:
    """Return the tables in such JSON."""
    return tuple(
        StoredTable(**{**table, "columns": tuple(map(column_from_json, table["columns"])), "notes": tuple(table["notes"])})
        for table in json.loads(text)
    )


def column_from_json(fields: dict[str, object]) -> Column:
    """Return a column from its JSON object."""
    samples = fields["samples"]
    assert isinstance(samples, list)
    return Column(**{**fields, "type": ColumnType(str(fields["type"])), "samples": tuple(samples)})  # type: ignore[arg-type]


def name_tables(sources: Iterable[TableSource]) -> tuple[TableInfo, ...]:
    """Return the tables of these sources, ordered by path, each with an SQL name; tables of the same shape are one."""
    groups: dict[object, list[TableSource]] = {}
    for source in sorted(sources, key=lambda source: (source.path, source.stored.file)):
        groups.setdefault(shape_of(source), []).append(source)
    taken: set[str] = set()
    named = []
    for group in groups.values():
        name = identifier(common_name(group), "table_")
        name = name if PLAIN_NAME.match(name) else f"t_{name}"
        named.append(TableInfo(unique_name(name, taken), merged_columns(group), tuple(group)))
    return tuple(sorted(named, key=lambda table: table.name))


def shape_of(source: TableSource) -> object:
    """Return a key that tables share if they have the same columns, and names that differ only in numbers and months."""
    stored, path = source.stored, PurePath(source.path)
    columns = tuple((column.name, column.unit, column.is_numeric, column.is_temporal) for column in stored.columns)
    pattern = VARIABLE.sub("#", f"{path.stem}|{stored.sheet}")
    title = VARIABLE.sub("#", stored.title)
    return (str(path.parent), path.suffix.lower(), pattern, title, columns) if "#" in pattern else (source.path, stored.file)


def common_name(group: Sequence[TableSource]) -> str:
    """Return the name of a table: file, sheet and title of a single one, what the names of several have in common."""
    first = group[0]
    stem = PurePath(first.path).stem
    sheet = first.stored.sheet
    if len(group) == 1:
        generic = re.fullmatch(r"(?:sheet|tabelle|table|工作表)\s?\d*", sheet, re.I)
        return f"{stem} {sheet}" if sheet and not generic else stem
    stem = PurePath(VARIABLE.sub(" ", stem)).name.strip(" -_") or PurePath(first.path).parent.name
    sheet = VARIABLE.sub(" ", sheet).strip()
    return f"{stem} {sheet}".strip()


def merged_columns(group: Sequence[TableSource]) -> tuple[Column, ...]:
    """Return the columns of a table; for several files or sheets, with these as the last column, and types that fit all."""
    if len(group) == 1:
        return group[0].stored.columns
    names = tuple(source_label(source, group) for source in group)
    merged: list[Column] = []
    for columns in zip(*(source.stored.columns for source in group), strict=True):
        widest = max(columns, key=lambda column: WIDEST.get(column.type, 0))
        samples = tuple(dict.fromkeys(sample for column in columns for sample in column.samples))[:MERGED_SAMPLES]
        scale = -1 if any(column.scale < 0 for column in columns) else max(column.scale for column in columns)
        lows, highs = (
            [text for text in texts if text]
            for texts in ([column.lowest for column in columns], [column.highest for column in columns])
        )
        merged.append(
            replace(
                widest,
                scale=scale,
                samples=samples,
                unparsed=sum(column.unparsed for column in columns),
                distinct=max(column.distinct for column in columns),
                lowest=min(lows, key=sort_key(widest), default=""),
                highest=max(highs, key=sort_key(widest), default=""),
            )
        )
    what = "sheet" if len({source.path for source in group}) == 1 else "file"
    name = unique_name(f"{what}_name", {column.name for column in merged})
    return (*merged, Column(name, what, ColumnType.TEXT, samples=names[:MERGED_SAMPLES], distinct=len(names)))


def source_label(source: TableSource, group: Sequence[TableSource]) -> str:
    """Return what tells one part of a table from the others: its sheet if all are of one file, else its file, and its sheet."""
    name, sheet = PurePath(source.path).name, source.stored.sheet
    if len({each.path for each in group}) == 1:
        return sheet or source.stored.title or source.stored.file
    return f"{name} {sheet}" if len({each.stored.sheet for each in group}) > 1 else name


def sort_key(column: Column) -> type:
    """Return the type by which the lowest and highest values of a column, kept as text, are ordered."""
    return float if column.is_numeric else str
