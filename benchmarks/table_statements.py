"""Run generated and hostile statements over tables, and count those that read a file, write, or run too long.

    python benchmarks/table_statements.py [--generated 2000] [--hostile 500] [--seed 1] [--json]

Works in a new folder with a file that holds a secret. A statement counts as a fault if the secret is in its result, if a file is
made, changed or removed in the folder, if it takes longer than the bound and two seconds, or if it ends in an error that
is not the program's own. Generated statements are SELECTs of a random grammar with legal and illegal parts; hostile ones are
attacks (readers of files, COPY, ATTACH, PRAGMA, INSTALL, recursive tables, cross joins, growing texts and lists) in random
disguise. Most of the latter must be refused; some are allowed and must end in time.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from assistant.datatypes.tables import TableInfo, TableSource
from assistant.errors import AssistantError
from assistant.tables.catalog import name_tables
from assistant.tables.connection import TableConnection
from assistant.tables.parquet import TableFiles
from assistant.tables.raw import RawRow, RawTable
from assistant.tables.typed import type_table

SECRET = "canary-4711"
BOUND, GRACE = 2.0, 2.0  # seconds
ROWS = 20_000
ATTACKS = (
    "SELECT * FROM read_csv('{file}')",
    "SELECT * FROM read_text('{file}')",
    "SELECT * FROM read_blob('{file}')",
    "SELECT * FROM '{file}'",
    "SELECT * FROM read_parquet('{folder}/*.parquet')",
    "SELECT * FROM read_json_auto('{file}')",
    "SELECT * FROM glob('{folder}/*')",
    "SELECT * FROM sniff_csv('{file}')",
    "SELECT getenv('HOME')",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_secrets()",
    "SELECT current_setting('home_directory')",
    "SELECT * FROM pragma_database_list",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM sqlite_master",
    "SELECT * FROM pg_catalog.pg_tables",
    "COPY sales TO '{folder}/out.csv'",
    "COPY (SELECT * FROM sales) TO '{folder}/out.parquet'",
    "EXPORT DATABASE '{folder}/db'",
    "ATTACH '{folder}/x.db' AS x",
    "INSTALL httpfs",
    "LOAD httpfs",
    "PRAGMA database_list",
    "SET threads = 64",
    "SET enable_external_access = true",
    "RESET lock_configuration",
    "CREATE TABLE x AS SELECT 1",
    "DROP VIEW sales",
    "INSERT INTO sales__all SELECT * FROM sales__all",
    "UPDATE sales__all SET amount = 0",
    "DELETE FROM sales__all",
    "VACUUM",
    "CHECKPOINT",
    "CALL pragma_version()",
    "SELECT 1; DROP VIEW sales",
    "SELECT 1; SELECT 2",
    "EXPLAIN ANALYZE SELECT 1",
    "DESCRIBE sales",
    "SHOW TABLES",
    "FROM sales__all",
    "SELECT * FROM sales__all",
    "VALUES (1)",
    "PREPARE p AS SELECT 1",
    "WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r) SELECT count(*) FROM r",
    "WITH RECURSIVE r(x) AS (SELECT 'a' UNION ALL SELECT x || x FROM r) SELECT max(length(x)) FROM r",
    "SELECT count(*) FROM sales a, sales b, sales c",
    "SELECT count(*) FROM sales a CROSS JOIN sales b CROSS JOIN sales c",
    "SELECT count(*) FROM sales a JOIN sales b ON true JOIN sales c ON true",
    "SELECT count(*) FROM sales a JOIN sales b ON a.amount <> b.amount JOIN sales c ON b.amount <> c.amount",
    "SELECT sum(a.amount * b.amount) FROM sales a JOIN sales b ON a._row <> b._row",
    "SELECT count(*) FROM range(1000000000000)",
    "SELECT sum(x) FROM generate_series(1, 100000000000) t(x)",
    "SELECT length(repeat('x', 2000000000))",
    "SELECT list_sum(range(1000000000))",
    "SELECT lpad('x', 2000000000, 'y')",
    "SELECT unnest(range(1000000000))",
    "SELECT length(replace(replace(replace('aaaa', 'a', 'aaaaaaaaaa'), 'a', 'aaaaaaaaaa'), 'a', 'aaaaaaaaa'))",
    "SELECT length(regexp_replace(supplier, '', 'xxxxxxxxxxxxxxxxxxxx', 'g')) FROM sales",
    "SELECT format('{{:>2000000000}}', 1)",
    "SELECT printf('%2000000000d', 1)",
    "SELECT string_agg(a.supplier, ',') FROM sales a JOIN sales b ON a._row <> b._row",
    "SELECT list(a.supplier) FROM sales a JOIN sales b ON a._row <> b._row",
    "SELECT histogram(supplier) FROM sales",
    "SELECT nextval('s')",
    "SELECT query('SELECT 1')",
    "SELECT * FROM query('SELECT * FROM sales')",
    "SELECT * FROM query_table('sales')",
    "SELECT pg_sleep(60)",
    "SELECT write_log('x')",
    "SELECT * FROM read_duckdb('{file}')",
    "SELECT parse_path('{file}')",
    "SELECT * FROM sales USING SAMPLE 10",
    "SELECT * FROM sales TABLESAMPLE 10%",
    "SELECT COLUMNS(*) FROM sales",
    "SELECT [x for x in range(99999999)]",
    "SELECT (SELECT count(*) FROM sales a JOIN sales b ON a.amount > b.amount) FROM sales",
    "PIVOT sales ON supplier USING sum(amount)",
    "SELECT a || a || a || a FROM (SELECT a || a || a || a AS a FROM (SELECT a || a || a || a AS a FROM (SELECT supplier AS a "
    "FROM sales)))",
)
DISGUISES: tuple[Callable[[str, random.Random], str], ...] = (
    lambda sql, _: sql,
    lambda sql, _: sql.swapcase() if "'" not in sql else sql,
    lambda sql, _: sql.replace(" ", "\n"),
    lambda sql, _: sql.replace(" ", "/**/", 1),
    lambda sql, _: f"-- SELECT 1\n{sql}",
    lambda sql, _: f"/* {SECRET} */ {sql}",
    lambda sql, _: f"SELECT * FROM ({sql})",
    lambda sql, _: f"WITH t AS ({sql}) SELECT * FROM t",
    lambda sql, _: f"{sql};",
    lambda sql, _: f"SELECT 1 UNION ALL {sql}",
    lambda sql, _: f"SELECT 1 WHERE EXISTS ({sql})",
    lambda sql, _: f"\ufeff{sql}",
    lambda sql, _: f"SELECT amount FROM sales WHERE amount IN ({sql})",
    lambda sql, numbers: sql + " " * numbers.randint(1, 50),
)


def main() -> None:
    """Run the statements and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--generated", type=int, default=2000)
    parser.add_argument("--hostile", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    numbers = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        secret = Path(folder) / "secret.csv"
        secret.write_text(f"a,b\n{SECRET},1\n", "utf-8")
        os.chdir(folder)
        files = TableFiles(Path(folder) / "tables")
        table = write_table(files)
        statements = [("generated", generated(numbers)) for _ in range(arguments.generated)]
        statements += [("hostile", hostile(numbers, number, secret)) for number in range(arguments.hostile)]
        faults, counts, slowest = run_all(statements, table, files, Path(folder))
    report = {
        **{f"{kind} {outcome}": count for (kind, outcome), count in sorted(counts.items())},
        "faults": len(faults),
        "slowest_seconds": round(slowest, 2),
        "bound_seconds": BOUND,
    }
    print(json.dumps(report) if arguments.json else "\n".join(f"{name}: {value}" for name, value in report.items()))
    for kind, sql, fault in faults[:20]:
        print(f"FAULT {kind} {fault}: {sql[:200]}")


def write_table(files: TableFiles) -> TableInfo:
    """Write the table of the statements."""
    rows = [["supplier", "date", "amount", "quantity"]]
    rows += [
        [f"Supplier {n % 40}", f"2026-{n % 12 + 1:02}-{n % 28 + 1:02}", f"{n * 7 % 5000}.{n % 100:02}", str(n % 90)]
        for n in range(ROWS)
    ]
    typed = type_table(RawTable([RawRow(cells, number, 0, 0) for number, cells in enumerate(rows, 1)]))
    assert typed is not None
    stored = files.write("0" * 64, 0, typed)
    return name_tables([TableSource("/sales.csv", "sales", stored)])[0]


def run_all(
    statements: list[tuple[str, str]], table: TableInfo, files: TableFiles, folder: Path
) -> tuple[list[tuple[str, str, str]], Counter[tuple[str, str]], float]:
    """Return the faults, the counts of outcomes by kind, and the seconds of the slowest statement."""
    faults, counts, slowest = [], Counter[tuple[str, str]](), 0.0
    before = snapshot(folder)
    connection = TableConnection([table], {table.sources[0].stored.file: files.folder}, BOUND)
    for kind, sql in statements:
        started = time.perf_counter()
        outcome, fault = "answered", ""
        try:
            result = connection.query(sql)
            fault = "secret" if SECRET in str(result.rows) else ""
        except AssistantError as error:
            outcome = type(error).__name__
        except Exception as error:  # what is measured: an error that is not the program's own
            outcome, fault = "unexpected", f"{type(error).__name__}: {error}"[:120]
        seconds = time.perf_counter() - started
        slowest = max(slowest, seconds)
        if seconds > BOUND + GRACE:
            fault = fault or f"{seconds:.1f} seconds"
        if snapshot(folder) != before:
            fault, before = fault or "files changed", snapshot(folder)
        counts[(kind, outcome)] += 1
        if fault:
            faults.append((kind, sql, fault))
    return faults, counts, slowest


def snapshot(folder: Path) -> frozenset[tuple[str, int, int]]:
    """Return the names, sizes and times of the files in a folder."""
    return frozenset((str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in folder.rglob("*"))


def hostile(numbers: random.Random, number: int, secret: Path) -> str:
    """Return an attack in a random disguise; each attack occurs."""
    attack = ATTACKS[number % len(ATTACKS)].format(file=secret, folder=secret.parent)
    disguise = DISGUISES[0] if number < len(ATTACKS) else numbers.choice(DISGUISES)
    return disguise(attack, numbers)


def generated(numbers: random.Random) -> str:
    """Return a random SELECT."""
    source = numbers.choice(
        ["sales"] * 6
        + [
            f"({generated(numbers)}) t" if numbers.random() < 0.5 else "sales",
            "sales s JOIN sales t USING (_row)",
            "sales, sales u",
            "nothing",
            "sales LEFT JOIN sales v ON v.amount = sales.quantity",
        ]
    )
    selected = ", ".join(expression(numbers, 3) for _ in range(numbers.randint(1, 3)))
    parts = [f"SELECT {numbers.choice(['', 'DISTINCT ', ''])}{selected} FROM {source}"]
    if numbers.random() < 0.5:
        parts.append(
            f"WHERE {expression(numbers, 2)} {numbers.choice(['=', '>', '<', '<>', 'LIKE', 'IN', 'IS NOT'])} "
            f"{numbers.choice(['NULL', '5', chr(39) + 'a%' + chr(39), '(1, 2)'])}"
        )
    if numbers.random() < 0.3:
        parts.append(f"GROUP BY {numbers.choice(['supplier', 'ALL', '1', 'month(date)'])}")
    if numbers.random() < 0.3:
        parts.append(f"ORDER BY {numbers.choice(['1', 'amount DESC', 'ALL', 'supplier'])}")
    if numbers.random() < 0.4:
        parts.append(f"LIMIT {numbers.choice(['1', '10', '100000000', '(SELECT 3)'])}")
    return " ".join(parts)


def expression(numbers: random.Random, depth: int) -> str:
    """Return a random expression."""
    if depth == 0 or numbers.random() < 0.3:
        return numbers.choice(
            [
                "supplier",
                "date",
                "amount",
                "quantity",
                "_row",
                "1",
                "'x'",
                "*",
                "missing",
                "NULL",
                "1e308",
                "999999999999999999999",
            ]
        )
    inner = [expression(numbers, depth - 1) for _ in range(2)]
    return numbers.choice(
        [
            f"{inner[0]} + {inner[1]}",
            f"{inner[0]} || {inner[1]}",
            f"count({inner[0]})",
            f"sum({inner[0]})",
            f"max({inner[0]})",
            f"length({inner[0]})",
            f"upper({inner[0]})",
            f"date_trunc('month', {inner[0]})",
            f"CAST({inner[0]} AS {numbers.choice(['INT', 'DOUBLE', 'VARCHAR', 'DATE', 'INT[]', 'JSON', 'BLOB'])})",
            f"CASE WHEN {inner[0]} > 1 THEN {inner[1]} END",
            f"coalesce({inner[0]}, {inner[1]})",
            f"(SELECT {inner[0]} FROM sales LIMIT 1)",
            f"power({inner[0]}, {inner[1]})",
            f"repeat({inner[0]}, 100000000)",
            f"row_number() OVER (ORDER BY {inner[0]})",
            f"[{inner[0]}, {inner[1]}]",
            f"{{'a': {inner[0]}}}",
            f"string_agg({inner[0]}, ',')",
            f"regexp_matches({inner[0]}, '(x+x+)+y')",
            f"replace({inner[0]}, 'a', 'aaaaaaaa')",
            f"random() * {inner[0]}",
            f"md5({inner[0]})",
            f"lag({inner[0]}) OVER ()",
            f"list({inner[0]})",
            f"{inner[0]} IN (SELECT quantity FROM sales)",
        ]
    )


if __name__ == "__main__":
    main()
