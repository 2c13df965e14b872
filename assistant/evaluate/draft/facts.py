"""The text of a passage in; facts that a question can ask for (dates, amounts, names, titles), each in its sentence, out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.evaluate.wording import CJK

MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
COUNT = "(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|sixty|ninety)"
UNIT = (r"(?:per ?cent|percent|months?|weeks?|days?|years?|hours?|minutes?|seconds?|metres?|meters?|miles?|km|kg|grams?|tonnes?|"
        r"litres?|degrees?|pounds?|euros?|dollars?|people|members|students|million|billion|Nm|kW|°C)")
NUMBER = r"\d[\d,]*(?:\.\d+)?"
CAPITAL = r"(?<![\w'’-])[A-Z][\w'’-]+"
KINDS = {
    "date": re.compile(rf"\b\d{{1,2}} {MONTH} \d{{4}}\b|\b{MONTH} \d{{1,2}}, \d{{4}}\b|\b{MONTH} \d{{4}}\b|\b\d{{4}}-\d\d-\d\d\b"
                       r"|\d{4}年(?:\d{1,2}月(?:\d{1,2}日)?)?|\d{1,2}月\d{1,2}日"),
    "amount": re.compile(rf"[$€£¥]\s?{NUMBER}(?: (?:million|billion))?|\b{NUMBER} ?%|\b(?:{NUMBER}|{COUNT}) {UNIT}\b"
                         r"|\d[\d,.]*[万亿]?(?:元|美元|公里|米|厘米|公斤|吨|平方公里|人|名|个|天|年|个月|小时|度|%|座|间|台|部)"),
    "title": re.compile(r"《[^》\n]{2,30}》"),
    "name": re.compile(rf"{CAPITAL}(?: (?:(?:of|de|van|von|la) )?{CAPITAL})+"
                       rf"|[{CJK}]{{1,8}}(?:·[{CJK}]{{1,8}})+|(?<=[{CJK}])[A-Z][A-Za-z]{{2,}}(?: [A-Z][A-Za-z]+){{0,2}}"),
    "word": re.compile(CAPITAL),
    "year": re.compile(r"\b(?:1[5-9]|20)\d\d\b"),
}
SENTENCE = re.compile(r"[^.!?。！？\n]*(?:\.(?=\w)[^.!?。！？\n]*)*[.!?。！？]?")
SHORTEST = {True: 10, False: 30}  # characters of a sentence that says something, in Chinese and otherwise
LONGEST = 400
FIRST_WORD = frozenset({"name", "word"})
ASKED_FOR = frozenset({"date", "amount", "title", "name", "year"})  # a single capitalised word may be anything
OFTEN_CAPITAL = frozenset("I The A An In On At It He She They This That These Those But And For Of".split())


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact, what sort it is, its sentence, and where it begins in the passage."""

    text: str
    kind: str
    sentence: str
    start: int


def facts(text: str) -> Iterator[Fact]:
    """Yield the facts of a passage, those that stand in it once, so that it is clear what is meant."""
    for match in SENTENCE.finditer(text):
        sentence = match.group().strip()
        if SHORTEST[is_chinese(sentence)] <= len(sentence) <= LONGEST and "|" not in sentence:
            for kind, fact, start in found_in(match.group()):
                if kind in ASKED_FOR and text.count(fact) == 1:
                    yield Fact(fact, kind, sentence, match.start() + start)


def found_in(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield the kind, the words and the place of each fact; what is part of a longer one is left out."""
    taken: list[tuple[int, int]] = []
    for kind, pattern in KINDS.items():
        for match in pattern.finditer(text):
            free = all(match.end() <= start or end <= match.start() for start, end in taken)
            if free and match.group() not in OFTEN_CAPITAL and not (kind in FIRST_WORD and starts(text, match.start())):
                taken.append(match.span())
                yield kind, match.group(), match.start()


def starts(text: str, place: int) -> bool:
    """Return whether no word stands before a place: the first word of a sentence is capitalised whatever it is."""
    return not any(character.isalnum() for character in text[:place])


def is_chinese(text: str) -> bool:
    """Return whether the text is mostly Chinese, Japanese or Korean."""
    letters = sum(character.isalpha() for character in text)
    return len(re.findall(f"[{CJK}]", text)) > letters / 3
