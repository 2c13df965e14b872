"""Find claims that join parts of two items of a list: "Anna Berg (treasurer), Tom Hill (chair)" for "Tom Hill is the treasurer".

An item is two parts with a mark between them: a bracket, a colon, a dash, or a comma where semicolons stand between the items. In
Chinese, neighbouring items of a few characters are compared without a mark too: 会计王芳、主席李明. Values that stand beside a
date each are items without a mark: "from 1.2 million in 2022 to 1.5 million in 2023".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, permutations

from assistant.generation.token_matching import is_claimed, is_date
from assistant.text.facts import ParsedSentence
from assistant.text.languages import CJK_CHARACTER
from assistant.text.statements import Statement, Token

BETWEEN_ITEMS = re.compile(r"[;；\n]|[,，、](?!\d)|\s(?:and|or)\s|(?<=[)）])\s*[和与及]")
BETWEEN_LONG_ITEMS = re.compile(r"[;；\n]")
BETWEEN_SHORT_ITEMS = re.compile(r"[,，、和与及由；;。]")
LINK = re.compile("[、和与及]")
CLAUSE_END = re.compile(r"[,，;；]\D|[。.!?]\s")
COMMA = r"[,，](?!\d)"
MARKS = tuple(map(re.compile, (r"\s*[(（]", r"\s[–—-]\s|[–—]{2}", r"[:：](?!\d)", COMMA)))  # a comma only in long items
SHORTEST, LONGEST = 2, 8  # Chinese characters of a part; the most also of an item without a mark
MOST_WORDS = 4  # of a part
FEWEST = 2  # values with a date
SHORT_ANSWER = 4  # tokens of an answer that leaves out what its question says

Covers = Callable[[Token], bool]


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a list: the tokens before its mark and behind it."""

    left: tuple[Token, ...]
    right: tuple[Token, ...]

    @property
    def sides(self) -> tuple[tuple[Sequence[Token], Sequence[Token]], ...]:
        """Each part with the other one."""
        return (self.left, self.right), (self.right, self.left)

    def without(self, left: frozenset[str], right: frozenset[str]) -> Item:
        """Return the item without the tokens that have one of these keys."""
        return Item(tuple(token for token in self.left if not token.keys & left),
                    tuple(token for token in self.right if not token.keys & right))


def is_of_other_item(part: Statement, unit: ParsedSentence, question: Statement) -> str:
    """Return "item" if a statement joins a part of one item of a list with a part of another one; else "".

    A short answer is read together with its question.
    """
    if unit.is_row:
        return ""
    asked = question if len(part.content) <= SHORT_ANSWER else None

    def covers(token: Token) -> bool:
        return is_claimed(token, part) or (asked is not None and is_claimed(token, asked))

    lists = (items_of(unit.statement), dated_values(unit.statement))
    crossed = any(is_joined(one, other, covers) for items in lists for one, other in permutations(items, 2))
    return "item" if crossed or (part.cjk and are_short_items_joined(part, unit.statement)) else ""


def items_of(statement: Statement) -> list[Item]:
    """Return the items of a list in a sentence, by the mark that most of them have, without what several of them have."""
    is_long = BETWEEN_LONG_ITEMS.search(statement.text.rstrip(";；\n")) is not None
    spans = list(segments(statement.text, BETWEEN_LONG_ITEMS if is_long else BETWEEN_ITEMS))
    marks = MARKS if is_long else MARKS[:-1]
    found = max(([*marked_items(statement, spans, mark)] for mark in marks), key=len)  # the first of equals
    left, right = shared_keys([item.left for item in found]), shared_keys([item.right for item in found])
    return [bare for item in found if (bare := item.without(left, right)).left and bare.right]


def dated_values(statement: Statement) -> list[Item]:
    """Return values and dates as items where they alternate throughout a sentence; else none."""
    first_of = {token.start: token for token in reversed(statement.numbers)}  # of a date its day, not its year
    figures = [first_of[start] for start in sorted(first_of)]
    kinds = [is_day_or_year(figure) for figure in figures]
    if len(figures) < 2 * FEWEST or len(figures) % 2 or any(one == other for one, other in pairwise(kinds)):
        return []
    pairs = list(zip(figures[::2], figures[1::2], strict=True))
    return [Item((one,), (other,)) for one, other in pairs] if all(is_beside(*pair, statement) for pair in pairs) else []


def is_beside(one: Token, other: Token, statement: Statement) -> bool:
    """Return whether a value is followed by its date at once ("2.1 m on 3 May"), or a date by its value in one clause."""
    if is_day_or_year(one):
        return not CLAUSE_END.search(statement.text, one.end, other.start)
    return sum(one.start < token.start < other.start for token in statement.content) <= 1  # "40 people in 2019"


def is_day_or_year(token: Token) -> bool:
    """Return whether a number is a date or a year, also one with its unit: 2010年."""
    return is_date(replace(token, measure="") if token.measure == "year" else token)


def shared_keys(parts: Sequence[Sequence[Token]]) -> frozenset[str]:
    """Return the keys that more than one part has: the rooms of "Room 4: ...; Room 5: ..."."""
    counts = Counter(key for part in parts for key in frozenset().union(*(token.keys for token in part)))
    return frozenset(key for key, count in counts.items() if count > 1)


def marked_items(statement: Statement, spans: Sequence[tuple[int, int]], mark: re.Pattern[str]) -> Iterator[Item]:
    """Yield the items with a mark; what ends with a colon before another mark is an introduction."""
    text, most = statement.text, LONGEST if statement.cjk else MOST_WORDS
    for start, end in spans:
        if found := mark.search(text, start, end):
            first = max(start, text.rfind(":", start, found.start()))
            left = tuple(token for token in statement.content if first <= token.start < found.start())
            right = tuple(token for token in statement.content if found.start() <= token.start < end)
            if len(left) <= most and len(right) <= most:
                yield Item(left, right)


def segments(text: str, pattern: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """Yield the spans between the matches of a pattern."""
    start = 0
    for match in pattern.finditer(text):
        yield start, match.start()
        start = match.end()
    yield start, len(text)


def is_joined(one: Item, other: Item, covers: Covers) -> bool:
    """Return whether one part of an item is claimed without its other part, but with the opposite part of another item."""
    return any(is_half(own, left_out, covers) and is_half(theirs, rival, covers) and not is_in(own, other)
               for (own, left_out), (rival, theirs) in zip(one.sides, other.sides, strict=True))


def is_half(claimed: Sequence[Token], left_out: Sequence[Token], covers: Covers) -> bool:
    """Return whether one part is claimed, of English words at least the last one, and nothing of the other."""
    needed = claimed if CJK_CHARACTER.match(claimed[-1].written) else claimed[-1:]
    return all(map(covers, needed)) and not any(map(covers, left_out))


def is_in(tokens: Sequence[Token], item: Item) -> bool:
    """Return whether an item has all tokens of a part."""
    held = frozenset().union(*(token.held for token in (*item.left, *item.right)))
    return all(token.keys & held for token in tokens)


def are_short_items_joined(part: Statement, unit: Statement) -> bool:
    """Return whether of two short Chinese items only the beginning of one is claimed, and of the other only what follows it."""
    if LINK.search(part.text):
        return False
    items = [[is_claimed(token, part) for token in unit.tokens if start <= token.start < end]
             for start, end in segments(unit.text, BETWEEN_SHORT_ITEMS)]
    linked = [LINK.match(match.group()) is not None for match in BETWEEN_SHORT_ITEMS.finditer(unit.text)]
    return any(is_link and (is_beginning_and_rest(one, other) or is_beginning_and_rest(other, one))
               for (one, other), is_link in zip(pairwise(items), linked, strict=True))


def is_beginning_and_rest(one: Sequence[bool], other: Sequence[bool]) -> bool:
    """Return whether of one item only the beginning is claimed, and of the other only what follows its beginning."""
    return all(len(each) <= LONGEST and SHORTEST <= sum(each) <= len(each) - SHORTEST for each in (one, other)) and all(
        one[: sum(one)]) and not any(other[:SHORTEST])
