"""Find what in a sentence or table row contradicts a claim whose values and words it has.

The checks are lexical: negations and opposites, bounds, rates, prepositions of direction, parallel clauses, order of names.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from itertools import pairwise, takewhile

from assistant.generation.parallel_sentences import is_of_parallel_sentence
from assistant.generation.roles import are_roles_exchanged, is_spliced
from assistant.generation.substitutions import is_substituted
from assistant.generation.table_rows import is_other_column, is_other_row
from assistant.generation.token_matching import has_word, is_claimed, is_date
from assistant.text.facts import ParsedChunk, ParsedSentence
from assistant.text.languages import CJK_CHARACTER
from assistant.text.polarity import are_opposite, count_opposites_zh
from assistant.text.statements import DIRECTION, Statement, Token

TARGET = 2  # words behind a negation by which two negations are compared; the first is what it denies
TARGET_ZH = 4  # characters behind a negation that may be what it denies
ENGAGED = 0.75  # of the words of a clause
PARALLEL = 16  # most characters of two neighbouring clauses that are parallel
LINKS = frozenset("为是由任归")  # what they stand between is parallel
MIN_PARALLEL = 0.4  # likeness of two clauses of one form
QUANTIFIER = re.compile(
    r"\b(?:(?P<all>all|every|each)|(?P<most>most)|(?P<half>half)|(?P<few>few)|(?P<some>some|several))\b(?:\s+of)?(?:\s+the)?"
    r"|(?P<all_zh>所有|全部|全体|一切)|(?P<most_zh>大部分|大多数|多数)|(?P<half_zh>半数|一半)|(?P<few_zh>少数|少量)|(?P<some_zh>部分|有些|一些|若干)",
    re.IGNORECASE)
OPPOSED = frozenset(
    map(
        frozenset,
        (
            ("from", "to"),
            ("from", "until"),
            ("from", "till"),
            ("since", "until"),
            ("since", "before"),
            ("before", "after"),
            ("above", "below"),
            ("over", "under"),
            ("from", "before"),
            ("above", "under"),
            ("over", "below"),
        ),
    )
)


def contradicts(part: Statement, unit: ParsedSentence, source: ParsedChunk) -> str:
    """Return what in a unit contradicts a statement whose literals and words it has; "" if nothing does."""
    for check in CHECKS:
        if reason := check(part, unit, source):
            return reason
    return ""


def bounds_differ(part: Statement, unit: ParsedSentence, _source: ParsedChunk) -> str:
    """Return "bound" if one names an upper bound and the other a lower one, "rate" if the rates differ: an hour, a minute."""
    theirs = unit.statement.bounds
    if part.bounds and theirs and not part.bounds & theirs:
        return "bound"
    ours, others = quantities(part), quantities(unit.statement)
    if any(noun in others and amount != others[noun] for noun, amount in ours.items()):
        return "bound"
    return rates_differ(part, unit.statement)


def quantities(statement: Statement) -> dict[str, str]:
    """Return whether all, most, some or few are meant, by the word that follows: most rooms, 少数房间."""
    found = {}
    for match in QUANTIFIER.finditer(statement.text):
        noun = next((token for token in statement.content if token.start >= match.end()), None)
        if noun and noun.kind == "word":
            found[min(noun.keys)] = str(match.lastgroup)
    return found


def rates_differ(part: Statement, unit: Statement) -> str:
    """Return "rate" if both name the period of a rate, and none is the same."""
    return "rate" if part.rates and unit.rates and not part.rates & unit.rates else ""


def polarity_differs(part: Statement, unit: ParsedSentence, _source: ParsedChunk) -> str:
    """Return "negation" if one denies what the other says: by a negation of a word of both, or by an opposite."""
    theirs = unit.statement
    ours_denied = [target_of(token, part) for token in part.tokens if token.kind == "negation"]
    engaged = engaged_clauses(part, theirs)
    theirs_denied = [target_of(token, theirs) for token in theirs.tokens if token.kind == "negation" and token.clause in engaged]
    counter = [target for target in theirs_denied if any(is_claimed(token, part) for token in target[: None if part.cjk else 1])]
    for target in list(ours_denied):
        keys = frozenset(key for token in target for key in token.keys)
        match = next((other for other in counter if any(has_word(key, keys) for token in other for key in token.held)), None)
        if match is not None:
            ours_denied.remove(target)
            counter.remove(match)
    opposite = count_opposites_zh(part.text, theirs.text) if part.cjk else count_opposites(part, theirs, engaged)
    return "negation" if (len(ours_denied) + len(counter) + opposite) % 2 else ""


def is_other_number(part: Statement, unit: ParsedSentence, _source: ParsedChunk) -> str:
    """Return "number" if an uncertain number (二号楼) stands before the same word as another one in the unit."""
    theirs = unit.statement
    for token in part.numbers:
        if not token.required and not any(token.keys & other.held for other in theirs.numbers):
            following = next_token(token, part)
            rivals = (other for other in theirs.numbers if not is_claimed(other, part))
            if following and any((next_token(other, theirs) or token).written == following.written for other in rivals):
                return "number"
    return ""


def next_token(token: Token, statement: Statement) -> Token | None:
    """Return the token directly behind another; None if it is the last."""
    return next((other for other in statement.tokens if other.start >= token.end), None)


def engaged_clauses(part: Statement, unit: Statement) -> frozenset[int]:
    """Return the clauses of a unit that a statement is about: those with most of its words, and those it has nearly whole.

    Of two clauses, one that the statement has whole is meant rather than one of which it has nothing more but how it begins.
    """
    found: dict[int, tuple[frozenset[str], float, frozenset[str]]] = {}
    for clause in {token.clause for token in unit.content}:
        inside = [token for token in unit.content if token.clause == clause]
        claimed = [token for token in inside if is_claimed(token, part)]
        keys = frozenset(key for token in claimed for key in token.held)
        opening = takewhile(lambda token: is_claimed(token, part), inside)
        found[clause] = (keys, len(claimed) / len(inside), frozenset(key for token in opening for key in token.held))
    most = max((len(keys) for keys, _, _ in found.values()), default=0)
    engaged = {clause for clause, (keys, share, _) in found.items() if len(keys) == most or share >= ENGAGED}
    whole = [found[clause][0] for clause in engaged if found[clause][1] == 1]
    return frozenset(
        clause for clause in engaged
        if found[clause][1] == 1 or not any(found[clause][0] - found[clause][2] < keys for keys in whole)
    )


def target_of(negation: Token, statement: Statement) -> list[Token]:
    """Return what a negation denies: the next word of its clause, or its last one if none follows; in Chinese some characters."""
    inside = [token for token in statement.content if token.clause == negation.clause]
    after = [token for token in inside if token.start > negation.start]
    count = TARGET_ZH if statement.cjk else TARGET
    return after[:count] or inside[-count:]


def count_opposites(part: Statement, unit: Statement, engaged: frozenset[int]) -> int:
    """Return how many words of a statement have an opposite in these clauses of a unit, where neither has both."""
    ours = {token.written.lower() for token in part.tokens if token.kind in {"word", "function"}}
    every = {token.written.lower() for token in unit.tokens}
    theirs = {token.written.lower() for token in unit.tokens if token.kind in {"word", "function"} and token.clause in engaged}
    return sum(any(are_opposite(word, other) for other in theirs - ours) for word in ours - every)


def directions_differ(part: Statement, unit: ParsedSentence, _source: ParsedChunk) -> str:
    """Return "direction" if a number or name stands behind "from" in one and behind "to" in the other, or the like."""
    theirs = unit.statement
    for token in (*part.numbers, *part.names):
        same = [other for other in theirs.tokens if token.keys & other.held and other.kind == token.kind]
        mine, others = direction(token, part), {direction(other, theirs) for other in same}
        if mine and others and mine not in others and any(opposed(mine, other) for other in others) and all(others):
            return "direction"
        if mine and "" in others and token.kind == "number" and any(
            direction(other, theirs) == mine and kind_of(other) == kind_of(token) and not is_claimed(other, part)
            for other in theirs.numbers
        ):
            return "direction"
    return ""


def direction(token: Token, statement: Statement) -> str:
    """Return the preposition before a token, if it is one of those that have an opposite."""
    start = max(0, token.start - 14)
    match = DIRECTION.search(statement.text[start : token.start])
    return match[1].lower() if match else ""


def opposed(one: str, other: str) -> bool:
    """Return whether two prepositions are opposites."""
    return frozenset((one, other)) in OPPOSED


def is_crossed(part: Statement, unit: ParsedSentence, _source: ParsedChunk) -> str:
    """Return "crossed" if a value or name of one clause is claimed of another, which has its own: "A costs 5 and B costs 6"."""
    if unit.is_row:
        return ""
    theirs = unit.statement
    clauses = sorted({token.clause for token in theirs.content})
    if len(clauses) < 2:
        return ""
    claimed = {
        clause: [token for token in theirs.content if token.clause == clause and is_claimed(token, part)] for clause in clauses
    }
    left = {
        clause: [token for token in theirs.content if token.clause == clause and not is_claimed(token, part)]
        for clause in clauses
    }
    for one in clauses:
        for other in clauses:
            if one != other and is_pair_crossed(claimed[one], left[one], claimed[other], left[other]):
                return "crossed"
    return ""


def is_pair_crossed(own: Sequence[Token], own_left: Sequence[Token], other: Sequence[Token], other_left: Sequence[Token]) -> bool:
    """Return whether a literal only of one clause goes with words only of another that has an unclaimed literal of the same kind.

    A clause that opens with a claimed word has no subject of its own, so that it may share that of the other, unless that opens
    with the same word.
    """
    elsewhere = frozenset().union(*(token.held for token in other))
    here = frozenset().union(*(token.held for token in own))
    size = sum(2 if token.kind == "number" or not CJK_CHARACTER.match(token.written) else 1 for token in own_left)
    if not own or size < 2 or all(token.held & here for token in other):
        return False
    first = min((*own, *own_left), key=lambda token: token.start)
    opening = min((*other, *other_left), key=lambda token: token.start, default=first)
    if first.kind == "word" and first in own and not first.held & opening.held:
        return False
    kinds = {kind_of(token) for token in other_left} - {""}
    names = first.kind == "name" and any(token.kind == "word" for token in own_left)
    return any(kind_of(token) in kinds and not token.held & elsewhere for token in own if token.kind != "name" or names)


def is_parallel_crossed(part: Statement, unit: ParsedSentence, _source: ParsedChunk) -> str:
    """Return "crossed" if two clauses have one form, and the claim fills it from both: 甲负责采购，乙负责销售."""
    if unit.is_row:
        return ""
    clauses = clauses_of(unit.statement)
    for one, other in pairwise(clauses):
        if max(len(one), len(other)) > PARALLEL:
            continue
        ours, theirs = [token.written for token in one], [token.written for token in other]
        matcher = difflib.SequenceMatcher(None, ours, theirs, autojunk=False)
        sides = {
            is_whole(one[start:end], part) - is_whole(other[first:last], part)
            for tag, start, end, first, last in matcher.get_opcodes() if tag == "replace"
        }  # fmt: skip
        linked = LINKS & {*ours} & {*theirs}
        if (linked or matcher.ratio() > MIN_PARALLEL) and {1, -1} <= sides:
            return "crossed"
    return ""


def clauses_of(statement: Statement) -> list[list[Token]]:
    """Return the tokens of each clause that say something, in Chinese all of them."""
    tokens = statement.tokens if statement.cjk else statement.content
    return [[token for token in tokens if token.clause == clause] for clause in sorted({token.clause for token in tokens})]


def is_whole(tokens: Sequence[Token], part: Statement) -> bool:
    """Return whether a claim has all words of some tokens, and they have any."""
    words = [token for token in tokens if token.kind in {"word", "name"}]
    return bool(words) and all(is_claimed(token, part) for token in words)


def is_other_name(part: Statement, unit: ParsedSentence, source: ParsedChunk) -> str:
    """Return "name" if the claim opens with a name of the source that the unit lacks, while it has another one."""
    first = next(iter(part.tokens), None)
    if (
        first is None
        or first.kind != "word"
        or first.written not in source.capitals
        or has_word(next(iter(first.keys)), unit.statement.words)
    ):
        return ""
    return (
        "name"
        if any(token.written in source.capitals and not is_claimed(token, part) for token in unit.statement.content)
        else ""
    )


def kind_of(token: Token) -> str:
    """Return the kind of a value, so that only values of one kind are rivals; "" for a word."""
    if token.kind == "name":
        return "name"
    if token.kind == "code":
        return "code"
    if token.kind != "number":
        return ""
    return f"number {token.measure}" if token.measure else "date" if is_date(token) else "number"


CHECKS: tuple[Callable[[Statement, ParsedSentence, ParsedChunk], str], ...] = (
    bounds_differ,
    is_other_number,
    polarity_differs,
    is_other_row,
    is_other_column,
    is_crossed,
    is_parallel_crossed,
    is_other_name,
    is_substituted,
    directions_differ,
    are_roles_exchanged,
    is_spliced,
    is_of_parallel_sentence,
)
