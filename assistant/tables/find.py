"""Find the tables that a question is about by their names, titles, sheets, headers and cells."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from assistant.datatypes.tables import TableInfo
from assistant.tables.tokens import forms, root, stems

SCOPED = re.compile(
    r"^\s*(?:in|for|from|on|according to)\s+(?P<scope>.{3,150}?)\s*[:：,，]\s+(?P<question>\S.{5,})$|^在?(?P<zh>.{2,40}?)(?:中"
    r"|里)[，,：:](?P<rest>.{3,})$",
    re.I | re.S,
)
NAME_WEIGHT, HEADER_WEIGHT, CELL_WEIGHT = 2.0, 1.5, 1.0
HIT_WEIGHT = 4.0  # of being the best hit of the search; a later one counts for its share
NAMED_SHARE = 0.75  # of the words of a table's name that a question must have to name it


@dataclass(frozen=True, slots=True)
class TableCandidate:
    """A table that a question may be about. is_named: the question names its file or title."""

    table: TableInfo
    score: float
    is_named: bool


def split_scope(question: str) -> tuple[str, str]:
    """Return the scope and the question of "in SCOPE: QUESTION"; an empty scope if there is none."""
    match = SCOPED.match(question)
    if not match:
        return "", question
    return (match["scope"] or match["zh"] or ""), (match["question"] or match["rest"] or question)


def rank_tables(question: str, tables: Sequence[TableInfo], hits: Mapping[str, int]) -> list[TableCandidate]:
    """Return the tables that share words with a question, best first. hits: rank (from 0) of the documents of a search."""
    words = [words_of(table) for table in tables]
    frequency = Counter(word for each in words for word in {*each[0], *each[1], *each[2]})
    asked = stems(question)
    found = []
    for table, (names, headers, cells) in zip(tables, words, strict=True):
        score = 0.0
        for word in asked:
            weight = max(NAME_WEIGHT * (word in names), HEADER_WEIGHT * (word in headers), CELL_WEIGHT * (word in cells))
            score += weight * math.log(1 + len(tables) / (1 + frequency[word]))
        rank = min((hits[source.path] for source in table.sources if source.path in hits), default=-1)
        score += HIT_WEIGHT / (1 + rank) if rank >= 0 else 0.0
        is_named = names_table(question, table)
        if score > 0 or is_named:
            found.append(TableCandidate(table, score, is_named))
    return sorted(found, key=lambda each: (-each.is_named, -each.score, each.table.name))


def words_of(table: TableInfo) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Return the stems of a table's names, of its headers, and of samples of its cells."""
    names = " ".join(
        dict.fromkeys(
            text
            for source in table.sources
            for text in (name_text(source.path), source.stored.sheet, source.stored.title, source.document_title)
        )
    )
    headers = " ".join(column.header for column in table.columns)
    cells = " ".join(sample for column in table.columns if not column.is_numeric for sample in column.samples)
    return stems(names), stems(headers), stems(cells)


def name_text(path: str) -> str:
    """Return the name of a file as words."""
    return PurePath(path).stem.replace("_", " ").replace("-", " ")


def has_file_name(lower_question: str, path: str) -> bool:
    """Return whether a question has the name of a file with its suffix."""
    name = PurePath(path).name.lower()
    return "." in name and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", lower_question) is not None


def without_suffixes(question: str, tables: Sequence[TableInfo]) -> str:
    """Return a question in which the file names of tables have no suffix, which is no word of the question."""
    for suffix in {PurePath(source.path).suffix for table in tables for source in table.sources} - {""}:
        question = re.sub(rf"(?<=\w){re.escape(suffix)}(?!\w)", "", question, flags=re.IGNORECASE)
    return question


def names_table(question: str, table: TableInfo) -> bool:
    """Return whether a question has (nearly) all words of a table's file name, sheet or title, or its SQL name."""
    asked = {root(form) for form in forms(question)}
    lower = question.lower()
    if table.name.lower() in re.findall(r"\w+", lower) or any(has_file_name(lower, source.path) for source in table.sources):
        return True
    names = dict.fromkeys(
        text for source in table.sources for text in (name_text(source.path), source.stored.title, source.document_title)
    )
    wanted = [[root(form) for form in forms(re.sub(r"\([^)]*\)", " ", name))] for name in names]
    return any(len(words) > 1 and sum(word in asked for word in words) >= NAMED_SHARE * len(words) for words in wanted)
