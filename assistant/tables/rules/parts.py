"""The parts of a statement that a question names: conditions, the measured column, the column asked for, the group."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

from assistant.datatypes.tables import Column, ColumnType, TableInfo
from assistant.tables.chinese_conditions import condition_in_chinese
from assistant.tables.links import DISTINCT_PART, Link, LinkedQuestion, is_year_column
from assistant.tables.number_text import holds_numbers_in_text, holds_years_in_text, number_expression
from assistant.tables.parquet import quoted
from assistant.tables.rules.reading import PHRASES, Reading, label
from assistant.tables.tokens import forms, root
from assistant.text.calculations import Calculation, Intent
from assistant.text.languages import language

FEWEST_NUMBERED = 3  # rows
EXACT = 0.95  # score of a link to a whole header
MOST_CHOICES = 4  # columns that are tried for one part of a statement
MOST_IMPLIED = 2  # measures of one question, which are as many readings
IMPLIED = "measure implied"
THING = "target thing"
WORKED_ON = re.compile(r"what\b.*\bwork(?:ed|ing)? on\b", re.I)
PEOPLE = frozenset("employee staff worker colleague person name team customer client".split())
NEAR_WORD = 5  # tokens between a question word and the column that it asks for
GROUPED = re.compile(
    r"\b(?:per|by|for each|for every|in each|of each|each)\s*$|每(?:个|家|种|位|月|年|人|类)?$|按$|各(?:个|家|种)?$", re.I
)
MEASURES = {  # nouns of columns that an adjective measures
    "expens": "price cost amount fee value 价格 单价 金额",
    "cheap": "price cost amount fee 价格 单价 金额",
    "long": "length duration distance time 长度",
    "short": "length duration distance time",
    "tall": "height 高度",
    "high": "height elevation",
    "heav": "weight 重量",
    "light": "weight",
    "fast": "speed time",
    "old": "age year date 年龄",
    "young": "age year date 年龄",
    "big": "size area population",
    "larg": "size area population amount",
    "small": "size area population",
    "deep": "depth",
    "wide": "width",
    "rich": "wealth income",
    "贵": "价格 单价 金额",
    "便宜": "价格 单价",
}
WH = re.compile(r"\b(?:what|which|who|whose|whom|name|list|show|give|when|where)\b|哪|谁|什么", re.I)
HOW_MANY = re.compile(r"\bhow many\b|\bnumber of\b|多少", re.I)
WHO = re.compile(r"\b(?:who|whose|whom)\b|谁", re.I)
WHEN = re.compile(r"\bwhen\b|\b(?:what|which|in) (?:year|date|day|season|month)\b|哪[年天]|什么时候|何时", re.I)
YEAR_ASKED = re.compile(r"\b(?:what|which) year\b|哪[一]?年", re.I)
WHERE = re.compile(r"\bwhere\b|哪里|什么地方", re.I)
PLACES = frozenset("location place venue city site country stadium town ground 地点 地址 城市".split())
CODE = re.compile(r"(?:^|_)(?:id|code|编号|编码)(?:_|$)", re.I)
IDENTIFIER = re.compile(r"(?:^|_)(?:id|no|nr|number|code|rank|pick|position|pos|编号|序号|place)(?:_|$)", re.I)


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """A column that may stand for a part of a statement, and how it was chosen."""

    column: Column
    mark: str
    part: str = ""

    @property
    def name(self) -> str:
        """The quoted name of the column, or the expression of the part of its dates that is asked for, such as the year."""
        return f"{self.part}({quoted(self.column.name)})" if self.part else quoted(self.column.name)

    @property
    def is_in_question(self) -> bool:
        """Whether the question has its header, or a part of it."""
        return self.mark.startswith(("measure named", "measure distinctly", "measure part"))

    @property
    def number(self) -> str:
        """The expression of the column's numbers: for a column of text the first number in each cell."""
        return number_expression(self.column)


class QuestionParts:
    """The parts of a statement that one question names, for one of its operations and some of its links."""

    def __init__(self, linked: LinkedQuestion, intent: Intent, values: Sequence[Link], conditions: Sequence[Link]) -> None:
        self.linked, self.intent = linked, intent
        self.values, self.conditions = tuple(values), tuple(conditions)
        self.table = quoted(linked.table.name)
        self.filters = condition_of(values, conditions)
        self._language = "zh" if language(linked.question) == "zh" else "en"
        conditioned = {link.column.name for link in conditions}
        self.free = [link for link in linked.columns if link.column.name not in conditioned]

    @property
    def info(self) -> TableInfo:
        """The table."""
        return self.linked.table

    @property
    def question(self) -> str:
        """The question."""
        return self.linked.question

    def say(self, key: str, *parts: str) -> str:
        """Return a phrase in the language of the question."""
        return PHRASES[key][self._language == "zh"].format(*parts)

    def say_links(self, links: Sequence[Link]) -> str:
        """Return the conditions of links in words."""
        if self._language == "zh":
            words = (f"{label(link.column)}为{link.value}" if is_equality(link)
                     else condition_in_chinese(link.words, label(link.column)) for link in links)
            return " 且 ".join(dict.fromkeys(words))
        return " and ".join(dict.fromkeys(link.words for link in links))

    def where(self, extra: str = "") -> str:
        """Return the WHERE clause of all conditions and one more."""
        parts = " AND ".join(filter(None, (self.filters, extra)))
        return f" WHERE {parts}" if parts else ""

    def reading(
        self, sql: str, words: str, kind: str, marks: Sequence[str], unit: str = "", where: str | None = None, target: str = ""
    ) -> Reading:
        """Return a reading whose words name the conditions."""
        links = self.say_links((*self.values, *self.conditions)) if where is None else ""
        said = self.say("where", words, links) if links else words
        where = self.filters if where is None else where
        rivals = self.rivals(*marks) if IMPLIED in marks and len(self.implied) > 1 else ""
        return Reading(
            self.intent.operation, sql, said, kind, where=where, unit=unit, target=target, marks=tuple(marks), rivals=rivals
        )

    def rivals(self, *names: str) -> str:
        """Return the name that readings share which differ only in their measure or in the column asked for."""
        return " ".join((*names, self.filters))

    def token_at(self, character: int) -> int:
        """Return the place of the first token that ends behind a character."""
        tokens = self.linked.tokens
        return next((place for place, token in enumerate(tokens) if token.end > character), len(tokens))

    @cached_property
    def question_word(self) -> int:
        """The place of the question word; -9 if there is none."""
        match = WH.search(self.question)
        return self.token_at(match.start()) if match else -9

    # columns

    def measures(self) -> list[ColumnChoice]:
        """Return the columns of numbers that the question may measure, the likeliest first."""
        return list(self._best_measures)

    @cached_property
    def _best_measures(self) -> tuple[ColumnChoice, ...]:
        return tuple(unique_choices(self._measures())[:MOST_CHOICES])

    def _measures(self) -> Iterator[ColumnChoice]:
        numeric = [
            link
            for link in self.free
            if link.column.is_numeric
            and not is_year_column(link.column)
            and not numbers_rows(link.column, self.info)
            and (link.score >= EXACT or not CODE.search(link.column.name))
        ]
        behind = self.token_at(self.intent.start)
        for link in sorted(numeric, key=lambda link: (-(link.score >= EXACT), link.start < behind, -link.score, link.start)):
            where = "" if behind <= link.start <= behind + NEAR_WORD else " far"
            yield ColumnChoice(link.column, f"measure {how_named(link)}{where}")
        yield from (ColumnChoice(column, "measure in text") for column in self._texts_with_numbers(EXACT))
        yield from (ColumnChoice(column, IMPLIED) for column in self.implied)
        for link in self.free:
            if is_year_column(link.column) and self.intent.operation in {Calculation.AVERAGE, Calculation.DIFFERENCE}:
                yield ColumnChoice(link.column, "measure year")
        yield from (ColumnChoice(column, "measure adjective") for column in self._meant_by_adjectives())
        for column in self.info.columns:
            if column.is_numeric and column.name in {"total", "totals", "合计", "总计"} and self.linked.unlinked:
                yield ColumnChoice(column, "measure total")
        yield from (ColumnChoice(column, "measure in text part") for column in self._texts_with_numbers(0.0))
        additive = [column for column in self.info.columns if is_additive(column) and not numbers_rows(column, self.info)]
        if len(additive) == 1:
            yield ColumnChoice(additive[0], "measure sole")
        named = (link.column for link in self.free if link.score >= EXACT and numbers_rows(link.column, self.info))
        yield from (ColumnChoice(column, "measure running number") for column in named)
        yield from (ColumnChoice(column, "measure unnamed") for column in reversed(additive))

    def _texts_with_numbers(self, least: float) -> Iterator[Column]:
        """Yield the columns of text that begin with numbers and no years, whose link has at least some score."""
        for link in self.free:
            if link.score >= least and holds_numbers_in_text(link.column) and not holds_years_in_text(link.column):
                yield link.column

    @cached_property
    def implied(self) -> list[Column]:
        """The columns of numbers that words of the question imply; none if there are more than two, or if it names one itself."""
        if any(link.column.is_numeric and not is_year_column(link.column) and link.score >= DISTINCT_PART for link in self.free):
            return []
        columns = {link.column.name: link.column for link in self.linked.implied}
        return list(columns.values()) if len(columns) <= MOST_IMPLIED else []

    def _meant_by_adjectives(self) -> Iterator[Column]:
        for stem, nouns in MEASURES.items():
            if any(root(token.form).startswith(stem) or token.form == stem for token in self.linked.tokens):
                for noun in nouns.split():
                    for column in self.info.columns:
                        named = noun in column.name.split("_") or (not noun.isascii() and noun in column.name)
                        if named and (column.is_numeric or column.is_temporal or holds_numbers_in_text(column)):
                            yield column

    def targets(self) -> list[ColumnChoice]:
        """Return the columns that the question may ask for, the likeliest first."""
        return list(self._best_targets)

    @cached_property
    def _best_targets(self) -> tuple[ColumnChoice, ...]:
        asks_year = bool(YEAR_ASKED.search(self.question))
        return tuple(
            replace(choice, part="year") if asks_year and choice.column.is_temporal else choice
            for choice in unique_choices(self._targets())[:MOST_CHOICES]
        )

    def _targets(self) -> Iterator[ColumnChoice]:
        yield from self._named_targets()
        if WHEN.search(self.question):
            yield from (ColumnChoice(column, "target time") for column in self.info.columns if holds_time(column))
        if WHERE.search(self.question):
            places = [column for column in self.info.columns if PLACES & set(column.name.split("_"))]
            yield from (ColumnChoice(column, "target place") for column in places)
        texts = [column for column in self.info.columns if column.type is ColumnType.TEXT]
        yield from (ColumnChoice(column, THING) for column in self._things())
        yield from (ColumnChoice(link.column, "target elsewhere") for link in self.free if not link.column.is_numeric)
        if naming := self.naming():
            yield ColumnChoice(naming, "target naming")
        yield from (ColumnChoice(column, "target unnamed") for column in texts)

    def _named_targets(self) -> Iterator[ColumnChoice]:
        word, behind = self.question_word, self.token_at(self.intent.end)
        for link in self.free:
            if 0 <= link.start - word <= NEAR_WORD:
                yield ColumnChoice(link.column, f"target {how_named(link)} {self._place(link, word)}")
        for link in self.free:
            if 0 <= link.start - behind <= 2:
                yield ColumnChoice(link.column, "target near")

    def _place(self, link: Link, word: int) -> str:
        """Return how near a column stands behind the question word, or that the word for it is a verb."""
        text = self.linked.tokens[link.start].text.lower()
        if link.start - word > 1 and text.endswith("ed"):
            return "verb"
        return {0: "next", 1: "next", 2: "near"}.get(link.start - word, "far")

    def _things(self) -> list[Column]:
        """Return the columns of text for which "what did they work on" asks: of no people, without a condition; two at most."""
        if self.intent.operation is not Calculation.LIST or not WORKED_ON.match(self.question):
            return []
        conditioned = {link.column.name for link in (*self.values, *self.conditions)}
        texts = [column for column in self.info.columns if column.type is ColumnType.TEXT and column.name not in conditioned]
        things = [column for column in texts if not PEOPLE & set(forms(column.header or column.name))]
        return things if len(things) <= MOST_IMPLIED else []

    def naming(self) -> Column | None:
        """Return the column whose texts name the rows: the first with (nearly) as many different ones as rows."""
        texts = [column for column in self.info.columns if column.type is ColumnType.TEXT]
        return next((column for column in texts if column.distinct >= 0.9 * self.info.rows), texts[0] if texts else None)

    def group(self) -> Link | None:
        """Return the column of "per supplier"."""
        for link in self.linked.columns:
            if GROUPED.search(self.question[: self.linked.tokens[link.start].start].rstrip()):
                return link
        return None

    def time_column(self) -> Column | None:
        """Return the first column of dates or years."""
        return next((column for column in self.info.columns if column.is_temporal or is_year_column(column)), None)

    def pair(self) -> tuple[Link, Link] | None:
        """Return two cells of the same column that the question names."""
        equal = [link for link in self.conditions if is_point(link)]
        values = sorted([*(link for link in self.values if link.score >= 0.45), *equal], key=lambda link: link.start)
        for number, first in enumerate(values):
            for second in values[number + 1 :]:
                if first.column.name == second.column.name and first.start != second.start:
                    return first, second
        return None

    def condition_without(self, links: Sequence[Link]) -> str:
        """Return the condition of all links but some, to be put behind another one; "" if there is no other."""
        spans = {(link.start, link.end) for link in links}
        rest = condition_of(
            [link for link in self.values if (link.start, link.end) not in spans],
            [link for link in self.conditions if (link.start, link.end) not in spans],
        )
        return f" AND {rest}" if rest else ""


def is_additive(column: Column) -> bool:
    """Return whether the numbers of a column can be added up: no years, ranks or codes."""
    return column.is_numeric and not is_year_column(column) and not IDENTIFIER.search(column.name)


def numbers_rows(column: Column, table: TableInfo) -> bool:
    """Return whether a column of integers numbers the rows one by one, such as invoices 1001, 1002 and 1003."""
    if column.type is not ColumnType.INTEGER or not column.lowest or table.rows < FEWEST_NUMBERED:
        return False
    return column.distinct == table.rows == int(Decimal(column.highest)) - int(Decimal(column.lowest)) + 1


def how_named(link: Link) -> str:
    """Return how much of a header a question names: all, a part that no other header has, or a part."""
    return "named" if link.score >= EXACT else "distinctly" if link.score >= DISTINCT_PART else "part"


def is_equality(link: Link) -> bool:
    """Return whether a link means the rows with a cell of its own column."""
    return bool(link.value) and link.sql.startswith(f"{quoted(link.column.name)} =")


def holds_time(column: Column) -> bool:
    """Return whether a column holds dates or years, or is called so."""
    return column.is_temporal or is_year_column(column) or bool({"year", "season", "date"} & set(column.name.split("_")))


def is_point(link: Link) -> bool:
    """Return whether a condition means one number or one period: "year = 2009", "date >= ... AND date < ..."."""
    return " = " in link.sql or (" >= " in link.sql and " < " in link.sql)


def unique_choices(choices: Iterator[ColumnChoice]) -> list[ColumnChoice]:
    """Return the first choice of each column."""
    found: dict[str, ColumnChoice] = {}
    for choice in choices:
        found.setdefault(choice.column.name, choice)
    return list(found.values())


def condition_of(values: Sequence[Link], conditions: Sequence[Link]) -> str:
    """Return the condition of all links: cells of one column are alternatives, everything else must hold."""
    by_column: dict[str, list[str]] = {}
    spans: dict[tuple[int, int], set[str]] = {}
    for link in values:
        spans.setdefault((link.start, link.end), set()).add(link.column.name)
    for link in values:
        ambiguous = len(spans[(link.start, link.end)]) > 1
        key = f"{link.start}-{link.end}" if ambiguous else link.column.name
        by_column.setdefault(key, []).append(link.sql)
    parts = [sqls[0] if len(sqls) == 1 else f"({' OR '.join(dict.fromkeys(sqls))})" for sqls in by_column.values()]
    return " AND ".join([*parts, *(f"({link.sql})" for link in conditions)])
