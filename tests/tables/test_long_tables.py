"""Tables are typed and stored chunk by chunk, with the same result whatever the size of the chunks."""

import errno
import json
from dataclasses import asdict

import duckdb
import pytest

from assistant.datatypes import Document, Extraction, Part, Shape
from assistant.tables import chunks
from assistant.tables.delimited import DelimitedRows
from assistant.tables.extract import raw_tables
from assistant.tables.parquet import TableFiles, as_os_error
from assistant.tables.raw import RawTable
from assistant.tables.typed import type_table

INVOICES = [
    "no;day;supplier;amount (EUR);share;note",
    *(f"R{n};{n % 28 + 1:02}/{n % 12 + 1:02}/2026;Supplier {n % 7};{n},50;{n % 10}%;" for n in range(60)),
    f";;Subtotal;{sum(range(60)) + 30},00;;",
    *(f"R{n};{n % 28 + 1:02}/{n % 12 + 1:02}/2026;Supplier {n % 7};{n}.250,00;{n % 10}%;" for n in range(60, 90)),
    "R90;31/12/2026;Late GmbH;unknown;5%;the first note",
    "-;-;-;-;-;-",
]
CASES = {
    "a.csv": "\n".join(INVOICES),
    "codes.csv": "zip,count\n" + "".join(f"{n},{n}\n" for n in range(3000)) + "00501,7\n",
    "american.csv": "day,count\n" + "".join(f"{n % 12 + 1}/{n % 12 + 1}/2026,{n}\n" for n in range(100)) + "12/31/2026,5\n",
    "scales.csv": "x,y\n" + "".join(f"{n},{n}\n" for n in range(100)) + "0.125,1e-20\n",
    "labels.csv": "item,amount\n" + "".join(f"i{n},1\n" for n in range(50)) + "Total,50\n",
    "gaps.csv": "item,amount\n" + "".join(f"i{n},2\n" for n in range(50)) + ",100\n",
    "a.jsonl": "\n".join(json.dumps({"id": n, "place": {"x": n / 4}, **({"late": n} if n > 80 else {})}) for n in range(100)),
    "a.md": "# Team\n\n| Name | Hours |\n|---|---:|\n" + "".join(f"| N{n} | {n}.5 |\n" for n in range(100)) + "\nEnd | of it\n",
}


def stored(name, folder):
    """Return how the tables of a text are described, and their rows."""
    text = CASES[name]
    shape = Shape.TABLE if name.endswith("csv") else Shape.PROSE
    document = Document(f"/{name}", "t", "0" * 64, Extraction(text, (Part(0, len(text)),), shape=shape))
    found = []
    for number, raw in enumerate(raw_tables(document)):
        table = TableFiles(folder).write("0" * 64, number, type_table(raw))
        rows = duckdb.sql(f"SELECT * FROM read_parquet('{folder / table.file}') ORDER BY _row").fetchall()
        found.append(({**asdict(table), "file": ""}, rows))
    return found


@pytest.mark.parametrize("name", CASES)
def test_the_size_of_the_chunks_changes_nothing(name, tmp_path, monkeypatch):
    whole = stored(name, tmp_path / "whole")
    assert len(whole) == 1 and len(whole[0][1]) >= 50
    for cells in (1, 7, 100):
        monkeypatch.setattr(chunks, "CELLS_AT_ONCE", cells)
        assert stored(name, tmp_path / str(cells)) == whole
    assert all(file.suffix == ".parquet" for folder in tmp_path.iterdir() for file in folder.iterdir())


def test_what_only_the_last_rows_say_counts_for_the_whole_column(tmp_path):
    table, rows = stored("a.csv", tmp_path)[0]
    kinds = {column["name"]: (column["type"].value, column["unit"], column["unparsed"]) for column in table["columns"]}
    assert kinds == {"no": ("text", "", 0), "day": ("date", "", 0), "supplier": ("text", "", 0), "amount": ("decimal", "EUR", 1),
                     "share": ("integer", "%", 0), "note": ("text", "", 0)}
    assert (table["rows"], table["totals"], [row[5] for row in rows].index(True)) == (91, 1, 60)
    (codes, _), (american, rows) = stored("codes.csv", tmp_path)[0], stored("american.csv", tmp_path)[0]
    assert [column["type"].value for column in codes["columns"]] == ["text", "integer"]
    assert american["columns"][0]["highest"] == "2026-12-31"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_in_any_system(end):
    text = end.join(["a,b", '1,"x' + end + 'y"', "2,z"])
    rows = list(DelimitedRows(text))
    assert [(row.cells, row.line) for row in rows] == [(["a", "b"], 1), (["1", "x" + end + "y"], 2), (["2", "z"], 4)]
    assert [text[row.start : row.end].rstrip("\r\n") for row in rows] == ["a,b", '1,"x' + end + 'y"', "2,z"]


def test_a_line_of_blanks_in_a_text_with_bars_takes_no_time():
    text = "a | b\n" + " " * 200_000 + "x\n"
    assert list(raw_tables(Document("/a.md", "t", "", Extraction(text, (Part(0, len(text)),))))) == []


def test_what_an_interrupted_run_left_is_deleted(tmp_path):
    files = TableFiles(tmp_path)
    table = files.write("a" * 64, 0, type_table(RawTable(DelimitedRows("a,b\n1,2\n3,4\n"))))
    (tmp_path / "left").mkdir()
    (tmp_path / "left" / "table.duckdb").write_bytes(b"x")
    assert files.keep_only({table.file}) == ["left"]
    assert [file.name for file in tmp_path.iterdir()] == [table.file]


@pytest.mark.parametrize(("words", "code"), [("could not write: No space left on device", errno.ENOSPC),
                                             ("cannot open file: Permission denied", errno.EIO)])
def test_an_error_of_the_disk_is_one_of_the_system(words, code):
    with pytest.raises(OSError, match=r"could not write|cannot open") as caught, as_os_error():
        raise duckdb.IOException(words)
    assert caught.value.errno == code
