"""Replace halves of characters (lone surrogates), which no file and no database can hold, by the sign for what is unknown.

JSON can write them (a backslash and "ud800"), and Python takes bytes of a name that are no UTF-8 for them.
"""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from typing import Any

from assistant.datatypes import Extraction

HALF = re.compile(r"[\ud800-\udfff]")
UNKNOWN = "\ufffd"


def without_halves(extraction: Extraction) -> Extraction:
    """Return what was read without halves of characters; places stay, since each is replaced by one character."""
    if not HALF.search(extraction.text) and not HALF.search(extraction.title):
        return extraction
    return replace(extraction, **{field.name: mended(getattr(extraction, field.name)) for field in fields(extraction)})


def mended(value: Any) -> Any:  # noqa: ANN401 - whatever a document is made of
    """Return a text, or what is made of texts, without halves of characters."""
    if isinstance(value, str):
        return HALF.sub(UNKNOWN, value)
    if isinstance(value, tuple):
        return tuple(map(mended, value))
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: mended(getattr(value, field.name)) for field in fields(value)})
    return value
