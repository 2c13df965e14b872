"""Detect the script and the language of a text, by character ranges and, for Latin script, by common words."""

from __future__ import annotations

import re
from functools import lru_cache

KANA, HAN, HANGUL = "\u3040-\u30ff", "\u3400-\u4dbf\u4e00-\u9fff", "\uac00-\ud7af"
CJK = f"{KANA}{HAN}\uf900-\ufaff{HANGUL}"  # indexed by character; except Hangul, these are written without spaces
CJK_PUNCTUATION = "\u3000-\u303f"
CJK_CHARACTER = re.compile(f"[{CJK}]")
LATIN = "latin"
SCRIPTS = {
    LATIN: re.compile(r"[A-Za-z\u00c0-\u024f]+"),
    "cjk": re.compile(f"[{KANA}{HAN}\uf900-\ufaff]"),
    "hangul": re.compile(f"[{HANGUL}]"),
    "cyrillic": re.compile(r"[\u0400-\u052f]+"),
    "greek": re.compile(r"[\u0370-\u03ff]+"),
    "arabic": re.compile(r"[\u0600-\u06ff]+"),
    "hebrew": re.compile(r"[\u0590-\u05ff]+"),
    "devanagari": re.compile(r"[\u0900-\u097f]+"),
    "thai": re.compile(r"[\u0e00-\u0e7f]+"),
}
SAMPLE = 600  # characters
# (language, its characters, minimum share of the letters); a few kana make a text Japanese
BY_CHARACTERS = (
    ("ja", re.compile(f"[{KANA}]"), 0.05), ("ko", re.compile(f"[{HANGUL}]"), 0.05), ("zh", re.compile(f"[{HAN}]"), 0.2),
    ("ru", re.compile("[\u0400-\u04ff]"), 0.2),
)
COMMON_WORDS = {
    "en": "the of is are was what which who when where how why does did do in to and",
    "de": "der die das ist sind was welche wer wann wo wie warum und nicht ein eine im den",
    "fr": "le la les est sont que quel quelle qui quand où comment pourquoi et un une des du dans",
    "es": "el la los las es son qué cuál quién cuándo dónde cómo por y un una del en",
}
MIN_CJK_SHARE = 0.3  # of the letters


def script_of(text: str) -> str:
    """Return the most frequent script, counted in words, or in characters for CJK; Latin for a text without letters."""
    counts = {name: len(pattern.findall(text[:SAMPLE])) for name, pattern in SCRIPTS.items()}
    return max(counts, key=lambda name: counts[name])


@lru_cache(maxsize=64)  # several steps ask for the language of the same question and passage
def language(text: str) -> str:
    """Return "zh", "ja", "ko", "ru", "de", "fr" or "es"; "en" for all others."""
    letters = letters_in(text) or 1
    for name, characters, least in BY_CHARACTERS:
        if len(characters.findall(text)) / letters > least:
            return name
    words = set(re.findall(r"[^\W\d_]+", text.lower()))
    shared = {name: len(words & set(common.split())) for name, common in COMMON_WORDS.items()}
    best = max(shared, key=lambda name: shared[name])
    return best if shared[best] > shared["en"] else "en"


def is_cjk(text: str) -> bool:
    """Return whether more than 30% of the letters are Chinese, Japanese or Korean."""
    return len(CJK_CHARACTER.findall(text)) > MIN_CJK_SHARE * letters_in(text)


def letters_in(text: str) -> int:
    """Return the number of letters."""
    return sum(character.isalpha() for character in text)
