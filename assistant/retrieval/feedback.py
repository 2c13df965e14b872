"""Raise chunks by what the best chunks say: the words that these share (query expansion), and the titles that they name.

Query expansion is pseudo-relevance feedback (RM3: Lavrenko and Croft 2001, Abdul-Jaleel et al. 2004). Conservative: a word counts
only if chunks of two different files contain it, and all words together have a low weight, except where the embedding model does
not know the question's language: there they replace the vectors.

A question about two things often names only one; the chunk about that one names the other: "the protocols were signed by
Engelbert Dollfuss" links to the file of this title. After Asai et al., "Learning to retrieve reasoning paths over Wikipedia
graph" (2020), without their model and with titles instead of links.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from assistant.index.chunks import StoredChunk
from assistant.index.fts_text import RUN, TERM, is_stop, nfkc
from assistant.index.interfaces import Searchable
from assistant.retrieval.bm25 import SATURATION, Term
from assistant.retrieval.fusion import rank_by_score

FEEDBACK_DOCS = 5  # files, each with its best chunk
MIN_DOCS = 2
EXPANSION_TERMS = 20
CANDIDATE_TERMS = 30  # words whose document frequency is looked up
EXPANSION_WEIGHT = 0.1
EXPANSION_WEIGHT_ALONE = 0.6  # without dense scores
RESCORED = 40  # chunks: lower ranks are not shown
SCORE_SCALE = 8.0  # log-odds: what a chunk says weighs exp(-distance from the best / SCORE_SCALE)
COMMON = 2_000
CONSIDERED = 80  # chunks: a file needs some evidence of its own
NAMING_CHUNKS = 3  # files whose best chunk may name others
GAIN = 16.0  # log-odds
MIN_GAP = 0.01  # log-odds that a named chunk stays below the chunk that names it
BRACKETED = re.compile(r"\s*[(\[（【][^)\]）】]*[)\]）】]")
FEWEST_LETTERS = 6  # of a one-word title: shorter ones are common words
FEWEST_CHARACTERS = 3  # of a one-word CJK title


def expand_query(
    scores: Mapping[int, float], stored: Mapping[int, StoredChunk], asked: Sequence[Term], store: Searchable, passages: int,
    weight: float = EXPANSION_WEIGHT,
) -> dict[int, float]:
    """Return the scores with the expansion terms' scores added for the best chunks; unchanged if no two files share a term."""
    best = [chunk for chunk in rank_by_score(scores)[:RESCORED] if chunk in stored]
    words = {chunk: Counter(count_words(stored[chunk].chunk.searchable)) for chunk in best}
    weights = term_weights(best, scores, stored, words, {phrase for term in asked for phrase in term.phrases})
    rarities = inverse_document_frequencies(store, heaviest(weights, CANDIDATE_TERMS), passages)
    chosen = {word: weights[word] * rarities[word] for word in rarities if rarities[word] > 0}
    chosen = {word: chosen[word] for word in heaviest(chosen, EXPANSION_TERMS)}
    highest = max(chosen.values(), default=1.0)
    gains = {word: weight * value / highest * rarities[word] for word, value in chosen.items()}
    return {**scores, **{chunk: scores[chunk] + sum(gain * saturated_frequency(words[chunk][word]) for word, gain in gains.items()
                                                    if words[chunk][word]) for chunk in best}}


def count_words(text: str) -> Iterable[str]:
    """Yield a chunk's words in lower case, and CJK bigrams."""
    plain = nfkc(text).lower()
    if not RUN.search(plain):
        yield from TERM.findall(plain)
        return
    for term in TERM.findall(plain):
        if RUN.match(term):
            yield from (term[i : i + 2] for i in range(len(term) - 1))
        else:
            yield term


def term_weights(
    best: Sequence[int], scores: Mapping[int, float], stored: Mapping[int, StoredChunk], words: Mapping[int, Counter[str]],
    asked: set[str],
) -> dict[str, float]:
    """Return the weight of each word that the best chunks of two files share: its frequencies times the chunks' weights."""
    first = {stored[chunk].path: chunk for chunk in reversed(best)}
    witnesses = sorted(first.values(), key=lambda chunk: -scores[chunk])[:FEEDBACK_DOCS]
    seen = Counter(word for chunk in witnesses for word in words[chunk])
    weights: dict[str, float] = {}
    for chunk in witnesses:
        trust = math.exp((scores[chunk] - scores[witnesses[0]]) / SCORE_SCALE)
        for word, count in words[chunk].items():
            if seen[word] >= MIN_DOCS and word not in asked and not is_stop(word):
                weights[word] = weights.get(word, 0.0) + trust * saturated_frequency(count)
    return weights


def inverse_document_frequencies(store: Searchable, words: Sequence[str], passages: int) -> dict[str, float]:
    """Return the inverse document frequency of each word; 0 for a common word."""
    counts = store.count_holding_each([(word,) for word in words], COMMON + 1) if words else []
    return {word: max(0.0, math.log((passages - count + 0.5) / (count + 0.5))) if 0 < count <= COMMON else 0.0
            for word, count in zip(words, counts, strict=True)}


def heaviest(weights: Mapping[str, float], count: int) -> list[str]:
    """Return the `count` words with the highest weights."""
    return sorted(weights, key=lambda word: (-weights[word], word))[:count]


def saturated_frequency(count: int) -> float:
    """Return BM25's saturated term frequency for a chunk of average length."""
    return count * (SATURATION + 1) / (count + SATURATION)


def boost_named_files(scores: Mapping[int, float], stored: Mapping[int, StoredChunk]) -> dict[int, float]:
    """Return the scores, raised for the best chunk of every named file, but never above the chunk that names it."""
    best = [chunk for chunk in rank_by_score(scores)[:CONSIDERED] if chunk in stored]
    first = {stored[chunk].path: chunk for chunk in reversed(best)}
    if len(first) < 2:  # there is no other file to name
        return dict(scores)
    names = distinctive_titles([stored[chunk] for chunk in first.values()])
    raised = dict(scores)
    for naming in sorted(first.values(), key=lambda chunk: (-scores[chunk], chunk))[:NAMING_CHUNKS]:
        text = spaced_words(stored[naming].chunk.text)
        gain = GAIN * math.exp((scores[naming] - scores[best[0]]) / SCORE_SCALE)
        for path, name in names.items():
            named = first[path]
            if named != naming and name in text:
                raised[named] = max(raised[named], min(scores[named] + gain, scores[naming] - MIN_GAP))
    return raised


def distinctive_titles(found: Sequence[StoredChunk]) -> dict[str, str]:
    """Return the title to look for of each file whose title is distinctive and unique among these files."""
    names = {one.path: spaced_words(BRACKETED.sub("", one.title)) for one in found}
    shared = list(names.values())
    return {path: name for path, name in names.items() if is_distinctive(name) and shared.count(name) == 1}


def spaced_words(text: str) -> str:
    """Return the words in lower case surrounded by spaces, CJK runs without: a name in the text is then a substring."""
    words = TERM.findall(nfkc(text).lower())
    return "".join(word if RUN.match(word) else f" {word} " for word in words).replace("  ", " ")


def is_distinctive(name: str) -> bool:
    """Return True if a title is more than a common word."""
    words = TERM.findall(name)
    if len(words) != 1:
        return len(words) > 1
    return len(words[0]) >= (FEWEST_CHARACTERS if RUN.match(words[0]) else FEWEST_LETTERS)
