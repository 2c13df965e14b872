"""Cases of reading files and of the places that are cited (F8, F9, F11 to F15)."""

# ruff: noqa: E501 - a case is one line

from __future__ import annotations

import base64
import json
import os
import random
from functools import partial

from faults.builders import (
    EURO,
    PERCENT,
    paragraph,
    pdf_file,
    prose_page,
    slides_file,
    table_pages,
    word_file,
    word_table,
    workbook,
)
from faults.harness import Cases
from faults.program import Program, expect, expect_absent, expect_part, quote

cases = Cases()

# F8

VALVES = [["Code", "Pressure", "Hall"], *([f"K-{n}", f"{n % 9 + 1} bar", f"hall {n % 4}"] for n in range(20, 60))]


@cases.add("F8", "the header of a PDF table behind the page break")
def header_behind_break(program: Program) -> None:
    """Check that the passage of a row on the second page has the table's header in its context."""
    chunks = program.chunks("valves.pdf", pdf_file(table_pages(VALVES, 22)))
    expect_part(next(chunk.context for chunk in chunks if "K-47" in chunk.text), "Pressure")


@cases.add("F8", "the rows of a PDF table are rows")
def rows_of_pdf(program: Program) -> None:
    """Check that the extraction knows the table."""
    expect(len(program.extraction("valves.pdf", pdf_file(table_pages(VALVES, 60))).tables), 1)


# F9

WRAPPED = ("Boiler A has a gauge.\nBoiler B. Its safety valve opens at\n6 bar. The gauge is read\nevery morning by the\nwatch, who notes it in\nthe book.")
ROWS = "Oak board for the north landing,14,in stock now\nBrass hinge for the boat house,60,in stock now\nGlass pane for the ticket room,22,on order then\n"


@cases.add("F9", "a sentence over two short lines")
def wrapped_sentence(_program: Program) -> None:
    """Check that the quote is the whole sentence."""
    expect_part(" ".join(quote("The safety valve of boiler B opens at 6 bar.", WRAPPED).split()), "Its safety valve opens at 6 bar")


@cases.add("F9", "one row of a CSV")
def one_row(program: Program) -> None:
    """Check that one row is quoted, not all of them."""
    (chunk,) = program.chunks("stock.csv", "part,count,state\n" + ROWS)
    found = quote("There are 60 brass hinges.", chunk)
    expect_part(found, "Brass hinge")
    expect_absent(found, "Oak")


@cases.add("F9", "one row of a PDF table")
def one_pdf_row(program: Program) -> None:
    """Check that one row of a PDF table is quoted."""
    rows = [[f"pump station number {n}", f"{n * 3} litres a day", "kept in the yard"] for n in range(20, 30)]
    chunk = program.chunks("pumps.pdf", pdf_file(table_pages(rows, 40)))[0]
    found = quote("Pump station number 24 has 72 litres a day.", chunk)
    expect_part(found, "72")
    expect_absent(found, "69")


# F11


def found_by_keyword(text: str, question: str, program: Program) -> None:
    """Check that the keyword search finds a text."""
    files = {"a.md": text, "b.md": "Quite another thing stands here.\n"}
    assert program.keyword_hits(files, question), "no keyword of the question was found"


SPELLINGS = (
    ("a soft hyphen", "The lubri\u00adcation interval is 400 hours.\n", "lubrication"),
    ("a zero width space", "The lubri\u200bcation interval is 400 hours.\n", "lubrication"),
    ("a word joiner", "The lubri\u2060cation interval is 400 hours.\n", "lubrication"),
    ("traditional characters", "颱風來襲時關閉閘門。\n", "台风"),
    ("a compound with a hyphen", "The back-up generator runs on diesel.\n", "backup"),
    ("a compound without a hyphen", "The backup generator runs on diesel.\n", "back-up"),
    ("ß", "Die Straße ist gesperrt.\n", "Strasse"),
)
for name, text, question in SPELLINGS:
    cases.check("F11", name, partial(found_by_keyword, text, question))

# F12


def read_or_noted(name: str, content: bytes, text: str, note: str, program: Program) -> None:
    """Check that a text was read, or that the ledger says that such things were not."""
    extraction = program.extraction(name, content)
    notes = " ".join(extraction.notes).lower()
    assert text in extraction.text or any(word in notes for word in note.split("|")), f"neither {text!r} in the text nor {note!r} in the notes {notes!r}"


FORM = pdf_file([prose_page(["Application", "Name of the applicant:"])], (
    "<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (Hanna Voss) /Rect [200 700 400 720] >>",),
    "/AcroForm << /Fields [4 0 R] >>", "/Annots [4 0 R]")
COMMENT = pdf_file([prose_page(["The draft of the agreement."])], (
    "<< /Type /Annot /Subtype /Text /Contents (Clause four must go.) /Rect [200 700 220 720] >>",), "", "/Annots [4 0 R]")
TYPED = pdf_file([prose_page(["Delivery note"])], (
    "<< /Type /Annot /Subtype /FreeText /Contents (Received 14 pallets) /DA (/Helv 11 Tf) /Rect [200 600 400 620] >>",), "", "/Annots [4 0 R]")
LEFT_OUT = (
    ("form values of a PDF", "form.pdf", FORM, "Hanna Voss", "form"),
    ("comments of a PDF", "comment.pdf", COMMENT, "Clause four", "comment|annotation"),
    ("typewriter text of a PDF", "typed.pdf", TYPED, "14 pallets", "annotation|free text|typewriter|comment"),
    ("the header of a Word document", "letter.docx", word_file(paragraph("The body."), "Reference LX-204"), "LX-204", "header"),
    ("formulas without a value", "sums.xlsx", workbook({"A1": "Item", "B1": "Sum", "A2": "Oak", "B2": "=B3*2"}), "B3*2", "formula"),
    ("a hidden sheet is named as hidden", "prices.xlsx", workbook({"A1": "Price", "A2": 24.9}, {"A1": "Old", "A2": 19.9}, hidden=2),
     "(hidden)", "hidden"),
)
for name, file, content, text, note in LEFT_OUT:
    cases.check("F12", name, partial(read_or_noted, file, content, text, note))

# F13


@cases.add("F13", "a cited file that was changed since it was added")
def changed_since(program: Program) -> None:
    """Check that an answer says that its file has changed."""
    program.write({"lease.md": "The rent is 900 euros a month.\n"})
    program.command("add", program.files)
    (program.files / "lease.md").write_text("The rent is 950 euros a month from now on.\n", "utf-8")
    os.utime(program.files / "lease.md", (1.9e9, 1.9e9))
    expect_part(program.command("ask", "How much is the rent?", reply="The rent is 900 euros a month [1].").both.lower(), "change")


@cases.add("F13", "a cited file that was deleted since it was added")
def deleted_since(program: Program) -> None:
    """Check that an answer says that its file is gone."""
    program.write({"lease.md": "The rent is 900 euros a month.\n"})
    program.command("add", program.files)
    (program.files / "lease.md").unlink()
    said = program.command("ask", "How much is the rent?", reply="The rent is 900 euros a month [1].").both.lower()
    assert any(word in said for word in ("deleted", "gone", "no longer", "missing", "not there", "removed", "does not exist")), said[:160]


@cases.add("F13", "the heading of the quoted line")
def heading_of_quote(program: Program) -> None:
    """Check that the citation has the heading under which its quote stands."""
    text = "# Harbour\n\n## Mooring fee\n\nThe mooring fee is 14 euros a day.\n\n## Notes\n\nThe papers are kept by the office.\n"
    for question, reply, heading, other in (
        ("How much is the mooring fee?", "The mooring fee is 14 euros a day [1].", "Mooring fee", "Notes"),
        ("Who keeps the papers?", "The papers are kept by the office [1].", "Notes", "Mooring fee"),
    ):
        found = program.ask({"harbour.md": text}, question, reply).citations[0].location.heading or ""
        expect_part(found, heading)
        expect_absent(found, other)


@cases.add("F13", "the line in JSON on one line")
def line_of_json(program: Program) -> None:
    """Check that what stands on the only line of a file is cited with line 1."""
    content = json.dumps({"name": "weir", "gauges": [{"id": f"G{n}", "height": f"{n} metres high"} for n in range(30)]})
    answer = program.ask({"gauges.json": content}, "How high is gauge G27?", "It is 27 metres high [1].")
    place = answer.citations[0].location
    expect((place.line_start, place.line_end), (1, 1))


@cases.add("F13", "a sentence over a page break")
def over_page_break(program: Program) -> None:
    """Check that number and subject of one sentence are in one passage."""
    first = [f"Line {n} of the report tells about the yard." for n in range(30)] + ["The deposit for the boat shed at Tolne amounts to"]
    second = ["15,500 pounds and is paid in May.", *(f"Line {n} of the second page." for n in range(20))]
    chunks = program.chunks("report.pdf", pdf_file([prose_page(first), prose_page(second)]))
    assert any("boat shed at Tolne" in chunk.searchable and "15,500" in chunk.searchable for chunk in chunks), "in two passages"


@cases.add("F13", "the title of a presentation without one")
def title_of_slides(program: Program) -> None:
    """Check that a later slide's title is not that of the presentation."""
    title = program.document("budget talk.pptx", slides_file([("", "Budget of the yard"), ("", "Numbers"), ("Any questions?", "")])).title
    expect_absent(title, "questions")


# F14

NUMBERS = workbook({"A1": "Account", "B1": "Owner", "A2": 4929000000005678, "B2": "Ann"})
SHARES = workbook({"A1": "Item", "B1": "Share", "A2": "Oak", "B2": (PERCENT, 0.185)})
PRICES = workbook({"A1": "Item", "B1": "Price", "A2": "Oak", "B2": (EURO, 1249.5)})
MERGED = workbook({"A1": "Yard", "B1": "Crane", "A2": "Tolne", "B2": "C-1", "B3": "C-2", "A4": "Ardlea", "B4": "C-3"}, merged="A2:A3")
MERGED_WORD = word_file(word_table([["Yard", "Crane"], ["Tolne", "C-1"], ["^", "C-2"], ["Ardlea", "C-3"]]))


def holds(name: str, content: bytes, wanted: str, program: Program) -> None:
    """Check that a text is extracted."""
    expect_part(program.extraction(name, content).text, wanted)


def line_holds(name: str, content: bytes, key: str, wanted: str, program: Program) -> None:
    """Check that the line with a key holds a text."""
    lines = program.extraction(name, content).text.splitlines()
    expect_part(next((line for line in lines if key in line), ""), wanted)


cases.check("F14", "a whole number of 16 digits", partial(holds, "a.xlsx", NUMBERS, "4929000000005678"))
cases.check("F14", "a percent format", partial(holds, "a.xlsx", SHARES, "18.5"))
cases.check("F14", "a currency format", partial(holds, "a.xlsx", PRICES, "€"))
cases.check("F14", "merged cells of a sheet", partial(line_holds, "a.xlsx", MERGED, "C-2", "Tolne"))
cases.check("F14", "merged cells of a Word table", partial(line_holds, "a.docx", MERGED_WORD, "C-2", "Tolne"))


@cases.add("F14", "the header of a CSV with sep=;")
def sep_line(program: Program) -> None:
    """Check that the header below `sep=;` is that of the table."""
    chunks = program.chunks("a.csv", "sep=;\nitem;price\n" + "".join(f"item {n};{n}\n" for n in range(200)))
    expect_part(chunks[-1].context, "price")


@cases.add("F14", "one bad byte in a short UTF-8 file")
def bad_byte(program: Program) -> None:
    """Check that the rest of the file is read as UTF-8."""
    expect_part(program.extraction("a.txt", "Die Gebühr beträgt vier Euro.".encode() + b"\xff\n").text, "Gebühr beträgt")


@cases.add("F14", "one NUL in a short ASCII file")
def one_nul(program: Program) -> None:
    """Check that the rest of the file is read as it is."""
    expect_part(program.extraction("a.txt", b"The rent is 900 euros\x00 a month.\n").text, "The rent is 900 euros")


# F15

PICTURE = base64.b64encode(random.Random(7).randbytes(60_000)).decode()
URI = f"data:image/png;base64,{PICTURE}"
NOTEBOOK = {"cells": [{"cell_type": "markdown", "metadata": {}, "source": [f"The yard. ![crane]({URI})"]}], "metadata": {}, "nbformat": 4,
            "nbformat_minor": 5}


def few_chunks(name: str, content: str, program: Program) -> None:
    """Check that a picture does not become passages, and that the text beside it does."""
    chunks = program.chunks(name, content)
    expect_part(" ".join(chunk.text for chunk in chunks), "The yard")
    assert len(chunks) < 5, f"{len(chunks)} passages"


cases.check("F15", "Markdown", partial(few_chunks, "a.md", f"The yard.\n\n![crane]({URI})\n"))
cases.check("F15", "HTML", partial(few_chunks, "a.html", f'<p>The yard. <img src="{URI}"></p><p>{URI}</p>'))
cases.check("F15", "a notebook", partial(few_chunks, "a.ipynb", json.dumps(NOTEBOOK)))
cases.check("F15", "JSON", partial(few_chunks, "a.json", json.dumps({"text": "The yard", "picture": URI})))
