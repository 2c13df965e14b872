"""A sentence and the passages that it may stand on in; how far they bear it out: its facts near their words, its words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.datatypes import Chunk, Support
from assistant.generation.citations.claims import (
    ChunkContent,
    ClaimFact,
    chunk_content,
    claim_facts,
    contains_fact,
    merge_content,
)
from assistant.text.languages import is_cjk, language
from assistant.text.sentences import spans
from assistant.text.stems import overlap_share, terms

FULL, PARTIAL = 0.6, 0.35  # shares of a sentence's words
FULL_PAIRS = 0.5  # of Chinese, whose pairs of characters also cross the borders of words
NEAR = 0.4  # share of the words beside a number that must stand beside it in the source as well
SCATTERED = 0.15  # what words all over a passage count less than words in one place
AHEAD = 0.35  # so much better may another place with another number match the words
FEW = 2  # words; a shorter claim is read with its question
CLAUSE = re.compile(r"[,;:](?=\s)|[，；：。()（）]|\s(?:and|but|while|which|who)\s", re.IGNORECASE)
ROW = re.compile(r"\||\t|,\S[^,]*,\S")


@dataclass(frozen=True, slots=True)
class ParsedSentence:
    """A sentence or a row of a passage; `around` is the same with its neighbours, alone for a row."""

    own: ChunkContent
    terms: frozenset[str]
    around: frozenset[str]


@dataclass(frozen=True, slots=True)
class ParsedChunk:
    """A passage, taken apart once for all sentences: what all of it holds, and its units."""

    held: ChunkContent
    above: ChunkContent
    terms: frozenset[str]
    context: frozenset[str]
    units: tuple[ParsedSentence, ...]
    cjk: bool
    language: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of an answer, taken apart; `asked` are the words of the question, which a short sentence leaves out.

    `clauses` are its parts, each with the facts and the words in it: a number belongs to the words of its own part.
    """

    text: str
    facts: tuple[ClaimFact, ...]
    terms: frozenset[str]
    asked: frozenset[str]
    clauses: tuple[tuple[frozenset[frozenset[str]], frozenset[str]], ...]
    cjk: bool
    language: str


@dataclass(frozen=True, slots=True)
class SupportVerdict:
    """How far passages bear a claim out: the facts that stand there, and the share (0 to 1) of its words that do."""

    support: Support
    share: float
    stood: frozenset[ClaimFact]


def source_of(chunk: Chunk) -> ParsedChunk:
    """Return a passage taken apart; what stands above it (title, headings, a table's header) belongs to each unit."""
    pieces = [chunk.text[start:end] for start, end in spans(chunk.text)]
    words = [terms(piece) for piece in pieces]
    rows = [bool(ROW.search(piece)) for piece in pieces]
    units = tuple(
        ParsedSentence(chunk_content(piece), words[place],
             words[place] if rows[place] else frozenset().union(*words[max(0, place - 1) : place + 2]))
        for place, piece in enumerate(pieces)
    )
    context, above, text = terms(chunk.context), chunk_content(chunk.context), chunk.searchable
    held = merge_content((above, *(unit.own for unit in units)))
    return ParsedChunk(held, above, context.union(*words), context, units, is_cjk(text), language(text))


def claim_of(sentence: str, question: str) -> Claim:
    """Return a sentence taken apart."""
    clauses = tuple((frozenset(fact.keys for fact in claim_facts(part)), terms(part)) for part in CLAUSE.split(sentence))
    return Claim(sentence, claim_facts(sentence), terms(sentence), terms(question), clauses, is_cjk(sentence), language(sentence))


def words_near(fact: ClaimFact, claim: Claim) -> frozenset[str]:
    """Return the words that a fact belongs to: those of its clause, of the sentence, or of the question where these are few."""
    own = next((words for keys, words in claim.clauses if fact.keys in keys), claim.terms) - fact.words
    whole = claim.terms - fact.words
    return own if len(own) >= FEW else whole if len(whole) >= FEW else whole | claim.asked


def judge_support(claim: Claim, sources: Sequence[ParsedChunk]) -> SupportVerdict:
    """Return how far the passages, taken together, bear the claim out."""
    stood = frozenset(fact for fact in claim.facts if any(is_supported_near(fact, claim, source) for source in sources))
    foreign = bool(sources) and all(differs_in_language(claim, source) for source in sources)
    if foreign:
        whole = bool(claim.facts) and len(stood) == len(claim.facts)
        return SupportVerdict("full" if whole else "partial" if stood or not claim.facts else "none", float(whole), stood)
    covered = max(coverage(claim, source) for source in sources) if len(sources) == 1 else joint_coverage(claim, sources)
    missing = [fact for fact in claim.facts if fact.kind != "name" and not any(contains_fact(fact, source.held) for source in sources)]
    return SupportVerdict(grade_support(claim, stood, missing, covered), covered, stood)


def coverage(claim: Claim, source: ParsedChunk) -> float:
    """Return the share of the claim's words in the best stretch of a passage, or in all of it, which counts a little less."""
    best = max((overlap_share(claim.terms, unit.around | source.context) for unit in source.units), default=0.0)
    return max(best, overlap_share(claim.terms, source.terms) - SCATTERED)


def joint_coverage(claim: Claim, sources: Sequence[ParsedChunk]) -> float:
    """Return the share of the claim's words in several passages."""
    return overlap_share(claim.terms, frozenset().union(*(source.terms for source in sources))) - SCATTERED


def grade_support(claim: Claim, stood: frozenset[ClaimFact], missing: Sequence[ClaimFact], covered: float) -> Support:
    """Return the support of a claim in the language of its source; `missing` are the numbers and codes that stand nowhere."""
    if len(stood) == len(claim.facts) and covered >= (FULL_PAIRS if claim.cjk else FULL):
        return "full"
    exact = [fact for fact in claim.facts if fact.kind != "name"]
    if missing and len(missing) == len(exact):
        return "none"
    return "partial" if covered >= PARTIAL or any(fact in stood for fact in exact) else "none"


def differs_in_language(claim: Claim, source: ParsedChunk) -> bool:
    """Return whether the source is in another language, so that words cannot tell."""
    return claim.cjk != source.cjk or claim.language != source.language


def is_supported_near(fact: ClaimFact, claim: Claim, source: ParsedChunk) -> bool:
    """Return whether the fact stands in the source; a number or an identifier near the words that it belongs to."""
    if not contains_fact(fact, source.held):
        return False
    if differs_in_language(claim, source):
        return True
    if fact.kind == "name":
        return len(fact.words) < 2 or any(contains_fact(fact, merge_content((unit.own, source.above))) for unit in source.units)
    wanted = words_near(fact, claim)
    near = [unit for unit in source.units if contains_fact(fact, unit.own)]
    if not near:  # in the title or the heading
        return True
    best = max(near, key=lambda unit: word_overlap(wanted, unit, source))
    reached = word_overlap(wanted, best, source)
    rivals = [unit for unit in source.units if unit.own.numbers and unit not in near] if fact.kind == "number" else []
    ahead = max((overlap_share(wanted, unit.terms | source.context) for unit in rivals), default=0.0)
    return reached >= NEAR and ahead < overlap_share(wanted, best.terms | source.context) + AHEAD


def word_overlap(wanted: frozenset[str], unit: ParsedSentence, source: ParsedChunk) -> float:
    """Return how much of the words stand in the unit, half counting what only its neighbours have."""
    return (overlap_share(wanted, unit.terms | source.context) + overlap_share(wanted, unit.around | source.context)) / 2
