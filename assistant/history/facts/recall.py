"""A question and the facts in; those that bear on it out, as hits that say that they are memory and no file.

A fact bears on a question where it holds most of the question's words, some of them and is as near to it in meaning as the best
passages are, or is nearer than any of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from assistant.datatypes import Chunk, Fact, Hit, Location
from assistant.index.fts_text import query_terms

MOST = 2  # facts beside the passages
ENOUGH = 0.5  # share of the question's words
SOME = 0.2
NEAR = 0.35  # the least cosine of a fact that shares no word with the question
ALONE = 0.5  # the same where there is no passage to compare with
AMONG = 3  # the passages that a fact must be as near as


def found(question: str, facts: Sequence[Fact], cosines: Sequence[float], hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Return the facts that bear on a question, the best first; `cosines` has one for each fact, or is empty."""
    asked = set(query_terms(question))
    near = sorted((hit.cosine for hit in hits if hit.cosine is not None), reverse=True)[:AMONG] or [ALONE]
    scored = []
    for place, fact in enumerate(facts):
        shared = len(asked & set(query_terms(fact.text))) / max(1, len(asked))
        cosine = cosines[place] if len(cosines) else 0.0
        if shared >= ENOUGH or (shared >= SOME and cosine >= near[-1]) or cosine >= max(near[0], NEAR):
            scored.append((shared + cosine, fact, cosine))
    best = sorted(scored, key=lambda each: -each[0])[:MOST]
    return tuple(fact_hit(fact, cosine) for _, fact, cosine in best)


def fact_hit(fact: Fact, cosine: float) -> Hit:
    """Return a fact as a hit; no file and no passage has its path or its id."""
    text = Chunk(fact.text, Location(1, 1, 0, len(fact.text)), f"The user asked on {fact.said[:10]} to remember this:")
    return Hit(-fact.number, f"memory:{fact.number}", f"Memory {fact.number}, which you asked to keep on {fact.said[:10]}", text,
               cosine=cosine, kind="memory")


def placed(hits: Sequence[Hit], facts: Sequence[Hit]) -> tuple[Hit, ...]:
    """Return the hits with each fact before the first passage that is less near to the question than it is."""
    result = list(hits)
    for fact in reversed(facts):
        nearer = [place for place, hit in enumerate(result) if (hit.cosine or 0.0) <= (fact.cosine or 0.0)]
        result.insert(min([AMONG, *nearer]), fact)
    return tuple(result)
