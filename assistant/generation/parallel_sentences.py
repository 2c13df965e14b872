"""Find claims that mix two parallel sentences: A signed for B, from "A signed for the seller. C signed for B."."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import permutations

from assistant.generation.token_matching import is_claimed
from assistant.text.facts import ParsedChunk, ParsedSentence
from assistant.text.statements import Statement, Token

MOST_APART = 3  # units between two parallel sentences
MIN_ALIKE = 0.4  # likeness of two sentences of one form (difflib's ratio)
MOST_TOKENS = 40  # of a sentence that is compared
NO_CONTENT = frozenset({"function", "negation"})


@dataclass(frozen=True, slots=True)
class Exchange:
    """A place at which two parallel sentences differ: the content tokens of either."""

    own: tuple[Token, ...]
    other: tuple[Token, ...]


def is_of_parallel_sentence(part: Statement, unit: ParsedSentence, source: ParsedChunk) -> str:
    """Return "roles" if a claim has one thing of a sentence and another of a parallel one, which says it of something else.

    Two sentences are parallel if they differ only in what stands at some places. No sentence of the source has both things.
    """
    if unit.is_row or part.cjk:
        return ""
    for parallel in parallel_sentences(unit, source):
        exchanges = list(exchanges_of(unit.statement.tokens, parallel.statement.tokens))
        for one, two in permutations(exchanges, 2):
            kept, taken = claimed_of(one.own, part), claimed_of(two.other, part)
            is_mixed = kept and taken and not claimed_of(one.other, part) and not claimed_of(two.own, part)
            if is_mixed and names_thing(kept) and not any(has_all((*kept, *taken), each.statement) for each in source.units):
                return "roles"
    return ""


def parallel_sentences(unit: ParsedSentence, source: ParsedChunk) -> Iterator[ParsedSentence]:
    """Yield the sentences near a unit that may be of its form."""
    place = next((place for place, each in enumerate(source.units) if each is unit), 0)
    for other in source.units[max(0, place - MOST_APART) : place + MOST_APART + 1]:
        if other is not unit and not other.is_row and not other.is_heading and len(other.statement.tokens) <= MOST_TOKENS:
            yield other


def exchanges_of(ours: Sequence[Token], theirs: Sequence[Token]) -> Iterator[Exchange]:
    """Yield the places at which two sentences of one form differ; nothing if they are of different forms."""
    if len(ours) > MOST_TOKENS:
        return
    one, other = ([token.written.lower() for token in tokens] for tokens in (ours, theirs))
    compared = SequenceMatcher(None, one, other, autojunk=False)
    changes = [change for change in compared.get_opcodes() if change[0] != "equal"]
    if compared.ratio() < MIN_ALIKE or any(kind != "replace" for kind, *_ in changes):
        return
    for _, start, end, first, last in changes:
        mine, others = by_clause(ours[start:end]), by_clause(theirs[first:last])
        if mine.keys() == others.keys():  # "the seller: Ada" and "the buyer: Ben" differ at two places
            yield from (Exchange(mine[clause], others[clause]) for clause in mine)
        else:
            yield Exchange(content(ours[start:end]), content(theirs[first:last]))


def by_clause(tokens: Sequence[Token]) -> dict[int, tuple[Token, ...]]:
    """Return the content tokens by the clause that they are in."""
    clauses = dict.fromkeys(token.clause for token in tokens)
    return {clause: content([token for token in tokens if token.clause == clause]) for clause in clauses}


def content(tokens: Sequence[Token]) -> tuple[Token, ...]:
    """Return the tokens that are no function words."""
    return tuple(token for token in tokens if token.kind not in NO_CONTENT)


def claimed_of(tokens: Sequence[Token], part: Statement) -> tuple[Token, ...]:
    """Return the tokens that a claim has."""
    return tuple(token for token in tokens if is_claimed(token, part))


def names_thing(tokens: Sequence[Token]) -> bool:
    """Return whether tokens have a name, a number or a code, which cannot be said in other words."""
    return any(token.kind in {"name", "number", "code"} for token in tokens)


def has_all(tokens: Sequence[Token], statement: Statement) -> bool:
    """Return whether a statement has all of these tokens."""
    return all(any(token.held & other.held for other in statement.tokens) for token in tokens)
