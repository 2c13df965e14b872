"""Recognise that a question asks for a computation over rows, and which: count, sum, extreme, order and so on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from assistant.text.calculations.vocabulary import AVERAGE_WORD, MEAN_NOUN, MEASURE_WORD, MONEY_VERB, MONEY_ZH, NOT_A_NAME


class Calculation(StrEnum):
    """What a question asks to compute."""

    COUNT = "count"
    SUM = "sum"
    AVERAGE = "average"
    MAXIMUM = "maximum"
    MINIMUM = "minimum"
    DIFFERENCE = "difference"
    SHARE = "share"
    COMPARE = "compare"
    FIRST = "first"
    LAST = "last"
    NEXT = "next"
    PREVIOUS = "previous"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Intent:
    """The operation that a question asks for, and the span of the words that say so.

    is_distinct: different values are counted; limit: of "the top three", 0 if none; is_strong: the words can hardly mean
    anything but a computation
    """

    operation: Calculation
    start: int
    end: int
    is_distinct: bool = False
    limit: int = 0
    is_strong: bool = True


HIGH = (
    r"(?:highest|largest|biggest|greatest|maximum|max|most|longest|tallest|heaviest|oldest|fastest|best|strongest|widest|deepest"
    r"|richest|busiest|priciest|most expensive|highest[- ]paid|highest[- ]paying|latest|newest|most recent|costliest|hottest"
    r"|warmest|wettest)"
)
LOW = (
    r"(?:lowest|smallest|least|minimum|min|fewest|shortest|lightest|youngest|slowest|worst|weakest|narrowest|cheapest|poorest"
    r"|least expensive|earliest|shallowest|coldest|coolest|driest)"
)
COUNTED = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
    "十": 10,
}
MOST_INTENTS = 5
FEW = rf"(?:{'|'.join(COUNTED)}|\d{{1,3}})"
REACHED = r"(?:did|does|has|have)\b.{0,30}\b(?:get|got|gotten|become|rise|fall|drop)\b"
PATTERNS: tuple[tuple[Calculation, bool, re.Pattern[str]], ...] = tuple(
    (operation, strong, re.compile(pattern, re.I))
    for operation, strong, pattern in (
        (
            Calculation.DIFFERENCE,
            True,
            r"\bdifferences? (?:in|between|of)\b|\bhow (?:many|much) (?:more|fewer|less|longer|higher|larger|taller"
            r"|older|greater|bigger|heavier|lower)\b|\bdiffers? by\b|\b(?:by )?how much did\b.{1,60}\b(?:grow|change|fall|rise)"
            r"|相差|差多少|差额|之差|多出?多少|少多少|比.{1,20}(?:多|少|高|低)多少",
        ),
        (
            Calculation.SHARE,
            True,
            r"\b(?:what|which) (?:share|percentage|percent|proportion|fraction) of\b|\bwhat (?:%|per cent) of\b|占比|百分之几"
            r"|所占比例"
            r"|占.{0,12}(?:比例|多少)",
        ),
        (
            Calculation.AVERAGE,
            True,
            rf"\b(?:{AVERAGE_WORD}|avg\.?)\b|(?<!does )(?<!did )\bmean (?:of|{MEAN_NOUN})\b|平均",
        ),
        (
            Calculation.COUNT,
            True,
            r"\bhow many (?:different|distinct|unique)\b|\bnumber of (?:different|distinct|unique)\b"
            r"|(?:多少|几)(?:种|类)(?:不同)?",
        ),
        (Calculation.COUNT, True, r"\b(?:total )?(?:amounts?|numbers?) of times\b"),
        (
            Calculation.SUM,
            True,
            r"\b(?:sum|total amount|total value|combined (?:total|number|amount)|total sum|grand total) of\b"
            r"|\bin total\b|\baltogether\b|\ball together\b|\bcombined\b|\badd(?:ed)? up\b|\bhow much\b.{0,60}\b(?:total"
            r"|altogether|overall)\b"
            r"|\bwhat (?:is|are|was|were|'s)(?: the| our| my)? (?:overall |combined )?total\b(?! number of\b)|^total\b|\btotal "
            r"(?!number\b)\w+"
            r"|合计|总共.{0,20}(?:多少|几)(?:元|钱)|(?:一共|总共|共计)[是为]?多少(?![\u4e00-\u9fff])"
            r"|总额|总和|总金额|总数量|总量|总收入|总成本|总工时|总销|一共.{0,12}(?:花|支付|付|销售|收入|用)",
        ),
        (
            Calculation.COUNT,
            True,
            rf"\bhow many\b|{NOT_A_NAME}\b(?:total )?(?:number|count|nr\.?|quantity) of\b"
            r"|\bhow often\b|\bcount (?:the|of|all)\b|\btotal number\b"
            rf"|\bamounts? of times\b|(?:多少|几){MEASURE_WORD}"
            r"|数量是多少|个数|总数|有多少",
        ),
        (
            Calculation.NEXT,
            False,
            r"\b(?:right|directly|immediately|just)? ?(?:after|following|next after|succeeded|succeeds|next to|below|next)\b"
            r"|之后|下一",
        ),
        (
            Calculation.PREVIOUS,
            False,
            r"\b(?:right|directly|immediately|just)? ?(?:before|previous(?:ly)?|prior|preceded|precedes|preceding|above)\b"
            r"|之前|上一",
        ),
        (
            Calculation.MAXIMUM,
            False,
            rf"\b{HIGH}\b|\btop {FEW}\b|\btop\b|\bmore than any\b|最(?:高|大|多|长|贵|好|晚|新|快|重|远)|前{FEW}",
        ),
        (Calculation.MINIMUM, False, rf"\b{LOW}\b|\bbottom {FEW}\b|最(?:低|小|少|短|便宜|差|早|慢|轻|近)"),
        (Calculation.FIRST, False, r"\bfirst\b|\b(?:at|on) the (?:very )?top\b|第一"),
        (Calculation.LAST, False, r"\blast\b|\bfinal\b|\b(?:at|on) the (?:very )?bottom\b|最后"),
        (
            Calculation.COMPARE,
            False,
            r"\b(?:more|less|fewer|larger|higher|longer|bigger|greater|older|taller|heavier|lower|smaller|shorter|better|worse"
            r"|faster|earlier|later)\b.{0,80}\b(?:or|than|between)\b|\bcompare\b|(?:更|比较)(?:多|少|高|低|大|小|贵|便宜)|还是",
        ),
        (Calculation.MAXIMUM, False, rf"\bhow (?:hot|warm|humid|high) {REACHED}"),
        (Calculation.MINIMUM, False, rf"\bhow (?:cold|cool|low) {REACHED}"),
        (
            Calculation.SUM,
            False,
            rf"\bhow much\b|\btotals?\b|多少(?:钱|元)|(?:{MONEY_ZH})[了出过掉给]?(?:的钱)?多少"
            rf"|\bwhat (?:did|do|does|have|has)\b.{{1,40}}\b(?:{MONEY_VERB})\b"
            r"|\bhow long\b.{1,40}\b(?:work(?:ed|ing)?|spen[dt])\b",
        ),
        (
            Calculation.LIST,
            False,
            r"^(?:list|show|name|give)(?: me)?(?: all| every| the| an?)\b|\bwhich\b.{1,60}\b(?:are|have|has|had|were|is|was)\b"
            r"|\bonly\b|^(?:列出|哪些|有哪些)|哪些|分别",
        ),
        (
            Calculation.LIST,
            False,
            r"\bwhat (?:did|do|does|have|has|had|is|are|was|were)\b.{1,60}\bwork(?:ed|ing)? on\b"
            r"|^who (?:has |have |all )?work(?:s|ed) on\b",
        ),
        (Calculation.COMPARE, False, r"\bor\b(?=[^,.]{1,60}\W*$)|\bsame\b|相同|一样"),
    )
)
TOP = re.compile(
    rf"\b(?:top|first|last|bottom|largest|highest|biggest|lowest|smallest)\s+(?P<after>{FEW})\b"
    rf"|\b(?P<before>{FEW})\s+(?:{HIGH}|{LOW})\b|\bwhich (?P<which>{FEW})\b"
    rf"|(?:前|最.{{1,2}}的?)(?P<zh>{FEW})(?:个|名|家|位|项|大|种|款|条|张"
    rf"|笔)?",
    re.I,
)
DISTINCT = re.compile(r"\b(?:different|distinct|unique)\b|不同|种", re.I)


def recognize_intent(question: str) -> Intent | None:
    """Return what a question asks to compute; None if it asks for none."""
    return next(intents_of(question), None)


def intents_of(question: str) -> Iterator[Intent]:
    """Yield every operation that the words of a question may ask for, the likeliest first."""
    for operation, strong, pattern in PATTERNS:
        match = pattern.search(question)
        if match:
            yield Intent(operation, *match.span(), bool(DISTINCT.search(question)), top_count(question), strong)


def recognize_apart(question: str, spans: Iterable[tuple[int, int]]) -> list[Intent]:
    """Return what a question may ask to compute, the likeliest first; its words outside some spans come before the whole.

    "average" in "Which club had the highest average attendance?" belongs to a header.
    """
    masked = question
    for start, end in spans:
        masked = masked[:start] + "\x00" * (end - start) + masked[end:]
    found: dict[Calculation, Intent] = {}
    for intent in (*intents_of(masked), *intents_of(question)):
        found.setdefault(intent.operation, intent)
    return list(found.values())[:MOST_INTENTS]


def top_count(question: str) -> int:
    """Return the number in "the top three"; 0 if there is none."""
    match = TOP.search(question)
    if not match:
        return 0
    written = next(group for group in match.groups() if group).lower()
    return COUNTED.get(written) or int(written)
