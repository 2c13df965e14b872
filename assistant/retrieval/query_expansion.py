"""Passages and their scores in, the scores out with a little more for those that say what several of the best say.

Relevance feedback without a person (RM3: Lavrenko and Croft 2001, Abdul-Jaleel et al. 2004), made careful: a word counts
only where passages of two different files bear witness to it, and all the words together weigh little, but where
the model does not know the question's language: there they stand in for the vectors.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from assistant.index.chunks import StoredChunk
from assistant.index.fts_text import RUN, TERM, is_stop, normal
from assistant.index.interfaces import Searchable
from assistant.retrieval.bm25 import Term
from assistant.retrieval.fusion import ordered

WITNESSES = 5  # the best passage of each of so many files
AGREEING = 2
WORDS = 20
LOOKED_UP = 30  # words whose rarity is asked for
WEIGHT = 0.1
WEIGHT_ALONE = 0.6  # where no vector says what is alike
RESCORED = 40  # passages: whatever stands lower is not shown
PATIENCE = 8.0  # log-odds below the best at which a passage's word is worth a third
COMMON = 2_000
SATURATION = 1.2


def echoes(
    scores: Mapping[int, float], stored: Mapping[int, StoredChunk], asked: Sequence[Term], store: Searchable, passages: int,
    weight: float = WEIGHT,
) -> dict[int, float]:
    """Return the scores with the words' weight added for the best passages; the same where no two files agree."""
    best = [chunk for chunk in ordered(scores)[:RESCORED] if chunk in stored]
    words = {chunk: Counter(words_of(stored[chunk].chunk.searchable)) for chunk in best}
    weights = telling(best, scores, stored, words, {phrase for term in asked for phrase in term.phrases})
    rarities = rarities_of(store, most(weights, LOOKED_UP), passages)
    chosen = {word: weights[word] * rarities[word] for word in rarities if rarities[word] > 0}
    chosen = {word: chosen[word] for word in most(chosen, WORDS)}
    highest = max(chosen.values(), default=1.0)
    gains = {word: weight * value / highest * rarities[word] for word, value in chosen.items()}
    return {**scores, **{chunk: scores[chunk] + gain_of(words[chunk], gains) for chunk in best}}


def words_of(text: str) -> Iterable[str]:
    """Yield a passage's words in lower case and pairs of CJK characters."""
    plain = normal(text).lower()
    if not RUN.search(plain):
        yield from TERM.findall(plain)
        return
    for term in TERM.findall(plain):
        if RUN.match(term):
            yield from (term[i : i + 2] for i in range(len(term) - 1))
        else:
            yield term


def telling(
    best: Sequence[int], scores: Mapping[int, float], stored: Mapping[int, StoredChunk], words: Mapping[int, Counter[str]],
    asked: set[str],
) -> dict[str, float]:
    """Return the weight of each word that two files' best passages share: how often, and how well these did."""
    first = {stored[chunk].path: chunk for chunk in reversed(best)}
    witnesses = sorted(first.values(), key=lambda chunk: -scores[chunk])[:WITNESSES]
    seen = Counter(word for chunk in witnesses for word in words[chunk])
    weights: dict[str, float] = {}
    for chunk in witnesses:
        trust = math.exp((scores[chunk] - scores[witnesses[0]]) / PATIENCE)
        for word, count in words[chunk].items():
            if seen[word] >= AGREEING and word not in asked and not is_stop(word):
                weights[word] = weights.get(word, 0.0) + trust * saturated(count)
    return weights


def rarities_of(store: Searchable, words: Sequence[str], passages: int) -> dict[str, float]:
    """Return the inverse document frequency of each word; 0 for a common word."""
    counts = store.count_holding_each([(word,) for word in words], COMMON + 1) if words else []
    return {word: max(0.0, math.log((passages - count + 0.5) / (count + 0.5))) if 0 < count <= COMMON else 0.0
            for word, count in zip(words, counts, strict=True)}


def most(weights: Mapping[str, float], count: int) -> list[str]:
    """Return the heaviest words."""
    return sorted(weights, key=lambda word: (-weights[word], word))[:count]


def gain_of(words: Counter[str], gains: Mapping[str, float]) -> float:
    """Return what a passage gains by the words that it holds."""
    return sum(gain * saturated(words[word]) for word, gain in gains.items() if words[word])


def saturated(count: int) -> float:
    """Return BM25's weight of a word that stands so often in a passage of usual length."""
    return count * (SATURATION + 1) / (count + SATURATION)
