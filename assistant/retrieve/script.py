"""A text in, the script that most of it is written in out: a cheap stand-in for its language."""

from __future__ import annotations

import re

LATIN = "latin"
SCRIPTS = {
    LATIN: re.compile(r"[A-Za-z\u00c0-\u024f]+"),
    "cjk": re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"),
    "hangul": re.compile(r"[\uac00-\ud7af]"),
    "cyrillic": re.compile(r"[\u0400-\u052f]+"),
    "greek": re.compile(r"[\u0370-\u03ff]+"),
    "arabic": re.compile(r"[\u0600-\u06ff]+"),
    "hebrew": re.compile(r"[\u0590-\u05ff]+"),
    "devanagari": re.compile(r"[\u0900-\u097f]+"),
    "thai": re.compile(r"[\u0e00-\u0e7f]+"),
}
ENOUGH = 600  # characters


def script_of(text: str) -> str:
    """Return the script with the most words, or characters where it has no words; Latin for a text without letters."""
    counts = {name: len(pattern.findall(text[:ENOUGH])) for name, pattern in SCRIPTS.items()}
    return max(counts, key=lambda name: counts[name])
