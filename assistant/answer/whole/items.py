"""A passage in; the dates, deadlines, amounts, addresses and numbers that stand in it out: by rule, so that none is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from assistant.answer.sentences import spans
from assistant.answer.whole.lines import cells_of
from assistant.datatypes import Hit


class Wanted(StrEnum):
    """What can be found by rule."""

    DEADLINE = "deadline"
    DATE = "date"
    AMOUNT = "amount"
    EMAIL = "email"
    PHONE = "phone"
    LINK = "link"
    PERCENTAGE = "percentage"


WORDS_FOR = {
    Wanted.DEADLINE: r"deadlines?|due dates?|time limits?|notice periods?|expiry dates?|cut-?off dates?"
                     r"|(?:截止|到期|最后|最终)(?:日期|时间|期限|日)?|期限|时限",
    Wanted.DATE: r"(?:important |key |relevant )?dates?|日期|时间点|重要日期",
    Wanted.AMOUNT: r"amounts?(?: of money)?|sums?(?: of money)?|prices?|costs?|fees?|payments?|charges?"
                   r"|金额|价格|费用|款项|价钱|金钱数额",
    Wanted.EMAIL: r"e-?mails?(?: address(?:es)?)?|mail addresses|电子邮箱|邮箱(?:地址)?|电子邮件(?:地址)?",
    Wanted.PHONE: r"(?:tele)?phone(?: numbers?)?s?|telephones?|mobile numbers?|fax numbers?|电话(?:号码)?|手机号码?|联系电话",
    Wanted.LINK: r"links?|urls?|web ?sites?|web addresses|网址|链接|网站",
    Wanted.PERCENTAGE: r"percentages?|percents?|rates?|百分比|比例|利率",
}
JOINED = r"\s*(?:,|and|or|和|与|及|、)\s*"
CONTACT = re.compile(r"contact (?:details|data|information)|联系方式")

MONTH = (r"(?:january|february|march|april|may|june|july|august|september|october|november|december"
         r"|(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)(?![a-z])\.?)")
MONTH_ALONE = (r"(?<=\bin )|(?<=\bby )|(?<=\buntil )|(?<=\bbefore )",
               r"(?-i:January|February|March|April|May|June|July|August|September|October|November|December)\b")
FIGURES_ZH = "[〇零一二三四五六七八九十百]"
DATE = re.compile(
    r"(?<![\d.-])\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?![\d-])|(?<![\d.])\d{1,2}[/.]\d{1,2}[/.](?:\d{4}|\d{2})(?![\d.])"
    rf"|(?<!\d)\d{{1,2}}(?:st|nd|rd|th)?(?:\s+(?:and|to|or)\s+\d{{1,2}}(?:st|nd|rd|th)?|\s?[-–]\s?\d{{1,2}})?"
    rf"\s+(?:of\s+)?{MONTH}(?![a-z])(?:,?\s+\d{{4}})?"
    rf"|\b{MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?(?!\d|:)(?:\s?[-–]\s?\d{{1,2}})?(?:,?\s+\d{{4}})?"
    rf"|\b{MONTH},?\s+(?:of\s+)?\d{{4}}"
    rf"|(?:\d{{4}}|{FIGURES_ZH}{{4}})\s?年(?:\s?(?:\d{{1,2}}|{FIGURES_ZH}{{1,3}})\s?月(?:\s?(?:\d{{1,2}}|{FIGURES_ZH}{{1,3}})\s?[日号])?)?"
    rf"|(?<!\d)(?:\d{{1,2}}|{FIGURES_ZH}{{1,3}})\s?月\s?(?:\d{{1,2}}|{FIGURES_ZH}{{1,3}})\s?[日号]"
    rf"|(?:{MONTH_ALONE[0]}){MONTH_ALONE[1]}(?! \d)"
    r"|\bend of (?:\w+ )?(?:" + MONTH + r"|the (?:month|quarter|year))(?![a-z])(?: \d{4})?",
    re.IGNORECASE,
)
COUNT = (r"(?:\d+(?:[.,]\d+)?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fourteen|fifteen|eighteen|twenty"
         r"(?:-\w+)?|thirty|forty(?:-\w+)?|sixty|ninety|half an?|an?)")
UNIT = r"(?:(?:working|business|calendar|full|whole)\s+)?(?:minutes?|hours?|days?|weeks?|months?|quarters?|years?)"
DURATION = re.compile(
    rf"\b{COUNT}(?:[\s-]+(?:\(\w+\)\s+)?){UNIT}\b['’]?"
    rf"|(?:\d+|{FIGURES_ZH}+|半)\s?(?:个)?(?:工作日|小时|日|天|星期|周|月|年|分钟)(?!\s?(?:\d|{FIGURES_ZH})*\s?[月日号])",
    re.IGNORECASE,
)
CUE = re.compile(
    r"\b(?:by|until|till|before|within|due|deadline|latest|no later than|not later than|not after|expir\w*|ends?\b|ended"
    r"|closing date|notice|payable|valid|at least .{1,20} before|in advance|last day|submit\w*|respon\w+|lapse\w*"
    r"|run(?:s|ning)? out|terminat\w*|renew\w*)\b"
    r"|前|之内|以内|内|截止|截至|期限|到期|最迟|不迟于|不晚于|有效期|逾期|届满|提前|为止|时限|期自|期为|满",
    re.IGNORECASE,
)
TIED = re.compile(r"\b(?:within|notice|advance|before|after|latest|later|until|due|payable|for up to|expir\w*|lapse\w*"
                  r"|respon\w*|target\w*|by)\b|内|前|期限|逾期|超过|届满|提前|时限|满|期自|期为|有效", re.IGNORECASE)
NUMBER = r"\d{1,3}(?:[,  ]\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?"
SCALE = r"(?:\s?(?:million|billion|thousand|bn|mn|m|k)\b)?"
CURRENCY = (r"(?:euros?|eur|pounds?(?: sterling)?|gbp|(?:us |u\.s\. )?dollars?|usd|chf|francs?|yen|jpy|yuan|cny|rmb"
            r"|cents?|pence|kronor|sek)")
AMOUNT = re.compile(
    rf"(?:(?:us|a|c|hk)?[$€£¥￥]|\b(?:eur|usd|gbp|chf|cny|rmb|jpy)\b)\s?(?:{NUMBER}){SCALE}(?:\s?[万亿])?"
    rf"|(?<![\d.,])(?:{NUMBER}){SCALE}\s?(?:{CURRENCY}\b|[€£])"
    rf"|(?<![\d.,])(?:{NUMBER})\s?[万亿千百]*\s?(?:美元|欧元|英镑|日元|港元|元|块钱|人民币)|[零壹贰叁肆伍陆柒捌玖拾佰仟万亿]{{2,}}[元圆]整?",
    re.IGNORECASE,
)
EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")
PHONE = re.compile(
    r"(?<![\w./-])(?:\+\d{1,3}[\s-]?)?(?:\(0?\d{1,5}\)[\s-]?)?\d{2,5}(?:[\s-]\d{2,4}){1,4}(?![\w/-])"
    r"|(?<!\d)1[3-9]\d{9}(?!\d)|(?<!\d)0\d{9,10}(?!\d)"
)
PHONE_CUE = re.compile(r"tel|phone|call|mobile|fax|hotline|contact|电话|手机|传真|热线|联系|\+\d", re.IGNORECASE)
LINK = re.compile(r"https?://[^\s<>\"'）)】]+|\bwww\.[^\s<>\"'）)】]+", re.IGNORECASE)
PERCENTAGE = re.compile(
    r"\d+(?:[.,]\d+)?\s?(?:%|％|per ?cent\b|percent\b|percentage points?\b)"
    r"|(?:百分|千分|万分)之[\d一二三四五六七八九十百点]+|‰", re.IGNORECASE
)
MONEY_COLUMN = re.compile(
    r"amount|price|cost|fee|total|pounds?|euros?|\beur\b|gbp|usd|金额|单价|价格|费用|元|总价", re.IGNORECASE
)
PATTERNS = {Wanted.DATE: DATE, Wanted.EMAIL: EMAIL, Wanted.LINK: LINK, Wanted.PERCENTAGE: PERCENTAGE}
RULER = re.compile(r"^\s*\|?[\s:|-]+\|?\s*$")


@dataclass(frozen=True, slots=True)
class Found:
    """A sentence or a table's row at text[start:end] of a passage, and the items in it. `clear`: its wording says what it is."""

    hit: Hit
    start: int
    end: int
    items: tuple[str, ...]
    clear: bool = True


def wanted_in(words: str) -> tuple[Wanted, ...]:
    """Return what is to be listed, where these words name it and nothing else; empty where the rules do not know it."""
    if CONTACT.fullmatch(words.strip()):
        return (Wanted.EMAIL, Wanted.PHONE)
    each = [known(part) for part in re.split(JOINED, words.strip()) if part]
    return tuple(dict.fromkeys(kind for kind in each if kind)) if each and all(each) else ()


def known(words: str) -> Wanted | None:
    """Return the one thing that these words name, if the rules know it."""
    return next((kind for kind, pattern in WORDS_FOR.items() if re.fullmatch(pattern, words.strip())), None)


def find(hit: Hit, wanted: Wanted) -> Iterator[Found]:
    """Yield the sentences of a passage that hold what is wanted, in order."""
    text = hit.chunk.text
    for start, end in spans(text):
        sentence = text[start:end]
        if RULER.match(sentence) or is_header(text, end):
            continue
        items, clear = items_of(sentence, header_of(hit, start, sentence), wanted)
        if items:
            yield Found(hit, start, end, tuple(dict.fromkeys(items)), clear)


def items_of(sentence: str, header: str, wanted: Wanted) -> tuple[list[str], bool]:
    """Return the items of a sentence or row under a header, and whether its wording says that they are what is wanted."""
    if wanted is Wanted.DEADLINE:
        return deadlines_of(sentence, header)
    if wanted is Wanted.AMOUNT:
        return [*texts(AMOUNT, sentence), *cells_under(sentence, header, MONEY_COLUMN)], True
    if wanted is Wanted.PHONE:
        return [phone for phone in texts(PHONE, sentence) if is_phone(phone, sentence, header)], True
    return texts(PATTERNS[wanted], sentence), True


def deadlines_of(sentence: str, header: str) -> tuple[list[str], bool]:
    """Return the days and spans of time in a sentence, and whether its words or its column say that they are limits."""
    dates, durations = texts(DATE, sentence), texts(DURATION, sentence)
    under = cells_under(sentence, header, CUE) + cells_under(sentence, header, TIED)
    tied = durations if TIED.search(sentence) else [each for each in durations if any(each in cell for cell in under)]
    clear = bool(CUE.search(sentence)) or any(item in cell for cell in under for item in (*dates, *tied))
    return [*dates, *(each for each in tied if not any(each in date for date in dates))], clear


def texts(pattern: re.Pattern[str], sentence: str) -> list[str]:
    """Return what a pattern finds, with single spaces."""
    return [" ".join(match.group().split()) for match in pattern.finditer(sentence)]


def is_phone(number: str, sentence: str, header: str) -> bool:
    """Return whether a run of figures is a telephone number: of its length, and with a word for it near or a shape of its own."""
    figures = sum(character.isdigit() for character in number)
    if not 7 <= figures <= 15 or DATE.fullmatch(number):
        return False
    return bool(PHONE_CUE.search(sentence) or PHONE_CUE.search(header)) or number.startswith(("+", "0", "("))


def is_header(text: str, end: int) -> bool:
    """Return whether the line that ends here is a table's header: a ruler comes next."""
    following = text[end:].lstrip("\r\n").split("\n", 1)[0]
    return bool(following.strip()) and "-" in following and bool(RULER.match(following))


def header_of(hit: Hit, start: int, row: str) -> str:
    """Return the header of the table that this row is of; empty for a sentence."""
    width = len(cells_of(row))
    if width < 2:
        return ""
    before = [line for line in hit.chunk.text[:start].splitlines() if line.strip()]
    rulers = [place for place, line in enumerate(before) if RULER.match(line) and "-" in line and place]
    candidates = ([before[rulers[-1] - 1]] if rulers else []) + hit.chunk.context.splitlines()[::-1]
    return next((line for line in candidates if len(cells_of(line)) == width), "")


def cells_under(row: str, header: str, pattern: re.Pattern[str]) -> list[str]:
    """Return the cells with a figure in them that stand in a column whose name fits the pattern."""
    if not header:
        return []
    return [" ".join(cell.replace("**", "").split()) for cell, name in zip(cells_of(row), cells_of(header), strict=False)
            if pattern.search(name) and re.search(rf"\d|{FIGURES_ZH}", cell)]
