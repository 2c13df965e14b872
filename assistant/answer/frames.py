"""Two sentences in; what each says in the one place where they differ out, if all the rest of them is the same."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.answer.sentences import CJK, STOP

PIECE = re.compile(f"\\d[\\d.,:/-]*\\d|\\d|[%€$£¥]|[{CJK}]|[^\\W\\d_{CJK}]+(?:['’][^\\W\\d_]+)?")
NUMBERING = re.compile(r"^\s*(?:[-*>#|]+\s*|\(?\d{1,3}(?:\.\d{1,3})*[.)、]?\s+(?=\D)|第[\d一二三四五六七八九十]+[条款章节]\s*)+")
DIGITS_ZH = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
PLACES_ZH = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "亿": 10**8}
NUMERAL_ZH = frozenset({*DIGITS_ZH, *PLACES_ZH, "半"})
RUN_ZH = re.compile(f"[{''.join(sorted(NUMERAL_ZH - {'半'}))}]+")
SMALL = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
         "eighteen nineteen").split()
TENS = dict(zip("twenty thirty forty fifty sixty seventy eighty ninety".split(), range(20, 100, 10), strict=True))
CALENDAR = frozenset(
    "january february march april may june july august september october november december monday tuesday wednesday thursday "
    "friday saturday sunday".split()
)
NUMERALS = CALENDAR | {*SMALL, *TENS} | frozenset(
    "hundred thousand million billion half third quarter first second fourth fifth".split()
)
DENIALS = frozenset("not no never cannot non neither 不 未 无 非 没 别 禁 勿".split())
OPPOSITES = tuple(frozenset(pair.split()) for pair in (
    "allowed forbidden", "allowed prohibited", "permitted forbidden", "permitted prohibited", "included excluded", "open closed",
    "may cannot", "required optional", "mandatory optional", "enabled disabled", "accepted rejected", "refundable nonrefundable",
    "可以 不得", "可 不得", "允许 禁止", "允许 不得", "应当 无需", "需要 无需",
))
LEADING = re.compile(r"^(?:in|on|at|as of|by|during|since|from|until|截至|自|在)\s*$", re.IGNORECASE)
ENTITY_SIGNS = frozenset("is are was were be by to in at called named as 是 为 由 ： : 叫 即".split())
MOST_IN_SLOT = 5  # words in a place that differs
LEAST_SHARED = {"value": 2, "name": 1, "denial": 2}  # words of substance
LEAST_SHARED_ZH = {"value": 4, "name": 4, "denial": 4}  # characters
UNITS = 3

Kind = Literal["value", "name", "denial"]


@dataclass(frozen=True, slots=True)
class Slot:
    """The one thing that two sentences say differently, in the words of each."""

    kind: Kind
    one: str
    other: str


def difference(one: str, other: str, most_slots: int = 1, most_extra: float = 0.15) -> tuple[Slot, ...]:
    """Return what two sentences of the same frame say differently; nothing where their frames differ, or too much does.

    `most_extra`: how many words may stand in one of them only, as a share of those in both.
    """
    first, second = pieces(one), pieces(other)
    matcher = difflib.SequenceMatcher(None, folded(first), folded(second), autojunk=False)
    slots: list[Slot] = []
    extra = 0
    shared: list[str] = []
    for tag, start, end, second_start, second_end in matcher.get_opcodes():
        if tag == "equal":
            shared += folded(first[start:end])
            continue
        slot = slot_of(one, other, first, second, (start, end), (second_start, second_end))
        if slot:
            slots.append(slot)
        elif speaks_of_others(first[start:end]) and speaks_of_others(second[second_start:second_end]):
            return ()
        else:
            extra += max(substance(first[start:end]), substance(second[second_start:second_end]))
    held = sum(is_substance(word) for word in shared)
    if not 1 <= len(slots) <= most_slots or extra > most_extra * held:
        return ()
    is_chinese = sum(re.match(f"[{CJK}]", word) is not None for word in shared) > len(shared) / 2
    least = (LEAST_SHARED_ZH if is_chinese else LEAST_SHARED)
    return tuple(slots) if held >= max(least[slot.kind] for slot in slots) else ()


def speaks_of_others(words: Sequence[re.Match[str]]) -> bool:
    """Return whether a run of words that is no value has a name in it: the sentences are about different things."""
    return has_name(words)


def pieces(text: str) -> list[re.Match[str]]:
    """Return the words of a sentence: numbers whole, Chinese by character; what numbers the sentence itself is left out."""
    start = match.end() if (match := NUMBERING.match(text)) else 0
    return list(PIECE.finditer(text, start))


def folded(words: Sequence[re.Match[str]]) -> list[str]:
    """Return words as they are compared."""
    return [word.group().lower().replace(",", "") for word in words]


def is_substance(word: str) -> bool:
    """Return whether a word is more than grammar."""
    return word not in STOP and not re.fullmatch(r"[%€$£¥]", word)


def substance(words: Sequence[re.Match[str]]) -> int:
    """Return how many of the words are more than grammar."""
    return sum(is_substance(word) for word in folded(words))


def slot_of(one: str, other: str, first: Sequence[re.Match[str]], second: Sequence[re.Match[str]],
            place: tuple[int, int], second_place: tuple[int, int]) -> Slot | None:
    """Return the slot that two differing runs of words are, if they are one."""
    was, now = first[slice(*place)], second[slice(*second_place)]
    words, others = folded(was), folded(now)
    kind = kind_of(words, others, was, now, first[: place[0]])
    if kind is None or (kind == "value" and is_setting(first, place)):
        return None
    slot = Slot(kind, shown(one, first, place), shown(other, second, second_place))
    same = kind == "value" and figures(run_of(one, was)) == figures(run_of(other, now)) != []
    return None if same else slot


def run_of(text: str, words: Sequence[re.Match[str]]) -> str:
    """Return the stretch of text that a run of words is."""
    return text[words[0].start() : words[-1].end()]


def kind_of(words: Sequence[str], others: Sequence[str], was: Sequence[re.Match[str]], now: Sequence[re.Match[str]],
            before: Sequence[re.Match[str]]) -> Kind | None:
    """Return in what two runs of words differ: a number or date, a name, or yes and no."""
    if (words and not others and set(words) <= DENIALS) or (others and not words and set(others) <= DENIALS):
        return "denial"
    if not words or not others or max(len(words), len(others)) > MOST_IN_SLOT + UNITS:
        return None
    if frozenset(("".join(words), "".join(others))) in OPPOSITES:
        return "denial"
    if all(has_value(run) for run in (words, others)) and not (has_name(was) and has_name(now)):
        return "value"
    return "name" if are_names(was, now, before) else None


def figures(text: str) -> list[str]:
    """Return what counts in a value: its numbers, in figures, and the names of months and days."""
    plain = RUN_ZH.sub(lambda run: f" {number_of(run.group())} ", text.lower().replace(",", ""))
    words = re.findall(r"\d+(?:\.\d+)?|[a-z]+", plain)
    return [str(SMALL.index(word)) if word in SMALL else str(TENS[word]) if word in TENS else word.lstrip("0") or "0"
            for word in words if word[0].isdigit() or word in NUMERALS]


def number_of(run: str) -> int:
    """Return the number that Chinese numerals write: 三十五, 二〇二四."""
    if not set(run) & PLACES_ZH.keys():
        return int("".join(str(DIGITS_ZH[character]) for character in run))
    total = section = digit = 0
    for character in run:
        place = PLACES_ZH.get(character, 0)
        if not place:
            digit = DIGITS_ZH[character]
        elif place >= PLACES_ZH["万"]:
            total, section, digit = (total + section + digit) * place, 0, 0
        else:
            section, digit = section + (digit or 1) * place, 0
    return total + section + digit


def has_name(words: Sequence[re.Match[str]]) -> bool:
    """Return whether one of the words has a capital, months and days left out."""
    return any(word.group()[0].isupper() and not is_value(word.group().lower()) for word in words)


def has_value(words: Sequence[str]) -> bool:
    """Return whether a run of words is a number, a date or a span of time, and little more."""
    values = [word for word in words if is_value(word)]
    return bool(values) and len(words) - len(values) <= UNITS


def is_value(word: str) -> bool:
    """Return whether a word is a number or the name of a month or day."""
    return word[0].isdigit() or word in NUMERALS or word in NUMERAL_ZH


def are_names(was: Sequence[re.Match[str]], now: Sequence[re.Match[str]], before: Sequence[re.Match[str]]) -> bool:
    """Return whether both runs are names: capitals within a sentence, or a few characters behind a word such as 是 or a colon."""
    if not before or max(len(was), len(now)) > MOST_IN_SLOT:
        return False
    text = before[0].string
    gap = text[before[-1].end() : was[0].start()]
    announced = before[-1].group().lower() in ENTITY_SIGNS or any(sign in gap for sign in "：:|")
    if all(re.match(f"[{CJK}]", word.group()) for word in (*was, *now)):
        return announced and len(before) > UNITS
    return announced and all(word.group()[0].isupper() for word in (*was, *now))


def is_setting(words: Sequence[re.Match[str]], place: tuple[int, int]) -> bool:
    """Return whether a value only says when or where the sentence holds: "In 2010, ..."."""
    start, end = place
    text = words[0].string
    opening = text[words[0].start() : words[start].start()].strip() if start else ""
    following = text[words[end - 1].end() : words[end - 1].end() + 1] if end else ""
    leading = start == 0 or (bool(LEADING.match(opening)) and start <= 2)
    return end < len(words) and leading and following in {",", "，", "年", ""}


def shown(text: str, words: Sequence[re.Match[str]], place: tuple[int, int]) -> str:
    """Return a run of words as it stands in its sentence, with the unit behind it or the word that is denied."""
    start, end = place
    last = min(len(words) - 1, end if end == start or is_value(words[end - 1].group().lower()) else end - 1)
    first = min(start, last)
    return text[words[first].start() : words[last].end()]


def sentences_alike(one: str, others: Sequence[str]) -> Iterator[int]:
    """Yield the places of sentences of about the same length that share words with one: those worth comparing."""
    words = set(folded(pieces(one)))
    for place, other in enumerate(others):
        held = set(folded(pieces(other)))
        shorter, longer = sorted((len(one), len(other)))
        if 2 * len(words & held) >= min(len(words), len(held)) and longer <= 2 * shorter + 20:
            yield place
