"""How likely a reading by rule is right: logistic regression over how it was made and which words it leaves out.

The weights are fitted by `benchmarks/fit_tables.py` on questions whose answers are known.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from assistant.datatypes.tables import Column, ColumnType, QueryResult
from assistant.tables.conditions import COMPARISON, NUMBER_WORDS
from assistant.tables.implied_measures import contradicts_flow
from assistant.tables.links import DISTINCT_PART, Link, LinkedQuestion, is_year_column, tokens_in
from assistant.tables.row_names import counted_rows
from assistant.tables.rules.operator_words import operators_left_out
from assistant.tables.rules.parts import (
    EXACT,
    HOW_MANY,
    IMPLIED,
    PLACES,
    THING,
    WHEN,
    WHERE,
    WHO,
    ColumnChoice,
    QuestionParts,
    is_additive,
    numbers_rows,
)
from assistant.tables.rules.question_forms import form_asked, uses_order_word, value_kind
from assistant.tables.rules.reading import Reading
from assistant.tables.rules.weights import WEIGHTS
from assistant.tables.settlement import has_state
from assistant.tables.tokens import form_of
from assistant.text.calculations import Calculation, Intent
from assistant.text.number_words import ORDINALS

MOST_COUNTED = 3
NAMED_CONDITION = 0.75  # score of a condition on a column that the question names
MOST_LISTED = 3
FARTHEST_ASKED = 4  # words behind the question word: "what is the largest AMOUNT"
VERB = re.compile(
    r"(?:ed|ing|ave|ew|ought|ept|ent|ade)$|^(?:won|win|play|score|obtain|earn|appear|hold|held|became|become|sell|sold|buy|spend"
    r"|cost|work|take|took|receive|get|finish|compete|make|go|come)$"
)
NEGATED = re.compile(
    r"\b(?:not|never|no|except|excluding|without|other than|neither|nor|didn't|isn't|wasn't|doesn't|aren't|weren't|don't|but)\b"
    r"(?! (?:more|less|fewer|later|earlier)\b)|除了|不是|没有|未",
    re.I,
)
NUMBER_WORD = re.compile(rf"^\d|^(?:{'|'.join((NUMBER_WORDS.keys() | ORDINALS.keys()) - {'one', 'first'})}|half|twice|century)$")
SELECTED = re.compile(r'SELECT (?:DISTINCT )?(?:year\()?"([^"]+)"')
LIMITING = re.compile(r"\b(?:only|same|each|both|either|consecutive|exactly|other|another|else|between)\b|连续|同时", re.I)
SAME_AS = re.compile(r"\bsame\b.+\bas\b|相同|一样", re.I)
NUMBERED = ("frequent", "difference", "more than", "less than")  # readings that use a number which is no condition
MANNER = frozenset("different distinct unique various consecutive straight".split())  # words that tell how to count
ROWS = re.compile(r"\b(?:rows|records|entries|lines)\b|多少行|几行|行数|多少条|几条", re.I)
# weights that are not fitted: the training questions never ask for rows, for the sum of a table that has one amount, for a
# measure that a verb implies, or for what is overdue; they seldom number the rows or leave them unsorted by date; and they are
# written in lower case
CHOSEN = {
    "rows by name": 3.0,
    "only measure": 2.0,
    "implied measure": 2.0,
    "implied measure left out": -3.0,
    "asks for several": 4.0,
    "implied measure unsure": -2.5,
    "word of business left out": -4.0,
    "rows for units": -4.0,
    "predicate left out": -3.0,
    "unlinked name": -3.0,
    "whole cell left out": -2.5,
    "name left out": -2.5,
    "attribute left out": -2.5,
    "words behind count left out": -2.0,
    "comparison left out": -3.0,
    "header part left out": -1.5,
    "sameness left out": -4.0,
    "numbered rows listed": -4.0,
    "order of rows beside dates": -1.0,
    "order of dates": 1.0,
}
MEASURING = frozenset(
    {Calculation.COUNT, Calculation.SUM, Calculation.AVERAGE, Calculation.MAXIMUM, Calculation.MINIMUM, Calculation.COMPARE}
)
PARTIES = frozenset(map(form_of, "customer client buyer supplier vendor employee staff worker".split()))
UNITS = re.compile(
    r"how many (?:seconds|minutes|hours|days|weeks|months|dollars|euros|pounds)\b|多少(?:天|个?小时|分钟|个?月|周)", re.I
)
PREDICATE = re.compile(r"\bhow many\b.{1,60}?\b(?:are|were|is|was|been|got)\s+(?:still |already |not )?(?P<predicate>\w+)", re.I)
PLURAL = re.compile(r"\bwhich (?!\w*(?:ss|us|is)\b)\w{3,}s\b(?! (?:is|was|has)\b)|哪些", re.I)
ORDER_WORD = re.compile(r"\b(?:before|after|prior to|later than|earlier than)\s+(?:the )?$", re.I)
COMPARED = re.compile(r"[<>]")
COUNTED_NOUN = re.compile(r"\b(?:how many|which|what|number of|amount of|times|most|least|every|all)\s+(?:[a-z]+ )?$", re.I)


def confidence_of(features: Mapping[str, float]) -> float:
    """Return the probability that a reading with these features is right."""
    weights = CHOSEN | WEIGHTS
    total = weights.get("bias", 0.0) + sum(weights.get(name, 0.0) * value for name, value in features.items())
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def features_of(reading: Reading, parts: QuestionParts, intents: Sequence[Intent], rank: int) -> dict[str, float]:
    """Return what speaks for and against a reading, by name."""
    linked = parts.linked
    features: dict[str, float] = dict.fromkeys(reading.marks, 1.0)
    operation = "aggregate" if reading.marks[0] in {"sum", "average"} else reading.marks[0]
    features[f"{operation} + {reading.marks[-1]}"] = 1.0
    features[f"intent {min(rank, 2)}"] = 1.0
    features["weak intent"] = float(not parts.intent.is_strong)
    for kind, count in Counter(unlinked_kinds(linked, parts.intent)).items():
        features[f"unlinked {kind}"] = min(count, MOST_COUNTED)
    linked_words = len(linked.values) + len(linked.columns) + len(linked.conditions)
    features["share unlinked"] = len(linked.unlinked) / max(1, len(linked.unlinked) + linked_words)
    used = [link for link in parts.values if link.column.name in reading.sql]
    features["uncertain cell"] = 1 - min([link.score for link in used if link.score < 1] or [1.0])
    features["containing cell"] = float(any(link.score == 0.5 and link.sql.startswith("regexp") for link in used))
    features["cells left out"] = min(
        len({link.start for link in linked.values}) - len({link.start for link in used}), MOST_COUNTED
    )
    kept = {(link.start, link.end) for link in parts.values}
    whole = [link for link in linked.values if link.score >= 1]
    features["whole cell left out"] = float(any((link.start, link.end) not in kept for link in whole))
    names = [link for link in linked.values if is_name(link, linked)]
    features["name left out"] = float(any(link.column.name not in reading.sql for link in names))
    features["conditions"] = min(len(used) + len(parts.conditions), MOST_COUNTED)
    features["conditions left out"] = float(any(link.sql not in reading.sql for link in parts.conditions))
    features["columns left out"] = min(columns_left_out(reading, linked), MOST_COUNTED)
    features.update(dict.fromkeys(column_features(reading, parts), 1.0))
    features["other operations"] = min(len(intents) - 1, MOST_COUNTED)
    rest = text_apart_from_links(linked)
    names_rows = ROWS.search(rest) or counted_rows(linked.question, parts.info)
    features["rows by name"] = float(reading.marks[0] == "count" and not linked.unlinked and bool(names_rows))
    measures = [column for column in parts.info.columns if counts_things(column, parts)]
    features["only measure"] = float(reading.marks[0] == "sum" and not linked.unlinked and len(measures) == 1)
    is_implied = IMPLIED in reading.marks
    guesses = "target is filtered" in features or any(mark in {"target unnamed", "target naming"} for mark in reading.marks)
    features["implied measure"] = float(is_implied and not linked.unlinked and not guesses)
    features["implied measure unsure"] = float(is_implied and (guesses or bool(linked.unlinked)))
    features["asks for several"] = float(not linked.unlinked and asks_for_several(reading, parts))
    features["implied measure left out"] = float(not is_implied and leaves_implied_out(reading, parts))
    left_out = has_state(rest) or contradicts_flow(linked.question, parts.info) or bool(PARTIES & set(linked.unlinked))
    features["word of business left out"] = float(left_out)
    features["predicate left out"] = float(not reading.where and leaves_predicate_out(linked))
    features["attribute left out"] = float(reading.operation is Calculation.COUNT and leaves_attribute_out(linked))
    features["comparison left out"] = float(not reading.marks[0].startswith(NUMBERED) and bool(COMPARISON.search(rest)))
    is_plain_count = reading.operation is Calculation.COUNT and not reading.where
    left = set(unlinked_kinds(linked, parts.intent))
    features["words behind count left out"] = float(is_plain_count and bool(left & {"word", "name"}))
    features["header part left out"] = float(is_plain_count and leaves_part_out(reading, linked))
    features["rows for units"] = float(reading.marks[0] == "count" and bool(UNITS.search(parts.question)))
    features["negation"] = float(bool(NEGATED.search(rest)) and "NOT" not in reading.where)
    features["order word of condition"] = float(uses_order_word(linked, parts.intent.start, parts.intent.operation))
    features["cell of head noun"] = float(any(is_head_noun(link, parts) for link in used))
    features["number beside count"] = float(reading.marks[0] in {"count", "frequent counted"} and counts_named_number(parts))
    conditions = [link for link in parts.conditions if link.sql in reading.sql]
    features["guessed condition"] = float(any(link.score < NAMED_CONDITION for link in conditions))
    operators = set(operators_left_out(rest, reading))
    features.update({f"leaves out {name}": 1.0 for name in operators})
    features["sameness left out"] = float("same" in operators and bool(SAME_AS.search(rest)))
    if asked := measure_asked(reading, parts):
        features[asked] = 1.0
    features["limiting word"] = float(bool(LIMITING.search(rest)))
    return {name: value for name, value in features.items() if value}


def column_features(reading: Reading, parts: QuestionParts) -> Iterator[str]:
    """Yield the rank of the measured column and of the one asked for among those that fit, and whether its type fits."""
    for kind, choices in (("measure", parts.measures()), ("target", parts.targets())):
        choices = [choice for choice in choices if choice.mark != IMPLIED]  # which are equally likely
        rank = next((rank for rank, choice in enumerate(choices) if choice.mark in reading.marks and is_used(choice, reading)), 0)
        if rank:
            yield f"{kind} rank {rank}"
    selected = SELECTED.match(reading.sql)
    column = parts.info.column(selected[1]) if selected else None
    if column is not None and any(link.column.name == column.name for link in parts.values):
        yield "target is filtered"
    if column is not None and WHO.search(parts.question) and column.type is not ColumnType.TEXT:
        yield "who is no text"
    if column is not None and column.is_numeric and not is_year_column(column):
        yield "selects number"
    if column is not None and reading.marks[0] == "list" and numbers_rows(column, parts.info) and HOW_MANY.search(parts.question):
        yield "numbered rows listed"
    if column is not None and WHERE.search(parts.question):
        yield "where is place" if PLACES & set(column.name.split("_")) else "where is no place"
    if column is not None and WHEN.search(parts.question):
        yield "when is time" if column.is_temporal or is_year_column(column) else "when is no time"


def counts_things(column: Column, parts: QuestionParts) -> bool:
    """Return whether the numbers of a column can be added up and do not number the rows."""
    return is_additive(column) and not numbers_rows(column, parts.info)


def measure_asked(reading: Reading, parts: QuestionParts) -> str:
    """Return that a question asks for a measure that a reading computes: "what is the LENGTH"; "" if it does not."""
    word = parts.question_word
    near = {link.column.name for link in parts.free if 1 <= link.start - word <= FARTHEST_ASKED}
    asked = next((choice for choice in parts.measures() if choice.column.name in near), None)
    if asked is None:
        return ""
    return f"{reading.marks[0]} {'of' if asked.mark in reading.marks else 'without'} the measure asked"


def is_head_noun(link: Link, parts: QuestionParts) -> bool:
    """Return whether a part of a cell is what a question asks for: "college" in "which college", "games" in "how many games"."""
    behind = parts.token_at(parts.intent.end) if parts.intent.operation is Calculation.COUNT else -9
    return link.score < 1 and (0 <= link.start - behind <= 1 or 1 <= link.start - parts.question_word <= 2)


def counts_named_number(parts: QuestionParts) -> bool:
    """Return whether a column of numbers stands right behind "how many"."""
    behind = parts.token_at(parts.intent.end)
    near = (link for link in parts.free if 0 <= link.start - behind <= 1 and link.score >= DISTINCT_PART)
    return any(counts_things(link.column, parts) for link in near)


def asks_for_several(reading: Reading, parts: QuestionParts) -> bool:
    """Return whether a question asks for as many values as there are: "which customers", "who", "per category"."""
    if "grouped" in reading.marks:
        return IMPLIED in reading.marks
    mark = reading.marks[-1]
    if reading.marks[0] != "list" or not all(link.score >= 1 for link in parts.values):
        return False
    if mark == THING:
        return True
    if WHO.search(parts.question):
        return mark.startswith(("target named", "target part next"))
    return mark.startswith("target named") and bool(PLURAL.search(parts.question))


def leaves_predicate_out(linked: LinkedQuestion) -> bool:
    """Return whether what "how many invoices are DISPUTED" says of the rows is linked to nothing."""
    match = PREDICATE.search(linked.question)
    return match is not None and any(
        token.form in linked.unlinked for token in linked.tokens if match.start("predicate") <= token.start < match.end()
    )


def leaves_attribute_out(linked: LinkedQuestion) -> bool:
    """Return whether "how many DAMAGED items" has a word that is linked to nothing before the one that names the rows."""
    behind = next((place for place, token in enumerate(linked.tokens) if HOW_MANY.search(linked.question[: token.start])), -1)
    named = {link.start for link in linked.columns} | rows_named(linked)
    word = linked.tokens[behind].form if behind >= 0 else ""
    return word in linked.unlinked and word not in MANNER and behind + 1 in named


def rows_named(linked: LinkedQuestion) -> set[int]:
    """Return the places of the words that name the rows of the table in a question."""
    counted = counted_rows(linked.question, linked.table)
    span = tokens_in(linked.tokens, *counted) if counted else None
    return set(range(*span)) if span else set()


def leaves_implied_out(reading: Reading, parts: QuestionParts) -> bool:
    """Return whether a reading measures something else than the question implies, and not a column that it names."""
    is_named = any(mark.startswith("measure named") for mark in reading.marks)
    used = any(f'"{column.name}"' in reading.sql for column in parts.implied)
    return bool(parts.implied) and reading.operation in MEASURING and not is_named and not used


def is_used(choice: ColumnChoice, reading: Reading) -> bool:
    """Return whether a statement names a column."""
    return choice.name in reading.sql


def columns_left_out(reading: Reading, linked: LinkedQuestion) -> int:
    """Return how many columns whose whole header stands in the question are not in the statement.

    A count of rows is one of the invoices if a column numbers them.
    """
    counts_rows = reading.marks[0] == "count"
    named = {link.column for link in linked.columns if link.score >= EXACT}
    return sum(
        f'"{column.name}"' not in reading.sql and not (counts_rows and numbers_rows(column, linked.table)) for column in named
    )


def leaves_part_out(reading: Reading, linked: LinkedQuestion) -> bool:
    """Return whether a distinctive part of a header stands in the question and its column is not in the statement."""
    return any(DISTINCT_PART <= link.score < EXACT and f'"{link.column.name}"' not in reading.sql for link in linked.columns)


def is_name(link: Link, linked: LinkedQuestion) -> bool:
    """Return whether a question writes a cell, or the part of it that it names, with a capital, and does not begin with it."""
    return link.start > 0 and linked.tokens[link.start].text[:1].isupper()


def unlinked_kinds(linked: LinkedQuestion, intent: Intent) -> Iterator[str]:
    """Yield the kind of each content word that is linked to nothing and does not state the operation."""
    open_words = set(linked.unlinked)
    for token in linked.tokens:
        if token.form not in open_words or intent.start <= token.start < intent.end:
            continue
        before = linked.question[: token.start]
        if NUMBER_WORD.search(token.form):
            yield "number"
        elif VERB.search(token.form):
            yield "verb"
        elif COUNTED_NOUN.search(before):
            yield "row noun"
        elif token.text[:1].isupper() and before.strip():
            yield "name"
        else:
            yield "word"


def text_apart_from_links(linked: LinkedQuestion) -> str:
    """Return a question without the words that are cells or conditions, and without "before" or "after" of a condition."""
    text = linked.question
    for link in (*linked.values, *linked.conditions):
        start, end = linked.tokens[link.start].start, linked.tokens[link.end - 1].end
        if link in linked.conditions and COMPARED.search(link.sql) and (order := ORDER_WORD.search(text[:start])):
            start = order.start()
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def with_result(reading: Reading, result: QueryResult, linked: LinkedQuestion) -> Reading:
    """Return a reading with the confidence that it has in view of its result."""
    features = {**reading.features, **result_features(reading, result, linked)}
    return replace(reading, features=features, confidence=confidence_of(features))


def repeats(value: str, question: str) -> bool:
    """Return whether a value stands in a question, as words of their own: "2" does not stand in "2026"."""
    return bool(re.search(rf"(?<!\w){re.escape(value)}(?!\w)", question, re.I))


def result_features(reading: Reading, result: QueryResult, linked: LinkedQuestion) -> dict[str, float]:
    """Return what a result says about its reading: zero, several rows, a tie for the first place."""
    first = result.rows[0]
    is_extreme = reading.marks[0] in {"extreme row", "extreme sum", "extreme count"}
    kind = value_kind(first[-1] if reading.marks[:2] == ("sum", "grouped") else first[0])  # not of the group
    features = {
        f"{form_asked(linked.question)} gives {kind}": 1.0,
        f"{reading.marks[0]} gives {kind}": 1.0,
        "result zero": float(reading.kind == "number" and first[0] == 0),
        "result one": float(reading.kind == "number" and first[0] == 1),
        "result of several rows": float(len(result.rows) > 1 and reading.target != "compare"),
        "result repeats the question": float(not reading.target and repeats(str(first[0]), linked.question)),
        "result many rows": float(len(result.rows) > MOST_LISTED),
        "extreme of zero": float(is_extreme and len(first) > 1 and first[1] == 0),
    }
    return {name: value for name, value in features.items() if value}
