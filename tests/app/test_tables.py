"""Tables of a library: stored with their documents, removed with them, rebuilt when lost, and asked."""

import io
import json
import re
import zipfile
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from assistant.app.ask.computed import COMPUTED_VERSION
from assistant.app.assistant import Assistant
from assistant.app.library.registry import export, import_library
from assistant.cli.app import app
from assistant.config import load_settings
from assistant.datatypes import Filter, ignore_progress
from tests.ingest.conftest import parquet_of
from tests.ingest.test_extract_sheets import workbook
from tests.ingest.test_pdf_tables import pdf, prose, table

CSV = (
    "sep=;\nRechnung;Datum;Lieferant;Betrag (EUR)\n"
    "R1;05.01.2026;Muster GmbH;1.234,50\nR2;17.01.2026;Alpha AG;99,90\nSumme;;;1.334,40\n"
)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "rechnungen.csv").write_text(CSV, "utf-8")
    (folder / "notes.md").write_text(
        "# Notes\n\nThe lamp costs 5 euros. How many people live in Tolne? 300 people live in Tolne.\n"
    )
    return folder


@pytest.fixture
def assistant(folder):
    with Assistant(load_settings({"embed": "fake:", "chat": "fake:"})) as assistant:
        assistant.add([folder])
        yield assistant


def parquet_files(assistant):
    return sorted((assistant.library_file.parent / "tables").iterdir())


def test_tables_are_stored_and_queried(assistant):
    (table,) = assistant.tables().tables
    assert (table.name, table.rows, table.totals) == ("rechnungen", 2, 1)
    assert assistant.tables().query("SELECT sum(betrag) FROM rechnungen", 10).rows[0][0] == Decimal("1334.40")


def test_tables_go_with_their_document(assistant, folder):
    assert len(parquet_files(assistant)) == 1
    assistant.remove(folder / "rechnungen.csv")
    assert parquet_files(assistant) == [] and assistant.tables().tables == ()


def test_tables_of_a_changed_file_replace_the_old_ones(assistant, folder):
    (old,) = parquet_files(assistant)
    (folder / "rechnungen.csv").write_text(CSV.replace("99,90", "199,90"), "utf-8")
    assistant.sync()
    (new,) = parquet_files(assistant)
    assert new != old
    assert assistant.tables().query("SELECT min(betrag) FROM rechnungen", 10).rows == ((Decimal("199.90"),),)


def test_lost_tables_are_found_by_the_check_and_read_again(assistant):
    (file,) = parquet_files(assistant)
    file.write_bytes(b"damaged")
    (finding,) = assistant.check()
    assert "rechnungen.csv" in finding.detail
    assistant.check(repair=True)
    assert parquet_files(assistant) == []
    assistant.sync()
    assert assistant.check() == () and len(parquet_files(assistant)) == 1


def test_a_computed_answer_has_its_statement_and_cites_its_rows(assistant, folder):
    answer = assistant.ask("What is the total Betrag in rechnungen?").answer
    assert "1,334.40 EUR" in answer.text and not answer.abstained
    assert [(cited.location.line_start, cited.quote) for cited in answer.citations] == [
        (3, "R1;05.01.2026;Muster GmbH;1.234,50"),
        (4, "R2;17.01.2026;Alpha AG;99,90"),
    ]
    assert answer.computation.sql.startswith("SELECT sum(") and answer.computation.count == 2


def test_a_row_of_a_table_on_a_page_is_cited_with_the_page(tmp_path):
    first = "Agreement on consulting services of the firm Solberg for the year 2026."
    rows = [["Role", "Hourly rate (EUR)", "Hours"], ["Partner", "310", "12"], ["Associate", "240", "80"], ["Clerk", "95", "40"]]
    (tmp_path / "rates.pdf").write_bytes(pdf(prose([first]), table(rows), prose(["The end of the agreement."])).data)
    with Assistant(load_settings({"embed": "fake:", "chat": "fake:"})) as assistant:
        assistant.add([tmp_path])
        answer = assistant.ask("What is the highest hourly rate?").answer
    assert answer.computation is not None and "310" in answer.text
    assert [(cited.location.page, cited.location.words, cited.quote) for cited in answer.citations] == [
        (2, f"p. 2, line {line}", " | ".join(row)) for line, row in enumerate(rows[1:], 2)
    ]


def test_columns_without_values_are_named_in_the_notes(tmp_path):
    rows = ["Item | Net | Gross", "Lamp | 5 | ", "Cable | 7 | "]
    (tmp_path / "prices.md").write_text("# Prices\n\n" + "\n".join([rows[0], "--- | --- | ---", *rows[1:]]) + "\n")
    with Assistant(load_settings({"embed": "fake:", "chat": "fake:"})) as assistant:
        assistant.add([tmp_path])
        (found,) = assistant.tables().tables
    assert [column.header for column in found.columns] == ["Item", "Net"]
    assert found.sources[0].stored.notes == ("left out, because no cell below the header is filled: Gross",)


def test_a_table_of_a_workbook_notes_formulas_without_a_value(tmp_path):
    cells = {f"{letter}{number}": value for number, values in enumerate([("Item", "Net"), ("Lamp", 5), ("Cable", 7)], 1)
             for letter, value in zip("AB", values, strict=True)}
    with zipfile.ZipFile(io.BytesIO(workbook(cells))) as old, zipfile.ZipFile(tmp_path / "prices.xlsx", "w") as new:
        for name in old.namelist():
            content = old.read(name).decode()
            for number in (1, 2, 3):
                formula = f'<c r="C{number}"><f>B2</f><v></v></c>'
                gross = formula if number > 1 else '<c r="C1" t="inlineStr"><is><t>Gross</t></is></c>'
                content = re.sub(rf'(<row r="{number}">.*?)</row>', rf"\1{gross}</row>", content)
            new.writestr(name, content)
    with Assistant(load_settings({"embed": "fake:", "chat": "fake:"})) as assistant:
        assistant.add([tmp_path])
        (found,) = assistant.tables().tables
    shown = CliRunner().invoke(app, ["tables", "show", found.name]).stdout
    assert "2 formulas without a value: open the file in a spreadsheet program and save it" in " ".join(shown.split())
    assert "no cell below the header is filled: Gross" in " ".join(shown.split())


def test_a_count_that_no_column_has_is_refused_and_not_read_from_passages(assistant):
    answer = assistant.ask("How many penguins are in the table rechnungen?", wanted=Filter(types=("csv",))).answer
    assert answer.abstained or "number of rows" in answer.text.lower()


def test_a_count_in_prose_is_still_answered_from_passages(assistant):
    assert assistant.ask("How many people live in Tolne?").answer.computation is None


@pytest.mark.parametrize(("question", "is_computed"), [
    ("How many days' notice ends the service agreement with Northfold?", False),  # nothing of it stands in the table
    ("How many rooms are in the service agreement?", True),
    ("What is the total hours of the service agreement?", True),
])
def test_the_name_of_a_text_does_not_say_that_its_table_is_meant(tmp_path, question, is_computed):
    (tmp_path / "service agreement.md").write_text(
        "# Agreement with Northfold\n\nThe notice is 90 days to the end of a month. The rooms to clean are:\n\n"
        "| Room | Floor | Hours |\n| --- | ---: | ---: |\n| Hall | 1 | 12 |\n| Lab | 2 | 30 |\n| Store | 2 | 4 |\n", "utf-8")
    (tmp_path / "rechnungen.csv").write_text(CSV, "utf-8")
    with Assistant(load_settings({"embed": "fake:", "chat": "fake:"})) as assistant:
        assistant.add([tmp_path])
        answer = assistant.ask(question).answer
    assert (answer.prompt_version == COMPUTED_VERSION) is is_computed


def test_files_are_counted(assistant):
    assert "2 files" in assistant.ask("How many files are there?").answer.text


def test_the_commands(assistant):
    run = CliRunner()
    listed = json.loads(run.invoke(app, ["--embed", "fake:", "tables", "list", "--json"]).stdout)
    assert [table["name"] for table in listed["tables"]] == ["rechnungen"]
    shown = run.invoke(app, ["tables", "show", "rechnungen"]).stdout
    assert "2 rows, 1 total row left out" in shown and "EUR" in shown
    assert run.invoke(app, ["tables", "query", "SELECT lieferant FROM rechnungen ORDER BY betrag", "--csv"]).stdout == (
        "lieferant\nAlpha AG\nMuster GmbH\n"
    )
    refused = run.invoke(app, ["tables", "query", "DROP TABLE rechnungen"])
    assert refused.exit_code == 2 and "Only one SELECT" in refused.stderr
    unknown = run.invoke(app, ["tables", "show", "nothing"])
    assert unknown.exit_code == 2 and "There is no table nothing" in unknown.stderr
    asked = json.loads(
        run.invoke(
            app, ["--embed", "fake:", "--chat", "fake:", "ask", "What is the total Betrag in rechnungen?", "--json"]
        ).stdout
    )
    assert (asked["route"], asked["values"], asked["row_count"]) == ("computed", ["1334.40"], 2)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["show", "rechnunge"], ["There is no table rechnunge.", "Did you mean rechnungen?"]),
        (["query", "SELECT betrg FROM rechnungen"], ["There is no column betrg.", "Did you mean betrag?", "lieferant (text)"]),
        (["query", "SELECT r.betrg FROM rechnungen r"], ["There is no column betrg.", "Did you mean betrag?"]),
        (["query", "SELECT sum(lieferant) FROM rechnungen"], ["betrag (decimal)"]),
        (["query", "SELECT 1 FROM rechnung"], ["there is no table rechnung.", "Did you mean rechnungen?"]),
        (["query", 'SELECT 1 FROM "rechnungen.csv"'], ["Did you mean rechnungen?"]),
        (["query", "DELETE FROM rechnungen"], ["Only one SELECT statement is allowed.\n"]),
    ],
)
def test_an_error_of_the_commands_names_what_there_is(assistant, arguments, says):
    result = CliRunner().invoke(app, ["tables", *arguments])
    assert result.exit_code in {1, 2}
    for words in says:
        assert words in result.stderr


def test_a_table_is_shown_by_the_name_of_its_file_and_listed_by_its_whole_name(assistant, folder):
    name = "Rechnungen der Firma an alle Kunden im In- und Ausland aus dem letzten Jahr"
    (folder / f"{name}.csv").write_text(CSV, "utf-8")
    assistant.sync()
    assert CliRunner().invoke(app, ["tables", "show", name]).exit_code == 0
    listed = CliRunner().invoke(app, ["tables", "list"]).stdout
    assert any(len(line.split()[0]) > 50 for line in listed.splitlines() if line.split())


def test_the_rows_of_a_table_are_counted_by_its_name_and_other_counts_are_not(assistant, folder):
    (folder / "employees.csv").write_text("Name,Office\nAda,Kiel\nBen,Bonn\nCy,Kiel\nDi,Bonn\n", "utf-8")
    (folder / "trips.csv").write_text("Day,Place\n2026-01-02,Rome\n2026-01-03,Oslo\n", "utf-8")
    assistant.sync()
    answer = assistant.ask("How many staff members do we have?").answer
    assert answer.computation is not None and answer.computation.values == ("4",)
    assert assistant.ask("How many people live in Tolne?").answer.computation is None


def test_an_exported_library_takes_its_tables_along(assistant, folder, tmp_path):
    target = tmp_path / "library.zip"
    export(assistant.settings, "default", target, ignore_progress)
    import_library(assistant.settings, target, "copy", ignore_progress)
    (folder / "rechnungen.csv").unlink()
    with Assistant(load_settings({"embed": "fake:", "chat": "fake:", "library": "copy"})) as copy:
        assert copy.tables().query("SELECT sum(betrag) FROM rechnungen", 10).rows[0][0] == Decimal("1334.40")


def test_a_parquet_file_is_searched_and_computed_over_with_rows_as_places(assistant, folder):
    (folder / "sales.parquet").write_bytes(
        parquet_of("FROM (VALUES ('Trueline', 100.50::DECIMAL(9, 2)), ('Cobalt', 20.25)) t(supplier, amount)")
    )
    assistant.sync()
    answer = assistant.ask("What is the total amount in sales?").answer
    assert "120.75" in answer.text
    assert [(cited.location.cells, cited.quote) for cited in answer.citations] == [
        ("row 1", "Trueline,100.50"),
        ("row 2", "Cobalt,20.25"),
    ]
    (hit,) = assistant.search("Cobalt", 1).hits
    assert hit.chunk.location.words == "rows 1-2"
