"""Find claims that exchange who does what to whom: B hired A for A hired B, after B comes A for after A comes B."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import combinations, groupby, pairwise, takewhile

from assistant.generation.token_matching import is_claimed, is_form
from assistant.text.facts import ParsedChunk, ParsedSentence
from assistant.text.languages import CJK_CHARACTER
from assistant.text.statements import Statement, Token

PARALLEL = 16  # most tokens of a clause beside a phrase
JOINED = re.compile(r"\b(?:and|but|while|whereas)\b|;", re.IGNORECASE)
NEAR = 2  # clauses
MIN_RUN_ZH = 2  # characters of a phrase
AGENT = frozenset("by 被 由 受 遭".split())  # before the one who acts
TURNING = frozenset("to from before after than until 前 后 至 到".split())  # what is before and behind them cannot change places
ARTICLES = frozenset({"the", "a", "an"})
# words of which only one of two sentences has any if it is in the passive or has a noun for the verb: is read at, 负责人
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
        mine = ours[one.end : other.start]
        least = 1 if len(mine) > MIN_RUN_ZH else MIN_RUN_ZH
        if not all(is_party(ours[phrase.start : phrase.end], least) for phrase in (one, other)):
            continue
        first, second = sorted((one, other), key=lambda phrase: phrase.place)
        between = theirs[first.last : second.place]
        if len({token.clause for token in theirs[first.place : second.last]}) > 1:
            continue
        crossed = first is not one
        if crossed and is_same_relation(mine, between):
            return "roles"
        if crossed and not between and last_word(mine) == "to":  # issued to Dana, Dana issued
            return "roles"
        if not crossed and is_voice_changed(mine, between):
            return "roles"
    return ""


def is_spliced(part: Statement, unit: ParsedSentence, _source: ParsedChunk) -> str:
    """Return "crossed" if a claim joins a phrase of one clause to one of another, and says nothing of what each stands beside.

    "The council approved the roof" of "The council approved the playground and postponed the roof".
    """
    if unit.is_row:
        return ""
    theirs = unit.statement.tokens
    phrases = [phrase for phrase in shared_phrases(part.tokens, theirs) if is_party(part.tokens[phrase.start : phrase.end])]
    for one, other in pairwise(phrases):
        if any(token.kind not in {"function", "negation"} for token in part.tokens[one.end : other.start]):
            continue
        behind, ahead = rest_of_clause(theirs, one.last - 1, 1), rest_of_clause(theirs, other.place, -1)
        ahead = ahead or rest_of_clause(theirs, other.last - 1, 1)  # what a clause says of its subject
        apart = 1 <= abs(theirs[one.last - 1].clause - theirs[other.place].clause) <= NEAR  # a comma and "and" divide twice
        first, second = sorted((theirs[one.last - 1], theirs[other.place]), key=lambda token: token.start)
        joined = part.cjk or JOINED.search(unit.statement.text[first.end : second.start])
        if not (apart and joined and behind and ahead and max(len(behind), len(ahead)) <= PARALLEL):
            continue
        new_behind, new_ahead = ([not is_claimed(token, part) for token in tokens] for tokens in (behind, ahead))
        if new_behind[0] and new_ahead[0] and (all(new_behind) or all(new_ahead)):
            return "crossed"
    return ""


def rest_of_clause(tokens: Sequence[Token], place: int, step: int) -> list[Token]:
    """Return the content tokens of the clause of tokens[place] behind (1) or before it (-1), the nearest first."""
    others = tokens[place + step :: step] if place + step >= 0 else ()
    inside = takewhile(lambda token: token.clause == tokens[place].clause, others)
    return [token for token in inside if token.kind not in {"function", "negation"}]


def shared_phrases(ours: Sequence[Token], theirs: Sequence[Token]) -> list[Phrase]:
    """Return the longest phrases that are in both, in the order of the claim; they do not overlap."""
    runs = [(-size, start, place) for start, place, size in common_runs(ours, theirs)]
    heapify(runs)
    mine, others, phrases = [False] * len(ours), [False] * len(theirs), list[Phrase]()
    while runs:
        size, start, place = heappop(runs)
        pieces = list(free_pieces(mine[start : start - size], others[place : place - size]))
        if pieces != [(0, -size)]:  # a longer phrase has part of it
            for first, length in pieces:
                heappush(runs, (-length, start + first, place + first))
            continue
        mine[start : start - size] = others[place : place - size] = [True] * -size
        phrases.append(Phrase(start, start - size, place))
    return sorted(phrases, key=lambda phrase: phrase.start)


def common_runs(ours: Sequence[Token], theirs: Sequence[Token]) -> Iterator[tuple[int, int, int]]:
    """Yield the start in both and the length of each run of equal tokens that cannot be made longer."""
    known: dict[str, list[int]] = {}
    for place, other in enumerate(theirs):
        for key in other.held or {other.written}:
            known.setdefault(key, []).append(place)
    lengths: dict[tuple[int, int], int] = {}
    for start in range(len(ours) - 1, -1, -1):
        for place in same_places(ours[start], known):
            lengths[start, place] = lengths.get((start + 1, place + 1), 0) + 1
    yield from ((start, place, size) for (start, place), size in lengths.items() if (start - 1, place - 1) not in lengths)


def same_places(token: Token, known: Mapping[str, Sequence[int]]) -> set[int]:
    """Return the places of a unit's tokens that are a token of the claim, or a form of it."""
    is_word = token.kind in {"word", "name"}
    same = [key for key in known if key in token.keys or (is_word and any(is_form(own, key) for own in token.keys))]
    return {place for key in same for place in known[key]}


def free_pieces(mine: Sequence[bool], others: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Yield the start and length of each part of a run of which no token is taken on either side."""
    for taken, group in groupby(range(len(mine)), key=lambda place: mine[place] or others[place]):
        places = list(group)
        if not taken:
            yield places[0], len(places)


def is_party(tokens: Sequence[Token], least: int = MIN_RUN_ZH) -> bool:
    """Return whether a phrase may name a party: it has a name or a word, in Chinese several characters."""
    words = [token for token in tokens if token.kind in {"word", "name", "code"}]
    chinese = sum(bool(CJK_CHARACTER.match(token.written)) for token in tokens)
    return bool(words) and (chinese == 0 or chinese >= least)


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
    same, ends = content_keys(mine), {last_word(mine) in AGENT, last_word(between) in AGENT}
    verbs = [bool(words) and words[-1].kind == "word" for words in (bare(mine), bare(between))]
    return bool(same) and same == content_keys(between) and ends == {True, False} and any(verbs)


def bare(tokens: Sequence[Token]) -> list[Token]:
    """Return tokens without articles."""
    return [token for token in tokens if token.written not in ARTICLES]


def last_word(tokens: Sequence[Token]) -> str:
    """Return the last word of tokens that is no article."""
    return next((token.written for token in reversed(bare(tokens))), "")
