"""Find words of a claim that stand where the source has other ones: water damage, fire damage."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from assistant.generation.token_matching import content_keys, has_word, is_claimed, is_same, neighbours
from assistant.text.facts import ParsedChunk, ParsedSentence
from assistant.text.polarity import are_opposite
from assistant.text.statements import PRONOUN, Statement, Token, word_key
from assistant.text.synonyms import are_synonyms_zh

MOST, MOST_ZH = 3, 6  # words or characters of the unit that one place holds
FAR = 3  # tokens on each side of a place in an otherwise equal sentence
MIN_BESIDE = 2  # words on each side of a place whose word may be a synonym
EVERY = frozenset({word_key("every")})  # as good as "each"
ENDED = re.compile(r"[,;:()|]\s*(?:and\s+)?$")
BELONGING = re.compile(r"\b(?:of|at)\s+(?:the\s+)?$", re.IGNORECASE)
DETERMINER = re.compile(r"\b(?:the|this|these|those|that|such|its|his|her|their)\s+$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in which an alignment has `new` tokens of the unit for `old` ones of the claim.

    `left` and `right` are how many tokens beside it agree, `before` and `after` how many the claim has there.
    `is_modifier` says that a word follows in the claim at once: water damage.
    """

    old: Sequence[Token]
    new: Sequence[Token]
    left: int
    right: int
    before: int
    after: int
    is_modifier: bool

    def is_flanked(self, each: int, total: int) -> bool:
        """Return whether so many tokens agree on each side, or all that the claim has there, and so many in all."""
        return (self.left >= min(each, self.before) and self.right >= min(each, self.after)
                and self.left + self.right >= min(total, self.before + self.after, 2 if self.before * self.after == 0 else total))

    @property
    def is_in_copy(self) -> bool:
        """Whether so much agrees beside the place that the rest of the sentence is a copy."""
        left = self.left >= FAR or not self.before
        return left and (self.right >= FAR or not self.after) and self.left + self.right >= 2 * FAR


def is_substituted(part: Statement, unit: ParsedSentence, source: ParsedChunk) -> str:
    """Return "word" if words of the claim stand where the unit has other ones, of which the claim says nothing.

    Words that are nowhere in the source may be synonyms: for them more must agree on both sides.
    """
    present = frozenset().union(unit.statement.words, *(head.words for head in unit.header))
    for slot in slots(part, unit.statement):
        if not unit.is_row and is_number_exchanged(slot, part) and not is_elsewhere(slot.old, part, unit.statement):
            return "number"
        old, new = content_keys(slot.old) - EVERY, content_keys(slot.new)
        moved = any(has_word(key, present) for key in old) and (part.cjk or not slot.is_in_copy)
        if not old or not new or moved or is_claimed_or_pronoun(slot.new, part, unit.statement):
            continue
        if refers_back(slot, old, part, unit.statement, source) or any(
            is_denied_opposite(one, other, part, unit.statement) for one in slot.old for other in slot.new
        ) or (
            part.cjk and are_synonyms_zh("".join(sorted(old)), part.text, unit.statement.text)
        ):
            continue
        known, sizes = old <= source.words, (MOST_ZH, len(old)) if part.cjk else (MOST, MOST)
        if part.cjk:
            is_other = slot.is_flanked(1, 3) and (known or len(old) == len(new))
        else:
            is_other = slot.is_flanked(1, 1) if known else slot.is_flanked(MIN_BESIDE, MIN_BESIDE) and (
                slot.is_modifier or min(slot.left, slot.right) >= MIN_BESIDE)
        is_other &= len(new) <= sizes[not known]
        if is_other:
            return "word"
    return "" if part.cjk else other_neighbour(part, unit, source)


def is_number_exchanged(slot: Slot, part: Statement) -> bool:
    """Return whether a number stands where the unit has another one, of which the claim says nothing."""
    old, new = ([token for token in tokens if token.kind == "number"] for tokens in (slot.old, slot.new))
    words = any(token.kind in {"word", "name"} for token in (*slot.old, *slot.new))
    claimed = any(is_claimed(token, part) for token in new)
    return bool(old and new) and not words and not claimed and slot.is_flanked(1, MIN_BESIDE)


def is_elsewhere(tokens: Sequence[Token], part: Statement, unit: Statement) -> bool:
    """Return whether a unit has all numbers among the tokens of a claim, each beside the same word, in another order."""
    return all(any(token.keys & other.held and neighbours(token, part) & neighbours(other, unit) for other in unit.numbers)
               for token in tokens if token.kind == "number")


def other_neighbour(part: Statement, unit: ParsedSentence, source: ParsedChunk) -> str:
    """Return "word" if a word of another sentence of the source stands beside one that has another word there: fire damage."""
    ours, theirs = part.content, unit.statement.content
    present = frozenset().union(unit.statement.words, *(head.words for head in unit.header))
    for (one, other), side in ((pair, side) for pair in pairwise(ours) for side in (0, 1)):
        token, beside = (one, other) if side == 0 else (other, one)
        if token.kind != "word" or beside.kind != "word" or not token.keys <= source.words or token.keys & present:
            continue
        places = [place for place, each in enumerate(theirs) if each.held & beside.keys]
        near = [theirs[place + 2 * side - 1] for place in places if 0 <= place + 2 * side - 1 < len(theirs)]
        rivals = [rival for rival in near if rival.kind == "word" and not is_denied_opposite(token, rival, part, unit.statement)]
        if rivals and not any(is_claimed(rival, part) for rival in rivals) and not any(
            has_word(key, present) for key in token.keys
        ):
            return "word"
    return ""


def is_denied_opposite(token: Token, rival: Token, part: Statement, unit: Statement) -> bool:
    """Return whether two words are opposites of which one is denied: not open, closed."""
    if not are_opposite(token.written.lower(), rival.written.lower()):
        return False
    before = [other for other in unit.tokens if other.end <= rival.start]
    return any(other.kind == "negation" for other in (*part.tokens, *before[-1:]))


def slots(part: Statement, unit: Statement) -> Iterator[Slot]:
    """Yield the places in which an alignment of two statements has other tokens."""
    ours, theirs = aligned_tokens(part), aligned_tokens(unit)
    keys = [claim_key(token, theirs) for token in ours]
    blocks = difflib.SequenceMatcher(None, keys, [unit_key(token) for token in theirs], autojunk=False).get_opcodes()
    for place, (tag, start, end, first, last) in enumerate(blocks):
        if tag != "replace":
            continue
        new, before, after = theirs[first:last], start, len(ours) - end
        if before and after and new[0].clause != new[-1].clause:
            continue
        clause = new[0].clause if before else new[-1].clause
        inside = [token for token in new if token.clause == clause]
        yield Slot(ours[start:end], inside, size_of(blocks, place - 1), size_of(blocks, place + 1), before, after,
                   bool(ours[end:]) and ours[end].kind == "word" and ours[end].start - ours[end - 1].end == 1)


def aligned_tokens(statement: Statement) -> list[Token]:
    """Return the tokens by which statements are aligned: all but negations in Chinese, those that say something in English."""
    return [token for token in statement.tokens if token.kind != "negation"] if statement.cjk else list(statement.content)


def claim_key(token: Token, theirs: Sequence[Token]) -> str:
    """Return the key of the first token of a unit that agrees with one of the claim; its own key if none does."""
    return unit_key(next((other for other in theirs if is_same(token, other)), token))


def unit_key(token: Token) -> str:
    """Return one key of a token."""
    return min(token.keys, default=token.written)


def size_of(blocks: Sequence[tuple[str, int, int, int, int]], place: int) -> int:
    """Return how many tokens of an alignment block are equal; 0 if there is no such block."""
    return blocks[place][2] - blocks[place][1] if 0 <= place < len(blocks) and blocks[place][0] == "equal" else 0


def is_claimed_or_pronoun(tokens: Sequence[Token], part: Statement, unit: Statement) -> bool:
    """Return whether a slot of a unit has a word that is in the claim, or a pronoun, which may stand for one."""
    if PRONOUN.search(unit.text[tokens[0].start : tokens[-1].end]):
        return True
    words = [token for token in tokens if token.kind in {"word", "name"}]
    return (all if part.cjk else any)(is_claimed(token, part) for token in words)


def refers_back(slot: Slot, old: frozenset[str], part: Statement, unit: Statement, source: ParsedChunk) -> bool:
    """Return whether a unit names by "the office" what the title or heading names, or leaves it out: "of the garden club"."""
    if not old <= source.topic.words:
        return False
    if not slot.after and BELONGING.search(part.text[: slot.old[0].start]) and ENDED.search(unit.text[: slot.new[0].start]):
        return True
    return unit.cjk or (not any(token.kind == "name" for token in slot.new)
                        and bool(DETERMINER.search(unit.text[: slot.new[0].start])))
