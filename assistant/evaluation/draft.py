"""Passages, a model that writes questions and a search in; questions with their answers, for a person to correct, out."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePath
from typing import TypeVar

from assistant.datatypes import Hit
from assistant.errors import UsageError
from assistant.evaluation.answers import is_contained, tokenize
from assistant.evaluation.dataset import ends_with
from assistant.system.paths import expanded, read_file
from assistant.text.dates import Date, dates
from assistant.text.languages import CJK, is_cjk
from assistant.text.numbers import numbers

__all__ = ["Desk", "Draft", "make", "read_drafted", "spread", "to_line"]


FACTS_TRIED = 2  # facts of a passage that a question is asked for
SWAPS_TRIED = 6  # entities that are tried in one question
UNANSWERABLE_EACH = 4
ENTITIES_KEPT = 400  # entities that are remembered of each kind

Write = Callable[[Hit, str, str], str]
Find = Callable[[str], Sequence[Hit]]
LARGEST = 2**28  # bytes of a file of questions
POINTS_AT_TEXT = re.compile(r"\b(?:passage|text|document|file|paragraph|sentence|article|excerpt|above)\b"
                            r"|文中|本文|段落|文章|上文|上述|文件", re.IGNORECASE)
POINTS_AT_NOTHING = re.compile(r"^(?:(?:what|who|when|where|how|why|which)\W+(?:\w+\W+){0,3})?"
                               r"(?:is|was|are|were|did|does|do|has|had) (?:it|he|she|they|this|that)\b"
                               r"|^(?:它|他|她|他们|这|那|该)", re.IGNORECASE)
LENGTHS = {True: (7, 80), False: (18, 240)}  # characters, in Chinese and otherwise
FEWEST_SHARED = {True: 4, False: 2}  # words (characters) of the passage that it must have
DEPTH = 5
COMMON = frozenset("what which who when where how why is was are were the of in on at to for from by with and did does do has "
                   "had many much long be it its 什 么 谁 哪 何 时 的 是 了 在 多 少 几 有 为 和".split())
UNIT = re.compile(
    r" (?:months?|weeks?|days?|years?|hours?|minutes?|seconds?|metres?|meters?|miles?|km|kg|grams?|tonnes?|litres?|degrees?"
    r"|pounds?|euros?|dollars?|people|members|students|Nm|kW|°C)\b"
    r"|元|美元|公里|米|厘米|公斤|吨|平方公里|人|名|个|天|年|个月|小时|度|座|间|台|部")
CAPITAL = r"(?<![\w'’-])[A-Z][\w'’-]+"
TITLE = re.compile(r"《[^》\n]{2,30}》")
KINDS = {
    "name": re.compile(rf"{CAPITAL}(?: (?:(?:of|de|van|von|la) )?{CAPITAL})+"
                       rf"|[{CJK}]{{1,8}}(?:·[{CJK}]{{1,8}})+|(?<=[{CJK}])[A-Z][A-Za-z]{{2,}}(?: [A-Z][A-Za-z]+){{0,2}}"),
    "word": re.compile(CAPITAL),
}
SENTENCE = re.compile(r"[^.!?。！？\n]*(?:\.(?=\w)[^.!?。！？\n]*)*[.!?。！？]?")
SHORTEST = {True: 10, False: 30}  # characters of a sentence that says something, in Chinese and otherwise
LONGEST = 400
FIRST_WORD = frozenset({"name", "word"})
KINDS_ASKED = frozenset({"date", "amount", "title", "name", "year"})  # a single capitalised word may be anything
OFTEN_CAPITAL = frozenset("I The A An In On At It He She They This That These Those But And For Of".split())
Item = TypeVar("Item")
SEED = 11
SWAPPED = ("name", "word", "title", "year", "date")
ENOUGH = 0.5  # of the question's words beside the swapped one: a passage with these may answer it


@dataclass(slots=True)
class Desk:
    """Who writes a question (for a passage, a sentence and a fact in it) and who searches; and what was seen so far."""

    write: Write
    find: Find
    done: frozenset[str] = frozenset()
    seen: dict[str, list[str]] = field(default_factory=dict)
    waiting: list[Draft] = field(default_factory=list)  # questions that were not made unanswerable yet

    def note(self, hit: Hit) -> None:
        """Remember the entities of a passage."""
        for kind, entity in swappable_entities(hit.chunk.text):
            known = self.seen.setdefault(kind, [])
            if entity not in known and len(known) < ENTITIES_KEPT:
                known.append(entity)


def make(passages: Iterable[Hit], count: int, desk: Desk) -> Iterator[Draft]:
    """Yield up to `count` drafts that are not done yet; fewer where the passages do not hold as many."""
    return islice(iterate_drafts(passages, desk), count)


def iterate_drafts(passages: Iterable[Hit], desk: Desk) -> Iterator[Draft]:
    """Yield drafts as long as there are passages; every fourth is one that cannot be answered, as soon as one succeeds."""
    made = 0
    for hit in passages:
        desk.note(hit)
        for draft in draft_answerable(hit, desk):
            desk.waiting.append(draft)
            yield draft
            made += 1
        if made and made % (UNANSWERABLE_EACH - 1) == 0 and desk.waiting:
            yield from draft_unanswerable(desk)
            desk.waiting.clear()


def draft_answerable(hit: Hit, desk: Desk) -> Iterator[Draft]:
    """Yield a question about a passage, if one of the first tries is good; none where there is one already."""
    for fact in select_facts(hit):
        draft = Draft("", hit, fact)
        if draft.identity in desk.done:
            return
        question = desk.write(hit, fact.sentence, fact.text)
        if question and is_good(question, fact, hit) and is_found(hit, desk.find(question)):
            yield Draft(question, hit, fact)
            return


def select_facts(hit: Hit) -> list[FactSpan]:
    """Return the facts of a passage that are asked for: of different kinds, and which ones differs from passage to passage."""
    kinds: dict[str, list[FactSpan]] = {}
    for fact in extract_facts(hit.chunk.text):
        kinds.setdefault(fact.kind, []).append(fact)
    firsts = [those[hit.chunk_id % len(those)] for those in kinds.values()]
    turn = hit.chunk_id % len(firsts) if firsts else 0
    return (firsts[turn:] + firsts[:turn])[:FACTS_TRIED]


def draft_unanswerable(desk: Desk) -> Iterator[Draft]:
    """Yield one question that the files cannot answer: a drafted one, about somebody or something else."""
    for draft in reversed(desk.waiting):
        if Draft("", draft.hit, None).identity in desk.done:
            continue
        for entity, other in islice(entity_swaps(draft.question, draft.hit.chunk.searchable, desk.seen), SWAPS_TRIED):
            question = draft.question.replace(entity, other, 1)
            if not can_be_answered(question, other, desk.find(question)):
                yield Draft(question, draft.hit, None, (entity, other))
                return


@dataclass(frozen=True, slots=True)
class Draft:
    """A question that a model wrote, the fact that answers it, and the passage that it is about.

    One that cannot be answered has no fact; `swapped` says what was put in the place of what.
    """

    question: str
    hit: Hit
    fact: FactSpan | None
    swapped: tuple[str, str] = ("", "")

    @property
    def identity(self) -> str:
        """What tells it from others: where its passage stands, and whether it can be answered."""
        place = self.hit.chunk.location
        return f"{PurePath(self.hit.path).name}:{place.char_start}" + ("" if self.fact else ":unanswerable")


def to_line(draft: Draft, paths: Iterable[str]) -> str:
    """Return the draft as a line of JSON that `assistant eval` reads; `draft` is for the person to take away."""
    record: dict[str, object] = {"id": draft.identity, "question": draft.question, "draft": True,
                                 "lang": "zh" if is_cjk(draft.question) else "en", "answerable": draft.fact is not None}
    if draft.fact is None:
        record |= {"kind": "unanswerable", "answers": [], "swapped": list(draft.swapped)}
    else:
        record |= {"kind": PurePath(draft.hit.path).suffix.lstrip("."), **gold_fields(draft.hit, draft.fact, paths)}
    return json.dumps(record, ensure_ascii=False)


def gold_fields(hit: Hit, fact: FactSpan, paths: Iterable[str]) -> dict[str, object]:
    """Return the right answer and where it stands: file, characters, page and the sentence to look at."""
    place = hit.chunk.location
    start = place.char_start + fact.start
    page = {} if place.page is None and place.slide is None else {"gold_page": place.page or place.slide}
    return {"answers": [fact.text.strip("《》")], "gold_docs": [shortest_name(hit.path, paths)], **page,
            "gold_span": {"start": start, "end": start + len(fact.text)}, "sentence": fact.sentence}


def shortest_name(path: str, paths: Iterable[str]) -> str:
    """Return the shortest end of a path that no other path has."""
    parts, others = PurePath(path).parts, [other for other in paths if other != path]
    for count in range(1, len(parts)):
        name = str(PurePath(*parts[-count:]))
        others = [other for other in others if ends_with(other, name)]
        if not others:
            return name
    return path


def read_drafted(path: Path) -> frozenset[str]:
    """Return the ids of the questions in a file; none where there is no such file. Raises UsageError where it holds others."""
    try:
        lines = read_file(expanded(path), LARGEST).decode("utf-8").split("\n")
        return frozenset(str(json.loads(line)["id"]) for line in lines if line.strip())
    except FileNotFoundError:
        return frozenset()
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(f"{path} is not a file of drafted questions.", "Give --out a new file.") from error


def is_good(question: str, fact: FactSpan, hit: Hit) -> bool:
    """Return whether a question is one, makes sense alone, is about the passage and does not hold its answer."""
    chinese = is_cjk(fact.sentence)
    low, high = LENGTHS[chinese]
    shared = set(content_words(question)) & set(tokenize(hit.chunk.searchable))
    return (low <= len(question) <= high and question[-1:] in "?？" and is_cjk(question) == chinese
            and not POINTS_AT_TEXT.search(question) and not POINTS_AT_NOTHING.search(question)
            and not is_contained(fact.text, question) and len(shared) >= FEWEST_SHARED[chinese])


def content_words(question: str) -> list[str]:
    """Return the words of a question that say what it is about."""
    return [token for token in tokenize(question) if token not in COMMON]


def is_found(hit: Hit, hits: Sequence[Hit]) -> bool:
    """Return whether a search for the question finds the passage's file among the first."""
    return any(hit.path in {found.path, *(path for path, _ in found.also)} for found in hits[:DEPTH])


@dataclass(frozen=True, slots=True)
class FactSpan:
    """A fact, what sort it is, its sentence, and where it begins in the passage."""

    text: str
    kind: str
    sentence: str
    start: int


def extract_facts(text: str) -> Iterator[FactSpan]:
    """Yield the facts of a passage, those that stand in it once, so that it is clear what is meant."""
    for match in SENTENCE.finditer(text):
        sentence = match.group().strip()
        if SHORTEST[is_cjk(sentence)] <= len(sentence) <= LONGEST and "|" not in sentence:
            for kind, fact, start in find_entities(match.group()):
                if kind in KINDS_ASKED and text.count(fact) == 1:
                    yield FactSpan(fact, kind, sentence, match.start() + start)


def find_entities(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield the kind, the words and the place of each fact; what is part of a longer one is left out."""
    taken: list[tuple[int, int]] = []
    for kind, start, end in entity_candidates(text):
        free = all(end <= first or last <= start for first, last in taken)
        fact = text[start:end]
        if free and fact not in OFTEN_CAPITAL and not (kind in FIRST_WORD and is_sentence_start(text, start)):
            taken.append((start, end))
            yield kind, fact, start


def entity_candidates(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the kind and the span of what may be a fact; what comes first is preferred where two overlap."""
    yield from (("title", *match.span()) for match in TITLE.finditer(text))
    found = dates(text, years=True)
    full = [date for date in found if is_full_date(text, date)]
    yield from (("date", date.start, date.end) for date in full)
    yield from (("amount", *span) for span in amount_spans(text, [(date.start, date.end) for date in full]))
    yield from ((kind, *match.span()) for kind, pattern in KINDS.items() for match in pattern.finditer(text))
    yield from (("year", date.start, date.end) for date in found if date not in full and date.readings[0].year)


def amount_spans(text: str, taken: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the spans of numbers with a unit, a currency, a percent sign or a word such as million."""
    for number in numbers(text, taken):
        if number.start and text[number.start - 1] in "$€£¥":
            yield number.start - 1, number.end
        elif number.parts > 1:
            yield number.start, number.end
        elif number.certain or (text[number.start].isascii() and not number.ordinal):
            unit = UNIT.match(text, number.end)
            if unit or text[: number.end].endswith(("million", "billion")):
                yield number.start, unit.end() if unit else number.end


def is_full_date(text: str, date: Date) -> bool:
    """Return whether a date is a day, a month of a year, or a year that is called one (1886年)."""
    day = date.readings[0]
    return date.has_day or (day.year > 0 and (day.month > 0 or not text[date.start : date.end].isdigit()))


def is_sentence_start(text: str, place: int) -> bool:
    """Return whether no word stands before a place: the first word of a sentence is capitalised whatever it is."""
    return not any(character.isalnum() for character in text[:place])


def spread(places: Sequence[tuple[int, str]]) -> list[int]:
    """Return the numbers of (number, path) pairs: formats in turns, then files in turns, their passages shuffled.

    The order is the same for the same library.
    """
    chance = random.Random(SEED)
    formats: dict[str, dict[str, list[int]]] = {}
    for number, path in sorted(places, key=lambda place: (place[1], place[0])):
        formats.setdefault(PurePath(path).suffix.lower(), {}).setdefault(path, []).append(number)
    of_formats = []
    for files in formats.values():
        for chunk_numbers in files.values():
            chance.shuffle(chunk_numbers)
        shuffled = list(files.values())
        chance.shuffle(shuffled)
        of_formats.append(list(round_robin(shuffled)))
    return list(round_robin(of_formats))


def round_robin(groups: Sequence[Sequence[Item]]) -> Iterator[Item]:
    """Yield the first of each group, then the second of each, and so on."""
    for turn in range(max(map(len, groups), default=0)):
        yield from (group[turn] for group in groups if turn < len(group))


def swappable_entities(text: str) -> Iterator[tuple[str, str]]:
    """Yield the names, titles and years of a text with what they are."""
    return ((kind, words) for kind, words, _ in find_entities(text) if kind in SWAPPED)


def entity_swaps(question: str, passage: str, others: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Yield what can take the place of what in a question: an entity of the same kind that its passage does not have."""
    for kind, entity in swappable_entities(question):
        for other in others.get(kind, ()):
            if other != entity and not is_contained(other, passage) and not is_contained(other, question):
                yield entity, other


def can_be_answered(question: str, other: str, hits: Sequence[Hit]) -> bool:
    """Return whether a passage has the new entity and many of the question's other words: then it may say the answer."""
    wanted = set(content_words(question)) - set(tokenize(other))
    texts = [hit.chunk.searchable for hit in hits]
    return any(is_contained(other, text) and len(wanted & set(tokenize(text))) >= ENOUGH * len(wanted) for text in texts)
