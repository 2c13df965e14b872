"""Match tokens of a claim with a sentence or table row of a source: numbers, identifiers, names and words."""

from __future__ import annotations

import re
from collections.abc import Iterable

from assistant.text.facts import ParsedChunk, ParsedSentence
from assistant.text.literals import contains_code
from assistant.text.statements import Statement, Token

YEARS = range(1000, 2200)
BACK = re.compile(
    r"\b(?:he|she|it|they|his|her|hers|its|their|theirs|him|them|this|these|those|such|both|former|latter)\b"
    "|[他她它其该該此]", re.IGNORECASE)
MIN_STEM = 4  # letters that two words must begin with to be forms of one


def has_number(token: Token, unit: ParsedSentence) -> bool:
    """Return whether a unit has a number, or the same amount in another unit of measure: 24 months, two years."""
    return any(is_same_amount(token, other) for each in (unit.statement, *unit.header) for other in each.numbers)


def is_same_amount(token: Token, other: Token) -> bool:
    """Return whether a source's number is a claim's; where only one of them has a unit of measure, it is not compared."""
    common = token.keys & other.held
    if token.measure and other.measure and token.measure != other.measure:
        return any(key.startswith("x:") for key in common)
    return bool(common)


def is_in_heading(token: Token, part: Statement, heading: Statement) -> bool:
    """Return whether a heading has a date, or a number beside the same word, as part of a name: 12 Hill Road."""
    same = [other for other in heading.numbers if token.keys & other.held]
    if not same:
        return False
    if is_date(token):
        return True
    return any(neighbours(token, part) & neighbours(other, heading) for other in same)


def is_date(token: Token) -> bool:
    """Return whether a number is a date or may be a year."""
    return (
        any(key[0] in "dmk" or (key.startswith("n:") and key[2:].isdigit() and int(key[2:]) in YEARS) for key in token.keys)
        and not token.measure
    )


def neighbours(token: Token, statement: Statement) -> frozenset[tuple[int, str]]:
    """Return the keys of the words before (-1) and behind (1) a token."""
    place = next((place for place, other in enumerate(statement.tokens) if other.start == token.start), -1)
    beside = [
        (side, statement.tokens[place + side]) for side in (-1, 1) if place >= 0 and 0 <= place + side < len(statement.tokens)
    ]
    return frozenset((side, key) for side, each in beside if each.kind in {"word", "name"} for key in each.keys)


def has_name(token: Token, statement: Statement) -> bool:
    """Return whether a statement has a word of a name, or a form of it: Norman for Normandy."""
    if token.written not in statement.folded and not token.keys & statement.folded:
        return any(is_form(token.written, word) for word in statement.folded)
    return True


def may_refer_back(part: Statement, unit: Statement) -> bool:
    """Return whether a sentence may be about a name before it: no name of which the claim says nothing precedes its pronoun."""
    others = [token.start for token in unit.names if not token.keys & part.words]
    pronoun = BACK.search(unit.text)
    return not others or (pronoun is not None and pronoun.start() < min(others))


def is_form(word: str, other: str) -> bool:
    """Return whether one word begins as the other."""
    return min(len(word), len(other)) >= MIN_STEM and (word.startswith(other) or other.startswith(word))


def has_word(word: str, words: frozenset[str]) -> bool:
    """Return whether a word or a form of it is among the words."""
    return word in words or (len(word) >= MIN_STEM and any(is_form(word, other) for other in words))


def is_same(token: Token, other: Token) -> bool:
    """Return whether a source's token is a claim's, or a form of its word."""
    both = token.kind in {"word", "name"} and other.kind in {"word", "name"}
    return bool(token.keys & other.held) or (both and any(has_word(key, other.held) for key in token.keys))


def is_claimed(token: Token, part: Statement) -> bool:
    """Return whether a token of a source is also in the claim."""
    if token.kind == "number":
        return any(token.held & other.keys for other in part.numbers)
    return bool(token.held & part.held) or any(
        has_word(key, part.words) for key in token.held if token.kind in {"word", "name"} and len(key) >= MIN_STEM
    )


def content_keys(tokens: Iterable[Token]) -> frozenset[str]:
    """Return the keys of the words and names among tokens."""
    return frozenset(key for token in tokens if token.kind in {"word", "name"} for key in token.keys)


def has_literal(token: Token, part: Statement, unit: ParsedSentence, source: ParsedChunk) -> bool:
    """Return whether a unit, or where it may the text above it, has a number, identifier or name."""
    if token.kind == "number":
        return has_number(token, unit) or is_in_heading(token, part, source.heading)
    if token.kind == "code":
        own = (unit.statement, *unit.header, source.heading)
        return any(contains_code(token.written, each.lower) for each in own) or (
            not unit.statement.codes and any(contains_code(token.written, each.lower) for each in unit.before)
        )
    own = (unit.statement, *unit.header, source.heading)
    return any(has_name(token, each) for each in own) or (
        any(has_name(token, each) for each in unit.before) and may_refer_back(part, unit.statement)
    )
