"""A claim, the numbers that the model wrote and the passages in; the numbers that the claim gets, and its support, out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant.datatypes import Citation, Hit, Location, Sentence, Support
from assistant.generation.citations.support import Claim, ParsedChunk, SupportVerdict, judge_support
from assistant.text.sentences import spans, token_recall, tokens

SUPPORT_ORDER = {"none": 0, "partial": 1, "full": 2}


@dataclass(frozen=True, slots=True)
class Attribution:
    """The numbers of the passages that a sentence stands on, and how far they bear it out."""

    numbers: tuple[int, ...]
    support: Support


NO_ATTRIBUTION = Attribution((), "none")


def choose(claim: Claim, written: Sequence[int], sources: Sequence[ParsedChunk]) -> Attribution:
    """Return the written numbers where their passages bear the claim out; if not, those of the passages that do so best."""
    if not claim.terms and not claim.facts:
        return NO_ATTRIBUTION
    alone = {number: judge_support(claim, [source]) for number, source in enumerate(sources, 1)}
    believed = [number for number in dict.fromkeys(written) if number in alone and alone[number].support != "none"]
    together = judge_support(claim, [sources[number - 1] for number in believed]) if believed else None
    if together and together.support == "full":
        return Attribution(tuple(believed), "full")
    best = min(alone, key=lambda number: (*support_rank(alone[number]), number), default=0)
    if not best or alone[best].support == "none":
        return NO_ATTRIBUTION
    if alone[best].support == "full":
        return Attribution((best,), "full")
    if pair := complete_support(claim, believed or [best], sources):
        return Attribution(pair, "full")
    return Attribution(tuple(believed) or (best,), "partial")


def support_rank(verdict: SupportVerdict) -> tuple[int, int, float]:
    """Return a key that sorts the better verdict first."""
    return -SUPPORT_ORDER[verdict.support], -len(verdict.stood), -verdict.share


def complete_support(claim: Claim, numbers: Sequence[int], sources: Sequence[ParsedChunk]) -> tuple[int, ...]:
    """Return the numbers with one more whose passage makes the support full; nothing where there is no such passage."""
    held = [sources[number - 1] for number in numbers]
    for number, source in enumerate(sources, 1):
        if number not in numbers and judge_support(claim, [*held, source]).support == "full":
            return (*numbers, number)
    return ()


LINE_END = re.compile(r"\r\n|\r|\n")


def citations(sentences: Sequence[Sentence], passages: Sequence[Hit], question: str) -> tuple[Citation, ...]:
    """Return a citation for each number used, by number, with the passage's sentence that says it best."""
    used = sorted({number for sentence in sentences for number in sentence.numbers})
    return tuple(
        cite(number, passages[number - 1], " ".join(s.text for s in sentences if number in s.numbers), question)
        for number in used
    )


def cite(number: int, hit: Hit, claim: str, question: str) -> Citation:
    """Return the citation of one passage for a claim: the sentence with most of its words, and where that stands."""
    text = hit.chunk.text
    wanted, asked = tokens(claim), tokens(question)
    start, end = max(
        spans(text),
        key=lambda span: (token_recall(wanted, text[slice(*span)]) + 0.3 * token_recall(asked, text[slice(*span)]), -span[0]),
        default=(0, len(text)),
    )
    return Citation(number, hit.path, hit.title, narrowed(hit.chunk.location, text, start, end), text[start:end], hit.kind)


def narrowed(location: Location, text: str, start: int, end: int) -> Location:
    """Return the location of text[start:end] within the passage at `location`."""
    first = location.line_start + len(LINE_END.findall(text[:start]))
    return replace(location, line_start=first, line_end=first + len(LINE_END.findall(text[start:end])),
                   char_start=location.char_start + start, char_end=location.char_start + end)
