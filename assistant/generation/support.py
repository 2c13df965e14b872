"""Attribute sentences of an answer to chunks: judge how far chunks support a claim, and build the citations."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from assistant.datatypes import Citation, Hit, Location, Sentence, Support
from assistant.generation.agreement import UnitVerdict, compare_unit
from assistant.generation.section_headings import heading_above
from assistant.generation.token_matching import has_literal, has_number, has_word
from assistant.text.facts import Claim, ParsedChunk, ParsedSentence, parse_chunk, parse_claim
from assistant.text.literals import ChunkContent, ClaimFact, contains_code
from assistant.text.statements import Statement, Token

MIN_STEM = 4
SUPPORT_ORDER = {"none": 0, "partial": 1, "full": 2}
LINE_END = re.compile(r"\r\n|\r|\n")
INHERITS = re.compile(
    r"(?:which|who|whose|it|he|she|they|and|but|also|then)\b|[有共并其以由于在被已为是将则后再也]|\d", re.IGNORECASE)
OWN_SUBJECT = re.compile(
    r"(?:the|a|an|its|his|her|their|this|that|these|those|each|every|all|no|there|in|on|at)\b", re.IGNORECASE)
NEW_WEIGHT, VALUE_WEIGHT = 3, 3  # in the choice of a quote, of words that are not in the question, and of numbers and identifiers
FULL_BONUS = 0.1  # in the choice of a quote, of a unit that fully supports the claim
SAME_LANGUAGE = 0.3  # share of the words from which on a text is taken to be in the claim's language
NEAR = 0.9  # share of the words from which on a unit that contradicts a claim is what the claim is made of
LEAD = 2  # words of the first clause that name its subject


@dataclass(frozen=True, slots=True)
class Attribution:
    """The numbers of the chunks a sentence is attributed to, and how far they support it."""

    numbers: tuple[int, ...]
    support: Support


NO_ATTRIBUTION = Attribution((), "none")
NO_VERDICT = UnitVerdict("none", 0, 0, 0.0)


@dataclass(frozen=True, slots=True)
class SupportVerdict:
    """How far chunks support a claim: how many of its numbers, identifiers and names they have, and the share of its words."""

    support: Support
    term_share: float
    found: int


def attribute(claim: Claim, written: Sequence[int], sources: Sequence[ParsedChunk]) -> Attribution:
    """Return the numbers the model wrote if their chunks support the claim, otherwise those of the best supporting chunks."""
    if claim.is_empty:
        return NO_ATTRIBUTION
    alone = {number: judge_support(claim, [source]) for number, source in enumerate(sources, 1)}
    believed = [number for number in dict.fromkeys(written) if number in alone and alone[number].support != "none"]
    together = judge_support(claim, [sources[number - 1] for number in believed]) if believed else None
    if together and together.support == "full":
        return Attribution(tuple(believed), "full")
    best = max(alone, key=lambda number: (SUPPORT_ORDER[alone[number].support], alone[number].found,
                                          alone[number].term_share), default=0)  # the first of equals
    if not best:
        return NO_ATTRIBUTION
    if alone[best].support == "full":
        return Attribution((best,), "full")
    if claim.parts and (pair := complete_support(claim, believed or [best], sources)):
        return Attribution(pair, "full")
    if alone[best].support == "none":
        return NO_ATTRIBUTION
    return Attribution(tuple(believed) or (best,), "partial")


def complete_support(claim: Claim, numbers: Sequence[int], sources: Sequence[ParsedChunk]) -> tuple[int, ...]:
    """Return the numbers plus one more whose chunk makes the support full; an empty tuple if there is none."""
    chosen = [sources[number - 1] for number in numbers]
    for number, source in enumerate(sources, 1):
        if number not in numbers and judge_support(claim, [*chosen, source]).support == "full":
            return (*numbers, number)
    return ()


def build_citations(sentences: Sequence[Sentence], passages: Sequence[Hit], question: str) -> tuple[Citation, ...]:
    """Return a citation for each number used, in order, quoting the sentence of the chunk that matches best."""
    used = sorted({number for sentence in sentences for number in sentence.numbers})
    return tuple(
        cite(number, passages[number - 1], " ".join(s.text for s in sentences if number in s.numbers), question)
        for number in used
    )


def parse_hit(hit: Hit) -> ParsedChunk:
    """Return the chunk of a hit parsed, with the name of its file, which an answer may name."""
    return parse_chunk(hit.chunk, PurePath(hit.path).name if hit.kind == "file" else "")


def cite(number: int, hit: Hit, claim: str, question: str) -> Citation:
    """Return the citation of a chunk for a claim: the sentence or table row that supports it most."""
    text = hit.chunk.text
    start, end = closest_unit(parse_claim(claim, question), parse_hit(hit))
    location = narrow_location(hit.chunk.location, text, start, end)
    return Citation(number, hit.path, hit.title, location, text[start:end], hit.kind)


def closest_unit(claim: Claim, source: ParsedChunk) -> tuple[int, int]:
    """Return the span of the unit that supports a claim most: values first, then words; the whole text if it has none."""
    units = tuple(unit for unit in source.units if not unit.is_heading) or source.units
    if not units:
        return 0, len(source.text)
    verdicts = verdicts_of(claim.whole, claim, replace(source, units=units))
    scores = quote_scores(claim, units)
    ranks = [(values, words + FULL_BONUS * (verdict.support == "full"), -unit.start)
             for (values, words), verdict, unit in zip(scores, verdicts, units, strict=True)]
    best = units[ranks.index(max(ranks))]
    return best.start, best.end


def quote_scores(claim: Claim, units: Sequence[ParsedSentence]) -> list[tuple[int, float]]:
    """Return for each unit how many values of the claim it has that the question does not name, and its share of all words.

    A word weighs more if the question has it not, since it is then part of what was asked for, and if few units have it.
    """
    values, words, total = [0] * len(units), [0.0] * len(units), 0.0
    for token in {token.keys: token for token in claim.whole.content}.values():
        present = [is_in_unit(token, unit) for unit in units]
        exact, asked = token.kind in {"number", "code"}, bool(token.held & claim.question.held)
        weight = (1 if asked else NEW_WEIGHT) * (VALUE_WEIGHT if exact else 1) / (sum(present) or len(units)) ** 0.5
        total += weight
        for place, found in enumerate(present):
            values[place] += found and exact and not asked
            words[place] += weight * found
    return [(value, share / (total or 1.0)) for value, share in zip(values, words, strict=True)]


def is_in_unit(token: Token, unit: ParsedSentence) -> bool:
    """Return whether a unit, or the header of its table, has a token."""
    if token.kind == "number":
        return has_number(token, unit)
    own = (unit.statement, *unit.header)
    if token.kind == "code":
        return any(contains_code(token.written, each.lower) for each in own)
    return any(has_word(key, each.words) for each in own for key in token.keys)


def narrow_location(location: Location, text: str, start: int, end: int) -> Location:
    """Return the location of text[start:end] within the chunk at `location`, with the heading above it.

    Text that has other line breaks than the file (JSON on one line) keeps the lines of the chunk.
    """
    span = replace(location, char_start=location.char_start + start, char_end=location.char_start + end,
                   heading=heading_above(location.heading, text, start))
    if len(LINE_END.findall(text)) != location.line_end - location.line_start:
        return span
    first = location.line_start + len(LINE_END.findall(text[:start]))
    return replace(span, line_start=first, line_end=first + len(LINE_END.findall(text[start:end])))


def judge_support(claim: Claim, sources: Sequence[ParsedChunk]) -> SupportVerdict:
    """Return how far the chunks support the claim: as a whole in one sentence or row of one of them, or clause by clause."""
    best = best_verdict(claim.whole, claim, sources)
    places = range(len(claim.parts))
    near = best.contradiction not in {"", "crossed"} and best.share >= NEAR
    if best.support != "full" and places and not near and all(is_clause_supported(claim, place, sources) for place in places):
        best = replace(best, support="full")
    if best.support != "full" and (best.contradiction or lacks_value(claim, sources)):
        best = replace(best, support="none")
    return SupportVerdict(best.support, best.share, best.literals)


def best_verdict(part: Statement, claim: Claim, sources: Iterable[ParsedChunk], anchors: Sequence[Token] = ()) -> UnitVerdict:
    """Return the best comparison of a statement with a unit of the chunks.

    A unit that contradicts the statement is the best one if it has more of its words than those that support it.
    """
    verdicts = [verdict for source in sources for verdict in verdicts_of(part, claim, source, anchors)]
    full = largest_share(verdict for verdict in verdicts if verdict.support == "full")
    against = largest_share(verdict for verdict in verdicts if verdict.contradiction and not verdict.missing)
    if full is not NO_VERDICT:
        return against if against.share > full.share else full
    return max(verdicts, key=lambda verdict: verdict.rank, default=NO_VERDICT)


def largest_share(verdicts: Iterable[UnitVerdict]) -> UnitVerdict:
    """Return the verdict with the largest share of the words."""
    return max(verdicts, key=lambda verdict: verdict.share, default=NO_VERDICT)


def verdicts_of(part: Statement, claim: Claim, source: ParsedChunk, anchors: Sequence[Token] = ()) -> list[UnitVerdict]:
    """Return the comparison of a statement with each unit of a chunk; across languages by what needs no translation."""
    found = [compare_unit(part, unit, source, claim.question, foreign=False, anchors=anchors) for unit in source.units]
    if not differs_in_language(claim, source) or max((verdict.share for verdict in found), default=0.0) >= SAME_LANGUAGE:
        return found
    return [compare_unit(part, unit, source, claim.question, foreign=True, anchors=anchors) for unit in source.units]


def is_clause_supported(claim: Claim, place: int, sources: Sequence[ParsedChunk]) -> bool:
    """Return whether one unit fully supports a clause, and is about its subject if that is in the first clause."""
    part, first = claim.parts[place], claim.parts[0]
    inherits = place > 0 and not part.names and not part.codes and inherits_subject(part) and not names_row(part, sources)
    anchors = [*first.names, *first.codes] if inherits else []
    lead = subject_words(first) if inherits and not anchors else frozenset[str]()
    about = [source for source in sources if lead <= source.words]
    return best_verdict(part, claim, about, anchors).support == "full"


def inherits_subject(part: Statement) -> bool:
    """Return whether a clause has no subject of its own, judged by its first word."""
    text = part.text.lstrip()
    return bool(INHERITS.match(text)) or (not part.cjk and not OWN_SUBJECT.match(text))


def names_row(part: Statement, sources: Iterable[ParsedChunk]) -> bool:
    """Return whether a clause has the words of a table row's first cell."""
    rows = (unit.statement for source in sources for unit in source.units if unit.is_row and not unit.is_heading)
    keys = (frozenset(key for token in row.content if token.clause == 0 for key in token.keys) for row in rows)
    return any(bool(each) and each <= part.words for each in keys)


def subject_words(first: Statement) -> frozenset[str]:
    """Return the first words of a clause; in Chinese its first characters."""
    return frozenset(key for token in first.content[:LEAD] if token.kind == "word" for key in token.keys)


def lacks_value(claim: Claim, sources: Sequence[ParsedChunk]) -> bool:
    """Return whether a number or identifier of the claim, with its unit of measure, is nowhere in the chunks."""
    exact = [token for token in claim.whole.tokens if token.required and token.kind in {"number", "code"}]
    places = [(unit, source) for source in sources for unit in source.units]
    return any(not any(has_literal(token, claim.whole, unit, source) for unit, source in places) for token in exact)


def differs_in_language(claim: Claim, source: ParsedChunk) -> bool:
    """Return whether claim and chunk are in different languages, so that terms cannot be compared."""
    return claim.cjk != source.cjk or claim.language != source.language


def contains_fact(fact: ClaimFact, source: ChunkContent) -> bool:
    """Return whether the source contains the fact."""
    if fact.kind == "number":
        return bool(fact.keys & source.numbers)
    if fact.kind == "identifier":
        return any(contains_code(key, source.text) for key in fact.keys)
    if not fact.words:
        return any(key in source.squeezed for key in fact.keys)
    return contains_words(fact.words, source.words)


def contains_words(name: Iterable[str], words: Collection[str]) -> bool:
    """Return whether each word of a name is among the words, or begins one or the other way round: Norman for Normandy."""
    return all(own in words or any(min(len(own), len(word)) >= MIN_STEM and (word.startswith(own) or own.startswith(word))
                                   for word in words) for own in name)
