"""A question that a model wrote in; whether it can stand in a file of questions out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.datatypes import Hit
from assistant.evaluate.draft.facts import Fact
from assistant.evaluate.wording import is_contained, tokenize
from assistant.text.languages import is_cjk

POINTS_AT_TEXT = re.compile(r"\b(?:passage|text|document|file|paragraph|sentence|article|excerpt|above)\b"
                            r"|文中|本文|段落|文章|上文|上述|文件", re.IGNORECASE)
POINTS_AT_NOTHING = re.compile(r"^(?:(?:what|who|when|where|how|why|which)\W+(?:\w+\W+){0,3})?"
                               r"(?:is|was|are|were|did|does|do|has|had) (?:it|he|she|they|this|that)\b"
                               r"|^(?:它|他|她|他们|这|那|该)", re.IGNORECASE)
LENGTHS = {True: (7, 80), False: (18, 240)}  # characters, in Chinese and otherwise
FEWEST_SHARED = {True: 4, False: 2}  # words (characters) of the passage that it must have
DEPTH = 5
COMMON = frozenset("what which who when where how why is was are were the of in on at to for from by with and did does do has "
                   "had many much long be it its 什 么 谁 哪 何 时 的 是 了 在 多 少 几 有 为 和".split())


def is_good(question: str, fact: Fact, hit: Hit) -> bool:
    """Return whether a question is one, makes sense alone, is about the passage and does not hold its answer."""
    chinese = is_cjk(fact.sentence)
    low, high = LENGTHS[chinese]
    shared = set(content(question)) & set(tokenize(hit.chunk.searchable))
    return (low <= len(question) <= high and question[-1:] in "?？" and is_cjk(question) == chinese
            and not POINTS_AT_TEXT.search(question) and not POINTS_AT_NOTHING.search(question)
            and not is_contained(fact.text, question) and len(shared) >= FEWEST_SHARED[chinese])


def content(question: str) -> list[str]:
    """Return the words of a question that say what it is about."""
    return [token for token in tokenize(question) if token not in COMMON]


def is_found(hit: Hit, hits: Sequence[Hit]) -> bool:
    """Return whether a search for the question finds the passage's file among the first."""
    return any(hit.path in {found.path, *(path for path, _ in found.also)} for found in hits[:DEPTH])
