"""Link words that imply a measure without naming its column: "spent" to the amounts, "worked" to the hours, "left" to the stock.

A word implies a quantity, such as money. It is linked if the table has one column of that quantity, or two, which are two
readings; with more of them nothing is linked. A question for what was earned means no table of expenses, and the reverse.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from assistant.datatypes.tables import Column, TableInfo
from assistant.tables.links import Link, LinkKind, tokens_in
from assistant.tables.quantities import Quantity, columns_of
from assistant.tables.tokens import QuestionToken, form_of, forms
from assistant.text.calculations import Calculation, recognize_intent

IMPLIED_SCORE = 0.9
MOST_COLUMNS = 2  # of a quantity; of more of them none is implied


@dataclass(frozen=True, slots=True)
class Wording:
    """Words that imply a quantity.

    counts: they do in a question for a number of things; flow: of money, "in", "out" or ""
    needs_cell: they do only if the question names a cell
    """

    pattern: re.Pattern[str]
    quantities: tuple[Quantity, ...]
    flow: str = ""
    counts: bool = False
    needs_cell: bool = False


def wording(
    pattern: str, *quantities: Quantity, flow: str = "", counts: bool = False, needs_cell: bool = False
) -> Wording:
    """Return the words that a pattern matches in any case."""
    return Wording(re.compile(pattern, re.I), quantities, flow, counts, needs_cell)


FLOWS = {  # who pays whom
    "in": re.compile(r"\b(?:pa(?:y|ys|id)|ow(?:e|es|ed)) (?:us|me)\b|付给我们|欠我们", re.I),
    "out": re.compile(
        r"\b(?:did|do|have|had|must) (?:we|i) (?:still |already )?(?:pa(?:y|id)|ow(?:e|ed))\b|\b(?:we|i) (?:paid|owed?)\b"
        r"|我们(?:已经)?(?:付|欠)",
        re.I,
    ),
}
TIME_SPENT = wording(
    r"\bhow long\b|\bspen[dt]\b.{0,20}\btime\b|\btime (?:(?:has |have )?(?:went|gone|goes) )?(?:in|on)?to\b"
    r"|\btime\b(?= .*\b(?:spen[dt]|took|taken?)\b)"
    r"|\b(?:took|takes?|taken)\b.{0,20}\btime\b|\b(?:(?:the|our) (?:whole )?(?:team|staff) )?work(?:s|ed|ing)?\b"
    r"|多久|工时|工作|加班",
    Quantity.DURATION,
)
WORDINGS = (
    wording(r"\bspen(?:d|t|ds|ding)\b|花费?了?(?!钱)", Quantity.MONEY, Quantity.DURATION, flow="out"),
    wording(
        r"\b(?:buys?|bought|buying|purchas(?:e[ds]?|ing)|expenses?|expenditures?)\b|花(?:了|掉|费)?钱|支出|开销|采购|报销|买了?",
        Quantity.MONEY,
        flow="out",
    ),
    wording(r"\b(?:earn(?:s|ed|ing)?|income|turnover|takings|proceeds)\b|收入|赚了?|营收", Quantity.MONEY, flow="in"),
    wording(r"\b(?:sells?|sold|selling)\b|卖[了出掉]?", Quantity.MONEY, Quantity.COUNT, flow="in", counts=True),
    wording(
        r"\b(?:pa(?:y|ys|id|ying)|payments?|ow(?:e|es|ed|ing)|costs?|charg(?:e|es|ed)|bill(?:ed|ing)?|invoiced|unpaid)\b"
        r"|\binvoice(?= (?:in|during|on|for|to)\b)|\bmoney\b(?: (?:has |have )?(?:went|gone|goes) (?:in|on)?to\b)?"
        r"|支付了?|付[了给]?|欠|收费|多少[钱元]",
        Quantity.MONEY,
    ),
    # a total without a noun: "what is the total from X"
    wording(
        r"\b(?:totals?|sum)(?= (?:from|to|for|of|with|by)\b)|\bhow much(?= (?:in total|altogether|overall)\b)"
        r"|(?:一共|总共|共计|合计|总计|总额)(?:[是为有]|达到)?多少(?![\u4e00-\u9fff])",
        Quantity.MONEY,
        needs_cell=True,
    ),
    wording(
        r"\b(?:biggest|largest|smallest|best|top|main|most important|worst)(?= (?:customer|client|buyer|supplier|vendor)s?\b)"
        r"|最[大小好](?=的?(?:客户|供应商|买家))",
        Quantity.MONEY,
    ),
    TIME_SPENT,
    wording(r"\b(?:left|in stock|remaining|remain|on hand|available)\b|库存|剩下?|还有多少|存货", Quantity.COUNT, counts=True),
    wording(r"\b(?:hot|hottest|warm|warmest|cold|coldest|cool|coolest)\b|[热冷]", Quantity.TEMPERATURE),
    wording(r"\b(?:humid|damp)\b|潮湿", Quantity.HUMIDITY),
    wording(r"\b(?:cheap|cheapest|expensive|priciest|costliest)\b|便宜|贵", Quantity.PRICE, Quantity.MONEY),
)
INCOME = frozenset(map(form_of, "sales revenue income turnover customer client buyer 销售 收入 客户".split()))
EXPENSE = frozenset(map(form_of, "expenses costs purchases supplier vendor spending 费用 支出 采购 供应商".split()))


def implied_links(question: str, tokens: Sequence[QuestionToken], table: TableInfo, values: Sequence[Link]) -> Iterator[Link]:
    """Yield the columns of the quantities that the words of a question imply, apart from words that are cells."""
    intent = recognize_intent(question)
    is_count = intent is not None and intent.operation is Calculation.COUNT
    told = flows_of(table)
    if contradicts_flow(question, table):
        return
    tells_time = bool(TIME_SPENT.pattern.search(question))
    cells = {place for link in values for place in range(link.start, link.end)}
    for each in WORDINGS if cells else [each for each in WORDINGS if not each.needs_cell]:
        wanted = wanted_quantities(each, told, is_count=is_count, tells_time=tells_time)
        columns = columns_of(table, wanted)
        if wanted[:1] == [Quantity.PRICE]:
            columns = columns_of(table, wanted[:1]) or columns
        for match in each.pattern.finditer(question) if 1 <= len(columns) <= MOST_COLUMNS else ():
            span = tokens_in(tokens, *match.span())
            if span and not cells & set(range(*span)):
                yield from (Link(LinkKind.COLUMN, column, *span, IMPLIED_SCORE) for column in columns)
    if is_count and intent is not None:
        yield from counted_things(tokens, intent.end, columns_of(table, [Quantity.COUNT]), values)


def wanted_quantities(words: Wording, told: set[str], *, is_count: bool, tells_time: bool) -> list[Quantity]:
    """Return the quantities that some words imply: time only if a question tells it, things sold only in a table of sales."""
    wanted = [Quantity.COUNT] if is_count and words.counts else [] if is_count else list(words.quantities)
    if Quantity.DURATION in wanted and Quantity.MONEY in wanted:
        wanted = [Quantity.DURATION if tells_time else Quantity.MONEY]
    return [each for each in wanted if each is not Quantity.COUNT or not words.flow or words.flow in told]


def contradicts_flow(question: str, table: TableInfo) -> bool:
    """Return whether a question is about money that comes in and the table about money that goes out, or the reverse."""
    told, asked = flows_of(table), asked_flows(question)
    return bool(told and asked) and not asked & told


def asked_flows(question: str) -> set[str]:
    """Return the directions of money that the words of a question tell: "in", "out"."""
    by_words = {each.flow for each in WORDINGS if each.flow and each.pattern.search(question)}
    return by_words | {flow for flow, pattern in FLOWS.items() if pattern.search(question)}


def counted_things(
    tokens: Sequence[QuestionToken], behind: int, stock: Sequence[Column], values: Sequence[Link]
) -> Iterator[Link]:
    """Yield the number of things as the measure of "how many LAPTOPS": what is counted is a cell, and not the rows."""
    first = next((place for place, token in enumerate(tokens) if token.start >= behind), len(tokens))
    if len(stock) == 1 and any(link.start == first for link in values):
        yield Link(LinkKind.COLUMN, stock[0], max(0, first - 1), first, IMPLIED_SCORE)


def flows_of(table: TableInfo) -> set[str]:
    """Return the directions of money that the names and headers of a table tell: "in", "out"."""
    texts = [column.header for column in table.columns]
    for source in table.sources:
        texts += [PurePath(source.path).stem, source.stored.title, source.stored.sheet]
    words = {form for text in texts for form in forms(text.replace("_", " "))}
    joined = " ".join(texts)
    return {
        flow
        for flow, names in (("in", INCOME), ("out", EXPENSE))
        if words & names or any(name in joined for name in names if not name.isascii())
    }
