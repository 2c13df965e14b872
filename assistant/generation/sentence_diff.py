"""Compare two sentences that are equal except for a value, a name or a negation, and return the differences."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.text.dates import MONTHS, Date, dates
from assistant.text.languages import CJK
from assistant.text.number_words import ORDINALS, SCALES, TEENS, TENS, UNITS
from assistant.text.numbers import numbers
from assistant.text.sentences import STOP

PIECE = re.compile(f"\\d[\\d.,:/-]*\\d|\\d|[%€$£¥]|[{CJK}]|[^\\W\\d_{CJK}]+(?:['’][^\\W\\d_]+)?")
NUMBERING = re.compile(r"^\s*(?:[-*>#|]+\s*|\(?\d{1,3}(?:\.\d{1,3})*[.)、]?\s+(?=\D)|第[\d一二三四五六七八九十]+[条款章节]\s*)+")
DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
NUMERALS = frozenset({*MONTHS, *DAYS, *UNITS, *TEENS, *TENS, *SCALES, *list(ORDINALS)[:5], "zero", "hundred", "half", "quarter",
                      *"零〇一二三四五六七八九十百千万亿两半"})
DENIALS = frozenset("not no never cannot non neither 不 未 无 非 没 别 禁 勿".split())
OPPOSITES = tuple(frozenset(pair.split()) for pair in (
    "allowed forbidden", "allowed prohibited", "permitted forbidden", "permitted prohibited", "included excluded", "open closed",
    "may cannot", "required optional", "mandatory optional", "enabled disabled", "accepted rejected", "refundable nonrefundable",
    "可以 不得", "可 不得", "允许 禁止", "允许 不得", "应当 无需", "需要 无需",
))
LEADING = re.compile(r"^(?:in|on|at|as of|by|during|since|from|until|截至|自|在)\s*$", re.IGNORECASE)
ENTITY_SIGNS = frozenset("is are was were be by to in at called named as 是 为 由 ： : 叫 即".split())
MAX_DIFFERENCE_WORDS = 5  # words of one side of a difference
MIN_SHARED = {"value": 2, "name": 1, "denial": 2}  # content words
MIN_SHARED_ZH = {"value": 4, "name": 4, "denial": 4}  # characters
MOST_UNITS = 3

DifferenceKind = Literal["value", "name", "denial"]


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference between two sentences, in the words of each."""

    kind: DifferenceKind
    one: str
    other: str


@dataclass(frozen=True, slots=True)
class DiffToken:
    """A word, CJK character, or whole number or date at text[start:end]; `figure` is its value."""

    text: str
    start: int
    end: int
    folded: str
    figure: NumericValue | None = None

    @property
    def written(self) -> str:
        """The token as it stands in its sentence."""
        return self.text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class NumericValue:
    """A number or date at text[start:end].

    `exact` are its possible values; `implied` also contains what they include: 3 May 2027 includes 2027.
    """

    start: int
    end: int
    exact: frozenset[str]
    implied: frozenset[str]


def sentence_diff(one: str, other: str, max_differences: int = 1, max_extra: float = 0.15) -> tuple[Difference, ...]:
    """Return the differences of two otherwise equal sentences; an empty tuple if they differ in too much.

    `max_extra` is the maximum number of words that only one sentence has, as a share of the common words.
    """
    first, second = tokenize(one), tokenize(other)
    matcher = difflib.SequenceMatcher(None, folded_words(first), folded_words(second), autojunk=False)
    differences: list[Difference] = []
    extra = 0
    shared: list[str] = []
    for tag, start, end, second_start, second_end in matcher.get_opcodes():
        if tag == "equal":
            shared += folded_words(first[start:end])
            continue
        found = difference_at(one, other, first, second, (start, end), (second_start, second_end))
        if found:
            differences.append(found)
        elif has_name(first[start:end]) and has_name(second[second_start:second_end]):
            return ()
        else:
            extra += max(count_content_words(folded_words(first[start:end])),
                         count_content_words(folded_words(second[second_start:second_end])))
    shared_count = count_content_words(shared)
    if not 1 <= len(differences) <= max_differences or extra > max_extra * shared_count:
        return ()
    is_chinese = sum(re.match(f"[{CJK}]", word) is not None for word in shared) > len(shared) / 2
    minimum = (MIN_SHARED_ZH if is_chinese else MIN_SHARED)
    return tuple(differences) if shared_count >= max(minimum[found.kind] for found in differences) else ()


def numeric_values(text: str) -> list[NumericValue]:
    """Return the numbers and dates of a text in order."""
    found = dates(text)
    each = [NumericValue(date.start, date.end, *date_readings(date)) for date in found]
    for number in numbers(text, [(date.start, date.end) for date in found]):
        digits = number.written if number.parts == 100 or number.unit else ()  # 5m: million or metres
        keys = frozenset(map(str, (*number.values, *digits)))
        each.append(NumericValue(number.start, number.end, keys, keys))
    return sorted(each, key=lambda figure: figure.start)


def date_readings(date: Date) -> tuple[frozenset[str], frozenset[str]]:
    """Return the possible dates, and those with everything they include."""
    exact = frozenset(f"{day.year}/{day.quarter or day.month}/{day.day}" for day in date.readings)
    implied = {key for day in date.readings for key in (
        str(day.year), f"{day.year}/{day.month}/0", f"0/{day.month}/{day.day}", f"0/{day.month}/0")}
    return exact, (exact | implied) - {"0/0/0", "0"}


def same_values(was: Sequence[DiffToken], now: Sequence[DiffToken]) -> bool:
    """Return whether the values are pairwise equal, or one of two includes the other: 2027 and 3 May 2027."""
    ones, others = ([word.figure for word in words if word.figure] for words in (was, now))
    return len(ones) == len(others) > 0 and all(one.exact & other.implied or other.exact & one.implied
                                                for one, other in zip(ones, others, strict=True))


def tokenize(text: str) -> list[DiffToken]:
    """Return the tokens of a sentence without its list number; numbers and dates are whole, Chinese is split by character."""
    start = match.end() if (match := NUMBERING.match(text)) else 0
    words = [match.span() for match in PIECE.finditer(text, start)]
    read = [figure for figure in numeric_values(text) if figure.start >= start and not any(
        first < figure.start < last or first < figure.end < last for first, last in words)]
    found = [DiffToken(text, figure.start, figure.end, min(figure.exact), figure) for figure in read]
    found += [DiffToken(text, first, last, text[first:last].lower().replace(",", "")) for first, last in words
              if not any(figure.start < last and first < figure.end for figure in read)]
    return sorted(found, key=lambda piece: piece.start)


def folded_words(words: Sequence[DiffToken]) -> list[str]:
    """Return the tokens as they are compared."""
    return [word.folded for word in words]


def count_content_words(words: Sequence[str]) -> int:
    """Return the number of words that are neither a stop word nor a currency or percent sign."""
    return sum(word not in STOP and not re.fullmatch(r"[%€$£¥]", word) for word in words)


def difference_at(one: str, other: str, first: Sequence[DiffToken], second: Sequence[DiffToken],
            place: tuple[int, int], second_place: tuple[int, int]) -> Difference | None:
    """Return the difference between two unequal runs of tokens; None if they are not comparable."""
    was, now = first[slice(*place)], second[slice(*second_place)]
    words, others = folded_words(was), folded_words(now)
    kind = difference_kind(words, others, was, now, first[: place[0]])
    if kind is None or (kind == "value" and is_adverbial(first, place)):
        return None
    found = Difference(kind, difference_text(one, first, place), difference_text(other, second, second_place))
    return None if kind == "value" and same_values(was, now) else found


def difference_kind(words: Sequence[str], others: Sequence[str], was: Sequence[DiffToken], now: Sequence[DiffToken],
            before: Sequence[DiffToken]) -> DifferenceKind | None:
    """Return how two runs of tokens differ: in a value, a name, or a negation; None if in something else."""
    if (words and not others and set(words) <= DENIALS) or (others and not words and set(others) <= DENIALS):
        return "denial"
    if not words or not others or max(len(words), len(others)) > MAX_DIFFERENCE_WORDS + MOST_UNITS:
        return None
    if frozenset(("".join(words), "".join(others))) in OPPOSITES:
        return "denial"
    if has_value(was) and has_value(now) and not (has_name(was) and has_name(now)):
        return "value"
    return "name" if are_names(was, now, before) else None


def has_name(words: Sequence[DiffToken]) -> bool:
    """Return whether one of the tokens is capitalized, except months and weekdays."""
    return any(word.written[0].isupper() and not is_value_token(word) for word in words)


def has_value(words: Sequence[DiffToken]) -> bool:
    """Return whether a run of tokens is a number, date or time span with at most a few other words."""
    values = sum(is_value_token(word) for word in words)
    return values > 0 and len(words) - values <= MOST_UNITS


def is_value_token(word: DiffToken) -> bool:
    """Return whether a token is a number, a date or part of one."""
    return word.figure is not None or is_value_word(word.written.lower())


def is_value_word(word: str) -> bool:
    """Return whether a word is a number, or the name of a month or weekday."""
    return word[0].isdigit() or word in NUMERALS


def are_names(was: Sequence[DiffToken], now: Sequence[DiffToken], before: Sequence[DiffToken]) -> bool:
    """Return whether both runs are names: capitalized within a sentence, or a few characters after 是, a colon or the like."""
    if not before or max(len(was), len(now)) > MAX_DIFFERENCE_WORDS:
        return False
    text = before[0].text
    gap = text[before[-1].end : was[0].start]
    announced = before[-1].folded in ENTITY_SIGNS or any(sign in gap for sign in "：:|")
    if all(re.match(f"[{CJK}]", word.written) for word in (*was, *now)):
        return announced and len(before) > MOST_UNITS
    return announced and all(word.written[0].isupper() for word in (*was, *now))


def is_adverbial(words: Sequence[DiffToken], place: tuple[int, int]) -> bool:
    """Return whether a value only says when or where the sentence holds: "In 2010, ..."."""
    start, end = place
    text = words[0].text
    opening = text[words[0].start : words[start].start].strip() if start else ""
    last, following = text[words[end - 1].end - 1], text[words[end - 1].end : words[end - 1].end + 1]
    leading = start == 0 or (bool(LEADING.match(opening)) and start <= 2)
    return end < len(words) and leading and (last == "年" or following in {",", "，", "年", ""})


def difference_text(text: str, words: Sequence[DiffToken], place: tuple[int, int]) -> str:
    """Return a run of tokens as it stands in its sentence, with the unit after it or the word that is negated."""
    start, end = place
    last = min(len(words) - 1, end if end == start or is_value_token(words[end - 1]) else end - 1)
    first = min(start, last)
    return text[words[first].start : words[last].end]


def similar_sentences(one: str, others: Sequence[str]) -> Iterator[int]:
    """Yield the indexes of sentences of similar length that share at least half of the words."""
    words = set(folded_words(tokenize(one)))
    for place, other in enumerate(others):
        other_words = set(folded_words(tokenize(other)))
        shorter, longer = sorted((len(one), len(other)))
        if 2 * len(words & other_words) >= min(len(words), len(other_words)) and longer <= 2 * shorter + 20:
            yield place
