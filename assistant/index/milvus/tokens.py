"""Count the words of texts exactly as the keyword index of the default store does: SQLite's FTS5 is the tokenizer.

The words of a chunk become a sparse vector. A word's dimension is a hash of it; its value is its frequency and the length of the
chunk in one number, from which BM25 is computed with the current statistics of the library. Two adjacent words are a dimension
too, so that a phrase is found without reading texts. Adjacent bigrams of a Chinese run are no phrase and are left out.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from assistant.index.database import WORDS
from assistant.text.languages import CJK_CHARACTER

MOST_FREQUENT, LONGEST_CHUNK = 255, 65_535  # frequency and length are stored up to these: together 24 bits, exact in a float
DIMENSIONS = 2**32 - 2
CONTENTLESS = WORDS.replace("fts5(body,", "fts5(body, content = '',")


class Tokenizer:
    """Splits texts into the words of the keyword index: lower case, stemmed, without accents."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._connection.execute(CONTENTLESS)
        self._connection.execute("CREATE VIRTUAL TABLE tokens USING fts5vocab(words, instance)")

    def split(self, texts: Sequence[str]) -> list[list[str]]:
        """Return the words of each text in order."""
        self._connection.execute("INSERT INTO words (words) VALUES ('delete-all')")
        self._connection.executemany("INSERT INTO words (rowid, body) VALUES (?, ?)", enumerate(texts))
        places: list[list[tuple[int, str]]] = [[] for _ in texts]
        for term, document, offset in self._connection.execute("SELECT term, doc, offset FROM tokens"):
            places[document].append((offset, term))
        return [[term for _, term in sorted(found)] for found in places]

    def close(self) -> None:
        """Free the memory."""
        self._connection.close()


def dimension_of(term: str) -> int:
    """Return the dimension of a word, or of two adjacent words separated by a space."""
    return int.from_bytes(hashlib.blake2b(term.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") % DIMENSIONS


def sparse_vector(words: Sequence[str]) -> dict[int, float]:
    """Return the sparse vector of a chunk's words; a text without any gets one dimension that no word has."""
    counts = Counter(words)
    counts.update(f"{one} {two}" for one, two in pairwise(words) if not (is_bigram(one) or is_bigram(two)))
    length = min(len(words), LONGEST_CHUNK)
    return {dimension_of(term): packed(count, length) for term, count in counts.items()} or {DIMENSIONS: 1.0}


def is_bigram(word: str) -> bool:
    """Return whether a word is a bigram of a Chinese, Japanese or Korean run."""
    return len(word) > 1 and bool(CJK_CHARACTER.match(word))


def packed(frequency: int, length: int) -> float:
    """Return frequency and length as one number."""
    return float(min(frequency, MOST_FREQUENT) * (LONGEST_CHUNK + 1) + length)


def phrase_terms(words: Sequence[str]) -> list[str]:
    """Return the terms that every chunk with this phrase holds: the word itself, or each two adjacent words."""
    return list(words) if len(words) < 2 else [f"{one} {two}" for one, two in pairwise(words)]


def count_phrase(words: Sequence[str], phrase: Sequence[str]) -> int:
    """Return how often a phrase occurs in words."""
    length = len(phrase)
    return sum(list(words[at : at + length]) == list(phrase) for at in range(len(words) - length + 1))
