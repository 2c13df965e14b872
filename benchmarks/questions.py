"""A set's `queries.jsonl` in; questions with what is right for them out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KINDS_OF_SETS = {"xquad": "zh->zh", "rgb": "noise"}
"""The kind of question that is asked where nobody says otherwise: only these can be answered from the corpus alone."""


@dataclass(frozen=True, slots=True)
class Span:
    """Characters of one file that hold an answer."""

    document: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Question:
    """A question and what is right for it. `gains` says how much each file is worth; every answer group must be met."""

    id: str
    text: str
    answerable: bool
    answers: tuple[str, ...] = ()
    answer_groups: tuple[tuple[str, ...], ...] = ()
    gold_documents: frozenset[str] = frozenset()
    gains: tuple[tuple[str, float], ...] = ()
    pages: frozenset[tuple[str, int]] = frozenset()
    spans: tuple[Span, ...] = ()
    kind: str = ""


def parse_question(record: Mapping[str, Any]) -> Question:
    """Return the question of one JSON record."""
    gold_documents = record.get("gold_docs", [])
    gains = record.get("qrels") or dict.fromkeys(gold_documents, 1)
    return Question(
        id=record["id"],
        text=record["question"],
        answerable=record["answerable"],
        answers=tuple(record.get("answers", [])),
        answer_groups=tuple(tuple(group) for group in record.get("answer_groups", [])),
        gold_documents=frozenset(gold_documents),
        gains=tuple(gains.items()),
        pages=parse_pages(record),
        spans=tuple(Span(span["doc"], span["start"], span["end"]) for span in record.get("spans", [])),
        kind=record.get("kind", ""),
    )


def parse_pages(record: Mapping[str, Any]) -> frozenset[tuple[str, int]]:
    """Return the gold pages, from `pages` or from a single `gold_page`."""
    if "gold_page" in record:
        return frozenset((document, record["gold_page"]) for document in record["gold_docs"])
    return frozenset((page["doc"], page["page"]) for page in record.get("pages", []))


def read_questions(path: Path, kind: str | None = None) -> list[Question]:
    """Return the questions of a JSON lines file, of one kind only where it is given."""
    records = (json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip())
    return [question for question in map(parse_question, records) if kind in (None, question.kind)]


def read_set(data: Path, name: str, kind: str | None = None) -> list[Question]:
    """Return the questions of the set `name`, of the set's usual kind where none is given."""
    return read_questions(data / name / "queries.jsonl", kind or KINDS_OF_SETS.get(name))
