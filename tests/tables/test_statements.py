"""Statements over tables: only one SELECT over known tables is run, within its bounds; rules write the others."""

import pytest

from assistant.datatypes.tables import TableSource
from assistant.tables.answering import compute, understand
from assistant.tables.catalog import from_json, name_tables, to_json
from assistant.tables.connection import StatementFailed, StatementStopped, TableConnection, TableMissing
from assistant.tables.evidence import rows_behind
from assistant.tables.parquet import TableFiles
from assistant.tables.raw import RawRow, RawTable
from assistant.tables.typed import type_table
from assistant.tables.validate import StatementRefused, validate_statement
from assistant.text.calculations import recognize_intent

INVOICES = (
    "no;date;supplier;amount (EUR);status",
    "R1;05.01.2026;Muster GmbH;1.234,50;paid",
    "R2;17.01.2026;Alpha AG;99,90;open",
    "R3;03.02.2026;Muster GmbH;12,00;open",
    "R4;20.02.2026;Beta KG;700,25;overdue",
    "Total;;;2.046,65;",
)


def stored(folder, path, *lines, number=0):
    rows = [RawRow(line.split(";"), at, 0, 0) for at, line in enumerate(lines, 1)]
    files = TableFiles(folder / "tables")
    return TableSource(path, "", files.write("a" * 64, number, type_table(RawTable(rows))))


@pytest.fixture
def invoices(tmp_path):
    source = stored(tmp_path, "/x/invoices.csv", *INVOICES)
    (table,) = name_tables([source])
    with TableConnection([table], {source.stored.file: tmp_path / "tables"}, seconds=2.0) as connection:
        yield table, connection


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM invoices",
        "WITH t AS (SELECT * FROM invoices) SELECT supplier, sum(amount) FROM t GROUP BY ALL ORDER BY 2 DESC",
        "SELECT a.supplier FROM invoices a JOIN invoices b ON a.no = b.no",
        "SELECT replace(supplier, 'GmbH', '') FROM invoices",
        "SELECT supplier, rank() OVER (ORDER BY amount) FROM invoices",
        "SELECT 1 UNION ALL SELECT count(*) FROM invoices",
    ],
)
def test_ordinary_selects_are_allowed(sql):
    assert validate_statement(sql, ["invoices"]) == {"invoices"}


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM other",
        "SELECT * FROM invoices__all",
        "SELECT 1; SELECT 2",
        "DROP VIEW invoices",
        "COPY invoices TO 'x'",
        "ATTACH 'x'",
        "PRAGMA version",
        "INSTALL httpfs",
        "SET threads=9",
        "SELECT * FROM invoices, invoices b",
        "SELECT * FROM invoices CROSS JOIN invoices b",
        "SELECT repeat('x', 1000000000)",
        "SELECT * FROM range(10)",
        "SELECT unnest([1])",
        "SELECT replace(supplier, 'a', 'aaaa') FROM invoices",
        "SELECT getenv('HOME')",
        "WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r) SELECT * FROM r",
        "SELECT * FROM information_schema.tables",
        "SELECT a || a || a || a || a || a || a || a || a || a FROM (SELECT supplier AS a FROM invoices)",
        "",
        "hello",
    ],
)
def test_everything_else_is_refused(sql):
    with pytest.raises(StatementRefused):
        validate_statement(sql, ["invoices"])


def test_a_statement_is_stopped_at_its_bound_and_the_connection_goes_on(tmp_path):
    lines = ["a;b", *(f"{number};x{number}" for number in range(3000))]
    source = stored(tmp_path, "/x/long.csv", *lines)
    (table,) = name_tables([source])
    with TableConnection([table], {source.stored.file: tmp_path / "tables"}, seconds=0.5) as connection:
        with pytest.raises(StatementStopped, match="stopped") as stopped:
            connection.query(
                "SELECT count(*) FROM long a JOIN long b ON a.b <> b.b JOIN long c ON b.b <> c.b JOIN long d ON c.b <> d.b"
            )
        assert stopped.value.exit_code == 1  # the statement is right, but asks for too much
        assert connection.query("SELECT max(a) FROM long").rows == ((2999,),)


def test_rows_are_limited_and_totals_left_out(invoices):
    _, connection = invoices
    assert connection.query("SELECT no FROM invoices", 2).is_cut
    assert str(connection.query("SELECT sum(amount) FROM invoices").rows[0][0]) == "2046.65"


def test_even_a_statement_that_is_not_validated_cannot_touch_files(invoices, tmp_path):
    _, connection = invoices
    (tmp_path / "secret.csv").write_text("a,b\n1,2\n")
    for sql in (
        f"SELECT * FROM read_csv('{tmp_path / 'secret.csv'}')",
        f"COPY invoices TO '{tmp_path / 'out.csv'}'",
        "SET enable_external_access = true",
        f"ATTACH '{tmp_path / 'x.db'}' AS x",
    ):
        with pytest.raises(StatementFailed):
            connection.run(sql)
    assert not (tmp_path / "out.csv").exists()


def test_a_missing_file_is_an_error_that_says_what_to_do(tmp_path):
    source = stored(tmp_path, "/x/invoices.csv", *INVOICES)
    files = TableFiles(tmp_path / "tables")
    assert not files.damaged([source.stored.file])
    (tmp_path / "tables" / source.stored.file).write_bytes(b"damaged")
    assert files.damaged([source.stored.file]) == {source.stored.file}
    with pytest.raises(TableMissing):
        TableConnection(name_tables([source]), {source.stored.file: tmp_path / "tables"})


def test_the_catalog_survives_json(tmp_path):
    table = stored(tmp_path, "/x/invoices.csv", *INVOICES).stored
    assert from_json(to_json([table])) == (table,)


def test_files_of_one_shape_are_one_table_with_the_file_as_a_column(tmp_path):
    sources = [
        stored(tmp_path, f"/x/hours 2026-0{month}.csv", "name;hours", f"Ann;{month}", "Bob;10", number=month)
        for month in (1, 2, 3)
    ]
    (table,) = name_tables(sources)
    folders = {source.stored.file: tmp_path / "tables" for source in sources}
    with TableConnection([table], folders) as connection:
        assert connection.query(f"SELECT file_name, hours FROM {table.name} WHERE name = 'Ann'").rows == tuple(
            (f"hours 2026-0{month}.csv", month) for month in (1, 2, 3)
        )


def answered(question, table, connection, write=None):
    return compute(understand(question, recognize_intent(question), table, connection), connection, write)


@pytest.mark.parametrize(
    ("question", "values"),
    [
        ("How many invoices are open?", ("2",)),
        ("What is the total amount of Muster GmbH?", ("1246.50",)),
        ("What is the average amount?", ("511.6625",)),
        ("Which supplier has the highest amount?", ("Muster GmbH",)),
        ("How many invoices have an amount over 500?", ("2",)),
        ("What is the total amount in February 2026?", ("712.25",)),
        ("How many different suppliers are there?", ("3",)),
        ("What is the lowest amount?", ("12.00",)),
        ("What is the difference in amount between Alpha AG and Beta KG?", ("600.35",)),
        ("How many invoices are dated after 17 January 2026?", ("2",)),
    ],
)
def test_rules_answer_what_is_linked_word_by_word(question, values, invoices):
    found = answered(question, *invoices)
    assert found.computation is not None, found.text
    assert [float(value) if value[0].isdigit() else value for value in found.computation.values] == [
        float(value) if value[0].isdigit() else value for value in values
    ]
    assert "1 row that totals others was left out." in found.text


def test_what_cannot_be_linked_is_refused_with_the_columns(invoices):
    found = answered("What is the total discount granted to resellers abroad?", *invoices)
    assert found.computation is None
    assert "supplier" in found.text and "discount" in found.text


def test_a_chinese_question_gets_a_chinese_answer(tmp_path):
    source = stored(tmp_path, "/x/销售.csv", "产品;地区;数量", "螺丝;华东;10", "螺母;华南;4", "螺丝;华南;6")
    (table,) = name_tables([source])
    with TableConnection([table], {source.stored.file: tmp_path / "tables"}) as connection:
        found = answered("螺丝的数量总和是多少？", table, connection)
    assert found.computation.values == ("16",)
    assert "总和" in found.text


def test_the_rows_behind_a_statement_are_found(invoices):
    table, connection = invoices
    count, rows = rows_behind("SELECT sum(amount) FROM invoices WHERE status = 'open'", "", table, connection)
    assert (count, [row.line for row in rows]) == (2, [3, 4])
    count, rows = rows_behind("SELECT supplier FROM invoices ORDER BY amount DESC LIMIT 1", "", table, connection)
    assert (count, [row.line for row in rows]) == (1, [2])


def test_a_statement_that_needs_much_memory_makes_no_folder_for_it(invoices):
    _, connection = invoices
    assert connection.run("SELECT current_setting('temp_directory')").rows == (("",),)


def test_a_star_is_the_columns_of_the_file(invoices):
    _, connection = invoices
    columns = ("no", "date", "supplier", "amount", "status")
    assert connection.query("SELECT * FROM invoices").columns == columns
    assert len(connection.query("SELECT * FROM invoices").rows[0]) == 5
    assert connection.query("WITH t AS (SELECT * FROM invoices) SELECT * FROM t").columns == columns
    joined = connection.query("SELECT * FROM invoices a JOIN invoices b ON a.no = b.no").columns
    assert len(joined) == 10 and not any(name.startswith("_") for name in joined)
    assert connection.query("SELECT no, _ROW FROM invoices WHERE _row = 2").columns == ("no", "_row")
    assert connection.query("SELECT _part, _row FROM invoices").rows[1] == (0, 2)
