"""Extract comparable terms from a text: stems of English words, bigrams of Chinese characters."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from assistant.text.folding import fold_characters
from assistant.text.languages import CJK, CJK_CHARACTER
from assistant.text.sentences import STOP

RUN = re.compile(f"[{CJK}]+|[^\\W\\d_{CJK}]+(?:['’][^\\W\\d_{CJK}]+)*")
CHINESE_STOP = frozenset("的了是在和与及或有为之其于被由也都就这那他她它个到从对以并而把所则等着过很又还")
ENGLISH_STOP = STOP | frozenset(
    "has had have having do does did will would can could may might shall should not no so than then there here their they "
    "he she his her him them you your our we us i my me into about over under between also only more most very such each any "
    "all some one when where how why whose whom if while during after before because".split()
)
ENDINGS = ("ically", "ations", "ation", "ingly", "ments", "ment", "ities", "ness", "ings", "ing", "ies", "ied", "ous", "ity",
           "ers", "est", "ion", "ed", "es", "er", "ly", "al", "s", "e", "y")
MIN_STEM = 3


def terms(text: str) -> frozenset[str]:
    """Return the terms of a text: stems of English words and bigrams of Chinese characters, without stop words and numbers."""
    found: set[str] = set()
    for run in RUN.findall(fold_characters(text).lower()):
        if CJK_CHARACTER.match(run):
            found |= character_bigrams(run)
        elif run not in ENGLISH_STOP:
            found.add(stem(run))
    return frozenset(found)


def character_bigrams(run: str) -> set[str]:
    """Return the character bigrams of a Chinese run, without those that contain a function word."""
    if len(run) == 1:
        return {run} - CHINESE_STOP
    return {run[place : place + 2] for place in range(len(run) - 1) if not CHINESE_STOP & set(run[place : place + 2])}


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """Return an English word without its ending (coarse suffix stripping, so that inflected forms agree)."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))
    core = re.sub(r"['’]s?$", "", plain)
    for ending in ENDINGS:
        if core.endswith(ending) and len(core) - len(ending) >= MIN_STEM:
            core = core[: -len(ending)]
            break
    return core[:-1] if len(core) > MIN_STEM and core[-1] == core[-2] else core
