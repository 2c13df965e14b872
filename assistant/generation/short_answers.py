"""Check an answer that is hardly more than a number against its question: is it of the kind asked for, and from its clause.

Such an answer has no words to compare, so that any number of a sentence about the question would have full support. What fails
here may still be right: of 545 right answers to training questions (SQuAD 2.0, CMRC 2018) one in a hundred fails, and of the other
numbers of their sentences that would have full support one in four (`benchmarks/short_answers.py`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.generation.counted_things import is_alike
from assistant.generation.token_matching import content_keys, is_claimed, is_same_amount
from assistant.text.facts import ParsedSentence
from assistant.text.statements import Statement, Token

LEAST_WORDS, LEAST_WORDS_ZH = 2, 4  # beside numbers, of a clause that says what its number is of
ASKS_TIME = re.compile(r"\b(?:when|(?:what|which)\s+(?:year|date|day|month|century|decade)s?)\b"
                       r"|何时|什么时[候间]|哪一?[年月天日]|何年|几月", re.IGNORECASE)
ASKS_COUNT = re.compile(r"\bhow\s+many\b|多少[个人名位座条家所]", re.IGNORECASE)
TIME = re.compile(r"[年月日号时点世纪代]|\bat\s+\d|\d(?:st|nd|rd|th|s)\b|\b(?:century|AD|BC|CE|BCE)\b", re.IGNORECASE)
YEAR = re.compile(r"n:\d{3,4}")
TIME_UNITS = frozenset({"century", "decade", "year", "month", "week", "day", "hour", "minute", "second"})


def is_doubtful(part: Statement, unit: ParsedSentence, question: Statement) -> bool:
    """Return whether the numbers of a short answer are of another kind than asked for, or from another clause of the unit."""
    return bool(part.numbers) and (is_of_other_kind(part, question) or is_of_other_clause(part, unit, question))


def is_of_other_kind(part: Statement, question: Statement) -> bool:
    """Return whether a time is asked for and none given, or a count and all that is given are days or months."""
    if ASKS_TIME.search(question.text):
        return not TIME.search(part.text) and not any(is_time(token) for token in part.numbers)
    return bool(ASKS_COUNT.search(question.text)) and any(key[0] in "dm" for token in part.numbers for key in token.keys)


def is_time(token: Token) -> bool:
    """Return whether a number may be a year or another date, a time of day or a length of time."""
    if token.measure:
        return token.measure in TIME_UNITS
    return any(YEAR.fullmatch(key) or not key.startswith("n:") for key in token.keys)


def is_of_other_clause(part: Statement, unit: ParsedSentence, question: Statement) -> bool:
    """Return whether a unit has the number in a clause about something else, and another number in one about the question."""
    theirs = unit.statement
    same = {token.clause for token in theirs.numbers if any(is_same_amount(own, token) for own in part.numbers)}
    if unit.is_row or not same:
        return False
    clauses = {clause: [token for token in theirs.content if token.clause == clause]
               for clause in {token.clause for token in theirs.content}}
    asked = content_keys(question.content)
    if any(is_alike(asked, content_keys(clauses[clause])) or not says_what(clauses[clause], theirs) for clause in same):
        return False
    return any(is_alike(asked, content_keys(clauses[clause])) and has_other_number(clauses[clause], part)
               for clause in clauses.keys() - same)


def says_what(clause: Sequence[Token], statement: Statement) -> bool:
    """Return whether a clause has words enough to say what its number is of."""
    words = sum(token.kind != "number" for token in clause)
    return words >= (LEAST_WORDS_ZH if statement.cjk else LEAST_WORDS)


def has_other_number(clause: Sequence[Token], part: Statement) -> bool:
    """Return whether a clause has a number that the answer has not."""
    return any(token.kind == "number" and not is_claimed(token, part) for token in clause)
