"""Raise the best chunk of a file whose title is named by one of the best chunks.

A question about two things often names only one; the chunk about that one names the other: "the protocols were signed by
Engelbert Dollfuss" links to the file of this title. After Asai et al., "Learning to retrieve reasoning paths over Wikipedia
graph" (2020), without their model and with titles instead of links.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from assistant.index.chunks import StoredChunk
from assistant.index.fts_text import RUN, TERM, nfkc
from assistant.retrieval.fusion import rank_by_score

CONSIDERED = 80  # chunks: a file needs some evidence of its own
NAMING_CHUNKS = 3  # files whose best chunk may name others
GAIN = 16.0  # log-odds
SCORE_SCALE = 8.0  # log-odds: the gain is scaled by exp(-distance of the naming chunk from the best / SCORE_SCALE)
MIN_GAP = 0.01  # log-odds that a named chunk stays below the chunk that names it
BRACKETED = re.compile(r"\s*[(\[（【][^)\]）】]*[)\]）】]")
FEWEST_LETTERS = 6  # of a one-word title: shorter ones are common words
FEWEST_CHARACTERS = 3  # of a one-word CJK title


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
