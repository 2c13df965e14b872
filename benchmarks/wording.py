"""Compare wording: the similarity of two texts as `assistant eval` scores it, and whether a quote stands in a text."""

from __future__ import annotations

import re
import unicodedata

import checkout  # noqa: F401

from assistant.evaluation.metrics import is_contained, is_exact, normalise, token_f1, tokenize
from assistant.text.languages import CJK

__all__ = ["CJK", "is_contained", "is_exact", "normalise", "quote_stands", "squeeze", "token_f1", "tokenize"]

INVISIBLE = re.compile(r"[\s\u00ad]+")


def squeeze(text: str) -> str:
    """Return the text without white space and soft hyphens, to compare quotes across line breaks."""
    return INVISIBLE.sub("", unicodedata.normalize("NFKC", text))


def quote_stands(quote: str, text: str) -> bool:
    """Return whether the quote stands in the text, white space aside."""
    return squeeze(quote) in squeeze(text)
