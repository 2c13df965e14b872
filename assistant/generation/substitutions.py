"""Find words of a claim that stand where the source has other ones: water damage, fire damage."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence

from assistant.generation.token_matching import has_word, is_claimed
from assistant.text.facts import ParsedChunk, ParsedSentence
from assistant.text.languages import CJK_CHARACTER
from assistant.text.statements import PRONOUN, Statement, Token

SLOT = 3  # tokens of a slot in which one word stands for another
SLOT_ZH = 6  # characters


def is_substituted(part: Statement, unit: ParsedSentence, source: ParsedChunk) -> str:
    """Return "word" if a word of the claim stands where the unit has another one: water damage, fire damage."""
    if part.cjk:
        return substituted_zh(part, unit, source)
    ours, theirs = list(part.tokens), list(unit.statement.tokens)
    present = frozenset().union(unit.statement.words, *(head.words for head in unit.header))
    for start, end in missing_runs(
        ours, lambda token: not token.keys & present and not any(has_word(key, present) for key in token.keys)
    ):
        run = ours[start:end]
        elsewhere = any(key in source.words for token in run for key in token.keys)
        if is_slot_filled(ours, (start, end), theirs, part, elsewhere=elsewhere):
            return "word"
    return ""


def missing_runs(tokens: Sequence[Token], is_missing: Callable[[Token], bool]) -> Iterator[tuple[int, int]]:
    """Yield the runs of neighbouring words that a unit lacks."""
    start = -1
    for place, token in enumerate((*tokens, None)):
        lacks = token is not None and token.kind in {"word", "name"} and is_missing(token)
        if lacks and start < 0:
            start = place
        elif not lacks and start >= 0:
            yield start, place
            start = -1


def is_slot_filled(
    ours: Sequence[Token], run: tuple[int, int], theirs: Sequence[Token], part: Statement, *, elsewhere: bool
) -> bool:
    """Return whether other words stand in the unit between the neighbours that a run of words has in the claim.

    Both neighbours must be there, two on each side if the words are found nowhere else in the source. Where they are found
    elsewhere, one neighbour that is no function word is enough.
    """
    start, end = run
    left, right = ours[max(0, start - 2) : start], ours[end : end + 2]
    for first in range(len(theirs) + 1):
        for last in range(first + 1, min(first + SLOT, len(theirs)) + 1):
            slot = theirs[first:last]
            if not all(token.kind in {"word", "name", "function"} for token in slot) or not is_rival(slot, part):
                continue
            before, after = count_equal(left[::-1], theirs[:first][::-1]), count_equal(right, theirs[last:])
            least = 1 if elsewhere else 2
            whole = before >= min(least, len(left)) and after >= min(least, len(right)) and before + after > 0
            edges = (not left) <= (first == 0) and (not right) <= (last == len(theirs) or not right)
            beside = (before and left[-1].kind == "word") or (after and right[0].kind == "word")
            if (whole and edges and before + after >= 2) or (elsewhere and beside and len(slot) == 1):
                return True
    return False


def is_rival(slot: Sequence[Token], part: Statement) -> bool:
    """Return whether a slot has words of which the claim says nothing, none of them a pronoun."""
    words = [token for token in slot if token.kind != "function"]
    return (
        bool(words)
        and slot[0].kind != "function"
        and slot[-1].kind != "function"
        and not any(is_claimed(token, part) for token in words)
        and not any(PRONOUN.fullmatch(token.written) for token in slot)
    )


def count_equal(ours: Sequence[Token], theirs: Sequence[Token]) -> int:
    """Return how many tokens agree from the start on."""
    count = 0
    for one, other in zip(ours, theirs, strict=False):
        if not one.keys & other.held and one.kind + other.kind != "negationnegation":
            break
        count += 1
    return count


def substituted_zh(part: Statement, unit: ParsedSentence, source: ParsedChunk) -> str:
    """Return "word" if an alignment of the characters has other ones in the place of some of the claim's."""
    ours = [token for token in part.tokens if token.kind != "negation"]
    theirs = [token for token in unit.statement.tokens if token.kind != "negation"]
    known = frozenset().union(source.heading.words, *(each.words for each in (unit.statement, *unit.before)))
    matcher = difflib.SequenceMatcher(
        None, [token.written for token in ours], [token.written for token in theirs], autojunk=False
    )
    blocks = matcher.get_opcodes()
    for place, (tag, start, end, first, last) in enumerate(blocks):
        slot = theirs[first:last]
        if tag != "replace" or len(slot) > SLOT_ZH or len({token.clause for token in slot}) > 1:
            continue
        old, new = content_zh(ours[start:end]), content_zh(theirs[first:last])
        if (
            not old
            or not new
            or PRONOUN.search("".join(token.written for token in theirs[first:last]))
            or new <= part.words
            or old <= known
        ):
            continue
        if len(old) != len(new) and not old <= source.words:
            continue
        flanks = [size_of(blocks[other]) for other in (place - 1, place + 1) if 0 <= other < len(blocks)]
        if flanks and min(flanks) >= 1 and sum(flanks) >= 3 and not old & frozenset().union(unit.statement.words):
            return "word"
    return ""


def size_of(block: tuple[str, int, int, int, int]) -> int:
    """Return how many tokens of an alignment block are equal."""
    return block[2] - block[1] if block[0] == "equal" else 0


def content_zh(tokens: Sequence[Token]) -> frozenset[str]:
    """Return the Chinese characters of tokens that are no function words."""
    return frozenset(token.written for token in tokens if token.kind == "word" and CJK_CHARACTER.match(token.written))
