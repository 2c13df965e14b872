"""A question that the files answer, and names and years of other files, in; one that they do not answer out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from assistant.datatypes import Hit
from assistant.evaluate.draft.checks import content
from assistant.evaluate.draft.facts import found_in
from assistant.evaluate.wording import is_contained, tokenize

SWAPPED = ("name", "word", "title", "year", "date")
ENOUGH = 0.5  # of the question's words beside the swapped one: a passage with these may answer it


def entities(text: str) -> Iterator[tuple[str, str]]:
    """Yield the names, titles and years of a text with what they are."""
    return ((kind, words) for kind, words, _ in found_in(text) if kind in SWAPPED)


def swaps(question: str, passage: str, others: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Yield what can take the place of what in a question: an entity of the same kind that its passage does not have."""
    for kind, entity in entities(question):
        for other in others.get(kind, ()):
            if other != entity and not is_contained(other, passage) and not is_contained(other, question):
                yield entity, other


def can_be_answered(question: str, other: str, hits: Sequence[Hit]) -> bool:
    """Return whether a passage has the new entity and many of the question's other words: then it may say the answer."""
    wanted = set(content(question)) - set(tokenize(other))
    texts = [hit.chunk.searchable for hit in hits]
    return any(is_contained(other, text) and len(wanted & set(tokenize(text))) >= ENOUGH * len(wanted) for text in texts)
