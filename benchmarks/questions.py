"""Read a set's `queries.jsonl` as evaluation questions, as `assistant eval` does."""

from __future__ import annotations

import json
from pathlib import Path

import checkout  # noqa: F401 - the program of this checkout comes first

from assistant.evaluation.dataset import Question, Span, parse_question

__all__ = ["KINDS_OF_SETS", "Question", "Span", "parse_question", "read_questions", "read_set"]

KINDS_OF_SETS = {"xquad": "zh->zh", "rgb": "noise"}
"""The kind of question that is asked where nobody says otherwise: only these can be answered from the corpus alone."""


def read_questions(path: Path, kind: str | None = None) -> list[Question]:
    """Return the questions of a JSON lines file, of one kind only where it is given. Raises ValueError where one is none."""
    records = (json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip())
    return [question for question in map(parse_question, records) if kind in (None, question.kind)]


def read_set(data: Path, name: str, kind: str | None = None) -> list[Question]:
    """Return the questions of the set `name`, of the set's usual kind where none is given."""
    return read_questions(data / name / "queries.jsonl", kind or KINDS_OF_SETS.get(name))
