"""A sentence and the passages that it may stand on in; how far they bear it out: its facts near their words, its words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.datatypes import Chunk, Support
from assistant.generation.citations.claims import Fact, Holding, facts, holding, joined, stands
from assistant.text.languages import is_cjk, language
from assistant.text.sentences import spans
from assistant.text.stems import share, terms

FULL, WEAK = 0.6, 0.35  # shares of a sentence's words
FULL_PAIRS = 0.5  # of Chinese, whose pairs of characters also cross the borders of words
NEAR = 0.4  # share of the words beside a number that must stand beside it in the source as well
SCATTERED = 0.15  # what words all over a passage count less than words in one place
AHEAD = 0.35  # so much better may another place with another number match the words
FEW = 2  # words; a shorter claim is read with its question
CLAUSE = re.compile(r"[,;:](?=\s)|[，；：。()（）]|\s(?:and|but|while|which|who)\s", re.IGNORECASE)
ROW = re.compile(r"\||\t|,\S[^,]*,\S")


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence or a row of a passage; `around` is the same with its neighbours, alone for a row."""

    own: Holding
    terms: frozenset[str]
    around: frozenset[str]


@dataclass(frozen=True, slots=True)
class Source:
    """A passage, taken apart once for all sentences: what all of it holds, and its units."""

    held: Holding
    above: Holding
    terms: frozenset[str]
    context: frozenset[str]
    units: tuple[Unit, ...]
    cjk: bool
    language: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of an answer, taken apart; `asked` are the words of the question, which a short sentence leaves out.

    `clauses` are its parts, each with the facts and the words in it: a number belongs to the words of its own part.
    """

    text: str
    facts: tuple[Fact, ...]
    terms: frozenset[str]
    asked: frozenset[str]
    clauses: tuple[tuple[frozenset[frozenset[str]], frozenset[str]], ...]
    cjk: bool
    language: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """How far passages bear a claim out: the facts that stand there, and the share (0 to 1) of its words that do."""

    support: Support
    share: float
    stood: frozenset[Fact]


def source_of(chunk: Chunk) -> Source:
    """Return a passage taken apart; what stands above it (title, headings, a table's header) belongs to each unit."""
    pieces = [chunk.text[start:end] for start, end in spans(chunk.text)]
    words = [terms(piece) for piece in pieces]
    rows = [bool(ROW.search(piece)) for piece in pieces]
    units = tuple(
        Unit(holding(piece), words[place],
             words[place] if rows[place] else frozenset().union(*words[max(0, place - 1) : place + 2]))
        for place, piece in enumerate(pieces)
    )
    context, above, text = terms(chunk.context), holding(chunk.context), chunk.searchable
    held = joined((above, *(unit.own for unit in units)))
    return Source(held, above, context.union(*words), context, units, is_cjk(text), language(text))


def claim_of(sentence: str, question: str) -> Claim:
    """Return a sentence taken apart."""
    clauses = tuple((frozenset(fact.keys for fact in facts(part)), terms(part)) for part in CLAUSE.split(sentence))
    return Claim(sentence, facts(sentence), terms(sentence), terms(question), clauses, is_cjk(sentence), language(sentence))


def words_beside(fact: Fact, claim: Claim) -> frozenset[str]:
    """Return the words that a fact belongs to: those of its clause, of the sentence, or of the question where these are few."""
    own = next((words for keys, words in claim.clauses if fact.keys in keys), claim.terms) - fact.words
    whole = claim.terms - fact.words
    return own if len(own) >= FEW else whole if len(whole) >= FEW else whole | claim.asked


def judge(claim: Claim, sources: Sequence[Source]) -> Verdict:
    """Return how far the passages, taken together, bear the claim out."""
    stood = frozenset(fact for fact in claim.facts if any(stands_near(fact, claim, source) for source in sources))
    foreign = bool(sources) and all(is_foreign(claim, source) for source in sources)
    if foreign:
        whole = bool(claim.facts) and len(stood) == len(claim.facts)
        return Verdict("full" if whole else "partial" if stood or not claim.facts else "none", float(whole), stood)
    covered = max(coverage(claim, source) for source in sources) if len(sources) == 1 else together(claim, sources)
    missing = [fact for fact in claim.facts if fact.kind != "name" and not any(stands(fact, source.held) for source in sources)]
    return Verdict(grade(claim, stood, missing, covered), covered, stood)


def coverage(claim: Claim, source: Source) -> float:
    """Return the share of the claim's words in the best stretch of a passage, or in all of it, which counts a little less."""
    best = max((share(claim.terms, unit.around | source.context) for unit in source.units), default=0.0)
    return max(best, share(claim.terms, source.terms) - SCATTERED)


def together(claim: Claim, sources: Sequence[Source]) -> float:
    """Return the share of the claim's words in several passages."""
    return share(claim.terms, frozenset().union(*(source.terms for source in sources))) - SCATTERED


def grade(claim: Claim, stood: frozenset[Fact], missing: Sequence[Fact], covered: float) -> Support:
    """Return the support of a claim in the language of its source; `missing` are the numbers and codes that stand nowhere."""
    if len(stood) == len(claim.facts) and covered >= (FULL_PAIRS if claim.cjk else FULL):
        return "full"
    exact = [fact for fact in claim.facts if fact.kind != "name"]
    if missing and len(missing) == len(exact):
        return "none"
    return "partial" if covered >= WEAK or any(fact in stood for fact in exact) else "none"


def is_foreign(claim: Claim, source: Source) -> bool:
    """Return whether the source is in another language, so that words cannot tell."""
    return claim.cjk != source.cjk or claim.language != source.language


def stands_near(fact: Fact, claim: Claim, source: Source) -> bool:
    """Return whether the fact stands in the source; a number or an identifier near the words that it belongs to."""
    if not stands(fact, source.held):
        return False
    if is_foreign(claim, source):
        return True
    if fact.kind == "name":
        return len(fact.words) < 2 or any(stands(fact, joined((unit.own, source.above))) for unit in source.units)
    wanted = words_beside(fact, claim)
    near = [unit for unit in source.units if stands(fact, unit.own)]
    if not near:  # in the title or the heading
        return True
    best = max(near, key=lambda unit: closeness(wanted, unit, source))
    reached = closeness(wanted, best, source)
    rivals = [unit for unit in source.units if unit.own.numbers and unit not in near] if fact.kind == "number" else []
    ahead = max((share(wanted, unit.terms | source.context) for unit in rivals), default=0.0)
    return reached >= NEAR and ahead < share(wanted, best.terms | source.context) + AHEAD


def closeness(wanted: frozenset[str], unit: Unit, source: Source) -> float:
    """Return how much of the words stand in the unit, half counting what only its neighbours have."""
    return (share(wanted, unit.terms | source.context) + share(wanted, unit.around | source.context)) / 2
