"""A text in, the facts that must stand in whatever bears it out: numbers, days, identifiers, names; as keys, however written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from assistant.generation.citations.number_keys import normalize_numerals, numerals, source_keys, unscaled_keys
from assistant.text.dates import MONTHS
from assistant.text.languages import CJK, HAN, is_cjk
from assistant.text.sentences import STOP

FactKind = Literal["number", "identifier", "name"]

LETTER = f"[^\\W\\d_{CJK}]"
LATIN_WORD = re.compile(f"{LETTER}+(?:['’]{LETTER}+)*")
CODE = re.compile(
    r"https?://[^\s\u3000-\u9fff]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|(?<![\w-])(?=[\w-]*\d)[A-Za-z][\w-]*(?:[./]\w+)*(?!\w)", re.ASCII
)
PERIOD = re.compile(r"^(?:[a-z]{3,}-\d+.*)$")  # post-1945 is a word and a number
TITLE = re.compile(rf"《([^》]{{1,60}})》|「([^」]{{1,60}})」|“([{HAN}·]{{2,30}})”")
SQUEEZED = re.compile(r"[\s\-_–—·.,，。]+")
# capitals that are no names: what opens a sentence, titles of courtesy, and the words that the calendar has its own keys for
PLAIN = STOP | frozenset(
    "i he she they we you his her their our your my yes no not there here when while after before during because if although "
    "though since both each all any some many most such only according however therefore thus also then so but mr mrs ms dr sir "
    "monday tuesday wednesday thursday friday saturday sunday am pm".split()
) | frozenset(MONTHS) | frozenset(name[:3] for name in MONTHS)
SHORTEST_STEM = 4


@dataclass(frozen=True, slots=True)
class ClaimFact:
    """Something that a claim says to the letter: any one of its keys in the source bears it out, or all the words of a name."""

    kind: FactKind
    keys: frozenset[str]
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class ChunkContent:
    """What a stretch of a source holds: the keys of its numbers, its words, and its characters without spaces and hyphens."""

    numbers: frozenset[str]
    words: frozenset[str]
    squeezed: str


def claim_facts(claim: str) -> tuple[ClaimFact, ...]:
    """Return the facts of a sentence, each once."""
    text = normalize_numerals(claim)
    found: dict[frozenset[str], ClaimFact] = {}
    codes = [match for match in CODE.finditer(text) if not PERIOD.match(match.group())]
    without = CODE.sub(lambda match: match.group() if PERIOD.match(match.group()) else " ", text)
    for fact in (*(identifier_fact(match.group()) for match in codes), *number_facts(without), *name_facts(without)):
        found.setdefault(fact.keys, fact)
    return tuple(found.values())


def identifier_fact(code: str) -> ClaimFact:
    """Return a code, an address or a link as a fact."""
    return ClaimFact("identifier", frozenset({squeeze(code)}), frozenset(word.casefold() for word in re.findall(r"\w+", code)))


def number_facts(text: str) -> Iterator[ClaimFact]:
    """Yield the numbers and days that a claim must have from its source."""
    for numeral in numerals(text):
        if numeral.sure:
            own = re.findall(r"\w+", text[numeral.start : numeral.end].casefold())
            yield ClaimFact("number", numeral.keys, frozenset(own))


def name_facts(text: str) -> Iterator[ClaimFact]:
    """Yield the names: capitals inside a sentence, acronyms, Latin words in Chinese, titles in their marks."""
    for match in TITLE.finditer(text):
        yield ClaimFact("name", frozenset({squeeze(match.group(match.lastindex or 0))}), frozenset())
    run: list[re.Match[str]] = []
    for match in name_words(text):
        if run and text[run[-1].end() : match.start()] not in {" ", "-", "·"}:
            yield name_fact(text, run)
            run = []
        run.append(match)
    if run:
        yield name_fact(text, run)


def name_fact(text: str, run: list[re.Match[str]]) -> ClaimFact:
    """Return the name that a row of words is."""
    words = frozenset(fold(word.group()) for word in run)
    return ClaimFact("name", frozenset({squeeze(text[run[0].start() : run[-1].end()])}), words)


def name_words(text: str) -> Iterator[re.Match[str]]:
    """Yield the words that are names or parts of them."""
    chinese = is_cjk(text)
    words = list(LATIN_WORD.finditer(text))
    for place, match in enumerate(words):
        word = match.group()
        opens = place == 0 or bool(re.search(r"[.!?:;\n]\s*[\"“(]?\s*$", text[words[place - 1].end() : match.start()]))
        if chinese or (word[0].isupper() and (not opens or is_name_at_start(text, words, place))):
            folded = fold(word)
            if folded not in PLAIN and (len(folded) > 1 or chinese):
                yield match


def is_name_at_start(text: str, words: list[re.Match[str]], place: int) -> bool:
    """Return whether the word that opens a sentence is a name: an acronym, or part of a row of capitals."""
    word = words[place].group()
    if len(word) > 1 and word.isupper():
        return True
    following = words[place + 1] if place + 1 < len(words) else None
    if following is None:
        return len(words) == 1
    return following.group()[0].isupper() and not text[words[place].end() : following.start()].strip()


@lru_cache(maxsize=4096)
def fold(word: str) -> str:
    """Return a word without case, accents and the genitive's 's."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c)).casefold()
    return re.sub(r"['’]s?$", "", plain)


def squeeze(text: str) -> str:
    """Return the text without case, spaces and hyphens."""
    return SQUEEZED.sub("", unicodedata.normalize("NFKC", text)).casefold()


def chunk_content(source: str) -> ChunkContent:
    """Return what a stretch of a source holds."""
    text = normalize_numerals(source)
    numbers = frozenset(key for numeral in numerals(text) for key in unscaled_keys(source_keys(numeral)))
    return ChunkContent(numbers, frozenset(fold(word) for word in LATIN_WORD.findall(text)), squeeze(text))


def merge_content(parts: tuple[ChunkContent, ...]) -> ChunkContent:
    """Return what several stretches hold together."""
    return ChunkContent(frozenset().union(*(part.numbers for part in parts)), frozenset().union(*(part.words for part in parts)),
                   "\n".join(part.squeezed for part in parts))


def contains_fact(fact: ClaimFact, source: ChunkContent) -> bool:
    """Return whether the source bears the fact out. A name may be inflected: Norman for Normandy."""
    if fact.kind == "number":
        return bool(fact.keys & source.numbers)
    if fact.kind == "identifier" or not fact.words:
        return any(key in source.squeezed for key in fact.keys)
    return all(any(is_same_word(own, word) for word in source.words) for own in fact.words)


def is_same_word(one: str, other: str) -> bool:
    """Return whether two folded words are the same, or one begins with the other."""
    if one == other:
        return True
    shorter, longer = sorted((one, other), key=len)
    return len(shorter) >= SHORTEST_STEM and longer.startswith(shorter)
