"""Recognize the words that ask for a count, a sum, an average or an extreme, in the languages in which the program answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from assistant.text.calculations.vocabulary import AVERAGE_WORD, COUNTED_ZH, MEAN_NOUN, MONEY_NOUN, MONEY_VERB, MONEY_ZH
from assistant.text.languages import HAN

PLURAL = r"(?:[\w-]+ ){0,3}?(?:[\w-]*s|people|men|women|children|staff)\b"
# not superlatives although they end in -est
NO_SUPERLATIVE = (
    "interest|request|west|northwest|southwest|forest|rainforest|test|contest|protest|guest|rest|harvest|invest|suggest|digest"
    "|manifest|arrest|modest|honest|earnest|chest|nest|quest|conquest|budapest|crest|pest|tempest|inquest|zest|vest|lest"
    "|jest|everest|bucharest|brest|priest|attest|detest|ingest|unrest|midwest"
)


class AggregateKind(StrEnum):
    """What is computed over rows or files."""

    COUNT = "count"
    SUM = "sum"
    AVERAGE = "average"
    EXTREME = "extreme"
    AMOUNT = "amount"  # a sum only if several rows match: "how much did we spend on travel?"


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregate that a question asks for: `cues` are the words that say so, `noun` the words after them, `rest` all others."""

    kind: AggregateKind
    cues: tuple[str, ...]
    noun: str
    rest: str


CUES: dict[str, tuple[tuple[AggregateKind, str], ...]] = {
    "en": (
        (AggregateKind.SUM, r"\b(?:(?:grand |sub)?totals?|(?<!lump )sums?(?! insured)|altogether|in all(?=[\s?.!]*$)|combined"
                            r"|add(?:ed|s)? up|put together|cumulative)\b"),
        (AggregateKind.AVERAGE, rf"\b(?:{AVERAGE_WORD}|median|mean (?:of|{MEAN_NOUN}|temperature))\b"),
        (AggregateKind.COUNT, r"\bhow many\b|\bwhat number of\b|\bcount(?: up)?(?= (?:all|the|my|our|how|every|of)\b)"
                              rf"|\b(?:number|counts?|tally|quantity)(?= of (?:(?:the|all|all the|my|our|different) )*{PLURAL})"
                              r"|^number(?= of )"),
        (AggregateKind.EXTREME, r"(?<!at )\b(?:most|least|fewest)\b(?! of\b)|\b(?:maximum|minimum|maximal|minimal|max|min)\b"
                                r"|\btop \d+\b"
                                rf"|\b(?!(?:{NO_SUPERLATIVE})\b)[a-z]{{3,}}est\b(?! of kin)|\b(?:best|worst)\b"),
        (AggregateKind.AMOUNT, rf"\bhow much (?:[\w'-]+ ){{0,6}}?(?:{MONEY_VERB}|{MONEY_NOUN})\b"),
    ),
    "zh": (
        (AggregateKind.SUM, r"一共|总共|合计|总计|总额|总和|总金额|总收入|总支出|总费用|加起来|累计|全部加|总销售额|总量"),
        (AggregateKind.AVERAGE, r"平均|均值|中位数|人均"),
        (AggregateKind.COUNT, rf"(?:有|共|计)?(?:多少|几)(?={COUNTED_ZH})|数量|个数|总数|人数|件数|条数|笔数|行数|份数|数目"
                              rf"|(?:有|共)多少(?=[{HAN}])(?!钱|元|块|天|年|月|日|小?时|分钟|秒|米|厘|毫|公|千|克|吨|升|度|岁|平方|立方|百分)"),
        (AggregateKind.EXTREME, r"最(?:大|多|高|低|少|小|长|短|贵|便宜|早|晚|新|旧|老|年轻|重|轻|快|慢|远|近|差|常|畅销)"),
        (AggregateKind.AMOUNT, rf"(?:{MONEY_ZH})[了出过掉]?(?:的钱)?多少"),
    ),
    "ja": (
        (AggregateKind.SUM, r"合計|総額|総計|全部で"), (AggregateKind.AVERAGE, r"平均|中央値"),
        (AggregateKind.COUNT, r"いくつ|何(?:件|個|人|枚|本|台|冊|社|名|通|行|種類)|総数|件数|個数"),
        (AggregateKind.EXTREME, r"最も|一番|最[大小高低多少長短新古]"),
    ),
    "ko": (
        (AggregateKind.SUM, r"합계|총합|총액|모두 합"), (AggregateKind.AVERAGE, r"평균"),
        (AggregateKind.COUNT, r"몇 ?(?:개|명|건|장|권|대|곳|통|행|가지)|개수|수량|총수"),
        (AggregateKind.EXTREME, r"가장|최[대소고저]|제일"),
    ),
    "ru": (
        (AggregateKind.SUM, r"\b(?:сумм\w+|итого|в общей сложности|всего)\b"),
        (AggregateKind.AVERAGE, r"\bсредн\w+|\bв среднем\b"),
        (AggregateKind.COUNT, r"\bсколько(?! (?:стоит|стоят|времени|лет))\b|\bколичество\b|\bчисло\b"),
        (AggregateKind.EXTREME, r"\bсам(?:ый|ая|ое|ые|ого|ой)\b|\bнаи(?:больш|меньш)\w+|\bбольше всего\b|\bм(?:акс|ин)имальн\w+"),
    ),
    "de": (
        (AggregateKind.SUM, r"\b(?:insgesamt|summe|gesamt\w*|zusammen)\b"),
        (AggregateKind.AVERAGE, r"durchschnitt\w*|\bmittelwert\b"),
        (AggregateKind.COUNT, r"\bwie ?viele\b|\banzahl\b"),
        (AggregateKind.EXTREME, r"\b(?:meisten?|wenigsten?|größte\w*|kleinste\w*|höchste\w*|niedrigste\w*|teuerste\w*"
                                r"|billigste\w*|günstigste\w*|älteste\w*|jüngste\w*|längste\w*|kürzeste\w*|neueste\w*|maximal\w*|minimal\w*)\b"),
    ),
    "fr": (
        (AggregateKind.SUM, r"\b(?:tota(?:l|ux|le)|somme|en tout)\b"), (AggregateKind.AVERAGE, r"\bmoyenn?e?\b"),
        (AggregateKind.COUNT, r"\bcombien (?:de\b|d['’]|y a)|\bnombre (?:de\b|d['’]|total)"),
        (AggregateKind.EXTREME, r"\b(?:le|la|les) (?:plus|moins)\b|\bm(?:ax|in)im\w+\b"),
    ),
    "es": (
        (AggregateKind.SUM, r"\b(?:total|suma|en total)\b"), (AggregateKind.AVERAGE, r"\b(?:promedio|media de)\b"),
        (AggregateKind.COUNT, r"\bcu[áa]nt[oa]s\b|\bn[úu]mero (?:de|total)\b"),
        (AggregateKind.EXTREME, r"\b(?:el|la|los|las) (?:[\w]+ )?(?:más|menos|mayor|menor)(?:es)?\b|\bm[áí][xn]im[oa]s?\b"),
    ),
}  # fmt: skip
ORDER = (AggregateKind.AVERAGE, AggregateKind.EXTREME, AggregateKind.COUNT, AggregateKind.SUM, AggregateKind.AMOUNT)
PATTERNS = {wanted: re.compile("|".join(pattern for cues in CUES.values() for kind, pattern in cues if kind is wanted),
                               re.IGNORECASE) for wanted in ORDER}
MEASURE = re.compile(rf"^\s*(?:of (?:(?:the|all|all the|my|our|different) )*|de |d['’])?{COUNTED_ZH}?", re.IGNORECASE)
NOUN_ENDS = re.compile(
    r"\b(?:is|are|was|were|do|does|did|has|have|had|can|could|in|from|of|to|by|with|on|at|for|there|you|we|i|that|which|who"
    r"|sind|gibt|hat|haben|im|in|y|a-t-il|il|hay|en|есть|в)\b|[?？,，。.!]|[有是在的了吗呢]", re.IGNORECASE)
LONGEST_NOUN = 40  # characters
ROW_NOUN = re.compile(
    r"\b(?:rows?|entr(?:y|ies)|records?|lines?|line items|transactions|bookings|zeilen|einträge|lignes|filas)\b"
    r"|行|条(?:记录|数据)|笔(?:记录|交易|账)|条目", re.IGNORECASE)
TABLE_NOUN = re.compile(r"\b(?:tables?|spreadsheets?|work ?sheets?|workbooks?|csv|excel|xlsx)\b|表格|电子表|工作表|表[中里]",
                        re.IGNORECASE)


def recognize_aggregate(question: str) -> Aggregate | None:
    """Return the aggregate that a question asks for, by its words alone; None for any other question."""
    text = " ".join(question.replace("’", "'").split())
    found = {kind: list(pattern.finditer(text)) for kind, pattern in PATTERNS.items()}
    kind = next((kind for kind in ORDER if found[kind]), None)
    if kind is None:
        return None
    cues = sorted((match for matches in found.values() for match in matches), key=lambda match: match.start())
    rest = text
    for match in reversed(cues):
        rest = f"{rest[: match.start()]} {rest[match.end():]}" if match.end() <= len(rest) else rest
    return Aggregate(kind, tuple(match.group().lower() for match in cues), noun_after(text, found[kind][0].end()), rest)


def noun_after(text: str, start: int) -> str:
    """Return the noun phrase that follows text[:start]."""
    after = MEASURE.sub("", text[start : start + LONGEST_NOUN])
    end = NOUN_ENDS.search(after)
    return after[: end.start() if end else len(after)].strip()
