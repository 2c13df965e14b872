"""Write the project's own tables of business kind and the questions about them, with answers computed from the same records.

    python benchmarks/table_files.py

Writes `benchmarks/tables/files` (invoices, time sheets, inventory, measurements, sales, orders; English, German and Chinese;
subtotals, decimal commas, several sheets, one file per month) and `benchmarks/tables/questions.jsonl`. The answers are computed
in Python from the records, not from the files. Questions with even numbers are for development, the others for the report.
"""

from __future__ import annotations

import csv
import io
import json
import random
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

FOLDER = Path(__file__).parent / "tables"
FILES = FOLDER / "files"
Record = dict[str, Any]
Grid = list[list[object]]
SHEET = (
    '<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    "<sheetData>{rows}</sheetData></worksheet>"
)


def cents(random_numbers: random.Random, low: int, high: int) -> Decimal:
    """Return a random amount with two decimals."""
    return Decimal(random_numbers.randint(low * 100, high * 100)) / 100


def total(records: Iterable[Record], name: str) -> Decimal:
    """Return the sum of a field."""
    return sum((Decimal(str(record[name])) for record in records), Decimal(0))


def by(records: Iterable[Record], key: str, name: str) -> dict[object, Decimal]:
    """Return the sum of a field for each value of another."""
    sums: dict[object, Decimal] = defaultdict(Decimal)
    for record in records:
        sums[record[key]] += Decimal(str(record[name]))
    return sums


def most(sums: dict[object, Decimal]) -> object:
    """Return the key with the largest value."""
    return max(sums, key=lambda key: sums[key])


def where(records: Iterable[Record], **wanted: object) -> list[Record]:
    """Return the records with these values."""
    return [record for record in records if all(record[name] == value for name, value in wanted.items())]


def mean(records: Sequence[Record], name: str) -> str:
    """Return the average of a field, rounded to two decimals."""
    return str(round(total(records, name) / len(records), 2))


# records


def make_records() -> dict[str, list[Record]]:
    """Return the records of every table."""
    numbers = random.Random(20)
    suppliers = ["Northwind Traders", "Alder & Sons", "Brightline Ltd", "Cobalt Supplies", "Delta Freight"]
    tables: dict[str, list[Record]] = {}
    tables["invoices"] = [
        {
            "no": f"INV-{1000 + n}",
            "date": date(2026, 1, 5) + timedelta(days=4 * n),
            "supplier": suppliers[n % 5],
            "amount": cents(numbers, 80, 4000),
            "status": numbers.choice(["paid", "open", "overdue"]),
        }
        for n in range(30)
    ]
    tables["rechnungen"] = [
        {
            "nr": f"RE{200 + n}",
            "datum": date(2026, 2, 1) + timedelta(days=3 * n),
            "kunde": numbers.choice(["Huber KG", "Maier GmbH", "Otto Bau"]),
            "netto": cents(numbers, 500, 9000),
            "bezahlt": numbers.choice(["ja", "nein"]),
        }
        for n in range(18)
    ]
    tables["timesheets"] = [
        {
            "month": month,
            "date": date(2026, month, 1 + day),
            "employee": numbers.choice(["Ana Ruiz", "Ben Cole", "Cleo Park", "Dev Shah"]),
            "project": numbers.choice(["Apollo", "Borealis", "Cirrus"]),
            "hours": Decimal(numbers.randint(4, 18)) / 2,
        }
        for month in (1, 2, 3)
        for day in range(12)
    ]
    tables["inventory"] = [
        {
            "sheet": sheet,
            "sku": f"{number:05d}",
            "item": item,
            "quantity": numbers.randint(0, 400),
            "price": cents(numbers, 1, 90),
        }
        for sheet in ("Warehouse A", "Warehouse B")
        for number, item in enumerate(["Hex bolt", "Lock nut", "Washer", "Hinge", "Bracket", "Cable tie", "Anchor", "Rivet"], 101)
    ]
    tables["measurements"] = [
        {
            "station": numbers.choice(["Harbour", "Ridge", "Valley"]),
            "date": date(2026, 4, 1) + timedelta(days=n),
            "temperature": Decimal(numbers.randint(-50, 250)) / 10,
            "rain": None if n % 7 == 3 else Decimal(numbers.randint(0, 300)) / 10,
        }
        for n in range(28)
    ]
    tables["sales_zh"] = [
        {
            "date": date(2026, 5, 1) + timedelta(days=n),
            "product": numbers.choice(["螺丝刀", "电钻", "扳手", "锤子"]),
            "region": numbers.choice(["华东", "华南", "华北"]),
            "count": numbers.randint(1, 60),
            "amount": cents(numbers, 50, 3000),
        }
        for n in range(26)
    ]
    tables["hours_zh"] = [
        {"sheet": sheet, "name": name, "department": department, "hours": numbers.randint(120, 210)}
        for sheet in ("一月", "二月")
        for name, department in (
            ("王芳", "财务部"),
            ("李强", "技术部"),
            ("张伟", "技术部"),
            ("刘洋", "市场部"),
            ("陈静", "市场部"),
            ("赵磊", "技术部"),
        )
    ]
    tables["expenses"] = [
        {"department": name, "plan": numbers.randint(20, 90) * 100, "actual": numbers.randint(20, 90) * 100}
        for name in ("Sales", "Research", "Support", "Legal", "Facilities")
    ]
    tables["contracts"] = [
        {
            "contract": name,
            "partner": partner,
            "start": date(2024 + n % 3, 1 + n, 1),
            "end": date(2026 + n % 3, 2 + n, 28),
            "value": 1500 * (n + 3),
        }
        for n, (name, partner) in enumerate(
            (
                ("Lease Harbour Street", "Brackwater Estates"),
                ("Cleaning", "Sparkle Ltd"),
                ("Insurance", "Meridian"),
                ("Hosting", "Nimbus"),
                ("Security", "Watchful Ltd"),
                ("Catering", "Green Fork"),
                ("Elevator maintenance", "Liftworks"),
            )
        )
    ]
    tables["orders"] = [
        {
            "order_id": 4929000000005600 + n,
            "customer": numbers.choice(["Mill Lane Cafe", "Oak Books", "Pine Gym"]),
            "country": numbers.choice(["Norway", "Spain", "Kenya"]),
            "items": numbers.randint(1, 12),
            "total": cents(numbers, 10, 900),
        }
        for n in range(24)
    ]
    tables["machines"] = [
        {
            "machine": f"Press {letter}",
            "location": numbers.choice(["Hall 1", "Hall 2"]),
            "year": 2005 + 2 * n,
            "power": numbers.randint(10, 95),
            "downtime": numbers.randint(0, 40),
        }
        for n, letter in enumerate("ABCDEFGH")
    ]
    tables["stock_zh"] = [
        {"code": f"00{n + 11}", "name": name, "quantity": numbers.randint(5, 900), "price": cents(numbers, 1, 60)}
        for n, name in enumerate(["A4纸", "签字笔", "订书机", "文件夹", "胶带", "白板笔", "计算器"])
    ]
    return tables


# files


def write_files(tables: dict[str, list[Record]]) -> None:
    """Write the files."""
    FILES.mkdir(parents=True, exist_ok=True)
    write_invoices(tables["invoices"])
    rows: Grid = [["Nr", "Datum", "Kunde", "Netto (EUR)", "Bezahlt"]]
    rows += [[r["nr"], f"{r['datum']:%d.%m.%Y}", r["kunde"], german(r["netto"]), r["bezahlt"]] for r in tables["rechnungen"]]
    rows.append(["Summe", "", "", german(total(tables["rechnungen"], "netto")), ""])
    write_csv("Rechnungen Ausgang.csv", rows, ";", "cp1252")
    for month, name in ((1, "2026-01"), (2, "2026-02"), (3, "2026-03")):
        chosen = where(tables["timesheets"], month=month)
        rows = [["Date", "Employee", "Project", "Hours"], *[[r["date"], r["employee"], r["project"], r["hours"]] for r in chosen]]
        write_csv(f"timesheet {name}.csv", [*rows, ["Total", "", "", total(chosen, "hours")]], ",", "utf-8-sig")
    write_xlsx(
        "inventory.xlsx",
        {
            sheet: [
                ["Stock list"],
                [f"{sheet}, counted 30 June 2026"],
                [],
                ["SKU", "Item", "Quantity", "Unit price (USD)"],
                *[[r["sku"], r["item"], r["quantity"], r["price"]] for r in where(tables["inventory"], sheet=sheet)],
                ["Total", "", total(where(tables["inventory"], sheet=sheet), "quantity"), ""],
            ]
            for sheet in ("Warehouse A", "Warehouse B")
        },
    )
    rows = [["Station", "Date", "Temperature (°C)", "Rainfall (mm)"]]
    rows += [
        [r["station"], r["date"], r["temperature"], "n/a" if r["rain"] is None else r["rain"]] for r in tables["measurements"]
    ]
    write_csv("weather measurements.tsv", rows, "\t", "utf-8")
    rows = [["日期", "产品", "地区", "数量", "金额"]]
    rows += [
        [f"{r['date'].year}年{r['date'].month}月{r['date'].day}日", r["product"], r["region"], r["count"], f"¥{r['amount']:,}"]
        for r in tables["sales_zh"]
    ]
    rows.append(["合计", "", "", total(tables["sales_zh"], "count"), f"¥{total(tables['sales_zh'], 'amount'):,}"])
    write_csv("销售明细.csv", rows, ",", "utf-8")
    write_xlsx(
        "员工工时.xlsx",
        {
            sheet: [
                ["姓名", "部门", "工时(小时)"],
                *[[r["name"], r["department"], r["hours"]] for r in where(tables["hours_zh"], sheet=sheet)],
            ]
            for sheet in ("一月", "二月")
        },
    )
    write_xlsx(
        "expenses 2026.xlsx",
        {
            "Expenses": [
                ["Department", "Budget", ""],
                ["", "Plan (EUR)", "Actual (EUR)"],
                *[[r["department"], r["plan"], r["actual"]] for r in tables["expenses"]],
                ["Total", total(tables["expenses"], "plan"), total(tables["expenses"], "actual")],
            ]
        },
    )
    lines = [
        "# Contracts",
        "",
        "All contracts in force.",
        "",
        "| Contract | Partner | Start | End | Annual value (EUR) |",
        "|---|---|---|---|---:|",
    ]
    lines += [f"| {r['contract']} | {r['partner']} | {r['start']} | {r['end']} | {r['value']:,} |" for r in tables["contracts"]]
    (FILES / "contracts.md").write_text("\n".join(lines) + "\n", "utf-8")
    (FILES / "web orders.jsonl").write_text(
        "".join(json.dumps({**r, "total": float(str(r["total"]))}) + "\n" for r in tables["orders"]), "utf-8"
    )
    body = "".join(
        f"<tr><td>{r['machine']}</td><td>{r['location']}</td><td>{r['year']}</td><td>{r['power']} "
        f"kW</td><td>{r['downtime']}</td></tr>"
        for r in tables["machines"]
    )
    (FILES / "machines.html").write_text(
        "<html><head><title>Machines of the plant</title></head><body><h1>Machines of the "
        "plant</h1><table><tr><th>Machine</th><th>Location</th>"
        f"<th>Year built</th><th>Power</th><th>Downtime (h)</th></tr>{body}</table></body></html>",
        "utf-8",
    )
    write_csv(
        "办公用品库存.csv",
        [
            ["编号", "名称", "数量(件)", "单价(元)"],
            *[[r["code"], r["name"], r["quantity"], r["price"]] for r in tables["stock_zh"]],
        ],
        ",",
        "gb18030",
    )


def write_invoices(records: list[Record]) -> None:
    """Write the invoices by supplier, each with a subtotal."""
    rows: Grid = [["Invoice no", "Date", "Supplier", "Amount (USD)", "Status"]]
    for supplier in dict.fromkeys(r["supplier"] for r in records):
        chosen = where(records, supplier=supplier)
        rows += [[r["no"], r["date"], r["supplier"], f"{r['amount']:,}", r["status"]] for r in chosen]
        rows.append([f"Subtotal {supplier}", "", "", f"{total(chosen, 'amount'):,}", ""])
    rows.append(["Grand total", "", "", f"{total(records, 'amount'):,}", ""])
    write_csv("invoices received.csv", rows, ",", "utf-8")


def german(value: object) -> str:
    """Return a number with a decimal comma and points between thousands."""
    return f"{value:,}".translate(str.maketrans(",.", ".,"))


def write_csv(name: str, rows: Grid, delimiter: str, encoding: str) -> None:
    """Write rows as delimited text."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    (FILES / name).write_bytes(text.getvalue().encode(encoding))


def write_xlsx(name: str, sheets: dict[str, Grid]) -> None:
    """Write a workbook of inline strings and numbers."""
    stamp = (2026, 6, 30, 0, 0, 0)
    with zipfile.ZipFile(FILES / name, "w", zipfile.ZIP_DEFLATED) as archive:

        def put(path: str, content: str) -> None:
            archive.writestr(zipfile.ZipInfo(path, stamp), content)

        numbered = list(enumerate(sheets, 1))
        types = "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="application/vnd.openxmlformats-officedocument.'
            'spreadsheetml.worksheet+xml"/>'
            for n, _ in numbered
        )
        put(
            "[Content_Types].xml",
            '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override '
            'PartName="/xl/workbook.xml" '
            f'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>{types}</Types>',
        )
        kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        put(
            "_rels/.rels",
            '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="r1" Type="{kind}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        put(
            "xl/_rels/workbook.xml.rels",
            '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            + "".join(f'<Relationship Id="r{n}" Type="{kind}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n, _ in numbered)
            + "</Relationships>",
        )
        put(
            "xl/workbook.xml",
            '<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
            f'xmlns:r="{kind}"><sheets>'
            + "".join(f'<sheet name="{escape(sheet)}" sheetId="{n}" r:id="r{n}"/>' for n, sheet in numbered)
            + "</sheets></workbook>",
        )
        for n, sheet in numbered:
            put(
                f"xl/worksheets/sheet{n}.xml",
                SHEET.format(rows="".join(xml_row(number, row) for number, row in enumerate(sheets[sheet], 1))),
            )


def xml_row(number: int, row: Sequence[object]) -> str:
    """Return a row of a sheet as XML."""
    cells = []
    for column, value in enumerate(row):
        place = f"{chr(ord('A') + column)}{number}"
        if isinstance(value, (int, Decimal)):
            cells.append(f'<c r="{place}"><v>{value}</v></c>')
        elif value != "":
            cells.append(f'<c r="{place}" t="inlineStr"><is><t>{escape(str(value))}</t></is></c>')
    return f'<row r="{number}">{"".join(cells)}</row>'


# questions


def make_questions(t: dict[str, list[Record]]) -> list[tuple[str, Sequence[object]]]:
    """Return the questions with their answers; an empty answer means that the tables cannot answer it."""
    inv, rech, time, stock, weather = t["invoices"], t["rechnungen"], t["timesheets"], t["inventory"], t["measurements"]
    sales, hours, spent, contracts = t["sales_zh"], t["hours_zh"], t["expenses"], t["contracts"]
    orders, machines, office = t["orders"], t["machines"], t["stock_zh"]
    known = [r for r in weather if r["rain"] is not None]
    top: Callable[[list[Record], str, str], object] = lambda records, name, key: max(records, key=lambda r: r[name])[key]  # noqa: E731
    low: Callable[[list[Record], str, str], object] = lambda records, name, key: min(records, key=lambda r: r[name])[key]  # noqa: E731
    february = [r for r in inv if r["date"].month == 2]
    return [
        ("How many invoices received are overdue?", [len(where(inv, status="overdue"))]),
        ("How many invoices received are open?", [len(where(inv, status="open"))]),
        ("What is the total amount of the invoices received?", [total(inv, "amount")]),
        (
            "What is the total amount of the invoices received from Cobalt Supplies?",
            [total(where(inv, supplier="Cobalt Supplies"), "amount")],
        ),
        ("How many invoices received came from Delta Freight?", [len(where(inv, supplier="Delta Freight"))]),
        ("How many invoices received from Brightline Ltd are paid?", [len(where(inv, supplier="Brightline Ltd", status="paid"))]),
        ("Which supplier has the highest total amount of invoices received?", [most(by(inv, "supplier", "amount"))]),
        ("What is the average amount of the paid invoices received?", [mean(where(inv, status="paid"), "amount")]),
        ("What is the highest amount among the invoices received?", [max(r["amount"] for r in inv)]),
        (
            "What is the lowest amount among the overdue invoices received?",
            [min(r["amount"] for r in where(inv, status="overdue"))],
        ),
        ("How many invoices received are dated February 2026?", [len(february)]),
        ("What was the total amount of invoices received in February 2026?", [total(february, "amount")]),
        ("How many invoices received have an amount over 2000?", [sum(r["amount"] > 2000 for r in inv)]),
        ("How many invoices received have an amount of at least 3000?", [sum(r["amount"] >= 3000 for r in inv)]),
        ("How many different suppliers are in the invoices received?", [5]),
        ("What is the total discount of the invoices received?", []),
        ("What is the sum of Netto in Rechnungen Ausgang?", [total(rech, "netto")]),
        (
            "What is the average Netto for the Kunde Maier GmbH in Rechnungen Ausgang?",
            [mean(where(rech, kunde="Maier GmbH"), "netto")],
        ),
        ("How many rows of Rechnungen Ausgang have Bezahlt nein?", [len(where(rech, bezahlt="nein"))]),
        ("What is the total Netto of Huber KG in Rechnungen Ausgang?", [total(where(rech, kunde="Huber KG"), "netto")]),
        ("Which Kunde has the highest total Netto in Rechnungen Ausgang?", [most(by(rech, "kunde", "netto"))]),
        ("What is the largest Netto in Rechnungen Ausgang?", [max(r["netto"] for r in rech)]),
        ("How many hours in total are in the timesheets?", [total(time, "hours")]),
        ("How many hours did Ana Ruiz work according to the timesheets?", [total(where(time, employee="Ana Ruiz"), "hours")]),
        (
            "How many hours did Ben Cole work on Apollo in the timesheets?",
            [total(where(time, employee="Ben Cole", project="Apollo"), "hours")],
        ),
        (
            "How many hours were spent on the project Borealis in the timesheets?",
            [total(where(time, project="Borealis"), "hours")],
        ),
        ("Which employee has the most hours in the timesheets?", [most(by(time, "employee", "hours"))]),
        ("Which project has the most hours in the timesheets?", [most(by(time, "project", "hours"))]),
        ("How many hours were recorded in the timesheets in February 2026?", [total(where(time, month=2), "hours")]),
        (
            "How many hours did Cleo Park work in March 2026 according to the timesheets?",
            [total(where(time, month=3, employee="Cleo Park"), "hours")],
        ),
        ("What is the average number of hours per entry in the timesheets?", [mean(time, "hours")]),
        ("What is the overtime pay in total in the timesheets?", []),
        ("What is the total quantity in the inventory of Warehouse A?", [total(where(stock, sheet="Warehouse A"), "quantity")]),
        ("What is the total quantity in the inventory of Warehouse B?", [total(where(stock, sheet="Warehouse B"), "quantity")]),
        (
            "Which item has the highest unit price in the inventory of Warehouse A?",
            [top(where(stock, sheet="Warehouse A"), "price", "item")],
        ),
        (
            "Which item has the lowest quantity in the inventory of Warehouse B?",
            [low(where(stock, sheet="Warehouse B"), "quantity", "item")],
        ),
        (
            "How many items in the inventory of Warehouse B have a quantity below 100?",
            [sum(r["quantity"] < 100 for r in where(stock, sheet="Warehouse B"))],
        ),
        (
            "How many items in the inventory of Warehouse A have a quantity above 200?",
            [sum(r["quantity"] > 200 for r in where(stock, sheet="Warehouse A"))],
        ),
        ("What is the average temperature in the weather measurements?", [mean(weather, "temperature")]),
        ("What is the average rainfall in the weather measurements?", [mean(known, "rain")]),
        (
            "What is the highest temperature at the station Ridge in the weather measurements?",
            [max(r["temperature"] for r in where(weather, station="Ridge"))],
        ),
        ("What is the total rainfall at Harbour in the weather measurements?", [total(where(known, station="Harbour"), "rain")]),
        ("How many weather measurements are from Valley?", [len(where(weather, station="Valley"))]),
        ("How many weather measurements have a temperature below 0?", [sum(r["temperature"] < 0 for r in weather)]),
        ("What is the average wind speed in the weather measurements?", []),
        ("What is the lowest temperature in the weather measurements?", [min(r["temperature"] for r in weather)]),
        ("销售明细中金额合计是多少？", [total(sales, "amount")]),
        ("销售明细中电钻的数量总和是多少？", [total(where(sales, product="电钻"), "count")]),
        ("销售明细中华东地区的金额总和是多少？", [total(where(sales, region="华东"), "amount")]),
        ("销售明细中有多少条华南的记录？", [len(where(sales, region="华南"))]),
        ("销售明细中哪个产品的金额最高？", [most(by(sales, "product", "amount"))]),
        ("销售明细中平均金额是多少？", [mean(sales, "amount")]),
        ("销售明细中数量大于30的记录有多少条？", [sum(r["count"] > 30 for r in sales)]),
        ("销售明细中折扣的总和是多少？", []),
        ("员工工时表一月的工时合计是多少小时？", [total(where(hours, sheet="一月"), "hours")]),
        ("员工工时表二月中技术部有多少人？", [len(where(hours, sheet="二月", department="技术部"))]),
        ("员工工时表一月中工时最多的是谁？", [top(where(hours, sheet="一月"), "hours", "name")]),
        ("员工工时表二月的平均工时是多少？", [mean(where(hours, sheet="二月"), "hours")]),
        ("What is the total of the actual budget in expenses 2026?", [total(spent, "actual")]),
        ("What is the total of the plan in expenses 2026?", [total(spent, "plan")]),
        ("Which department has the highest plan in expenses 2026?", [top(spent, "plan", "department")]),
        ("Which department has the lowest actual in expenses 2026?", [low(spent, "actual", "department")]),
        (
            "What is the difference in actual between Sales and Legal in expenses 2026?",
            [
                abs(
                    int(str(where(spent, department="Sales")[0]["actual"]))
                    - int(str(where(spent, department="Legal")[0]["actual"]))
                )
            ],
        ),
        ("What is the average actual of the departments in expenses 2026?", [mean(spent, "actual")]),
        ("How many contracts are there?", [len(contracts)]),
        ("Which contract has the highest annual value?", [top(contracts, "value", "contract")]),
        ("What is the total annual value of the contracts?", [total(contracts, "value")]),
        ("How many contracts end in 2027?", [sum(r["end"].year == 2027 for r in contracts)]),
        ("How many contracts have an annual value of more than 7000?", [sum(r["value"] > 7000 for r in contracts)]),
        ("Which contract ends first?", [low(contracts, "end", "contract")]),
        ("How many web orders came from Norway?", [len(where(orders, country="Norway"))]),
        ("What is the sum of total of the web orders by Oak Books?", [total(where(orders, customer="Oak Books"), "total")]),
        ("How many items were in the web orders from Kenya?", [total(where(orders, country="Kenya"), "items")]),
        (
            "Which customer has the most web orders?",
            [most({c: Decimal(len(where(orders, customer=c))) for c in {r["customer"] for r in orders}})],
        ),
        ("How many machines of the plant are in Hall 2?", [len(where(machines, location="Hall 2"))]),
        ("What is the total power of the machines of the plant in Hall 1?", [total(where(machines, location="Hall 1"), "power")]),
        ("Which machine of the plant has the most downtime?", [top(machines, "downtime", "machine")]),
        ("How many machines of the plant were built after 2010?", [sum(r["year"] > 2010 for r in machines)]),
        ("办公用品库存中数量最多的是哪个名称？", [top(office, "quantity", "name")]),
        ("办公用品库存的数量总和是多少件？", [total(office, "quantity")]),
    ]


def main() -> None:
    """Write the files and the questions."""
    tables = make_records()
    write_files(tables)
    questions = make_questions(tables)
    lines = [
        json.dumps(
            {"id": f"own-{number}", "question": question, "answers": [str(answer) for answer in answers]}, ensure_ascii=False
        )
        for number, (question, answers) in enumerate(questions)
    ]
    (FOLDER / "questions.jsonl").write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
