"""Choose the sentence of the passages found that most likely answers a question, without a language model."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.datatypes import Citation, Hit
from assistant.generation.support import narrow_location, parse_hit
from assistant.text.stems import terms

# Weights beside the share of the question's terms, each weighted by its rarity, that a sentence and its headings have: of the
# passage's rank (1 for the first, 1/2 for the second), of a number where one is asked for, and of a sentence that says hardly
# anything but what the question says. The first was fitted on 250 training questions of SQuAD 2.0 and 250 of CMRC 2018 whose
# documents no reported question is about: .54 for both languages. The others are rounded from a fit on the same questions.
RANK_WEIGHT, NUMBER_WEIGHT, ECHO_WEIGHT = 0.54, 0.15, -0.25
FEWEST_NEW = 3  # terms and numbers that the question has not: with fewer a sentence is an echo, such as a title or a caption
NUMBER = re.compile(r"\d+(?:[.,:/-]\d+)*|[一二三四五六七八九十百千万两]+")
CLAUSE_NUMBER = re.compile(r"^\W*(?:第[\d一二三四五六七八九十百]+[条章节款]|\d+(?:\.\d+)*[.)）、]?(?=\s))")
ASKS_NUMBER = re.compile(
    r"\b(?:when|how (?:many|much|long|old|far|tall|high|large|big|often|fast|deep|wide|heavy)|what (?:\w+ )?(?:year|date|day|"
    r"month|time|percentage|number|amount|age|price|fee|cost|rate|size|speed|height|weight|length|temperature|pressure|torque))\b"
    r"|多少|何时|什么时候|几|哪年|哪天|哪一[年天日]|日期|时间|金额|价格|费用|多[长高大远久重深宽]",
    re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence or table row of a passage: its passage's number (from 1) and its span.

    `terms` are those that it has with its headings, `new` are its own terms and numbers that the question has not.
    """

    number: int
    start: int
    end: int
    terms: frozenset[str]
    new: frozenset[str]
    has_number: bool


def likely_sentences(question: str, hits: Sequence[Hit]) -> tuple[Citation, ...]:
    """Return a citation of the sentence or table row that most likely answers the question, in a tuple of one.

    Return an empty tuple if there is no passage with a sentence. If none has a term of the question (it may be in another
    language), it is from the best passage.
    """
    candidates = [candidate for number, hit in enumerate(hits, 1) for candidate in candidates_of(number, hit, question)]
    asked, shared = terms(question), Counter(term for each in candidates for term in each.terms)
    rarity = {term: math.log(1 + len(candidates) / (shared[term] + 0.5)) for term in asked}
    total, asks_number = sum(rarity.values()) or 1.0, bool(ASKS_NUMBER.search(question))

    def score(candidate: Candidate) -> float:
        coverage = sum(rarity[term] for term in candidate.terms & asked) / total
        number = NUMBER_WEIGHT * (asks_number and candidate.has_number)
        echo = ECHO_WEIGHT * (len(candidate.new) < FEWEST_NEW and not (asks_number and candidate.has_number))
        return coverage + RANK_WEIGHT / candidate.number + number + echo

    best = max(candidates, key=score, default=None)  # the first of equals
    return (cite_span(hits[best.number - 1], best),) if best else ()


def candidates_of(number: int, hit: Hit, question: str) -> Iterator[Candidate]:
    """Yield the sentences and table rows of a passage, without headings."""
    parsed, asked = parse_hit(hit), known_words(question)
    above = terms(parsed.topic.text)
    for unit in parsed.units:
        if not unit.is_heading:
            text = CLAUSE_NUMBER.sub("", hit.chunk.text[unit.start : unit.end])
            own = known_words(text)
            numbers = frozenset(NUMBER.findall(text)) - asked
            yield Candidate(number, unit.start, unit.end, own | above, own - asked, bool(numbers))


def known_words(text: str) -> frozenset[str]:
    """Return the terms and numbers of a text."""
    return terms(text) | frozenset(NUMBER.findall(text))


def cite_span(hit: Hit, span: Candidate) -> Citation:
    """Return a citation that quotes the span."""
    text = hit.chunk.text
    location = narrow_location(hit.chunk.location, text, span.start, span.end)
    return Citation(span.number, hit.path, hit.title, location, text[span.start : span.end], hit.kind)
