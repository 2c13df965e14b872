"""Recognize a question for the number of rows of a table that is called after them: "How many staff do we have?" of staff.csv."""

from __future__ import annotations

import re
from pathlib import PurePath

from assistant.datatypes.tables import TableInfo
from assistant.tables.tokens import is_filler, root, tokenize

COUNTED = re.compile(
    r"^\s*(?:how many|what(?: is|'s) the (?:total )?(?:number|count) of|count (?:all )?(?:the|our|my))"
    r"\s+(?P<noun>[\w-]+(?:\s+[\w-]+){0,2}?)"
    r"(?:\s+(?:(?:do|does)\s+(?:we|i|you|they|the \w+|our \w+|my \w+)\s+(?:have|employ|own)|have (?:we|i) got"
    r"|are (?:there|listed|in (?:the|our|my) \w+(?: \w+)?)|there are|work (?:here|for us)))?"
    r"(?:\s+(?:in total|altogether|now|currently|at the moment|on file|on (?:the|our) list))?\s*[?.!]*\s*$",
    re.I,
)
SAME_ROWS = (  # words for the same kind of thing, of which a table has one row each
    "staff employee worker personnel colleague workforce",
    "customer client",
    "supplier vendor",
    "member membership",
    "student pupil",
)
GENERIC = "member list table data sheet overview register directory roster database master current all record export copy new"
GROUPS = tuple(frozenset(root(token.form) for token in tokenize(words)) for words in SAME_ROWS)
NAMELESS = frozenset(root(token.form) for token in tokenize(GENERIC))


def counted_rows(question: str, table: TableInfo) -> tuple[int, int] | None:
    """Return the span of the words for the rows of a table, if a question asks for nothing but their number; else None.

    The words and the name of the file, the sheet or the title must mean the same: "staff cars" are not the rows of staff.csv, and
    staff are not the rows of "staff costs.csv". A table of several files may list a thing several times.
    """
    match = COUNTED.match(question)
    if not match or len(table.sources) > 1:
        return None
    asked, source = naming_words(match["noun"]), table.sources[0]
    names = (PurePath(source.path).stem, source.stored.sheet, source.stored.title)
    if any(asked and is_same(asked, naming_words(name)) for name in names):
        return match.span("noun")
    return None


def naming_words(name: str) -> frozenset[str]:
    """Return the stems of the words of a name that say what its rows are: no numbers, no "list" or "members"."""
    stems = {root(token.form) for token in tokenize(name.replace("_", " ").replace("-", " ")) if not is_filler(token.form)}
    words = frozenset(stem for stem in stems if not any(character.isdigit() for character in stem))
    return words - NAMELESS or words


def is_same(asked: frozenset[str], named: frozenset[str]) -> bool:
    """Return whether two sets of words mean the same kind of thing."""
    return bool(named) and all(is_meant(word, named) for word in asked) and all(is_meant(word, asked) for word in named)


def is_meant(word: str, others: frozenset[str]) -> bool:
    """Return whether a word or one for the same thing is among others."""
    return word in others or any(word in group and group & others for group in GROUPS)
