"""Tell which words of a question ask for an operation that a reading does not carry out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.tables.rules.reading import Reading

EXTREME = ("extreme", "range", "top two", "placed last")
COMPARED = ("compare", "one of two", "yes or no", "compared sides")
OPERATORS = {  # by name: the words, and how the marks of the readings begin that carry them out
    "same": (re.compile(r"\bsame\b|\bas (?:many|much)\b|相同|一样", re.I), ("same", "yes or no")),
    "than": (re.compile(r"\bthan\b", re.I), ("more than", "less than", "difference", "frequent", *COMPARED)),
    "or": (re.compile(r"\bor\b(?! (?:more|less|later|earlier|above|below|higher|lower)\b)|还是", re.I), COMPARED),
    "average": (re.compile(r"\baverages?\b|\bmean\b|平均", re.I), ("average",)),
    "difference": (
        re.compile(r"\bdifference\b|\bhow (?:many|much) (?:more|less|fewer)\b|相差", re.I),
        ("difference", "range", "top two", "margin"),
    ),
    "total": (
        re.compile(r"\btotal\b|\bcombined\b|\baltogether\b|合计|总", re.I),
        ("sum", "counted", "count", "distinct", "extreme sum"),
    ),
    "consecutive": (re.compile(r"\bconsecutive(?:ly)?\b|\bin a row\b|\bstreak\b|连续", re.I), ("longest run",)),
    "other": (re.compile(r"\bother than\b|\bbesides\b|\baside from\b|\bexcept\b|\balso\b|除了", re.I), ("other than", "same")),
    "beside": (
        re.compile(r"\b(?:before|after|next|previous(?:ly)?|prior|following|preced\w+|succeed\w+)\b|之[前后]", re.I),
        ("neighbour", "count beside", "difference"),
    ),
    "extreme": (
        re.compile(
            r"\b(?:most|least|fewest|best|worst"
            r"|(?!(?:west|east|forest|test|latest|interest)\b)[a-z]{3,}est)\b"
            r"(?! recent)|最",
            re.I,
        ),
        EXTREME,
    ),
    "end": (
        re.compile(r"\b(?:first|last|final)\b|第一|最后", re.I),
        ("position", "range", "placed last", "extreme", "difference"),
    ),
}


def operators_left_out(question: str, reading: Reading) -> Iterator[str]:
    """Yield the names of the operations that the words of a question ask for and a reading does not carry out."""
    for name, (words, marks) in OPERATORS.items():
        if words.search(question) and not any(mark.startswith(marks) for mark in reading.marks):
            yield name
