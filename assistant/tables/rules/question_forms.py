"""Tell what a question asks for by its question word, and what kind of value a result is, as features of a reading."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from assistant.tables.links import LinkedQuestion
from assistant.tables.rules.parts import WHERE, WHO
from assistant.text.calculations import Calculation

FORMS = (  # the first that fits
    ("how many", re.compile(r"\bhow (?:many|often)\b|\bnumber of\b|\bamount of\b|\bcount\b|多少个|几[个种次]", re.I)),
    (
        "how much",
        re.compile(
            r"\bhow (?:much|long|far|old|tall|high|big|large|hot|cold)\b|\btotal\b|\baverage\b|\bdifference\b|多少", re.I
        ),
    ),
    ("who", WHO),
    ("when", re.compile(r"\bwhen\b|\b(?:what|which) (?:year|date|day|season|month)\b|什么时候|何时|哪[年天]", re.I)),
    ("where", WHERE),
    ("yes or no", re.compile(r"^(?:did|does|do|is|are|was|were|has|have|had|can)\b(?!.{1,80}\bor\b)|吗[？?]?$", re.I)),
    ("which", re.compile(r"\b(?:which|name|list)\b|哪", re.I)),
    ("what", re.compile(r"\bwhat\b|什么", re.I)),
)
YEAR = range(1500, 2101)
WH_FIRST = re.compile(
    r"^\W*(?:in |on |at |for |to |from |of )?(?:which|who|whose|whom|when|where|what (?!is\b|was\b|are\b|were\b|the\b))",
    re.I,
)
TIMED = frozenset({Calculation.NEXT, Calculation.PREVIOUS})


def form_asked(question: str) -> str:
    """Return what a question asks for: "how many", "who", "which" and so on; one that begins with "which" asks for no number."""
    begins = WH_FIRST.match(question)
    forms = FORMS[2:] if begins else FORMS
    return next((name for name, pattern in forms if pattern.search(question)), "other")


def value_kind(value: object) -> str:
    """Return what kind of value a result is: number, year, date, text with digits, yes or no, or text."""
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return "year" if isinstance(value, int) and value in YEAR else "number"
    if isinstance(value, date):
        return "date"
    text = str(value)
    if text in {"Yes", "No"}:
        return "yes"
    return "figure" if text[:1].isdigit() else "text"


def uses_order_word(linked: LinkedQuestion, start: int, operation: Calculation) -> bool:
    """Return whether the "before" or "after" of an operation belongs to a condition: "before 2009"."""
    if operation not in TIMED:
        return False
    place = next((number for number, token in enumerate(linked.tokens) if token.end > start), -9)
    return any(0 <= link.start - place <= 3 and re.search(r"[<>]", link.sql) for link in linked.conditions)
