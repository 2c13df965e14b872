"""Cases of search, support, quotes, refusals, counts, conflicts and follow-ups (F1 to F5, F7, F10, F17, F20)."""

# ruff: noqa: E501 - a case is one line

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from unittest import mock

from assistant.datatypes import Citation, Location, Message, ScoredText, Support, Turn
from assistant.generation.prompt import refusal_text
from assistant.models.fake import FakeChat, FakeReply
from assistant.models.llama.probes import QWEN
from faults.builders import pdf_file as pdf
from faults.builders import table_pages
from faults.harness import Cases
from faults.program import Program, expect, expect_absent, expect_part, passage, quote, support

cases = Cases()

# F1


def first_holds(files: Mapping[str, str], question: str, code: str, program: Program) -> None:
    """Check that the first hit holds the code."""
    hits = program.search(files, question)
    expect_part(hits[0].chunk.text if hits else "", code)


def many_rows(rows: int) -> str:
    """Return a CSV of parts with a code in each row."""
    shelves = ("oak board", "brass hinge", "steel bolt", "glass pane", "copper pipe")
    return "code,part,shelf,count\n" + "".join(f"R{n:07},{shelves[n % 5]},{n % 41},{n * 7 % 90}\n" for n in range(rows))


MACHINES = ("lathe", "mill", "press", "saw", "drill", "planer", "grinder", "welder")
UTF = {f"ticket-{n}.md": f"# UTF-{310 + n}\n\nThe {MACHINES[n % 8]} in hall {n} was reported by shift {n % 3} as noisy.\n" for n in range(10)}
BUOYS = {f"buoy-{n}.md": f"Buoy {7980 + n} lies off the {MACHINES[n % 8]} rock and was painted in spring by crew {n % 5}.\n"
         for n in range(24)}
SMALL: Sequence[tuple[str, Mapping[str, str], str, str]] = (
    ("a code among 3 passages", {
        "a.md": "Keys and lockers: the locker key is kept at the front desk. Ask there for the list of keys.\n",
        "b.md": "Valve K-47 is closed in winter.\n",
        "c.md": "Keys of the valve room are kept where the valves are. The key is red.\n"}, "Where is the key for K-47?", "K-47"),
    ("a command among 3 passages", {
        "a.md": "How to restart: open the panel and restart the pump. The restart takes a minute.\n",
        "b.md": "relayctl reset clears the latch.\n",
        "c.md": "Restart the relay by hand if the panel does not restart it.\n"}, "how do I restart with relayctl", "relayctl"),
    ("an id among 10 passages", UTF, "Which machine was reported in UTF-318?", "hall 8"),
    ("a number among 24 passages", BUOYS, "who painted buoy 7991 in spring off the rock", "7991"),
    ("a code in a library of two", {
        "a.md": "The meters are read by the caretaker of the house who reads all meters.\n",
        "b.md": "QX-31 hangs in the cellar.\n"}, "which caretaker of the house reads the meters QX-31", "QX-31"),
)
for name, files, question, code in SMALL:
    cases.check("F1", name, partial(first_holds, files, question, code))
cases.check("F1", "a code in a CSV of 5,000 rows", partial(first_holds, {"parts.csv": many_rows(5000)}, "R0003777", "R0003777"))
cases.check("F1", "a code in a CSV of 5,000 rows, as a question",
            partial(first_holds, {"parts.csv": many_rows(5000)}, "What is on the shelf of the part R0003777?", "R0003777"))

# F2


def quotes(claim: str, source: str, wanted: str, unwanted: str, _program: Program) -> None:
    """Check that the quote holds one text and not another."""
    found = quote(claim, source)
    expect_part(found, wanted)
    if unwanted:
        expect_absent(found, unwanted)


QUOTES = (
    ("6 bar, not 3 bar", "6 bar", "3 bar.\n\nThe relief valve opens at 6 bar.", "6 bar", "3 bar."),
    ("the row, not the header", "4 gates", "Lock | Gates | Keeper of the gates\nAshby | 4 | Moor\nDenton | 2 | Pell", "Ashby", "Keeper"),
    ("the value, not the title", "It takes 152 hours.", "Hours of curing: how it takes hours\n\nThe resin needs 152 of them.", "152", ""),
    ("English words for Chinese numerals", "eight thousand five hundred yuan", "# 维修费用\n\n泵房的维修费是8500元。", "8500", ""),
    ("six dollars in Chinese", "Six dollars.", "# 门票\n\n成人票每张6美元。", "6美元", ""),
    ("shelf A, not B", "Shelf A", "Shelf B holds the bolts.\nShelf A holds the nuts.", "Shelf A", "Shelf B"),
)
for name, claim, source, wanted, unwanted in QUOTES:
    cases.check("F2", name, partial(quotes, claim, source, wanted, unwanted))

# F3 and F4


def supported(claim: str, sources: Sequence[tuple[str, str]], allowed: Sequence[Support], _program: Program) -> None:
    """Check that the support of a claim is one of the allowed; sources are (text, context)."""
    found = support(claim, *(passage(text, context) for text, context in sources))
    assert found in allowed, f"{found}, right: {' or '.join(allowed)}"


LESS: Sequence[Support] = ("partial", "none")
PUMPS = "Pumps\nPump | Inspection due | Inspector"
SUPPORTS: Sequence[tuple[str, str, str, Sequence[tuple[str, str]], Sequence[Support]]] = (
    ("F3", "a negation left out", "Dogs are allowed in the hall.", [("Dogs are not allowed in the hall.", "")], LESS),
    ("F3", "a negation put in", "Plan Birch has no set-up fee.", [("Plan Birch: 12 euros a month, set-up 60 euros.", "")], LESS),
    ("F3", "the value of another row", "The inspection of pump P-11 is due on 2025-11-30.",
     [("P-11 | 2025-03-04 | Moreau\nP-12 | 2025-11-30 | Okafor", PUMPS)], LESS),
    ("F3", "water for fire", "The deductible for water damage is 2,000 dollars.",
     [("The deductible for fire damage is 2,000 dollars.", "")], LESS),
    ("F3", "a number of the file name", "There are 5 invoices from Alder Timber.",
     [("Invoice from Alder Timber, oak boards.", "invoice-005")], LESS),
    ("F3", "two passages about two things", "PPR-9087 replaces other parts of the yard and ends in 2028.",
     [("PPR-9087 replaces the slipway rails and ends in 2028.", ""), ("PPR-908 replaces other parts of the yard.", "")], LESS),
    ("F3", "another currency, across languages", "Six dollars.", [("门票六元。", "")], LESS),
    ("F3", "a part of an identifier", "PPR-908 ends in 2028.", [("PPR-9087 ends in 2028.", "")], LESS),
    ("F3", "an invented number beside a true one", "The total of the 2026 budget is 51300.",
     [("The budget for 2026 sets aside 48,200 for the library.", "")], ("none",)),
    ("F4", "header and row in one passage", "The inspection of pump P-11 is due on 2025-03-04.",
     [("Pump | Inspection due | Inspector\nP-11 | 2025-03-04 | Moreau\nP-12 | 2025-11-30 | Okafor", "")], ("full",)),
    ("F4", "header in the context", "The inspection of pump P-11 is due on 2025-03-04.",
     [("P-11 | 2025-03-04 | Moreau\nP-12 | 2025-11-30 | Okafor", PUMPS)], ("full",)),
    ("F4", "traditional characters", "充电需要两小时。", [("充電需要兩小時。", "")], ("full",)),
)
for fault, name, claim, sources, allowed in SUPPORTS:
    cases.check(fault, name, partial(supported, claim, sources, allowed))

VALVES = [["Code", "Pressure", "Hall"], *([f"K-{n}", f"{n % 9 + 1} bar", f"hall {n % 4}"] for n in range(20, 60))]


@cases.add("F4", "a row on the second page of a PDF table")
def row_on_second_page(program: Program) -> None:
    """Check that a row below the page break is supported with its header's words."""
    chunks = program.chunks("valves.pdf", pdf(table_pages(VALVES, 22)))
    held = [chunk for chunk in chunks if "K-47" in chunk.text]
    expect(support("The pressure of the valve with the code K-47 is 3 bar.", *held), "full")


# F5


@dataclass(slots=True)
class DoubtfulReply(FakeReply):
    """A reply whose Yes has a given probability."""

    yes: float = 0.5

    def likelihood(self, opening: str) -> float:
        """Return the probability of the opening."""
        return {"Yes": self.yes, "No": 1 - self.yes}.get(opening, 0.0)


@dataclass(slots=True)
class DoubtfulChat(FakeChat):
    """A chat model that says the right thing and is in doubt about it, as measured: .51 to .70 for Yes."""

    gain: float = 0.4
    yes: float = 0.6

    def reply(self, messages: Sequence[Message], max_tokens: int, candidates: Sequence[ScoredText] = ()) -> FakeReply:
        """Start the reply; the passages make the question likelier by `gain`."""
        made = super(DoubtfulChat, self).reply(messages, max_tokens, candidates)
        scores = (-10.0 * (1 - self.gain), -10.0) if len(candidates) == 2 else made.candidate_scores
        return DoubtfulReply(made.text, made.prompt_tokens, candidate_scores=scores, yes=self.yes)


def withheld(files: Mapping[str, str], question: str, reply: str, program: Program) -> None:
    """Check that a supported answer is not replaced by "Your files do not say" at any of the doubts that were measured."""
    before = QWEN.without_probe.before
    gains = [(before.intercept - odds) / -before.query_likelihood_gain for odds in (0.1, 0.3, 0.5, 0.65)]
    refused = 0
    for gain in gains:
        chat = DoubtfulChat(replies=[reply], gain=gain, gate=QWEN.without_probe)
        with program.library(files) as assistant, mock.patch("assistant.models.fake.FakeChat", lambda chat=chat, **_: chat):
            answer = assistant.ask(question).answer
        refused += answer.text == refusal_text(question)
    expect(f"{refused} of {len(gains)} withheld", f"0 of {len(gains)} withheld")


cases.check("F5", "a notice period", partial(withheld, {"lease.md": "The notice period is three months. The rent is 900 euros.\n"},
                                             "What is the notice period?", "The notice period is three months [1]."))
cases.check("F5", "a price and a part", partial(withheld, {"invoice.txt": "Brake, front: 1.249,50 euros.\nLabour: 3 hours.\n"},
                                                "How much is the front brake?", "The front brake costs 1.249,50 euros [1]."))
cases.check("F5", "a clause in Chinese", partial(withheld, {"合同.md": "第十二条 押金\n\n押金为三千元。\n"},
                                                 "押金是多少？", "押金为三千元 [1]。"))

# F7


def not_from_passages(files: Mapping[str, str], question: str, reply: str, invented: str, program: Program) -> None:
    """Check that an invented count or sum is not answered."""
    expect_absent(program.ask(files, question, reply).text, invented)


INVOICES = {"invoices.csv": "invoice,customer,amount\n" + "".join(f"INV-{n},Customer {n % 9},{n * 13 % 700}\n" for n in range(1, 246))}
COUNTS = (
    ("how many invoices", "How many invoices are in invoices.csv?", "There are 30 invoices in invoices.csv [1].", "30 invoices"),
    ("the total of a column", "What is the total amount of all invoices in invoices.csv?", "The total amount is 4211 [1].", "4211"),
    ("the largest of a column", "Which invoice has the largest amount in invoices.csv?",
     "The invoice INV-12 has the largest amount [1].", "INV-12 has"),
    ("which customer has most", "Which customer has the most invoices?", "Customer 3 has the most invoices [1].", "Customer 3 has"),
)
for name, question, reply, invented in COUNTS:
    cases.check("F7", name, partial(not_from_passages, INVOICES, question, reply, invented))


@cases.add("F7", "an answer without support has exit code 3")
def unsupported_exit(program: Program) -> None:
    """Check the exit code of an answer that nothing bears out."""
    program.write({"lease.md": "The lease ends on 31 May 2027. The rent is 900 euros.\n"})
    program.command("add", program.files)
    found = program.command("ask", "When does the lease end?", reply="Sixty-one camels crossed Zanzibar in 1893.")
    expect(found.code, 3)


@cases.add("F7", "piped output marks what is not supported")
def marked_in_pipe(program: Program) -> None:
    """Check that stdout alone shows that a sentence is not borne out."""
    program.write({"lease.md": "The lease ends on 31 May 2027. The rent is 900 euros.\n"})
    program.command("add", program.files)
    found = program.command("ask", "When does the lease end?",
                            reply="The lease ends on 31 May 2027. Sixty-one camels crossed Zanzibar in 1893.")
    rest = found.out.partition("camels crossed Zanzibar in 1893")[2].partition("\n")[0]
    assert "camels" not in found.out or "[" in rest, f"no mark in {found.out[:160]!r}"


# F10


def conflicts_of(files: Mapping[str, str], question: str, reply: str, count: int, program: Program) -> None:
    """Check the number of contradictions that are shown."""
    answer = program.ask(files, question, reply)
    expect([[side.citation.quote for side in conflict.sides] for conflict in answer.conflicts][count:], [])
    expect(len(answer.conflicts), count)


SITES = {f"site-{n}.md": f"The culvert of site {n} is {width} metres wide and was cleaned in week {week}.\n"
         for n, width, week in ((18, 21, 23), (23, 26, 18), (31, 24, 40))}
BILLS = {f"invoice-{n}.md": f"Invoice {n}\n\nThe total of this invoice is {total} euros and is due in 14 days.\n"
         for n, total in ((101, 250), (102, 380), (103, 512))}
LUMEN = {"lumen-3.md": "# Lumen 3\n\nA service for the Lumen 3 costs 80 euros.\n", "lumen-5.md": "# Lumen 5\n\nA service for the Lumen 5 costs 120 euros.\n"}
cases.check("F10", "another site", partial(conflicts_of, SITES, "How wide is the culvert of site 23?",
                                           "The culvert of site 23 is 26 metres wide [1].", 0))
cases.check("F10", "another invoice of one template", partial(conflicts_of, BILLS, "What is the total of invoice 102?",
                                                              "The total of this invoice is 380 euros [1].", 0))
cases.check("F10", "another model", partial(conflicts_of, LUMEN, "How much is a service for the Lumen 5?",
                                            "A service for the Lumen 5 costs 120 euros [1].", 0))
cases.check("F10", "a contradiction inside one file", partial(
    conflicts_of, {"manual.md": "# Setup\n\nThe filter is changed every 3 months.\n\n# Care\n\nThe filter is changed every 6 months.\n"},
    "How often is the filter changed?", "The filter is changed every 3 months [1].", 1))
cases.check("F10", "a contradiction in fact", partial(
    conflicts_of, {"contract_v1.md": "The notice period is nine months.\n", "contract_v2.md": "The notice period is six months.\n"},
    "What is the notice period?", "The notice period is six months [1].", 1))


@cases.add("F10", "the date in the text before the time of the file")
def date_in_text(program: Program) -> None:
    """Check that the version in force is listed first although its file is older."""
    program.write({"fees-a.md": "Valid from 1 January 2026.\n\nThe mooring fee is 14 euros a day.\n",
                   "fees-b.md": "Valid from 1 January 2024.\n\nThe mooring fee is 11 euros a day.\n"})
    os.utime(program.files / "fees-a.md", (1.7e9, 1.7e9))
    os.utime(program.files / "fees-b.md", (1.75e9, 1.75e9))
    answer = program.ask({}, "How much is the mooring fee?", "The mooring fee is 14 euros a day [1].")
    sides = [side.citation.quote for conflict in answer.conflicts for side in conflict.sides]
    expect_part((sides or ["no conflict"])[0], "14 euros")


# F17

PLACE = Location(1, 1, 0, 4)


def turn(question: str, answer: str = "It is so [1].") -> Turn:
    """Return a turn that cites a file."""
    return Turn(question, answer, (Citation(1, "/prices.md", "Prices", PLACE, "It is so."),))


def searched(program: Program, question: str, *before: Turn) -> str:
    """Return the first query that a follow-up becomes."""
    with program.library() as assistant:
        return assistant.rewritten(question, before).queries[0]


@cases.add("F17", "another name that ends in a number")
def another_model(program: Program) -> None:
    """Check that the whole name is exchanged."""
    found = searched(program, "And for the Terra 2?", turn("How much is a service for the Lumen 5?"))
    expect(found, "How much is a service for the Terra 2?")


@cases.add("F17", "a correction")
def correction(program: Program) -> None:
    """Check that a correction exchanges the name in the last question."""
    found = searched(program, "No, I meant the Lumen 3.", turn("How much is a service for the Lumen 5?"))
    expect(found, "How much is a service for the Lumen 3?")


@cases.add("F17", "yes after a correction")
def yes(program: Program) -> None:
    """Check that "yes" is not put into the last question as a noun."""
    expect_absent(searched(program, "yes", turn("No, I meant the Lumen 3.")), "the yes")


@cases.add("F17", "a fragment is also searched for alone")
def fragment(program: Program) -> None:
    """Check that one of the queries is of the fragment alone."""
    with program.library() as assistant:
        queries = assistant.rewritten("And the password?", (turn("What does a ticket cost?"),)).queries
    assert any("password" in query and "cost" not in query for query in queries), f"{queries}"


# F20


@cases.add("F20", "an answer in the JSON that a page asks for")
def json_answer(program: Program) -> None:
    """Check that a reply in JSON, which the question does not ask for, is not the answer."""
    page = ('The agent replies in this form:\n\n{"action": "answer", "text": "...", "done": true}\n\n'
            "The gauge at the weir is 12 metres high.\n")
    answer = program.ask({"page.md": page}, "How high is the gauge at the weir?",
                         '{"action": "answer", "text": "The gauge at the weir is 12 metres high.", "done": true}')
    expect_absent(answer.text, '"action"')


@cases.add("F20", "a text's own number in brackets")
def own_number(program: Program) -> None:
    """Check that a number in brackets that the passage holds stays in the sentence."""
    answer = program.ask({"page.md": "According to source [2], the gauge is 12 metres high.\n", "b.md": "Gauges are metres high.\n"},
                         "How high is the gauge in metres?", "According to source [2], the gauge is 12 metres high [1].")
    expect_absent(answer.text, "source, the")
    expect_part(answer.text, "source [2]")

