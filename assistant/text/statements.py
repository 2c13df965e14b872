"""Parse a text as a statement: numbers with their units of measure, identifiers, names, words and negations, in order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Literal

from assistant.text.clock import clock_times
from assistant.text.dates import MONTH_NUMBERS, MONTHS
from assistant.text.irregular import IRREGULAR
from assistant.text.languages import CJK, CJK_CHARACTER, is_cjk
from assistant.text.literals import (
    CODE,
    LATIN_WORD,
    PERIOD,
    TITLE,
    fold,
    name_words,
    normalize_numerals,
    numerals,
    source_keys,
    squeeze,
    unscaled_keys,
)
from assistant.text.measures import Unit, rates_of, unit_after, unit_at
from assistant.text.polarity import negations
from assistant.text.stems import CHINESE_STOP, ENGLISH_STOP, stem
from assistant.text.synonyms import BASES

TokenKind = Literal["number", "code", "name", "word", "function", "negation"]


CLAUSE = re.compile(
    rf"[,;:](?=[\s{CJK}])(?!\s+(?:who|which|whose|where|that)\b)|(?<=[{CJK}])[,;:]|[。()]|\s(?:and|but|while|whereas)\s|\s[–—]\s",
    re.IGNORECASE,
)
# where a claim may be divided into clauses that different sentences support
DIVISION = re.compile(
    rf"[;；]|,(?=\s+(?:and|but|while|whereas|which|who|whose|it|they|he|she)\s)|\s(?:and|but|while|whereas)\s|(?<=[{CJK}])[,;]",
    re.IGNORECASE,
)
MIN_CLAUSE = 2  # words, or four Chinese characters, beside its numbers, of a clause on its own
ADVERBIAL = re.compile(r"\W*(?:in|on|at|by|after|before|during|since|from|until|under|for|with|as|according)\b", re.IGNORECASE)
WORD = re.compile(f"[{CJK}]|{LATIN_WORD.pattern}")
AFTER_LABEL = r"(?:(?=['’]s\b)|(?=\.\s*$)|(?![\w.'’-]))"
LABEL = re.compile(
    rf"(?<![\w.'’-])(?!I\b)[A-Z]{AFTER_LABEL}(?!\s+[a-z])|(?<=[a-z]\s)(?!I\b)[A-Z]{AFTER_LABEL}"
)  # Shelf A, shelf A's, not "A shelf" or "A. Smith"
# words of permission and of little content, which a paraphrase exchanges
LIGHT = frozenset(
    "allow allows allowed permit permits permitted able possible get gets got take takes took taken make makes made "
    "give gives given gave there's it's that's one's must shall need needs per yes least most up still "
    "already currently remain remains remained "
    "within upon via onto through around across along among beside besides towards out off back away".split()
)
LIGHT_ZH = CHINESE_STOP | frozenset("可以能许許要会會得应應须須需来來去用时時则則将將把给給让讓请請每约約共达達")
PRONOUN = re.compile(
    r"\b(?:he|she|it|they|his|her|hers|its|their|theirs|him|them|this|these|those|such|who|which|both|former|latter)\b"
    r"|[他她它其该該此]",
    re.IGNORECASE,
)
UPPER = re.compile(
    r"\b(?:(?:no|not)\s+(?:more|higher|later|longer|greater)\s+than|at\s+most|up\s+to|not\s+exceed|maximum)\b"
    "|最多|最高|最大|至多|以内|不(?:得|能|可)?(?:超过|超過|高于|多于|大于|晚于)",
    re.IGNORECASE,
)
LOWER = re.compile(
    r"\b(?:(?:no|not)\s+(?:less|fewer|lower|earlier|sooner)\s+than|at\s+least|minimum)\b"
    "|最少|最低|至少|不(?:得|能|可)?(?:少于|低于|小于|早于)",
    re.IGNORECASE,
)
VERSION = re.compile(
    r"(?:\b(?:version|release|firmware|revision|v|ver|section|clause|chapter|figure|table)"
    r"|版本?|固件|章节?|条款?|图|表)\s?$",
    re.IGNORECASE,
)
ABLE = re.compile(r"(?<=\w{4})[ai]b(?:le|ly|ility)$")  # dimmable: dim
MONTH_NAMES = frozenset(MONTHS) | frozenset(MONTH_NUMBERS)
DIRECTION = re.compile(
    r"\b(from|to|until|till|since|before|after|above|below|over|under|between)\s+(?:the\s+)?\W{0,2}$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Token:
    """A token of a statement. A source must have one of its `keys`; `held` are those that it has as a source itself."""

    kind: TokenKind
    start: int
    end: int
    written: str
    keys: frozenset[str]
    held: frozenset[str]
    measure: str = ""
    required: bool = False
    clause: int = 0


@dataclass(frozen=True)
class Statement:
    """A sentence, table row or clause, parsed. `titles` are titles in quotation marks; `bounds` are "max" and "min"."""

    text: str
    tokens: tuple[Token, ...]
    titles: frozenset[str]
    rates: frozenset[str]
    bounds: frozenset[str]
    cjk: bool

    @cached_property
    def lower(self) -> str:
        """The text in lower case."""
        return self.text.casefold()

    @cached_property
    def squeezed(self) -> str:
        """The text without case, spaces and hyphens."""
        return squeeze(self.text)

    @cached_property
    def content(self) -> tuple[Token, ...]:
        """The tokens that say something: neither function words nor negations."""
        return tuple(token for token in self.tokens if token.kind not in {"function", "negation"})

    @cached_property
    def numbers(self) -> tuple[Token, ...]:
        """The numbers, dates and times."""
        return tuple(token for token in self.tokens if token.kind == "number")

    @cached_property
    def names(self) -> tuple[Token, ...]:
        """The words of names."""
        return tuple(token for token in self.tokens if token.kind == "name")

    @cached_property
    def codes(self) -> tuple[Token, ...]:
        """The identifiers."""
        return tuple(token for token in self.tokens if token.kind == "code")

    @cached_property
    def held(self) -> frozenset[str]:
        """All keys, as a source has them."""
        return frozenset().union(*(token.held for token in self.tokens))

    @cached_property
    def words(self) -> frozenset[str]:
        """The keys of the words and names; in Chinese those of the single characters."""
        return frozenset(key for token in self.content if token.kind in {"word", "name"} for key in token.keys)

    @cached_property
    def folded(self) -> frozenset[str]:
        """All words in Latin script, without case and accents, and single capital letters as "=A"."""
        return frozenset(
            key for token in self.tokens if token.kind != "number" for key in (token.held if token.kind == "name" else ())
        ) | frozenset(fold(word) for word in LATIN_WORD.findall(self.text))

    @cached_property
    def pairs(self) -> frozenset[str]:
        """The pairs of neighbouring Chinese characters that are no function words."""
        found = [token for token in self.content if token.kind == "word" and CJK_CHARACTER.match(token.written)]
        return frozenset(
            one.written + other.written for one, other in pairwise(found) if one.end == other.start
        )


def split_clauses(whole: Statement) -> Iterator[Statement]:
    """Yield the clauses of a statement that different sentences may support; nothing if there is only one."""
    ends = [match.end() for match in DIVISION.finditer(whole.text)]
    groups: list[list[Token]] = []
    for number in range(len(ends) + 1):
        inside = [token for token in whole.tokens if sum(end <= token.start for end in ends) == number]
        if groups and not (is_clause(groups[-1], whole) and is_clause(inside, whole)):
            groups[-1] += inside
        elif inside:
            groups.append(inside)
    for group in groups if len(groups) > 1 else ():
        first = group[0].start
        text = whole.text[first : max(token.end for token in group)]
        tokens = tuple(replace(token, start=token.start - first, end=token.end - first) for token in group)
        titles = frozenset(title for title in whole.titles if title in squeeze(text))
        yield Statement(text, tokens, titles, rates_of(text), bounds_of(text), whole.cjk)


def is_clause(tokens: Sequence[Token], whole: Statement) -> bool:
    """Return whether tokens may be a clause of their own: they have words enough, and do not only say when or where."""
    words = [token for token in tokens if token.kind in {"word", "name"}]
    least = 2 * MIN_CLAUSE if whole.cjk else MIN_CLAUSE
    if not whole.cjk and words and len(words) < least and any(token.kind == "number" for token in tokens):
        return not ADVERBIAL.match(whole.text[tokens[0].start :])
    least -= whole.cjk and any(token.kind == "number" for token in tokens)
    return len(words) >= least and (len(words) > least or not ADVERBIAL.match(whole.text[tokens[0].start :]))


def parse_statement(text: str) -> Statement:
    """Return a text as tokens, each with the number of its clause."""
    plain = normalize_numerals(text)
    ends = [match.end() for match in CLAUSE.finditer(plain)]
    tokens = (
        [replace(token, clause=sum(end <= token.start for end in ends)) for token in tokenize(plain)]
        if ends
        else list(tokenize(plain))
    )
    titles = frozenset(squeeze(match.group(match.lastindex or 0)) for match in TITLE.finditer(plain))
    return Statement(plain, tuple(tokens), titles, rates_of(plain), bounds_of(plain), is_cjk(plain))


def bounds_of(text: str) -> frozenset[str]:
    """Return whether a text names an upper bound, a lower one, or both."""
    return frozenset(name for name, pattern in (("max", UPPER), ("min", LOWER)) if pattern.search(text))


def tokenize(text: str) -> list[Token]:
    """Return the tokens of a normalized text in order."""
    if month := MONTH_NUMBERS.get(text.strip().lower()[:3]) if text.strip().lower().rstrip(".") in MONTH_NAMES else None:
        key = frozenset({f"m:{month}"})
        return [Token("number", 0, len(text), text, key, key, required=True)]
    found = list(code_tokens(text))
    rest = blank(text, found)
    found += clock_tokens(rest)
    rest = blank(rest, found)
    figures = list(number_tokens(rest))
    rest = blank(rest, figures)
    for token in figures:
        rest = blank_measure(rest, token)
    denied = [
        Token("negation", start, end, text[start:end], frozenset(), frozenset()) for start, end in negations(rest, is_cjk(text))
    ]
    return sorted([*found, *figures, *denied, *word_tokens(blank(rest, denied), text)], key=lambda token: token.start)


def blank(text: str, tokens: Iterable[Token]) -> str:
    """Return the text with spaces in the place of the tokens."""
    for token in tokens:
        text = text[: token.start] + " " * (token.end - token.start) + text[token.end :]
    return text


def blank_measure(text: str, token: Token) -> str:
    """Return the text with spaces in the place of the unit of measure behind a number."""
    match = unit_after(text, token.end) if token.measure else None
    return text[: match.start()] + " " * len(match.group()) + text[match.end() :] if match else text


def code_tokens(text: str) -> Iterator[Token]:
    """Yield the identifiers of a text."""
    for match in CODE.finditer(text):
        if not PERIOD.match(match.group()):
            keys = frozenset({f"c:{squeeze(match.group())}"})
            yield Token("code", *match.span(), match.group(), keys, keys, required=True)


def clock_tokens(text: str) -> Iterator[Token]:
    """Yield the times of day of a text: one that does not say which half of the day agrees with one that does."""
    for clock in clock_times(text):
        keys = clock.keys if clock.marked else clock.keys | clock.loose
        held = clock.keys | (clock.loose if clock.marked else frozenset())
        yield Token("number", clock.start, clock.end, text[clock.start : clock.end], keys, held, required=True)


def number_tokens(text: str) -> Iterator[Token]:
    """Yield the numbers and dates of a text. The number of a version has only its spelling as a key: 4.2 is not 4.20."""
    for numeral in numerals(text):
        written, unit = text[numeral.start : numeral.end], unit_at(text, numeral.start, numeral.end)
        spelling = frozenset({f"v:{written}"} if "." in written else ())
        is_version = bool(spelling) and bool(VERSION.search(text[: numeral.start]))
        token = Token(
            "number",
            numeral.start,
            numeral.end,
            written,
            spelling if is_version else numeral.keys,
            unscaled_keys(source_keys(numeral)) | spelling,
            required=numeral.required or (unit is not None and "n:1" not in numeral.keys),
        )
        yield token if unit is None else with_unit(token, unit)


def with_unit(token: Token, unit: Unit) -> Token:
    """Return a number with a unit of measure: its keys and its amounts in the base unit."""
    amounts = {unit.amount(Fraction(key[2:])) for key in token.held if key.startswith("n:")} - {""}
    return replace(token, measure=unit.name, keys=token.keys | amounts, held=token.held | amounts)


def word_tokens(text: str, whole: str) -> Iterator[Token]:
    """Yield the words, names and Chinese characters of a text whose numbers are blank; `whole` is the text with them."""
    names = (
        {match.start() for match in name_words(whole)}
        if not is_cjk(whole)
        else {match.start() for match in LATIN_WORD.finditer(text)}
    )
    labels = {match.start() for match in LABEL.finditer(whole)}
    bounds = {place for pattern in (UPPER, LOWER) for match in pattern.finditer(whole) for place in range(*match.span())}
    for match in WORD.finditer(text):
        word = match.group()
        if match.start() in labels and len(fold(word)) == 1:
            key = frozenset({f"={word[0]}"})
            yield Token("name", *match.span(), word, key, key, required=True)
        elif CJK_CHARACTER.match(word):
            key = frozenset({word})
            yield Token(
                "function" if word in LIGHT_ZH or (match.start() in bounds and word not in "高低大小") else "word",
                *match.span(),
                word,
                key,
                key,
            )
        else:
            yield latin_token(match, is_name=match.start() in names)


@lru_cache(maxsize=8192)
def word_key(folded: str) -> str:
    """Return the stem of a word's base form, or of the first of its synonyms: covered and cover, begin and start."""
    base = IRREGULAR.get(folded, ABLE.sub("", folded))
    once = stem(BASES.get(base, base))
    known = next((BASES[form] for form in (once, f"{once}e") if form in BASES), once)
    return stem(known)


def latin_token(match: re.Match[str], *, is_name: bool) -> Token:
    """Return a word in Latin script as a token; its key is its stem."""
    folded, plain = fold(match.group()), match.group().lower()
    key = frozenset({word_key(folded)})
    if plain in ENGLISH_STOP or plain in LIGHT:
        return Token("function", *match.span(), folded, key, key)
    return Token("name" if is_name else "word", *match.span(), folded, key, key, required=is_name)
