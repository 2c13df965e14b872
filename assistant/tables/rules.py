"""Write SQL by rule for questions whose words are linked: counts, sums, averages, extremes, order, comparisons."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.datatypes.tables import Column, ColumnType
from assistant.tables.intent import Calculation, Intent
from assistant.tables.linking import Link, LinkedQuestion, is_year_column
from assistant.tables.parquet import quoted
from assistant.tables.tokens import root
from assistant.text.languages import language

UNLINKED_PENALTY = 0.6  # factor of the confidence for each content word that is linked to nothing
VERB_PENALTY = 0.85
VERB = re.compile(
    r"(?:ed|ing|ave|ew|ought|ept|ent|ade)$|^(?:won|win|play|score|obtain|earn|appear|hold|held|became|become|sell|sold|buy|spend"
    r"|cost|work)$"
)
GROUPED = re.compile(
    r"\b(?:per|by|for each|for every|in each|of each|each)\s*$|每(?:个|家|种|位|月|年|人|类)?$|按$|各(?:个|家|种)?$", re.I
)
SUMMED = re.compile(r"\b(?:total|in total|altogether|overall|combined|sum)\b|总|合计|一共", re.I)
LESS = re.compile(
    r"\b(?:less|fewer|lower|smaller|shorter|younger|cheaper|earlier|lighter|least|fewest|worse|first)\b|更少|更低|更小|更便宜|更早",
    re.I,
)
EARLY = re.compile(r"\b(?:earliest|oldest|first)\b|最早|最旧", re.I)
TIME_WORD = re.compile(r"\b(?:earliest|latest|newest|oldest|most recent|first|last)\b|最(?:早|晚|新|近)", re.I)
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
ASKED_BEHIND = re.compile(r"\b(?:before|after|previous to|prior to|following|preceding) (?:who|whom|what|which)\b", re.I)
NEGATED = re.compile(
    r"\b(?:not|never|no|except|excluding|without|other than|neither|nor|didn't|isn't|wasn't|doesn't|aren't|weren't|don't)\b"
    r"(?! (?:more|less|fewer|later|earlier)\b)|除了|不是|没有|未",
    re.I,
)
NEGATION_PENALTY = 0.45  # of a question with a negation that no condition stands for
YES_NO = re.compile(r"^(?:did|does|do|is|are|was|were|has|have|had|can)\b(?!.{1,80}\bor\b)", re.I)
WH = re.compile(r"\b(?:what|which|who|whose|whom|name|list|show|give)\b|哪|谁|什么", re.I)
IDENTIFIER = re.compile(r"(?:^|_)(?:id|no|nr|number|code|rank|pick|position|pos|编号|序号|place)(?:_|$)", re.I)

PHRASES = {  # in English and in Chinese
    "sum": ("the sum of {}", "{} 的总和"),
    "average": ("the average of {}", "{} 的平均值"),
    "rows": ("the number of rows", "行数"),
    "distinct": ("the number of different values of {}", "{} 的不同值的个数"),
    "each": ("{} for each {}", "按 {1} 统计的{0}"),
    "ranked": ("{} for each {}, largest first", "按 {1} 统计的{0}，从大到小"),
    "ranked up": ("{} for each {}, smallest first", "按 {1} 统计的{0}，从小到大"),
    "largest": ("the largest {}", "最大的 {}"),
    "smallest": ("the smallest {}", "最小的 {}"),
    "largest of": ("the {} with the largest {}", "{1} 最大的 {0}"),
    "smallest of": ("the {} with the smallest {}", "{1} 最小的 {0}"),
    "difference": ("the difference in {} between {} and {}", "{1} 与 {2} 的 {0} 之差"),
    "range": ("the difference between the largest and the smallest {}", "最大与最小的 {} 之差"),
    "compared": ("{} of {} and of {}, compared", "比较 {1} 与 {2} 的{0}"),
    "first": ("the first {} in the table", "表中第一个 {}"),
    "last": ("the last {} in the table", "表中最后一个 {}"),
    "list": ("the {} of the rows", "各行的 {}"),
    "after": ("the {} in the row after the one where {}", "{1} 的下一行的 {0}"),
    "before": ("the {} in the row before the one where {}", "{1} 的上一行的 {0}"),
    "share": ("the share of {}", "{} 的占比"),
    "share of rows": ("the share of the rows", "行数占比"),
    "where": ("{}, where {}", "{}（条件：{}）"),
}


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to compute an answer.

    sql: the statement; where: the condition of the rows that it rests on, "" for all rows; words: how it is computed
    kind: "number", "value" or "rows"; confidence: 0 to 1; unit: of its number
    """

    operation: Calculation
    sql: str
    words: str
    kind: str
    confidence: float
    where: str = ""
    unit: str = ""
    target: str = ""


def read_question(linked: LinkedQuestion, intent: Intent) -> list[Reading]:
    """Return the readings of a question by rule, best first; an empty list if no rule fits."""
    found = [scored(reading, linked, intent) for reading in _Rules(linked, intent).readings()]
    unique = {reading.sql: reading for reading in sorted(found, key=lambda reading: reading.confidence)}
    return sorted(unique.values(), key=lambda reading: -reading.confidence)


def scored(reading: Reading, linked: LinkedQuestion, intent: Intent) -> Reading:
    """Return a reading whose confidence is lowered by the words that it leaves out and by doubtful links."""
    words = [word for word in linked.unlinked if not within(word, linked, intent)]
    penalty = math.prod(VERB_PENALTY if VERB.search(word) else UNLINKED_PENALTY for word in words)
    if NEGATED.search(apart_from_links(linked)):
        penalty *= NEGATION_PENALTY
    weakest = min([link.score for link in linked.values if link.column.name in reading.where] or [1.0])
    return replace(reading, confidence=reading.confidence * penalty * min(1.0, weakest))


def apart_from_links(linked: LinkedQuestion) -> str:
    """Return a question without the words that are cells or conditions."""
    text = linked.question
    for link in (*linked.values, *linked.conditions):
        start, end = linked.tokens[link.start].start, linked.tokens[link.end - 1].end
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def within(word: str, linked: LinkedQuestion, intent: Intent) -> bool:
    """Return whether a word is part of the words that state the operation."""
    return any(token.form == word and intent.start <= token.start < intent.end for token in linked.tokens)


class _Rules:
    """The rules for one question."""

    def __init__(self, linked: LinkedQuestion, intent: Intent) -> None:
        self._linked, self._intent = linked, intent
        self._table = quoted(linked.table.name)
        self._filters = self._condition(linked.values, linked.conditions)
        self._language = "zh" if language(linked.question) == "zh" else "en"
        self._words = self._say_all((*linked.values, *linked.conditions))
        conditioned = {link.column.name for link in linked.conditions}
        self._free = [link for link in linked.columns if link.column.name not in conditioned]
        self._numeric = [link for link in self._free if link.column.is_numeric and not is_year_column(link.column)]
        self._texts = [link for link in self._free if not link.column.is_numeric]

    def readings(self) -> Iterator[Reading]:
        """Yield the readings of the question."""
        rules: dict[Calculation, Callable[[], Iterator[Reading]]] = {
            Calculation.COUNT: self._count,
            Calculation.SUM: self._sum,
            Calculation.AVERAGE: self._average,
            Calculation.MAXIMUM: self._extreme,
            Calculation.MINIMUM: self._extreme,
            Calculation.DIFFERENCE: self._difference,
            Calculation.COMPARE: self._compare,
            Calculation.FIRST: self._order,
            Calculation.LAST: self._order,
            Calculation.NEXT: self._beside,
            Calculation.PREVIOUS: self._beside,
            Calculation.LIST: self._list,
            Calculation.SHARE: self._share,
        }
        yield from rules[self._intent.operation]()

    # parts of statements and of sentences

    def _say(self, key: str, *parts: str) -> str:
        """Return a phrase in the language of the question."""
        return PHRASES[key][self._language == "zh"].format(*parts)

    def _say_all(self, links: Sequence[Link]) -> str:
        """Return the conditions of links in words."""
        if self._language == "zh":
            words = (f"{label(link.column)}为{link.value}" if link.value else link.words for link in links)
            return " 且 ".join(dict.fromkeys(words))
        return " and ".join(dict.fromkeys(link.words for link in links))

    def _condition(self, values: Sequence[Link], conditions: Sequence[Link]) -> str:
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

    def _where(self, extra: str = "") -> str:
        parts = " AND ".join(filter(None, (self._filters, extra)))
        return f" WHERE {parts}" if parts else ""

    def _reading(
        self, sql: str, words: str, kind: str, confidence: float = 1.0, unit: str = "", where: str | None = None, target: str = ""
    ) -> Reading:
        said = self._say("where", words, self._words) if self._words else words
        return Reading(
            self._intent.operation, sql, said, kind, confidence, self._filters if where is None else where, unit, target
        )

    def _measure(self) -> Column | None:
        """Return the column that the question measures: named, meant by an adjective, or the only one of its kind."""
        behind = [link for link in self._numeric if link.start >= self._first_token(self._intent.start)]
        if behind or self._numeric:
            return max(behind or self._numeric, key=lambda link: (link.score, -link.start)).column
        years = [link for link in self._free if is_year_column(link.column)]
        if years and self._intent.operation in {Calculation.AVERAGE, Calculation.DIFFERENCE}:
            return years[0].column
        for stem, nouns in MEASURES.items():
            if any(root(token.form).startswith(stem) or token.form == stem for token in self._linked.tokens):
                for noun in nouns.split():
                    for column in self._linked.table.columns:
                        if noun in column.name.split("_") or (not noun.isascii() and noun in column.name):
                            return column
        if self._intent.operation in {Calculation.DIFFERENCE, Calculation.COMPARE, Calculation.MAXIMUM, Calculation.MINIMUM}:
            return self._overall()
        return None

    def _overall(self) -> Column | None:
        """Return the column called "total", which stands for the others, if words of the question are linked to nothing."""
        is_open = bool(self._linked.unlinked)
        return next(
            (
                column
                for column in self._linked.table.columns
                if is_open and column.is_numeric and column.name in {"total", "totals", "合计", "总计"}
            ),
            None,
        )

    def _first_token(self, character: int) -> int:
        return next((place for place, token in enumerate(self._linked.tokens) if token.end > character), len(self._linked.tokens))

    def _sole_measure(self) -> Column | None:
        """Return the only column of a table whose numbers can be added up."""
        fitting = [
            column
            for column in self._linked.table.columns
            if column.is_numeric and not is_year_column(column) and not IDENTIFIER.search(column.name)
        ]
        return fitting[0] if len(fitting) == 1 else None

    def _group(self) -> Link | None:
        """Return the column of "per supplier"."""
        for link in self._linked.columns:
            before = self._linked.question[: self._linked.tokens[link.start].start].rstrip()
            if GROUPED.search(before):
                return link
        return None

    def _entity(self) -> Column | None:
        """Return the column that the question asks for: the text column named behind its question word, or the first one."""
        asked = [
            link
            for link in self._linked.columns
            if link.column.type is ColumnType.TEXT or link.column.is_temporal or is_year_column(link.column)
        ]
        asked = [
            link
            for link in asked
            if WH.search(self._linked.question[: self._linked.tokens[link.start].start])
            and link.start - self._question_word() <= 5
        ]
        return asked[0].column if asked else None

    def _asked_first(self) -> Column | None:
        """Return the column of any type that is named right behind the question word."""
        word = self._question_word()
        behind = [link for link in self._free if 0 < link.start - word <= 3]
        return behind[0].column if behind else None

    def _question_word(self) -> int:
        match = WH.search(self._linked.question)
        return self._first_token(match.start()) if match else -9

    def _naming(self) -> Column | None:
        """Return the column whose texts name the rows: the first with (nearly) as many different ones as rows."""
        rows = self._linked.table.rows
        texts = [column for column in self._linked.table.columns if column.type is ColumnType.TEXT]
        return next((column for column in texts if column.distinct >= 0.9 * rows), texts[0] if texts else None)

    # operations

    def _count(self) -> Iterator[Reading]:
        behind = self._first_token(self._intent.end)
        asked = [link for link in self._free if behind - 1 <= link.start <= behind + 2]
        group = self._group()
        if group and group.column.type is ColumnType.TEXT:
            yield self._grouped(group.column, "count(*)", self._say("rows"))
            return
        for link in asked:
            column = link.column
            if column.is_numeric and not is_year_column(column) and not IDENTIFIER.search(column.name):
                yield self._reading(
                    f"SELECT sum({quoted(column.name)}) FROM {self._table}{self._where()}",
                    self._say("sum", label(column)),
                    "number",
                    0.95 * link.score,
                    column.unit,
                )
                return
            if column.type is ColumnType.TEXT and (self._intent.is_distinct or column.distinct < self._linked.table.rows):
                yield self._reading(
                    f"SELECT count(DISTINCT {quoted(column.name)}) FROM {self._table}{self._where()}",
                    self._say("distinct", label(column)),
                    "number",
                    0.95 if self._intent.is_distinct else 0.9,
                )
                if self._intent.is_distinct:
                    return
        yield self._reading(f"SELECT count(*) FROM {self._table}{self._where()}", self._say("rows"), "number", 0.95)

    def _grouped(self, group: Column, aggregate: str, words: str, unit: str = "") -> Reading:
        name, descending = quoted(group.name), f" LIMIT {self._intent.limit}" if self._intent.limit else ""
        return self._reading(
            f"SELECT {name}, {aggregate} AS result FROM {self._table}{self._where()} GROUP BY {name} "
            f"ORDER BY result DESC{descending}",
            self._say("each", words, label(group)),
            "rows",
            0.95,
            unit,
        )

    def _aggregate(self, function: str, words: str) -> Iterator[Reading]:
        measure, certain = self._measure(), 0.95
        if measure is None:
            measure, certain = self._sole_measure(), 0.5
        if measure is None:
            return
        name, group = quoted(measure.name), self._group()
        if group and group.column.name != measure.name:
            yield self._grouped(group.column, f"{function}({name})", self._say(words, label(measure)), measure.unit)
            return
        yield self._reading(
            f"SELECT {function}({name}) FROM {self._table}{self._where()}",
            self._say(words, label(measure)),
            "number",
            certain,
            measure.unit,
        )

    def _sum(self) -> Iterator[Reading]:
        found = list(self._aggregate("sum", "sum"))
        if found and (self._numeric or not re.search(r"how many|number of|多少(?:个|家|张|笔)", self._linked.question, re.I)):
            yield from found
        elif not found and re.search(r"how many|number of|times|多少", self._linked.question, re.I):
            yield from self._count()

    def _average(self) -> Iterator[Reading]:
        if re.search(
            r"\b(?:highest|lowest|most|least|above|below|over|under|greater|less|more)\b|最", self._linked.question, re.I
        ) and any("average" in link.column.header.lower() for link in self._linked.columns):
            return
        yield from self._aggregate("avg", "average")

    def _extreme(self) -> Iterator[Reading]:
        is_high = self._intent.operation is Calculation.MAXIMUM
        wording = self._linked.question[self._intent.start : self._intent.end]
        entity, measure = self._entity(), self._measure()
        if TIME_WORD.search(wording) and not self._numeric:
            measure = next(
                (column for column in self._linked.table.columns if column.is_temporal or is_year_column(column)), measure
            )
            is_high = not EARLY.search(wording)
        direction, limit = ("DESC", self._intent.limit or 1) if is_high else ("ASC", self._intent.limit or 1)
        extreme = "largest" if is_high else "smallest"
        if measure is None:
            if entity is not None and entity.distinct < self._linked.table.rows and entity.type is ColumnType.TEXT:
                yield self._ranked(entity, "count(*)", self._say("rows"), direction, limit)
            return
        name = quoted(measure.name)
        if entity is None and not re.search(r"\b(?:who|which)\b|谁|哪", self._linked.question, re.I):
            function = "max" if is_high else "min"
            yield self._reading(
                f"SELECT {function}({name}) FROM {self._table}{self._where()}",
                self._say(extreme, label(measure)),
                "value" if measure.is_temporal else "number",
                0.9,
                measure.unit,
                target=measure.name,
            )
            return
        certain = 0.95 if entity else 0.75
        entity = entity or self._naming()
        if entity is None or entity.name == measure.name:
            return
        repeated = entity.type is ColumnType.TEXT and entity.distinct < self._linked.table.rows and measure.is_numeric
        if repeated and not is_year_column(measure):
            summed = SUMMED.search(self._linked.question) or not re.search(r"\bsingle\b|单", self._linked.question)
            yield replace(
                self._ranked(entity, f"sum({name})", self._say("sum", label(measure)), direction, limit, measure.unit),
                confidence=certain if summed else 0.5,
            )
        target = quoted(entity.name)
        extra = f"{name} IS NOT NULL"
        yield self._reading(
            f"SELECT {target}, {name} FROM {self._table}{self._where(extra)} ORDER BY {name} {direction}, _row LIMIT {limit}",
            self._say(f"{extreme} of", label(entity), label(measure)),
            "rows",
            certain if not repeated else 0.8,
            measure.unit,
        )

    def _ranked(self, entity: Column, aggregate: str, words: str, direction: str, limit: int, unit: str = "") -> Reading:
        name = quoted(entity.name)
        ties = f"SELECT {name}, {aggregate} AS result FROM {self._table}{self._where(f'{name} IS NOT NULL')} GROUP BY {name}"
        return self._reading(
            f"{ties} ORDER BY result {direction}, {name} LIMIT {limit}",
            self._say("ranked" if direction == "DESC" else "ranked up", words, label(entity)),
            "rows",
            0.9,
            unit,
        )

    def _difference(self) -> Iterator[Reading]:
        measure, pair = self._measure(), self._pair()
        if measure is None:
            return
        name = quoted(measure.name)
        if pair:
            first, second = pair
            rest = self._condition([link for link in self._linked.values if link not in pair], self._linked.conditions)
            behind = f" AND {rest}" if rest else ""
            sums = [f"(SELECT sum({name}) FROM {self._table} WHERE {link.sql}{behind})" for link in (first, second)]
            yield replace(
                self._reading(
                    f"SELECT abs({sums[0]} - {sums[1]})",
                    "",
                    "number",
                    0.95,
                    measure.unit,
                    f"({first.sql} OR {second.sql}){behind}",
                ),
                words=self._say("difference", label(measure), first.value, second.value),
            )
        elif re.search(
            r"\b(?:highest|most|largest|biggest|maximum|best)\b.*\b(?:lowest|least|smallest|fewest|minimum|worst)\b|最.+最",
            self._linked.question,
            re.I,
        ):
            yield self._reading(
                f"SELECT max({name}) - min({name}) FROM {self._table}{self._where()}",
                self._say("range", label(measure)),
                "number",
                0.9,
                measure.unit,
            )

    def _pair(self) -> tuple[Link, Link] | None:
        """Return two cells of the same column that the question names."""
        values = [link for link in self._linked.values if link.score >= 0.6]
        for number, first in enumerate(values):
            for second in values[number + 1 :]:
                if first.column.name == second.column.name and first.start != second.start:
                    return first, second
        return None

    def _compare(self) -> Iterator[Reading]:
        pair = self._pair()
        years = next((link for link in self._linked.conditions if " IN (" in link.sql), None)
        if pair is None and years is not None:
            yield self._compared_years(years)
            return
        if pair is None:
            yield from self._list()
            return
        first, second = pair
        measure = self._measure()
        temporal = next((column for column in self._linked.table.columns if column.is_temporal or is_year_column(column)), None)
        if measure is None and re.search(r"\b(?:earlier|later|first|older|newer)\b|更(?:早|晚)", self._linked.question, re.I):
            measure = temporal
        key, direction = quoted(first.column.name), "ASC" if LESS.search(self._linked.question) else "DESC"
        where = f"({first.sql} OR {second.sql})"
        rest = self._condition([link for link in self._linked.values if link not in pair], self._linked.conditions)
        where += f" AND {rest}" if rest else ""
        if YES_NO.match(self._linked.question) and measure is not None:
            sign, name = ("<" if direction == "ASC" else ">"), quoted(measure.name)
            sums = [f"(SELECT sum({name}) FROM {self._table} WHERE {link.sql})" for link in (first, second)]
            yield replace(
                self._reading(
                    f"SELECT CASE WHEN {sums[0]} {sign} {sums[1]} THEN 'Yes' ELSE 'No' END, {sums[0]}, {sums[1]}",
                    "",
                    "value",
                    0.9,
                    measure.unit,
                    where,
                ),
                words=self._say("compared", label(measure), first.value, second.value),
            )
            return
        aggregate, words = (
            (f"{'min' if measure.is_temporal else 'sum'}({quoted(measure.name)})", label(measure))
            if measure
            else ("count(*)", self._say("rows"))
        )
        yield replace(
            self._reading(
                f"SELECT {key}, {aggregate} AS result FROM {self._table} WHERE {where} GROUP BY {key} ORDER BY result "
                f"{direction}",
                "",
                "rows",
                0.95 if measure else 0.75,
                measure.unit if measure else "",
                where,
                "compare",
            ),
            words=self._say("compared", words, first.value, second.value),
        )

    def _compared_years(self, years: Link) -> Reading:
        """Return the comparison of two years: of a measure, or of their numbers of rows."""
        measure, key = self._measure(), years.sql.partition(" IN (")[0]
        aggregate, words = (f"sum({quoted(measure.name)})", label(measure)) if measure else ("count(*)", self._say("rows"))
        direction = "ASC" if LESS.search(self._linked.question) else "DESC"
        first, _, second = years.sql.partition(" IN (")[2].rstrip(")").partition(", ")
        return replace(
            self._reading(
                f"SELECT {key} AS year, {aggregate} AS result FROM {self._table}{self._where()} GROUP BY year "
                f"ORDER BY result {direction}",
                "",
                "rows",
                0.85,
                measure.unit if measure else "",
                None,
                "compare",
            ),
            words=self._say("compared", words, first, second),
        )

    def _target(self) -> Column | None:
        """Return the column that an order question asks for: named behind the question word or near the operation."""
        entity = self._entity() or self._asked_first()
        near = [link for link in self._free if 0 <= link.start - self._first_token(self._intent.end) <= 2]
        return entity or (near[0].column if near else None) or self._naming()

    def _order(self) -> Iterator[Reading]:
        target = self._target()
        if target is None:
            return
        direction = "ASC" if self._intent.operation is Calculation.FIRST else "DESC"
        name, limit = quoted(target.name), self._intent.limit or 1
        position = "first" if direction == "ASC" else "last"
        yield self._reading(
            f"SELECT {name} FROM {self._table}{self._where(f'{name} IS NOT NULL')} ORDER BY _row {direction} LIMIT {limit}",
            self._say(position, label(target)),
            "value",
            0.85,
        )

    def _beside(self) -> Iterator[Reading]:
        anchors = [link for link in self._linked.values if link.score >= 0.6]
        target = self._entity() or (anchors[0].column if anchors else None)
        if not anchors or target is None:
            return
        is_after = (self._intent.operation is Calculation.NEXT) is not bool(ASKED_BEHIND.search(self._linked.question))
        sign, word = (">", "after") if is_after else ("<", "before")
        order, edge = ("ASC", "max") if sign == ">" else ("DESC", "min")
        where = self._condition(anchors, self._linked.conditions)
        name = quoted(target.name)
        yield replace(
            self._reading(
                f"SELECT {name} FROM {self._table} WHERE _row {sign} (SELECT {edge}(_row) FROM {self._table} WHERE {where}) "
                f"ORDER BY _row {order} LIMIT 1",
                "",
                "value",
                0.85,
                "",
                where,
            ),
            words=self._say(word, label(target), self._say_all(anchors)),
        )

    def _list(self) -> Iterator[Reading]:
        entity = self._entity() or self._naming()
        if entity is None or not self._filters:
            return
        yield self._reading(
            f"SELECT {quoted(entity.name)} FROM {self._table}{self._where()}", self._say("list", label(entity)), "rows", 0.8
        )

    def _share(self) -> Iterator[Reading]:
        if not self._filters:
            return
        measure = self._measure()
        whole, words = (
            (f"sum({quoted(measure.name)})", self._say("share", label(measure)))
            if measure
            else ("count(*)", self._say("share of rows"))
        )
        yield self._reading(
            f"SELECT round(100.0 * {whole} FILTER (WHERE {self._filters}) / {whole}, 2) FROM {self._table}",
            words,
            "number",
            0.9,
            "%",
        )


def label(column: Column) -> str:
    """Return the header of a column for a sentence."""
    return column.header or column.name
