"""Draw the fixed sample of questions of each slice of the public sets on which the bars of answers are measured."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import checkout  # noqa: F401

from assistant.evaluation import Question
from assistant.evaluation.dataset import parse_question

SEED = 7
HALVES = ("fit", "report")


@dataclass(frozen=True, slots=True)
class Slice:
    """Questions of one set that are reported together; `cross` needs an embedding model of both languages.

    `own_passages`: each question has its passages, which are a folder of their own, and is asked of that folder alone.
    """

    name: str
    folder: str
    kinds: tuple[str, ...]
    lang: str = ""
    cross: bool = False
    own_passages: bool = False


SLICES = (
    Slice("squad2 answerable", "squad2", ("answerable",)),
    Slice("squad2 unanswerable", "squad2", ("adversarial_unanswerable",)),
    Slice("cmrc answerable", "cmrc", ("names_title", "no_title")),
    Slice("cmrc missing_doc", "cmrc", ("missing_doc",)),
    Slice("rgb noise en", "rgb", ("noise",), "en", own_passages=True),
    Slice("rgb noise zh", "rgb", ("noise",), "zh", own_passages=True),
    Slice("rgb reject", "rgb", ("reject",), own_passages=True),
    Slice("rgb integration", "rgb", ("integration",), own_passages=True),
    Slice("hotpot", "hotpot", ("multihop:bridge", "multihop:comparison")),
    Slice("xquad en→zh", "xquad", ("en->zh",), cross=True),
    Slice("xquad zh→en", "xquad", ("zh->en",), cross=True),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a slice, and the passages that are its own where it has such."""

    slice: Slice
    question: Question
    passages: tuple[str, ...] = ()


def half_of(identity: str) -> str:
    """Return the half that a question is in: by its id alone, so that every tool divides a set in the same way."""
    return HALVES[hashlib.sha256(identity.encode()).digest()[-1] % 2]


def read_slice(data: Path, wanted: Slice, sample: int, half: str = "all") -> list[Asked]:
    """Return so many questions of a slice (or all there are) of one half or both, always the same ones in the same order."""
    lines = (data / wanted.folder / "queries.jsonl").read_text("utf-8").splitlines()
    records = [record for record in map(json.loads, lines) if belongs(record, wanted) and half in ("all", half_of(record["id"]))]
    records.sort(key=lambda record: str(record["id"]))
    random.Random(SEED).shuffle(records)
    return [own(wanted, record) if wanted.own_passages else Asked(wanted, parse_question(record)) for record in records[:sample]]


def own(wanted: Slice, record: dict[str, Any]) -> Asked:
    """Return a question with its own passages; which files of the corpus are right says nothing of those."""
    question = replace(parse_question(record), gold_documents=frozenset(), gains=())
    return Asked(wanted, question, tuple(passage["text"] for passage in record["passages"]))


def belongs(record: dict[str, Any], wanted: Slice) -> bool:
    """Return whether a question is of the slice."""
    return record.get("kind") in wanted.kinds and wanted.lang in ("", record["lang"])


def in_turns(groups: Sequence[Sequence[Asked]]) -> list[Asked]:
    """Return the questions of all groups in turns, so that a run that is cut short has asked all of them alike."""
    longest = max(map(len, groups), default=0)
    return [group[turn] for turn in range(longest) for group in groups if turn < len(group)]


def folder_of(asked: Asked, corpora: Path) -> Path:
    """Return the folder that holds a question's own passages."""
    return corpora / asked.slice.folder / hashlib.sha256(asked.question.id.encode()).hexdigest()[:12]


def write_passages(questions: Sequence[Asked], corpora: Path) -> None:
    """Write the passages that questions bring along, a folder to each question and a file to each passage."""
    for asked in questions:
        folder = folder_of(asked, corpora)
        if asked.passages and not folder.exists():
            folder.mkdir(parents=True)
            for number, passage in enumerate(asked.passages, 1):
                (folder / f"{number:02}.txt").write_text(passage + "\n", "utf-8")
