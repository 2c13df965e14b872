"""Draft evaluation questions from a library's chunks with the chat model, for the user to correct."""

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
from assistant.evaluation.dataset import ends_with
from assistant.evaluation.metrics import is_contained, tokenize
from assistant.system.paths import expand_user, read_file
from assistant.text.dates import Date, dates
from assistant.text.languages import CJK, is_cjk
from assistant.text.numbers import numbers
from assistant.text.sentences import sentence_spans

__all__ = ["Draft", "DraftContext", "draft_to_json", "generate_drafts", "read_drafted", "spread_over_files"]


FACTS_TRIED = 2  # facts per chunk for which a question is generated
SWAPS_TRIED = 6  # entity swaps tried per question
UNANSWERABLE_EACH = 4
ENTITIES_KEPT = 400  # per kind

Write = Callable[[Hit, str, str], str]
Find = Callable[[str], Sequence[Hit]]
LARGEST = 2**28  # bytes of a question file
POINTS_AT_TEXT = re.compile(r"\b(?:passage|text|document|file|paragraph|sentence|article|excerpt|above)\b"
                            r"|文中|本文|段落|文章|上文|上述|文件", re.IGNORECASE)
POINTS_AT_NOTHING = re.compile(r"^(?:(?:what|who|when|where|how|why|which)\W+(?:\w+\W+){0,3})?"
                               r"(?:is|was|are|were|did|does|do|has|had) (?:it|he|she|they|this|that)\b"
                               r"|^(?:它|他|她|他们|这|那|该)", re.IGNORECASE)
LENGTHS = {True: (7, 80), False: (18, 240)}  # characters of a question; True: Chinese
FEWEST_SHARED = {True: 4, False: 2}  # words (characters) that question and chunk must share; True: Chinese
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
SHORTEST = {True: 10, False: 30}  # characters of a sentence; True: Chinese
LONGEST = 400
FIRST_WORD = frozenset({"name", "word"})
KINDS_ASKED = frozenset({"date", "amount", "title", "name", "year"})  # not "word": a capitalised word may be anything
OFTEN_CAPITAL = frozenset("I The A An In On At It He She They This That These Those But And For Of".split())
Item = TypeVar("Item")
SEED = 11
SWAPPED = ("name", "word", "title", "year", "date")
ENOUGH = 0.5  # a chunk with the new entity and this share of the question's other words may answer it


@dataclass(slots=True)
class DraftContext:
    """The state of drafting: `write` generates a question for (hit, sentence, fact), `find` searches.

    done: ids of existing drafts
    seen: entities by kind
    waiting: answerable drafts that no unanswerable one was derived from yet
    """

    write: Write
    find: Find
    done: frozenset[str] = frozenset()
    seen: dict[str, list[str]] = field(default_factory=dict)
    waiting: list[Draft] = field(default_factory=list)

    def note(self, hit: Hit) -> None:
        """Record the entities of a chunk."""
        for kind, entity in swappable_entities(hit.chunk.text):
            known = self.seen.setdefault(kind, [])
            if entity not in known and len(known) < ENTITIES_KEPT:
                known.append(entity)


def generate_drafts(passages: Iterable[Hit], count: int, context: DraftContext) -> Iterator[Draft]:
    """Yield up to `count` new drafts; fewer if the chunks do not yield as many."""
    return islice(iterate_drafts(passages, context), count)


def iterate_drafts(passages: Iterable[Hit], context: DraftContext) -> Iterator[Draft]:
    """Yield drafts as long as there are chunks; every fourth is unanswerable, if one can be derived."""
    made = 0
    for hit in passages:
        context.note(hit)
        for draft in draft_answerable(hit, context):
            context.waiting.append(draft)
            yield draft
            made += 1
        if made and made % (UNANSWERABLE_EACH - 1) == 0 and context.waiting:
            yield from draft_unanswerable(context)
            context.waiting.clear()


def draft_answerable(hit: Hit, context: DraftContext) -> Iterator[Draft]:
    """Yield a question about a chunk if one of the first attempts is good; nothing if one exists already."""
    for fact in select_facts(hit):
        draft = Draft("", hit, fact)
        if draft.identity in context.done:
            return
        question = context.write(hit, fact.sentence, fact.text)
        if question and is_good(question, fact, hit) and is_found(hit, context.find(question)):
            yield Draft(question, hit, fact)
            return


def select_facts(hit: Hit) -> list[FactSpan]:
    """Return the facts of a chunk to ask for: of different kinds, varying from chunk to chunk."""
    kinds: dict[str, list[FactSpan]] = {}
    for fact in extract_facts(hit.chunk.text):
        kinds.setdefault(fact.kind, []).append(fact)
    firsts = [those[hit.chunk_id % len(those)] for those in kinds.values()]
    turn = hit.chunk_id % len(firsts) if firsts else 0
    return (firsts[turn:] + firsts[:turn])[:FACTS_TRIED]


def draft_unanswerable(context: DraftContext) -> Iterator[Draft]:
    """Yield one question that the files cannot answer: a draft with an entity replaced."""
    for draft in reversed(context.waiting):
        if Draft("", draft.hit, None).identity in context.done:
            continue
        for entity, other in islice(entity_swaps(draft.question, draft.hit.chunk.searchable, context.seen), SWAPS_TRIED):
            question = draft.question.replace(entity, other, 1)
            if not can_be_answered(question, other, context.find(question)):
                yield Draft(question, draft.hit, None, (entity, other))
                return


@dataclass(frozen=True, slots=True)
class Draft:
    """A generated question, the fact that answers it, and its chunk.

    An unanswerable question has no fact; `swapped` holds the replaced entity and its replacement.
    """

    question: str
    hit: Hit
    fact: FactSpan | None
    swapped: tuple[str, str] = ("", "")

    @property
    def identity(self) -> str:
        """The draft's id: its chunk's file and position, and whether it is answerable."""
        place = self.hit.chunk.location
        return f"{PurePath(self.hit.path).name}:{place.char_start}" + ("" if self.fact else ":unanswerable")


def draft_to_json(draft: Draft, paths: Iterable[str]) -> str:
    """Return the draft as a JSON line for `assistant eval`; the user removes the field `draft` after review."""
    record: dict[str, object] = {"id": draft.identity, "question": draft.question, "draft": True,
                                 "lang": "zh" if is_cjk(draft.question) else "en", "answerable": draft.fact is not None}
    if draft.fact is None:
        record |= {"kind": "unanswerable", "answers": [], "swapped": list(draft.swapped)}
    else:
        record |= {"kind": PurePath(draft.hit.path).suffix.lstrip("."), **gold_fields(draft.hit, draft.fact, paths)}
    return json.dumps(record, ensure_ascii=False)


def gold_fields(hit: Hit, fact: FactSpan, paths: Iterable[str]) -> dict[str, object]:
    """Return the gold fields: answer, file, span, page, and the sentence for review."""
    place = hit.chunk.location
    start = place.char_start + fact.start
    page = {} if place.page is None and place.slide is None else {"gold_page": place.page or place.slide}
    return {"answers": [fact.text.strip("《》")], "gold_docs": [shortest_name(hit.path, paths)], **page,
            "gold_span": {"start": start, "end": start + len(fact.text)}, "sentence": fact.sentence}


def shortest_name(path: str, paths: Iterable[str]) -> str:
    """Return the shortest end of a path that is unique among the paths."""
    parts, others = PurePath(path).parts, [other for other in paths if other != path]
    for count in range(1, len(parts)):
        name = str(PurePath(*parts[-count:]))
        others = [other for other in others if ends_with(other, name)]
        if not others:
            return name
    return path


def read_drafted(path: Path) -> frozenset[str]:
    """Return the question ids in a file; none if it does not exist. Raises UsageError if it is not a file of drafts."""
    try:
        lines = read_file(expand_user(path), LARGEST).decode("utf-8").split("\n")
        return frozenset(str(json.loads(line)["id"]) for line in lines if line.strip())
    except FileNotFoundError:
        return frozenset()
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(f"{path} is not a file of drafted questions.", "Give --out a new file.") from error


def is_good(question: str, fact: FactSpan, hit: Hit) -> bool:
    """Return True if a question is well-formed, self-contained, about the chunk, and does not contain its answer."""
    chinese = is_cjk(fact.sentence)
    low, high = LENGTHS[chinese]
    shared = set(content_words(question)) & set(tokenize(hit.chunk.searchable))
    return (low <= len(question) <= high and question[-1:] in "?？" and is_cjk(question) == chinese
            and not POINTS_AT_TEXT.search(question) and not POINTS_AT_NOTHING.search(question)
            and not is_contained(fact.text, question) and len(shared) >= FEWEST_SHARED[chinese])


def content_words(question: str) -> list[str]:
    """Return the words of a question without stop words."""
    return [token for token in tokenize(question) if token not in COMMON]


def is_found(hit: Hit, hits: Sequence[Hit]) -> bool:
    """Return True if the search for the question finds the chunk's file in the first DEPTH hits."""
    return any(hit.path in {found.path, *(path for path, _ in found.also)} for found in hits[:DEPTH])


@dataclass(frozen=True, slots=True)
class FactSpan:
    """A fact, its kind, its sentence, and its offset in the chunk."""

    text: str
    kind: str
    sentence: str
    start: int


def extract_facts(text: str) -> Iterator[FactSpan]:
    """Yield the facts that occur once in a text, so that they are unambiguous."""
    for first, last in sentence_spans(text):
        sentence = text[first:last]
        if SHORTEST[is_cjk(sentence)] <= len(sentence) <= LONGEST and "|" not in sentence:
            for kind, fact, start in find_entities(sentence):
                if kind in KINDS_ASKED and text.count(fact) == 1:
                    yield FactSpan(fact, kind, sentence, first + start)


def find_entities(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield (kind, text, offset) of each entity; entities within a longer one are left out."""
    taken: list[tuple[int, int]] = []
    for kind, start, end in entity_candidates(text):
        free = all(end <= first or last <= start for first, last in taken)
        fact = text[start:end]
        is_first_word = not any(character.isalnum() for character in text[:start])  # always capitalised, whatever it is
        if free and fact not in OFTEN_CAPITAL and not (kind in FIRST_WORD and is_first_word):
            taken.append((start, end))
            yield kind, fact, start


def entity_candidates(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield (kind, start, end) of possible entities; of two that overlap the first is preferred."""
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
    """Return True for a day, a month with a year, or a year marked as one (1886年)."""
    day = date.readings[0]
    return date.has_day or (day.year > 0 and (day.month > 0 or not text[date.start : date.end].isdigit()))


def spread_over_files(places: Sequence[tuple[int, str]]) -> list[int]:
    """Return the chunk ids in a deterministic order that alternates formats, then files, with shuffled chunks."""
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
    """Yield the first item of each group, then the second of each, and so on."""
    for turn in range(max(map(len, groups), default=0)):
        yield from (group[turn] for group in groups if turn < len(group))


def swappable_entities(text: str) -> Iterator[tuple[str, str]]:
    """Yield (kind, text) of the names, titles, years and dates of a text."""
    return ((kind, words) for kind, words, _ in find_entities(text) if kind in SWAPPED)


def entity_swaps(question: str, passage: str, others: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Yield (entity, replacement) for a question: entities of the same kind that its chunk does not contain."""
    for kind, entity in swappable_entities(question):
        for other in others.get(kind, ()):
            if other != entity and not is_contained(other, passage) and not is_contained(other, question):
                yield entity, other


def can_be_answered(question: str, other: str, hits: Sequence[Hit]) -> bool:
    """Return True if a chunk has the new entity and enough of the question's other words to answer it."""
    wanted = set(content_words(question)) - set(tokenize(other))
    texts = [hit.chunk.searchable for hit in hits]
    return any(is_contained(other, text) and len(wanted & set(tokenize(text))) >= ENOUGH * len(wanted) for text in texts)
