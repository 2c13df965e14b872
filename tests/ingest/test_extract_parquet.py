"""Parquet files become a line of names and a line for each row, and their places are rows; large and damaged ones are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.datatypes import Document, Extraction
from assistant.errors import UnreadableFile
from assistant.ingest import ReadOptions, WorkerLimits, chunk
from assistant.ingest.extractors import parquet
from assistant.ingest.extractors.builder import Source
from assistant.ingest.extractors.registry import extract
from assistant.ingest.workers.supervisor import WorkerSupervisor
from assistant.models.fake import FakeEmbedder
from assistant.tables.extract import raw_tables
from assistant.tables.typed import type_table
from tests.ingest.conftest import parquet_of

MIXED = """SELECT * FROM (VALUES
    ('00123', 'Müller, "A"', DATE '2026-01-05', 1249.50::DECIMAL(12, 2), true, [1, 2], 'ab'::BLOB),
    ('00124', 'two' || chr(10) || 'lines', NULL, 7::DECIMAL(12, 2), NULL, [], NULL)
) t(code, name, day, "amount (EUR)", paid, list, picture)"""
TEXT = '''code,name,day,amount (EUR),paid,list,picture
00123,"Müller, ""A""",2026-01-05,1249.50,true,"[1, 2]",[data]
00124,two lines,,7.00,,[],
'''


def read(select: str) -> Extraction:
    return extract(Source(parquet_of(select), "a.parquet"))


def document(select: str) -> Document:
    return Document("/a.parquet", "a", "0" * 64, read(select))


def test_rows_are_lines_of_comma_separated_values() -> None:
    found = read(MIXED)
    assert found.text == TEXT
    assert found.tables[0].header == "code | name | day | amount (EUR) | paid | list | picture"


def test_the_table_has_exact_types_and_the_places_of_its_rows() -> None:
    (raw,) = raw_tables(document(MIXED))
    table = type_table(raw)
    assert table is not None
    assert [(each.column.name, each.column.type.value) for each in table.columns] == [
        ("code", "text"), ("name", "text"), ("day", "date"), ("amount", "decimal"), ("paid", "text"), ("list", "text"),
        ("picture", "text")]
    assert [(row.place, row.line) for chunk in table.chunks() for row in chunk.rows] == [("row 1", 2), ("row 2", 3)]


def test_names_that_look_like_values_and_other_delimiters_do_not_confuse_the_table() -> None:
    (raw,) = raw_tables(document("SELECT i AS \"2020\", 'a;b;c;d' AS \"x;y\" FROM range(5) r(i)"))
    table = type_table(raw)
    assert table is not None
    assert [each.column.header for each in table.columns] == ["2020", "x;y"] and table.count == 5


def test_passages_name_their_rows() -> None:
    found = chunk(document("SELECT i AS id, 'part number ' || i AS part FROM range(60) r(i)"), FakeEmbedder().count_tokens, 100)
    places = [each.location.cells for each in found]
    assert places[0] is not None and places[0].startswith("rows 1-") and places[-1] is not None and places[-1].endswith("-60")
    assert found[1].location.words == places[1]


@pytest.mark.parametrize(("bound", "value", "reason"), [
    ("MOST_ROWS", 4, "rows"), ("MOST_COLUMNS", 1, "columns"), ("MOST_CHARACTERS", 20, "characters"),
])
def test_large_tables_are_refused(bound: str, value: int, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, bound, value)
    with pytest.raises(UnreadableFile, match=reason):
        read("SELECT i AS a, 'some text' AS b FROM range(5) r(i)")


def test_long_cells_are_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "LONGEST_CELL", 10)
    assert read("SELECT repeat('ab ', 50) AS a, 1 AS b").text == "a,b\nab ab ab a,1\n"


def test_a_damaged_file_is_refused() -> None:
    with pytest.raises(UnreadableFile, match="damaged"):
        extract(Source(parquet_of("SELECT 1 AS a")[:-20] + b"x" * 20, "a.parquet"))


def test_the_connection_opens_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a,b\n1,2\n", "utf-8")
    with parquet.path_of(parquet_of("SELECT 1 AS a")) as path, parquet.locked_connection(path) as connection:
        assert connection.execute(f"SELECT a FROM read_parquet('{path}')").fetchall() == [(1,)]
        for statement in (f"FROM read_csv('{tmp_path / 'secret.csv'}')", f"COPY (SELECT 1) TO '{tmp_path / 'out.csv'}'",
                          "SET enable_external_access = true", "INSTALL httpfs"):
            with pytest.raises(Exception, match=r"disabled|locked|not allowed|Permission"):
                connection.execute(statement)
    assert [file.name for file in tmp_path.iterdir()] == ["secret.csv"]


def test_it_is_read_in_a_confined_worker(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(parquet_of(MIXED))
    supervisor = WorkerSupervisor(ReadOptions(10**6), WorkerLimits(30, 10**9))
    try:
        (found,) = supervisor.read(tmp_path / "a.parquet", "", lambda _: None)
    finally:
        supervisor.close()
    assert isinstance(found.outcome, Document), found.outcome
    assert found.outcome.extraction.text == TEXT
