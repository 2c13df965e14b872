"""Passages and their scores in, the scores out with more for a file that one of the best passages calls by its name.

A question about two things at once often names one only; the passage about that one names the other: "the protocols were
signed by Engelbert Dollfuss" leads to the file of this title. The hop along links is that of Asai et al., "Learning to
retrieve reasoning paths over Wikipedia graph" (2020), without their model, and with titles in place of links.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from assistant.index.chunks import StoredChunk
from assistant.index.fts_text import RUN, TERM, normal
from assistant.retrieval.fusion import ordered

CONSIDERED = 80  # passages: a file needs some evidence of its own
NAMING = 3  # the best passage of each of so many files may name others
GAIN = 16.0  # log-odds
PATIENCE = 8.0  # log-odds below the best at which a passage's naming is worth a third
BEHIND = 0.01  # log-odds: what is named stays behind what names it
BRACKETED = re.compile(r"\s*[(\[（【][^)\]）】]*[)\]）】]")
FEWEST_LETTERS = 6  # of a title of one word: shorter ones are words of the language
FEWEST_CHARACTERS = 3  # of a Chinese one


def linked(scores: Mapping[int, float], stored: Mapping[int, StoredChunk]) -> dict[int, float]:
    """Return the scores, raised for the best passage of every file that is named; never above the passage that names it."""
    best = [chunk for chunk in ordered(scores)[:CONSIDERED] if chunk in stored]
    first = {stored[chunk].path: chunk for chunk in reversed(best)}
    if len(first) < 2:  # there is no other file to name
        return dict(scores)
    names = names_of([stored[chunk] for chunk in first.values()])
    raised = dict(scores)
    for naming in sorted(first.values(), key=lambda chunk: (-scores[chunk], chunk))[:NAMING]:
        text = plain(stored[naming].chunk.text)
        gain = GAIN * math.exp((scores[naming] - scores[best[0]]) / PATIENCE)
        for path, name in names.items():
            named = first[path]
            if named != naming and name in text:
                raised[named] = max(raised[named], min(scores[named] + gain, scores[naming] - BEHIND))
    return raised


def names_of(found: Sequence[StoredChunk]) -> dict[str, str]:
    """Return the name to look for of each file that has one of its own: not a common word, and of no other file here."""
    names = {one.path: plain(BRACKETED.sub("", one.title)) for one in found}
    shared = list(names.values())
    return {path: name for path, name in names.items() if is_telling(name) and shared.count(name) == 1}


def plain(text: str) -> str:
    """Return the text's words in lower case with a space around each, CJK without: a name in it is a substring."""
    words = TERM.findall(normal(text).lower())
    return "".join(word if RUN.match(word) else f" {word} " for word in words).replace("  ", " ")


def is_telling(name: str) -> bool:
    """Return whether a title is more than a common word."""
    words = TERM.findall(name)
    if len(words) != 1:
        return len(words) > 1
    return len(words[0]) >= (FEWEST_CHARACTERS if RUN.match(words[0]) else FEWEST_LETTERS)
