"""Which language a text is in, as far as an answer must know: by script, and for Latin script by its commonest words."""

from __future__ import annotations

import re

SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("zh", re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
)
COMMON_WORDS = {
    "en": "the of is are was what which who when where how why does did do in to and",
    "de": "der die das ist sind was welche wer wann wo wie warum und nicht ein eine im den",
    "fr": "le la les est sont que quel quelle qui quand où comment pourquoi et un une des du dans",
    "es": "el la los las es son qué cuál quién cuándo dónde cómo por y un una del en",
}


def language(text: str) -> str:
    """Return "zh", "ja", "ko", "ru", "de", "fr" or "es"; "en" for all others."""
    letters = sum(character.isalpha() for character in text) or 1
    for name, script in SCRIPTS:
        if len(script.findall(text)) / letters > (0.05 if name in {"ja", "ko"} else 0.2):
            return name
    words = set(re.findall(r"[^\W\d_]+", text.lower()))
    shared = {name: len(words & set(common.split())) for name, common in COMMON_WORDS.items()}
    best = max(shared, key=lambda name: shared[name])
    return best if shared[best] > shared["en"] else "en"
