"""Compare a statement of an answer with one sentence or table row of a source: what is found in it, and what contradicts it.

The same comparison decides the support of an answer and the sentence that is quoted for it. It is lexical: it knows numbers with
their units, identifiers, names, negations, opposites and the parallel parts of a sentence, but no synonyms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.datatypes import Support
from assistant.generation.contract_parties import is_of_other_party
from assistant.generation.contradictions import contradicts, rates_differ
from assistant.generation.counted_things import is_of_other_thing
from assistant.generation.paired_items import is_of_other_item
from assistant.generation.payments import is_of_other_payment
from assistant.generation.short_answers import is_doubtful
from assistant.generation.token_matching import has_literal, has_word
from assistant.text.facts import ParsedChunk, ParsedSentence
from assistant.text.measures import is_unit_name
from assistant.text.statements import Statement, Token

FULL, PARTIAL = 0.52, 0.35  # minimum shares of the statement's words
FULL_OF_MANY, MANY = 0.45, 6  # for a statement of so many words
FULL_WITH_VALUE = 0.5  # for a statement with a number or identifier that the unit has
FULL_ZH = 0.5  # for Chinese, whose pairs of characters also cross word boundaries, and for table rows
MIN_OWN = 0.5  # of the words, that are in the unit itself
MIN_CORE, MIN_CORE_ZH = 2, 3  # words that are not in the title, from which on those in it need not be in the unit
FULL_SHORT = 0.4  # with the words of its question, for a statement of fewer than FEW words of its own
FEW = 2


@dataclass(frozen=True, slots=True)
class UnitVerdict:
    """How far a sentence or row supports a statement.

    `literals` and `missing` count the numbers, identifiers and names that it has and lacks; `share` (0 to 1) is of the words;
    `contradiction` says what differs, "" if nothing does.
    """

    support: Support
    literals: int
    missing: int
    share: float
    contradiction: str = ""

    @property
    def rank(self) -> tuple[bool, int, int, float]:
        """The order of verdicts: full support first, then values, then words."""
        return (self.support == "full", self.literals - self.missing, -bool(self.contradiction), self.share)


def compare_unit(
    part: Statement,
    unit: ParsedSentence,
    source: ParsedChunk,
    question: Statement,
    *,
    foreign: bool,
    anchors: Sequence[Token] = (),
) -> UnitVerdict:
    """Compare a statement with a unit. `anchors` are names and identifiers that the statement takes from the one before it.

    `foreign` says that the languages differ, so that only numbers with their units, identifiers and names can be compared.
    """
    needed = [
        token for token in (*part.tokens, *anchors) if token.required and not (foreign and is_untranslatable(token, source))
    ]
    found = [token for token in needed if has_literal(token, part, unit, source)]
    missing = len(needed) - len(found) + (0 if foreign else count_missing_titles(part, unit, source))
    if foreign:
        return foreign_verdict(part, unit, needed, len(found), missing)
    share, least = word_share(part, unit, source, question)
    if any(token.kind != "name" for token in found):
        least = min(least, FULL_WITH_VALUE)
    contradiction = "" if missing or share < least else find_contradiction(part, unit, source, question)
    doubtful = len(part.words) < FEW and is_doubtful(part, unit, question)
    full = not missing and not contradiction and not doubtful and share >= least
    some = share >= PARTIAL or any(token.kind != "name" for token in found)
    return UnitVerdict("full" if full else "partial" if some else "none", len(found), missing, share, contradiction)


def find_contradiction(part: Statement, unit: ParsedSentence, source: ParsedChunk, question: Statement) -> str:
    """Return what in a unit contradicts a statement, or a short answer read with its question; "" if nothing does."""
    if reason := contradicts(part, unit, source):
        return reason
    checks = (is_of_other_thing, is_of_other_item, is_of_other_party, is_of_other_payment)
    return next((reason for check in checks if (reason := check(part, unit, question))), "")


def foreign_verdict(part: Statement, unit: ParsedSentence, needed: Sequence[Token], found: int, missing: int) -> UnitVerdict:
    """Return the verdict of a unit in another language: full if it has all literals and at least one is no name."""
    other = rates_differ(part, unit.statement)
    exact = any(token.kind != "name" for token in needed)
    support: Support = "full" if exact and not missing and not other else "partial" if found or not exact else "none"
    return UnitVerdict(support, found, missing, float(bool(needed) and not missing), other)


def is_untranslatable(token: Token, source: ParsedChunk) -> bool:
    """Return whether a source in another script cannot be expected to have a token: a name in a Chinese text."""
    return token.kind == "name" and source.cjk


def count_missing_titles(part: Statement, unit: ParsedSentence, source: ParsedChunk) -> int:
    """Return how many titles of a statement a unit lacks; one in another sentence counts as there if the unit names no other."""
    others = unit.statement.titles - part.titles
    return sum(
        title not in unit.statement.squeezed
        and title not in source.heading.squeezed
        and (bool(others) or all(title not in each.squeezed for each in unit.before))
        for title in part.titles
    )


def word_share(part: Statement, unit: ParsedSentence, source: ParsedChunk, question: Statement) -> tuple[float, float]:
    """Return the share of a statement's words in a unit, the mean without and with the text around, and the least for full.

    The words of the title and headings are what a text is about, and need not be in the unit. One that has less than half of the
    others by itself has no share that is enough.
    """
    wanted, pairs, least = part.words, part.pairs, FULL_ZH if part.cjk or unit.is_row else FULL
    if len(wanted) >= MANY and not part.cjk:
        least = FULL_OF_MANY
    if len(wanted) < FEW:
        wanted, pairs, least = wanted | asked_words(question), pairs | question.pairs, FULL_SHORT
    own = (unit.statement, *unit.header, *((source.heading,) if unit.is_row else ()))
    alone = present_share(wanted, pairs, own)
    share = (alone + present_share(wanted, pairs, (*own, source.heading, source.topic, *unit.before))) / 2
    core = core_words(part, wanted, source.topic)
    if core != wanted:
        alone = max(alone, present_share(core, pairs - source.topic.pairs, own))
    bare = frozenset(key for token in part.content if token.kind == "word" for key in token.keys)
    has_none = len(bare) > unit.is_row and present_share(bare, frozenset(), own) == 0  # a row has no verb
    if has_none or (len(part.words) >= FEW and alone < MIN_OWN * least / FULL):
        share = min(share, min(least, FULL_WITH_VALUE) - 0.01)
    return share, least


def asked_words(question: Statement) -> frozenset[str]:
    """Return the words of a question but units of measure, which are written in many ways; all if it has no others."""
    units = frozenset(key for token in question.content if is_unit_name(token.written) for key in token.keys)
    return question.words - units or question.words


def core_words(part: Statement, wanted: frozenset[str], topic: Statement) -> frozenset[str]:
    """Return the words that a unit must have by itself: those not in the title if enough are left, else all but its names."""
    core = frozenset(word for word in wanted if not has_word(word, topic.words))
    if len(core) >= (MIN_CORE_ZH if part.cjk else MIN_CORE):
        return core
    names = frozenset(key for token in part.names for key in token.keys)
    return (core | (wanted - names)) or wanted


def present_share(wanted: frozenset[str], pairs: frozenset[str], statements: Sequence[Statement]) -> float:
    """Return the share of words in statements; for Chinese of characters and of pairs of them. 1 if none is wanted."""
    words = frozenset().union(*(each.words for each in statements))
    if not wanted:
        return 1.0
    share = sum(has_word(word, words) for word in wanted) / len(wanted)
    if not pairs:
        return share
    present = frozenset().union(*(each.pairs for each in statements))
    return (share + len(pairs & present) / len(pairs)) / 2
