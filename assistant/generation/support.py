"""Attribute sentences of an answer to chunks: judge how far chunks support a claim, and build the citations."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from assistant.datatypes import Citation, Hit, Location, Sentence, Support
from assistant.text.facts import ChunkContent, Claim, ClaimFact, ParsedChunk, ParsedSentence
from assistant.text.sentences import closest_sentence

FULL, PARTIAL = 0.6, 0.35  # minimum shares of the claim's terms
FULL_BIGRAMS = 0.5  # for Chinese, whose character bigrams also cross word boundaries
NEAR = 0.4  # minimum share of the terms near a number that are also near it in the source
SCATTERED = 0.15  # discount for terms scattered over a chunk
AHEAD = 0.35  # margin by which a sentence with another number may match the terms better
FEW = 2  # terms; a claim with fewer is completed with those of its question
MIN_STEM = 4
SUPPORT_ORDER = {"none": 0, "partial": 1, "full": 2}
LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Attribution:
    """The numbers of the chunks a sentence is attributed to, and how far they support it."""

    numbers: tuple[int, ...]
    support: Support


NO_ATTRIBUTION = Attribution((), "none")


@dataclass(frozen=True, slots=True)
class SupportVerdict:
    """How far chunks support a claim: the facts that were found, and the share (0 to 1) of its terms that were."""

    support: Support
    term_share: float
    found: frozenset[ClaimFact]


def attribute(claim: Claim, written: Sequence[int], sources: Sequence[ParsedChunk]) -> Attribution:
    """Return the numbers the model wrote if their chunks support the claim, otherwise those of the best supporting chunks."""
    if not claim.terms and not claim.facts:
        return NO_ATTRIBUTION
    alone = {number: judge_support(claim, [source]) for number, source in enumerate(sources, 1)}
    believed = [number for number in dict.fromkeys(written) if number in alone and alone[number].support != "none"]
    together = judge_support(claim, [sources[number - 1] for number in believed]) if believed else None
    if together and together.support == "full":
        return Attribution(tuple(believed), "full")
    best = max(alone, key=lambda number: (SUPPORT_ORDER[alone[number].support], len(alone[number].found),
                                          alone[number].term_share), default=0)  # the first of equals
    if not best or alone[best].support == "none":
        return NO_ATTRIBUTION
    if alone[best].support == "full":
        return Attribution((best,), "full")
    if pair := complete_support(claim, believed or [best], sources):
        return Attribution(pair, "full")
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


def cite(number: int, hit: Hit, claim: str, question: str) -> Citation:
    """Return the citation of a chunk for a claim: the sentence with the most terms of claim and question."""
    text = hit.chunk.text
    start, end = closest_sentence(text, claim, question)
    return Citation(number, hit.path, hit.title, narrow_location(hit.chunk.location, text, start, end), text[start:end], hit.kind)


def narrow_location(location: Location, text: str, start: int, end: int) -> Location:
    """Return the location of text[start:end] within the chunk at `location`."""
    first = location.line_start + len(LINE_END.findall(text[:start]))
    return replace(location, line_start=first, line_end=first + len(LINE_END.findall(text[start:end])),
                   char_start=location.char_start + start, char_end=location.char_start + end)


def words_near(fact: ClaimFact, claim: Claim) -> frozenset[str]:
    """Return the terms a fact belongs to: of its clause, of the sentence, or also of the question if these are too few."""
    own = next((words for keys, words in claim.clauses if fact.keys in keys), claim.terms) - fact.words
    whole = claim.terms - fact.words
    return own if len(own) >= FEW else whole if len(whole) >= FEW else whole | claim.question_terms


def judge_support(claim: Claim, sources: Sequence[ParsedChunk]) -> SupportVerdict:
    """Return how far the chunks, taken together, support the claim."""
    found = frozenset(fact for fact in claim.facts if any(is_supported_near(fact, claim, source) for source in sources))
    foreign = bool(sources) and all(differs_in_language(claim, source) for source in sources)
    if foreign:
        whole = bool(claim.facts) and len(found) == len(claim.facts)
        return SupportVerdict("full" if whole else "partial" if found or not claim.facts else "none", float(whole), found)
    together = frozenset().union(*(source.terms for source in sources))
    covered = coverage(claim, sources[0]) if len(sources) == 1 else overlap_share(claim.terms, together) - SCATTERED
    exact = [fact for fact in claim.facts if fact.kind != "name"]
    missing = [fact for fact in exact if not any(contains_fact(fact, source.content) for source in sources)]
    return SupportVerdict(grade_support(claim, found, missing, covered), covered, found)


def coverage(claim: Claim, source: ParsedChunk) -> float:
    """Return the share of the claim's terms in the best sentence of a chunk, or in the whole chunk at a discount."""
    best = max((overlap_share(claim.terms, unit.around) for unit in source.units), default=0.0)
    return max(best, overlap_share(claim.terms, source.terms) - SCATTERED)


def grade_support(claim: Claim, found: frozenset[ClaimFact], missing: Sequence[ClaimFact], covered: float) -> Support:
    """Return the support grade for a chunk in the claim's language; `missing` are the numbers and codes found nowhere."""
    if len(found) == len(claim.facts) and covered >= (FULL_BIGRAMS if claim.cjk else FULL):
        return "full"
    exact = [fact for fact in claim.facts if fact.kind != "name"]
    if missing and len(missing) == len(exact):
        return "none"
    return "partial" if covered >= PARTIAL or any(fact in found for fact in exact) else "none"


def differs_in_language(claim: Claim, source: ParsedChunk) -> bool:
    """Return whether claim and chunk are in different languages, so that terms cannot be compared."""
    return claim.cjk != source.cjk or claim.language != source.language


def is_supported_near(fact: ClaimFact, claim: Claim, source: ParsedChunk) -> bool:
    """Return whether the chunk contains the fact: a number or code near the terms it belongs to."""
    if not contains_fact(fact, source.content):
        return False
    if differs_in_language(claim, source):
        return True
    if fact.kind == "name":
        return len(fact.words) < 2 or any(contains_words(fact.words, unit.content.words | source.heading_words)
                                          for unit in source.units)
    wanted = words_near(fact, claim)
    near = [unit for unit in source.units if contains_fact(fact, unit.content)]
    if not near:  # the fact is in the title or a heading
        return True
    best = max(near, key=lambda unit: word_overlap(wanted, unit))
    rivals = [unit for unit in source.units if unit.content.numbers and unit not in near] if fact.kind == "number" else []
    ahead = max((overlap_share(wanted, unit.terms) for unit in rivals), default=0.0)
    return word_overlap(wanted, best) >= NEAR and ahead < overlap_share(wanted, best.terms) + AHEAD


def word_overlap(wanted: frozenset[str], unit: ParsedSentence) -> float:
    """Return the share of the terms in the sentence, where terms found only in its neighbours count half."""
    return (overlap_share(wanted, unit.terms) + overlap_share(wanted, unit.around)) / 2


def overlap_share(wanted: frozenset[str], present: frozenset[str]) -> float:
    """Return the share (0 to 1) of the wanted terms that are present; 1 if nothing is wanted."""
    return len(wanted & present) / len(wanted) if wanted else 1.0


def contains_fact(fact: ClaimFact, source: ChunkContent) -> bool:
    """Return whether the source contains the fact."""
    if fact.kind == "number":
        return bool(fact.keys & source.numbers)
    if fact.kind == "identifier" or not fact.words:
        return any(key in source.squeezed for key in fact.keys)
    return contains_words(fact.words, source.words)


def contains_words(name: Iterable[str], words: Collection[str]) -> bool:
    """Return whether each word of a name is among the words, or begins one or the other way round: Norman for Normandy."""
    return all(own in words or any(min(len(own), len(word)) >= MIN_STEM and (word.startswith(own) or own.startswith(word))
                                   for word in words) for own in name)
