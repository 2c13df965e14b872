"""Compare a statement of an answer with one sentence or table row of a source: what is found in it, and what contradicts it.

The same comparison decides the support of an answer and the sentence that is quoted for it. It is lexical: it knows numbers with
their units, identifiers, names, negations, opposites and the parallel parts of a sentence, but no synonyms.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from assistant.datatypes import Support
from assistant.text.facts import DIRECTION, PRONOUN, ParsedChunk, ParsedSentence, Statement, Token
from assistant.text.languages import CJK_CHARACTER
from assistant.text.literals import contains_code, fold
from assistant.text.polarity import are_opposite, count_opposites_zh

FULL, PARTIAL = 0.52, 0.35  # minimum shares of the statement's words
FULL_ZH = 0.5  # for Chinese, whose pairs of characters also cross word boundaries, and for table rows
MIN_OWN = 0.5  # of the words, that are in the unit itself
MIN_CORE, MIN_CORE_ZH = 2, 3  # words that are not in the title, from which on those in it need not be in the unit
FULL_SHORT = 0.4  # with the words of its question, for a statement of fewer than FEW words of its own
FEW = 2
MIN_STEM = 4  # letters that two words must begin with to be forms of one
SLOT = 3  # tokens of a slot in which one word stands for another
SLOT_ZH = 6  # characters
TARGET = 2  # words behind a negation by which two negations are compared; the first is what it denies
TARGET_ZH = 4  # characters behind a negation that may be what it denies
ENGAGED = 0.75  # of the words of a clause
MIN_NAMED = 0.6  # of the words of a header cell, for a claim to name its column
LINKS = frozenset("为是由任归")
YEARS = range(1000, 2200)


@dataclass(frozen=True, slots=True)
class UnitVerdict:
    """How far a sentence or row supports a statement.

    `literals` and `missing` count the numbers, identifiers and names that it has and lacks; `share` (0 to 1) is that of the words;
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


def compare_unit(part: Statement, unit: ParsedSentence, source: ParsedChunk, question: Statement, *, foreign: bool,
                 anchors: Sequence[Token] = ()) -> UnitVerdict:
    """Compare a statement with a unit. `anchors` are names and identifiers that the statement takes from the one before it.

    `foreign` says that the languages differ, so that only numbers with their units, identifiers and names can be compared.
    """
    needed = [token for token in (*part.tokens, *anchors) if token.required and not (foreign and is_untranslatable(token, source))]
    found = [token for token in needed if has_literal(token, part, unit, source)]
    missing = len(needed) - len(found) + (0 if foreign else count_missing_titles(part, unit, source))
    if foreign:
        return foreign_verdict(part, unit, needed, len(found), missing)
    share, least = word_share(part, unit, source, question)
    contradiction = "" if missing or share < least else contradicts(part, unit, source)
    full = not missing and not contradiction and share >= least
    some = share >= PARTIAL or any(token.kind != "name" for token in found)
    return UnitVerdict("full" if full else "partial" if some else "none", len(found), missing, share, contradiction)


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
    return sum(title not in unit.statement.squeezed and title not in source.heading.squeezed
               and (bool(others) or all(title not in each.squeezed for each in unit.before)) for title in part.titles)


# literals


def has_literal(token: Token, part: Statement, unit: ParsedSentence, source: ParsedChunk) -> bool:
    """Return whether a unit, or where it may the text above it, has a number, identifier or name."""
    if token.kind == "number":
        return has_number(token, unit) or is_in_heading(token, part, source.heading)
    if token.kind == "code":
        own = (unit.statement, *unit.header, source.heading)
        return any(contains_code(token.written, each.lower) for each in own) or (
            not unit.statement.codes and any(contains_code(token.written, each.lower) for each in unit.before))
    own = (unit.statement, *unit.header, source.heading)
    return any(has_name(token, each) for each in own) or (
        any(has_name(token, each) for each in unit.before) and may_refer_back(part, unit.statement))


def has_number(token: Token, unit: ParsedSentence) -> bool:
    """Return whether a unit has a number, in no other unit of measure."""
    return any(token.keys & other.held and not (token.measure and other.measure and token.measure != other.measure)
               for each in (unit.statement, *unit.header) for other in each.numbers)


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
    return any(key[0] in "dmk" or (key.startswith("n:") and key[2:].isdigit() and int(key[2:]) in YEARS) for key in token.keys
               ) and not token.measure


def neighbours(token: Token, statement: Statement) -> frozenset[tuple[int, str]]:
    """Return the keys of the words before (-1) and behind (1) a token."""
    place = next((place for place, other in enumerate(statement.tokens) if other.start == token.start), -1)
    beside = [(side, statement.tokens[place + side]) for side in (-1, 1) if place >= 0 and 0 <= place + side < len(statement.tokens)]
    return frozenset((side, key) for side, each in beside if each.kind in {"word", "name"} for key in each.keys)


def has_name(token: Token, statement: Statement) -> bool:
    """Return whether a statement has a word of a name, or a form of it: Norman for Normandy."""
    if token.written not in statement.folded and not token.keys & statement.folded:
        return any(is_form(token.written, word) for word in statement.folded)
    return True


def may_refer_back(part: Statement, unit: Statement) -> bool:
    """Return whether a sentence may be about a name before it: it has a pronoun, or no name of which the claim says nothing."""
    return bool(PRONOUN.search(unit.text)) or all(token.keys & part.words for token in unit.names)


def is_form(word: str, other: str) -> bool:
    """Return whether one word begins as the other."""
    return min(len(word), len(other)) >= MIN_STEM and (word.startswith(other) or other.startswith(word))


# words


def word_share(part: Statement, unit: ParsedSentence, source: ParsedChunk, question: Statement) -> tuple[float, float]:
    """Return the share of a statement's words in a unit (half of it with those of the text around), and the least for full support.

    The words of the title and headings are what a text is about, and need not be in the unit. One that has less than half of the
    others by itself has no share that is enough.
    """
    wanted, pairs, least = part.words, part.pairs, FULL_ZH if part.cjk or unit.is_row else FULL
    if len(wanted) < FEW:
        wanted, pairs, least = wanted | question.words, pairs | question.pairs, FULL_SHORT
    own = (unit.statement, *unit.header, *((source.heading,) if unit.is_row else ()))
    alone = present_share(wanted, pairs, own)
    share = (alone + present_share(wanted, pairs, (*own, source.heading, source.topic, *unit.before))) / 2
    core = core_words(part, wanted, source.topic)
    if core != wanted:
        alone = max(alone, present_share(core, pairs - source.topic.pairs, own))
    if len(part.words) >= FEW and alone < MIN_OWN * least / FULL:
        share = min(share, least - 0.01)
    return share, least


def core_words(part: Statement, wanted: frozenset[str], topic: Statement) -> frozenset[str]:
    """Return the words that a unit must have by itself: those not in the title if enough are left, or else all but names in it."""
    core = frozenset(word for word in wanted if not has_word(word, topic.words))
    if len(core) >= (MIN_CORE_ZH if part.cjk else MIN_CORE):
        return core
    names = frozenset(key for token in part.names for key in token.keys)
    return (core | (wanted - names)) or wanted


def present_share(wanted: frozenset[str], pairs: frozenset[str], statements: Sequence[Statement]) -> float:
    """Return the share of words in statements; for Chinese the mean of those of characters and of pairs of them. 1 if none is wanted."""
    words = frozenset().union(*(each.words for each in statements))
    if not wanted:
        return 1.0
    share = sum(has_word(word, words) for word in wanted) / len(wanted)
    if not pairs:
        return share
    present = frozenset().union(*(each.pairs for each in statements))
    return (share + len(pairs & present) / len(pairs)) / 2


def has_word(word: str, words: frozenset[str]) -> bool:
    """Return whether a word or a form of it is among the words."""
    return word in words or (len(word) >= MIN_STEM and any(is_form(word, other) for other in words))


# contradictions


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
    return rates_differ(part, unit.statement)


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
    opposite = count_opposites_zh(part.text, theirs.text) if part.cjk else count_opposites(part, theirs)
    return "negation" if (len(ours_denied) + len(counter) + opposite) % 2 else ""


def engaged_clauses(part: Statement, unit: Statement) -> frozenset[int]:
    """Return the clauses of a unit that a statement is about: those with most of its words, and those it has nearly whole."""
    found: dict[int, tuple[int, float]] = {}
    for clause in {token.clause for token in unit.content}:
        inside = [token for token in unit.content if token.clause == clause]
        claimed = [token for token in inside if is_claimed(token, part)]
        found[clause] = (len({key for token in claimed for key in token.held}), len(claimed) / len(inside))
    most = max((count for count, _ in found.values()), default=0)
    return frozenset(clause for clause, (count, share) in found.items() if count == most or share >= ENGAGED)


def target_of(negation: Token, statement: Statement) -> list[Token]:
    """Return what a negation denies: the next word of its clause, or its last one if none follows; in Chinese some characters."""
    inside = [token for token in statement.content if token.clause == negation.clause]
    after = [token for token in inside if token.start > negation.start]
    count = TARGET_ZH if statement.cjk else TARGET
    return after[:count] or inside[-count:]


def count_opposites(part: Statement, unit: Statement) -> int:
    """Return how many words of a statement have an opposite in a unit, where neither has both."""
    ours = {token.written.lower() for token in part.tokens if token.kind in {"word", "function"}}
    theirs = {token.written.lower() for token in unit.tokens if token.kind in {"word", "function"}}
    return sum(any(are_opposite(word, other) for other in theirs - ours) for word in ours - theirs)


def directions_differ(part: Statement, unit: ParsedSentence, _source: ParsedChunk) -> str:
    """Return "direction" if a number or name stands behind "from" in one and behind "to" in the other, or the like."""
    theirs = unit.statement
    for token in (*part.numbers, *part.names):
        same = [other for other in theirs.tokens if token.keys & other.held and other.kind == token.kind]
        mine, others = direction(token, part), {direction(other, theirs) for other in same}
        if mine and others and mine not in others and any(opposed(mine, other) for other in others) and all(others):
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


OPPOSED = frozenset(map(frozenset, (("from", "to"), ("from", "until"), ("from", "till"), ("since", "until"), ("since", "before"), ("before", "after"),
                                    ("above", "below"), ("over", "under"), ("from", "before"), ("above", "under"), ("over", "below"))))


def is_crossed(part: Statement, unit: ParsedSentence, _source: ParsedChunk) -> str:
    """Return "crossed" if a value or name of one clause is claimed of another, which has its own: "A costs 5 and B costs 6"."""
    if unit.is_row:
        return ""
    theirs = unit.statement
    clauses = sorted({token.clause for token in theirs.content})
    if len(clauses) < 2:
        return ""
    claimed = {clause: [token for token in theirs.content if token.clause == clause and is_claimed(token, part)] for clause in clauses}
    left = {clause: [token for token in theirs.content if token.clause == clause and not is_claimed(token, part)] for clause in clauses}
    for one in clauses:
        for other in clauses:
            if one != other and is_pair_crossed(claimed[one], left[one], claimed[other], left[other]):
                return "crossed"
    return ""


def is_pair_crossed(own: Sequence[Token], own_left: Sequence[Token], other: Sequence[Token], other_left: Sequence[Token]) -> bool:
    """Return whether a literal only of one clause goes with words only of another that has an unclaimed literal of the same kind.

    A clause that opens with a claimed word has no subject of its own, so that it may share that of the other.
    """
    elsewhere = frozenset().union(*(token.held for token in other))
    here = frozenset().union(*(token.held for token in own))
    size = sum(2 if token.kind == "number" or not CJK_CHARACTER.match(token.written) else 1 for token in own_left)
    if not own or size < 2 or all(token.held & here for token in other):
        return False
    first = min((*own, *own_left), key=lambda token: token.start)
    if first.kind == "word" and first in own:
        return False
    kinds = {kind_of(token) for token in other_left} - {""}
    names = first.kind == "name" and any(token.kind == "word" for token in own_left)
    return any(kind_of(token) in kinds and not token.held & elsewhere for token in own if token.kind != "name" or names)


def is_role_crossed(part: Statement, unit: ParsedSentence, _source: ParsedChunk) -> str:
    """Return "crossed" if a claim joins the subject of one Chinese clause to the role in another: 甲为社长，乙为司库."""
    if not part.cjk or unit.is_row:
        return ""
    sides = [side for side in map(divided, clauses_of(unit.statement)) if side]
    for before, after in sides:
        for other_before, other_after in sides:
            subject, role = claimed_only(before, other_before, part), claimed_only(other_after, after, part)
            if subject and role and unclaimed(after, part) and unclaimed(other_before, part):
                return "crossed"
    return ""


def clauses_of(statement: Statement) -> list[list[Token]]:
    """Return the tokens of each clause."""
    return [[token for token in statement.tokens if token.clause == clause] for clause in sorted({token.clause for token in statement.tokens})]


def divided(clause: Sequence[Token]) -> tuple[list[Token], list[Token]] | None:
    """Return the tokens before and behind the first word that links a subject to its role; None if there is none."""
    place = next((place for place, token in enumerate(clause) if token.written in LINKS), -1)
    return (list(clause[:place]), list(clause[place + 1 :])) if 0 < place < len(clause) - 1 else None


def claimed_only(tokens: Sequence[Token], others: Sequence[Token], part: Statement) -> bool:
    """Return whether the claim has a word of some tokens that is not among the others."""
    known = frozenset().union(*(token.held for token in others))
    return any(token.kind == "word" and is_claimed(token, part) and not token.held & known for token in tokens)


def unclaimed(tokens: Sequence[Token], part: Statement) -> bool:
    """Return whether tokens have a word of which the claim says nothing."""
    return any(token.kind == "word" and not is_claimed(token, part) for token in tokens)


def is_other_name(part: Statement, unit: ParsedSentence, source: ParsedChunk) -> str:
    """Return "name" if the claim opens with a name of the source that the unit lacks, while it has another one."""
    first = next(iter(part.tokens), None)
    if first is None or first.kind != "word" or first.written not in source.capitals or has_word(next(iter(first.keys)), unit.statement.words):
        return ""
    return "name" if any(token.written in source.capitals and not is_claimed(token, part) for token in unit.statement.content) else ""


def kind_of(token: Token) -> str:
    """Return the kind of a value, so that only values of one kind are rivals; "" for a word."""
    if token.kind == "name":
        return "name"
    if token.kind == "code":
        return "code"
    if token.kind != "number":
        return ""
    return f"number {token.measure}" if token.measure else "date" if is_date(token) else "number"


def is_claimed(token: Token, part: Statement) -> bool:
    """Return whether a token of a source is also in the claim."""
    if token.kind == "number":
        return any(token.held & other.keys for other in part.numbers)
    return bool(token.held & part.held) or any(has_word(key, part.words) for key in token.held if token.kind in {"word", "name"} and len(key) >= MIN_STEM)


def is_other_column(part: Statement, unit: ParsedSentence, _source: ParsedChunk) -> str:
    """Return "column" if a row's value is claimed of another column that the claim names by its header."""
    if not unit.header or len(unit.header) != unit.columns:
        return ""
    row = unit.statement
    cells = [[token for token in row.content if token.clause == column] for column in range(unit.columns)]
    claimed = {column for column, cell in enumerate(cells) if any(is_claimed(token, part) for token in cell)}
    named = {column for column, head in enumerate(unit.header) if head.content
             and sum(is_claimed(token, part) for token in head.content) >= MIN_NAMED * len(head.content)}
    shared = {column for column in named if all(is_in_other_head(token, column, unit) for token in unit.header[column].content
                                                if is_claimed(token, part))}
    for column in named - claimed - shared:
        rivals = [other for other in claimed - named if other and has_figure(cells[other]) == has_figure(cells[column])]
        if cells[column] and rivals and column:
            return "column"
    return ""


def is_in_other_head(token: Token, column: int, unit: ParsedSentence) -> bool:
    """Return whether another column has a word of a column's header in its own."""
    return any(token.held & other.held for place, head in enumerate(unit.header) if place != column for other in head.content)


def has_figure(cell: Sequence[Token]) -> bool:
    """Return whether a cell has a number."""
    return any(token.kind == "number" for token in cell)


def is_other_row(part: Statement, unit: ParsedSentence, source: ParsedChunk) -> str:
    """Return "row" if a statement has the words of a cell of another row, which this row and what is above it have not."""
    if not unit.is_row:
        return ""
    here = frozenset().union(unit.statement.words, source.heading.words, *(head.words for head in unit.header))
    for other in source.units:
        if not other.is_row or other.is_heading or other is unit:
            continue
        for column in range(other.columns):
            words = frozenset(key for token in other.statement.content if token.clause == column and token.kind in {"word", "name"} for key in token.keys)
            if words and words <= part.words and not words & here:
                return "row"
    return ""


def is_substituted(part: Statement, unit: ParsedSentence, source: ParsedChunk) -> str:
    """Return "word" if a word of the claim stands where the unit has another one: water damage, fire damage."""
    if part.cjk:
        return substituted_zh(part, unit, source)
    ours, theirs = list(part.tokens), list(unit.statement.tokens)
    present = frozenset().union(unit.statement.words, *(head.words for head in unit.header))
    for start, end in missing_runs(ours, lambda token: not token.keys & present and not any(has_word(key, present) for key in token.keys)):
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


def is_slot_filled(ours: Sequence[Token], run: tuple[int, int], theirs: Sequence[Token], part: Statement, *, elsewhere: bool) -> bool:
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
    return bool(words) and slot[0].kind != "function" and slot[-1].kind != "function" and not any(
        is_claimed(token, part) for token in words) and not any(PRONOUN.fullmatch(token.written) for token in slot)


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
    matcher = difflib.SequenceMatcher(None, [token.written for token in ours], [token.written for token in theirs], autojunk=False)
    blocks = matcher.get_opcodes()
    for place, (tag, start, end, first, last) in enumerate(blocks):
        slot = theirs[first:last]
        if tag != "replace" or len(slot) > SLOT_ZH or len({token.clause for token in slot}) > 1:
            continue
        old, new = content_zh(ours[start:end]), content_zh(theirs[first:last])
        if not old or not new or PRONOUN.search("".join(token.written for token in theirs[first:last])) or new <= part.words or old <= known:
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


def are_roles_swapped(part: Statement, unit: ParsedSentence, _source: ParsedChunk) -> str:
    """Return "roles" if two names stand in the other order, in the same voice: A hired B, B hired A; A was hired by B."""
    theirs = unit.statement
    if part.cjk or unit.is_row:
        return ""
    pairs = [(token, [other for other in theirs.tokens if other.held & token.keys]) for token in part.names]
    known = [(token, same[0]) for token, same in pairs if len(same) == 1 and sum(other.keys == token.keys for other in part.names) == 1]
    for (one, first), (two, second) in zip(known, known[1:], strict=False):
        if two.start - one.end <= 1 or first.start < second.start or first.clause != second.clause:
            continue  # two words of one name, or the same order
        between = part.text[one.end : two.start], theirs.text[second.end : first.start]
        if any(fold(text.strip(" ,")) in {"and", "or", "", "&"} for text in between):
            continue
        passive = sum(" by " in text for text in between)
        markers = [marker_of(token, statement) for token, statement in ((one, part), (first, theirs), (two, part), (second, theirs))]
        if passive != 1 and not (markers[0] == markers[1] and markers[2] == markers[3] and any(markers)):
            return "roles"
    return ""


def marker_of(token: Token, statement: Statement) -> str:
    """Return the function word before a name."""
    place = next((place for place, other in enumerate(statement.tokens) if other.start == token.start), 0)
    before = statement.tokens[place - 1] if place else None
    return before.written.lower() if before and before.kind == "function" else ""


CHECKS: tuple[Callable[[Statement, ParsedSentence, ParsedChunk], str], ...] = (
    bounds_differ, polarity_differs, is_other_row, is_other_column, is_crossed, is_role_crossed, is_other_name,
    is_substituted, directions_differ, are_roles_swapped)
