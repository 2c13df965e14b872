"""Passages one after the other in; drafted questions out, one in four of which the files cannot answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from assistant.datatypes import Hit
from assistant.evaluate.draft.checks import is_found, is_good
from assistant.evaluate.draft.drafts import Draft
from assistant.evaluate.draft.facts import Fact, facts
from assistant.evaluate.draft.swap import can_be_answered, entities, swaps

TRIES = 2  # facts of a passage that a question is asked for
SWAPS = 6  # entities that are tried in one question
UNANSWERABLE_EACH = 4
KEPT = 400  # entities that are remembered of each kind

Write = Callable[[Hit, str, str], str]
Find = Callable[[str], Sequence[Hit]]


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
        for kind, entity in entities(hit.chunk.text):
            known = self.seen.setdefault(kind, [])
            if entity not in known and len(known) < KEPT:
                known.append(entity)


def make(passages: Iterable[Hit], count: int, desk: Desk) -> Iterator[Draft]:
    """Yield up to `count` drafts that are not done yet; fewer where the passages do not hold as many."""
    return islice(drafted(passages, desk), count)


def drafted(passages: Iterable[Hit], desk: Desk) -> Iterator[Draft]:
    """Yield drafts as long as there are passages; every fourth is one that cannot be answered, as soon as one succeeds."""
    made = 0
    for hit in passages:
        desk.note(hit)
        for draft in answerable(hit, desk):
            desk.waiting.append(draft)
            yield draft
            made += 1
        if made and made % (UNANSWERABLE_EACH - 1) == 0 and desk.waiting:
            yield from unanswerable(desk)
            desk.waiting.clear()


def answerable(hit: Hit, desk: Desk) -> Iterator[Draft]:
    """Yield a question about a passage, if one of the first tries is good; none where there is one already."""
    for fact in chosen(hit):
        draft = Draft("", hit, fact)
        if draft.identity in desk.done:
            return
        question = desk.write(hit, fact.sentence, fact.text)
        if question and is_good(question, fact, hit) and is_found(hit, desk.find(question)):
            yield Draft(question, hit, fact)
            return


def chosen(hit: Hit) -> list[Fact]:
    """Return the facts of a passage that are asked for: of different kinds, and which ones differs from passage to passage."""
    kinds: dict[str, list[Fact]] = {}
    for fact in facts(hit.chunk.text):
        kinds.setdefault(fact.kind, []).append(fact)
    firsts = [those[hit.chunk_id % len(those)] for those in kinds.values()]
    turn = hit.chunk_id % len(firsts) if firsts else 0
    return (firsts[turn:] + firsts[:turn])[:TRIES]


def unanswerable(desk: Desk) -> Iterator[Draft]:
    """Yield one question that the files cannot answer: a drafted one, about somebody or something else."""
    for draft in reversed(desk.waiting):
        if Draft("", draft.hit, None).identity in desk.done:
            continue
        for entity, other in islice(swaps(draft.question, draft.hit.chunk.searchable, desk.seen), SWAPS):
            question = draft.question.replace(entity, other, 1)
            if not can_be_answered(question, other, desk.find(question)):
                yield Draft(question, draft.hit, None, (entity, other))
                return
