"""Find the literal facts of a text: numbers, dates, identifiers, names and titles.

Their keys are the same however a value is written: 1,000 or 1000, 十二 or 12.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from assistant.text.dates import MONTHS, Date, dates
from assistant.text.folding import fold_characters
from assistant.text.languages import CJK, CJK_PUNCTUATION, HAN, is_cjk
from assistant.text.numbers import VULGAR, Number, numbers
from assistant.text.sentences import STOP

FactKind = Literal["number", "identifier", "name"]

LETTER = f"[^\\W\\d_{CJK}]"
LATIN_WORD = re.compile(f"{LETTER}+(?:['’]{LETTER}+)*")
CODE = re.compile(
    rf"https?://[^\s{CJK_PUNCTUATION}{CJK}]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|(?<![\w.-])[\w-]+\.(?:md|txt|pdf|docx?|xlsx?|pptx?|csv|tsv|html?|json|xml|eml|msg|od[tsp]|rtf|epub|py|ipynb|log|ya?ml|toml)(?!\w)"
    r"|(?<![\w-])(?=[\w-]*\d)[A-Za-z][\w-]*(?:[./]\w+)*(?!\w)|(?<![\w.,-])\d{1,3}[a-fB-F](?!\w)", re.ASCII
)
CODE_GAP = r"[^\S\n]?[-_–—·./@:]{0,3}[^\S\n]?"
CODE_PART = re.compile(r"[A-Za-z]+|\d+|[^\W\d_]+")
PERIOD = re.compile(r"^(?:[a-z]{3,}-\d+.*)$")  # post-1945 is a word and a number, not a code
TITLE = re.compile(rf"《([^》]{{1,60}})》|「([^」]{{1,60}})」|“([{HAN}·]{{2,30}})”")
SQUEEZED = re.compile(r"[\s\-_–—·.,，。]+")
# capitalized words that are no names: sentence openers, titles, and weekdays and months, which have keys of their own
PLAIN = STOP | frozenset(
    "i he she they we you his her their our your my yes no not there here when while after before during because if although "
    "though since both each all any some many most such only according however therefore thus also then so but mr mrs ms dr sir "
    "monday tuesday wednesday thursday friday saturday sunday am pm".split()
) | frozenset(MONTHS) | frozenset(name[:3] for name in MONTHS)


@dataclass(frozen=True, slots=True)
class ClaimFact:
    """A literal fact of a claim: a source contains it if it has any of the keys, or all words of a name."""

    kind: FactKind
    keys: frozenset[str]
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class ChunkContent:
    """Searchable content of a source text: the keys of its numbers, its words, its text, and that without spaces and hyphens."""

    numbers: frozenset[str]
    words: frozenset[str]
    text: str
    squeezed: str


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number or date at text[start:end]: its possible `keys`, and whether a source must contain it (`required`)."""

    start: int
    end: int
    keys: frozenset[str]
    required: bool


def claim_facts(claim: str) -> tuple[ClaimFact, ...]:
    """Return the distinct facts of a sentence."""
    text = normalize_numerals(claim)
    found: dict[frozenset[str], ClaimFact] = {}
    codes = [match.group() for match in CODE.finditer(text) if not PERIOD.match(match.group())]
    without = CODE.sub(lambda match: match.group() if PERIOD.match(match.group()) else " ", text)
    identifiers = (ClaimFact("identifier", frozenset({squeeze(code)}), frozenset(re.findall(r"\w+", code.casefold())))
                   for code in codes)
    figures = (ClaimFact("number", numeral.keys, frozenset(re.findall(r"\w+", without[numeral.start : numeral.end].casefold())))
               for numeral in numerals(without) if numeral.required)
    for fact in (*identifiers, *figures, *name_facts(without)):
        found.setdefault(fact.keys, fact)
    return tuple(found.values())


def name_facts(text: str) -> Iterator[ClaimFact]:
    """Yield the names in a text: titles in quotation marks and runs of capitalized words."""
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
    """Return a run of words as a name."""
    words = frozenset(fold(word.group()) for word in run)
    return ClaimFact("name", frozenset({squeeze(text[run[0].start() : run[-1].end()])}), words)


def name_words(text: str) -> Iterator[re.Match[str]]:
    """Yield the words that are names or parts of names."""
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
    """Return whether the first word of a sentence is a name: an acronym, or part of a run of capitalized words."""
    word = words[place].group()
    if len(word) > 1 and word.isupper():
        return True
    following = words[place + 1] if place + 1 < len(words) else None
    if following is None:
        return len(words) == 1
    return following.group()[0].isupper() and not text[words[place].end() : following.start()].strip()


@lru_cache(maxsize=4096)
def fold(word: str) -> str:
    """Return a word without case, accents and possessive 's."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", fold_characters(word)) if not unicodedata.combining(c)).casefold()
    return re.sub(r"['’]s?$", "", plain)


def squeeze(text: str) -> str:
    """Return the text without case, spaces and hyphens."""
    return SQUEEZED.sub("", fold_characters(text)).casefold()


def chunk_content(source: str) -> ChunkContent:
    """Return the searchable content of a text."""
    text = normalize_numerals(source)
    numbers = frozenset(key for numeral in numerals(text) for key in unscaled_keys(source_keys(numeral)))
    return ChunkContent(numbers, frozenset(fold(word) for word in LATIN_WORD.findall(text)), text.casefold(), squeeze(text))


@lru_cache(maxsize=1024)
def code_pattern(code: str) -> re.Pattern[str]:
    """Return the expression of an identifier as a whole, however its parts are joined: E-032, E 032, E032, but not E-0321."""
    parts = [re.escape(part) for part in CODE_PART.findall(code.casefold())]
    return re.compile(rf"(?<![a-z0-9])(?<![a-z0-9][-./]){CODE_GAP.join(parts)}(?![a-z0-9]|[-./@][a-z0-9])")


def contains_code(code: str, text: str) -> bool:
    """Return whether a text in lower case contains an identifier as a whole."""
    return bool(code_pattern(code).search(text))


def normalize_numerals(text: str) -> str:
    """Return the text folded, with a space before vulgar fractions so that 2½ does not become 21/2."""
    apart = VULGAR.sub(lambda match: f" {unicodedata.normalize('NFKC', match.group())}", text)
    return fold_characters(apart)


def numerals(text: str) -> Iterator[Numeral]:
    """Yield the numbers and dates of a text. A scaled number has keys for its value and, prefixed q:, for its digits."""
    found = dates(text)
    for date in found:
        yield from date_numerals(text, date)
    for number in numbers(text, [(date.start, date.end) for date in found]):
        yield Numeral(number.start, number.end, number_keys(number), number.certain)
        if re.search(r"\d[\s/\u2044]\d", text[number.start : number.end]):  # 12 300 or 3/4 may also be two numbers
            yield from (Numeral(number.start, number.end, frozenset({f"n:{int(part)}"}), required=False)
                        for part in re.findall(r"\d+", text[number.start : number.end]))


def date_numerals(text: str, date: Date) -> Iterator[Numeral]:
    """Yield the day or month of a date, and its year. An English month alone is not required: sources write it without "in"."""
    alone = not date.has_day and (text[date.start : date.end].isalpha() or date.readings[0].quarter > 0)
    keys = frozenset(key for reading in date.readings for key in day_keys(reading.month, reading.day, reading.quarter))
    yield Numeral(date.start, date.end, keys, required=not alone or not text[date.start : date.end].isascii())
    if date.first_day:
        yield Numeral(date.start, date.end, frozenset(day_keys(date.readings[0].month, date.first_day, 0)), required=True)
    if date.readings[0].year:
        yield Numeral(date.start, date.end, frozenset({f"n:{date.readings[0].year}"}), required=True)


def day_keys(month: int, day: int, quarter: int) -> Iterator[str]:
    """Yield the key of a day, month or quarter."""
    yield f"k:{quarter}" if quarter else f"d:{month}-{day}" if day else f"m:{month}"


def source_keys(found: Numeral) -> frozenset[str]:
    """Return the keys of a numeral in a source: a day also contains its month."""
    return found.keys | {f"m:{key[2:].split('-')[0]}" for key in found.keys if key.startswith("d:")}


def number_keys(number: Number) -> frozenset[str]:
    """Return the keys of a number. A percentage also has its fraction, 5m (million or metres) also its digits."""
    if number.parts > 1:
        return frozenset({*(f"n:{value}" for value in number.written), *(f"p:{value}" for value in number.values)})
    keys = {f"n:{value}" for value in (*number.values, *map(abs, number.values))}
    if number.scaled:
        keys |= {f"q:{value}" for value in number.written}
    return frozenset(keys | ({f"n:{value}" for value in number.written} if number.unit else set()))


def unscaled_keys(keys: frozenset[str]) -> frozenset[str]:
    """Return the keys of a number in a source: unscaled digits also match scaled ones, as in tables in millions."""
    if any(name.startswith("q:") for name in keys):
        return frozenset(name for name in keys if not name.startswith("q:"))
    return keys | {f"q:{name[2:]}" for name in keys if name.startswith("n:")}
