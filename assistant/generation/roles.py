"""Find claims that exchange who does what to whom: B hired A for A hired B, after B comes A for after A comes B."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from assistant.generation.token_matching import is_form
from assistant.text.facts import ParsedChunk, ParsedSentence
from assistant.text.languages import CJK_CHARACTER
from assistant.text.statements import Statement, Token

MIN_RUN_ZH = 2  # characters of a phrase
AGENT = frozenset("by 被 由 受 遭".split())  # before the one who acts
TURNING = frozenset("to from before after than until 前 后 至 到".split())  # what is before and behind them cannot change places
ARTICLES = frozenset({"the", "a", "an"})
# words of which only one of two sentences has any if it is in the passive or has a noun for the verb: is read at, the pupil of, 负责人
MARKS = tuple(
    frozenset(words.split())
    for words in ("by 被 由 受 遭", "of 的", "is are was were be been being", "人 者 员 方", "at in on 在 于", "to", "from")
)
ALIKE = frozenset("和与及或同等即是")


@dataclass(frozen=True, slots=True)
class Phrase:
    """Neighbouring tokens that a claim and a unit share: tokens[start:end] of the claim, those from `place` on of the unit."""

    start: int
    end: int
    place: int

    @property
    def last(self) -> int:
        """The end of the phrase in the unit."""
        return self.place + self.end - self.start


def are_roles_exchanged(part: Statement, unit: ParsedSentence, _source: ParsedChunk) -> str:
    """Return "roles" if two phrases change places around the same words, or if only their voice differs."""
    if unit.is_row:
        return ""
    ours, theirs = part.tokens, unit.statement.tokens
    for one, other in combinations(shared_phrases(ours, theirs), 2):
        if not (is_party(ours[one.start : one.end]) and is_party(ours[other.start : other.end])):
            continue
        mine = ours[one.end : other.start]
        first, second = sorted((one, other), key=lambda phrase: phrase.place)
        between = theirs[first.last : second.place]
        if len({token.clause for token in theirs[first.place : second.last]}) > 1:
            continue
        crossed = first is not one
        if crossed and is_same_relation(mine, between):
            return "roles"
        if not crossed and is_voice_changed(mine, between):
            return "roles"
    return ""


def shared_phrases(ours: Sequence[Token], theirs: Sequence[Token]) -> list[Phrase]:
    """Return the longest phrases that occur once in both, in the order of the claim; they do not overlap."""
    lengths = [[0] * (len(theirs) + 1) for _ in range(len(ours) + 1)]
    found: list[tuple[int, int, int]] = []
    for start in range(len(ours) - 1, -1, -1):
        for place in range(len(theirs) - 1, -1, -1):
            if is_same(ours[start], theirs[place]):
                lengths[start][place] = lengths[start + 1][place + 1] + 1
                found += [(size, start, place) for size in range(1, lengths[start][place] + 1)]
    phrases: list[Phrase] = []
    for size, start, place in sorted(found, key=lambda each: (-each[0], each[1], each[2])):
        if all((start + size <= other.start or other.end <= start) and (place + size <= other.place or other.last <= place)
               for other in phrases):
            phrases.append(Phrase(start, start + size, place))
    return sorted(phrases, key=lambda phrase: phrase.start)


def is_same(one: Token, other: Token) -> bool:
    """Return whether two tokens are forms of one word, or the same value."""
    return bool(one.keys & other.held) or (
        one.kind in {"word", "name"} and other.kind in {"word", "name"} and is_form(one.written, other.written)
    )


def is_party(tokens: Sequence[Token]) -> bool:
    """Return whether a phrase may name a party: it has a name or a word, in Chinese several characters."""
    words = [token for token in tokens if token.kind in {"word", "name", "code"}]
    chinese = sum(bool(CJK_CHARACTER.match(token.written)) for token in words)
    return bool(words) and (chinese == 0 or chinese >= MIN_RUN_ZH)


def content_keys(tokens: Sequence[Token]) -> frozenset[str]:
    """Return the keys of the words among tokens."""
    return frozenset(key for token in tokens if token.kind in {"word", "name"} for key in token.held)


def written(tokens: Sequence[Token]) -> frozenset[str]:
    """Return the words of tokens as they are written, in lower case."""
    return frozenset(token.written.lower() for token in tokens)


def is_same_relation(mine: Sequence[Token], between: Sequence[Token]) -> bool:
    """Return whether two phrases are joined by the same words, more than "and" or "is", in the same voice and form."""
    ours, theirs = content_keys(mine) - ALIKE, content_keys(between)
    one, other = written(mine), written(between)
    if one & other & TURNING:
        return ours <= theirs
    return bool(ours) and ours <= theirs and not any(bool(one & mark) != bool(other & mark) for mark in MARKS)


def is_voice_changed(mine: Sequence[Token], between: Sequence[Token]) -> bool:
    """Return whether the same verb joins two phrases, in the passive in one of the sentences only: acquired, acquired by."""
    ends = [next((token for token in reversed(each) if token.written not in ARTICLES), None) for each in (mine, between)]
    same = content_keys(mine)
    agents = [end is not None and end.written in AGENT for end in ends]
    verbs = [end is not None and end.kind == "word" for end in ends]
    return bool(same) and same == content_keys(between) and any(agents) and any(verbs)
