"""Counts, sums and extremes over tables and files are computed, or refused with a reason; none is guessed from passages."""

# ruff: noqa: E501 - a case is one line

from __future__ import annotations

from collections.abc import Iterator

import pytest

from assistant import Assistant, Settings
from assistant.generation.prompt import computation_refusal

CUSTOMERS, CITIES = ("Alder Timber", "Birk & Son", "Cole Ltd", "Dorn AG"), ("Berlin", "Paris", "Rome")
FILES = {
    "invoices.csv": "invoice,customer,city,amount\n" + "".join(
        f"INV-{n},{CUSTOMERS[n % 4]},{CITIES[n % 3]},{n * 13 % 700}\n" for n in range(1, 120)),
    "pumps.csv": "pump,hall,pressure_bar\n" + "".join(f"P-{n},hall {n % 3},{n % 9 + 1}\n" for n in range(1, 40)),
    "towns.csv": "town,inhabitants,schools\nAshford,12000,3\nBenton,8100,2\nDunmore,40100,9\nTotal,60200,14\n",
    "budget-2026.csv": "item,2025,2026\nLibrary,44000,48200\nRoads,3000,3100\nTotal,47000,51300\n",
    "发票.csv": "编号,客户,金额\n" + "".join(f"FP-{n},{('华东木业', '北方机械', '海宁恒丰')[n % 3]},{n * 17 % 900}\n" for n in range(1, 60)),
    "staff.md": "# Staff\n\n| Name | Team | Salary |\n|---|---|---|\n| Anna Berg | Sales | 52000 |\n| Karl Holm | Support | 41000 |\n"
                "| Ida Roth | Sales | 61000 |\n| Omar Said | Support | 39500 |\n",
    "house.md": "# House\n\nThe building has 40 parking spaces. About 1,200 people live in the Linden quarter. The largest room is "
                "the hall on the first floor. The total rent is 900 euros a month. The maximum load of the lift is 1,600 kilograms.\n",
    "carrier-terms.md": "# Terms\n\n| Goods | Price |\n|---|---|\n| Rye flour | 0.62 |\n| Spelt | 1.10 |\n\nFor every hour of delay the "
                   "carrier pays a penalty of 85 pounds, but at most 600 pounds per delivery.\n",
    "rota.csv": "name,role,start year,hours per week\nPriya Nair,manager,2017,38\nLukas Brandt,baker,2012,42\n",
    "upload.md": "# Uploads\n\nThe form accepts 20 files. The maximum size of a file is 30 megabytes.\n",
    **{f"letters/letter-{n}.md": f"# Letter {n}\n\nDear Mrs Moor, on {n} May we met in {('Hull', 'York')[n % 2]}.\n"
       for n in range(1, 6)},
}


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    folder = tmp_path_factory.mktemp("computation")
    for name, text in FILES.items():
        (folder / "files" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "files" / name).write_text(text, "utf-8")
    with Assistant(Settings(home=folder / "home", embed="fake:", chat="fake:")) as opened:
        opened.add([folder / "files"])
        yield opened


@pytest.mark.parametrize("question", [
    "How many invoices are there?", "How many invoices does Alder Timber have?", "How many bills went to Berlin?",
    "What is the number of invoices from Cole Ltd?", "What is the sum of all amounts in invoices.csv?",
    "What is the total of the invoices to Paris?", "What is the average invoice amount?", "Which invoice is the largest?",
    "How many rows are in invoices.csv?", "How many pumps are in hall 2?", "How many pumps have a pressure above 5 bar?",
    "Which pump has the highest pressure?", "Which town has the most inhabitants?", "How many towns have more than 2 schools?",
    "How many people work in Sales?", "How many letters are there?", "How many files mention Mrs Moor?", "Which file is the largest?",
    "一共有多少张发票？", "华东木业有几张发票？", "发票总金额是多少？", "哪张发票的金额最大？", "发票的平均金额是多少？",
    "Wie viele Rechnungen gibt es von Alder Timber?", "Combien de factures y a-t-il pour Cole Ltd ?",
    "¿Cuántas facturas hay de Dorn AG?",
])
def test_what_needs_every_row_is_computed_or_refused(assistant: Assistant, question: str) -> None:
    answer = assistant.ask(question).answer
    assert answer.abstained or answer.computation is not None


@pytest.mark.parametrize(("question", "value"), [
    ("How many invoices are there?", "119"), ("How many invoices does Alder Timber have?", "29"),
    ("What is the average invoice amount?", "321.1765"), ("How many pumps have a pressure above 5 bar?", "16"),
    ("Which town has the most inhabitants?", "Dunmore"), ("Who works the most hours per week?", "Lukas Brandt"), ("发票总金额是多少？", "23,790"),
    ("华东木业有几张发票？", "行数（条件：客户为华东木业）：19。"),
])
def test_what_fits_a_table_is_computed(assistant: Assistant, question: str, value: str) -> None:
    answer = assistant.ask(question).answer
    assert value in answer.text.splitlines()[0]
    assert answer.citations


@pytest.mark.parametrize("question", [
    "How many letters are there?", "How many files mention Mrs Moor?", "Which file is the largest?",
    "Wie viele Rechnungen gibt es von Alder Timber?",
])
def test_what_fits_no_table_is_refused_with_the_reason(assistant: Assistant, question: str) -> None:
    answer = assistant.ask(question).answer
    assert (answer.text, answer.abstained) == (computation_refusal(question), True)


@pytest.mark.parametrize("question", [
    "How many inhabitants does Ashford have?", "How many schools are there in Benton?", "What is the total of the 2026 budget?",
    "How many schools are there in total?", "How many people live in the Linden quarter?",
    "How many parking spaces does the building have?", "What is the largest room?", "What is the total rent?",
    "What is the maximum load of the lift?", "What is the amount of INV-17?", "What is the pressure of P-12?",
    "What is the salary of Ida Roth?", "How much was invoice INV-20?", "FP-12 的金额是多少？", "When did we meet in Hull?", "How many files may be uploaded with the form?",
    "What is the maximum size of a file?", "What is the penalty for a delay, and what is the maximum per delivery?",
])
def test_what_a_row_or_a_sentence_states_is_answered(assistant: Assistant, question: str) -> None:
    answer = assistant.ask(question).answer
    assert not answer.abstained or answer.text != computation_refusal(question)
    assert answer.sentences or answer.computation is not None
