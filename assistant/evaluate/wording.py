"""Two pieces of text in; how far they say the same out.

After SQuAD's evaluation (Rajpurkar et al. 2016): lower case, no English articles, no punctuation. Two changes for
Chinese: text is brought to NFKC first, and every CJK character is a token. Punctuation separates words here, where the
original deletes it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from assistant.text.languages import CJK

ARTICLE = re.compile(r"\b(?:a|an|the)\b")
NOT_A_WORD = re.compile(r"\W+")
TOKEN = re.compile(rf"[{CJK}]|[^\W{CJK}]+")


def normalise(text: str) -> str:
    """Return the text in lower case, without English articles and punctuation, single spaces between words."""
    folded = unicodedata.normalize("NFKC", text).lower()
    return NOT_A_WORD.sub(" ", ARTICLE.sub(" ", folded)).strip()


def tokenize(text: str) -> list[str]:
    """Return the normalised words, each CJK character a word of its own."""
    return TOKEN.findall(normalise(text))


def is_contained(gold: str, answer: str) -> bool:
    """Return whether the gold answer's tokens stand in the answer, one after another."""
    wanted, given = tokenize(gold), tokenize(answer)
    starts = range(len(given) - len(wanted) + 1)
    return bool(wanted) and any(given[start : start + len(wanted)] == wanted for start in starts)


def token_f1(gold: str, answer: str) -> float:
    """Return the harmonic mean of token precision and recall, from 0 to 1."""
    wanted, given = tokenize(gold), tokenize(answer)
    shared = (Counter(wanted) & Counter(given)).total()
    return 2 * shared / (len(wanted) + len(given)) if shared else 0.0


def is_exact(gold: str, answer: str) -> bool:
    """Return whether both have the same tokens."""
    return tokenize(gold) == tokenize(answer)
