"""JSON lines in; questions with what is right for them out."""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from assistant.datatypes import Location
from assistant.errors import UsageError

HINT = 'Each line looks like this: {"question": "When does the lease end?", "answers": ["2027"], "gold_docs": ["lease.pdf"]}'
WORDS_OF_TYPES = {str: "a text", int: "a whole number", bool: "true or false", list: "a list", dict: "an object"}
Record = Mapping[str, Any]
Place = tuple[str, int | None]


@dataclass(frozen=True, slots=True)
class Span:
    """Characters of one file that hold an answer."""

    document: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Question:
    """A question and what is right for it. `gains` says how much each file is worth; every answer group must be met.

    Files are named by the end of their path: "lease.pdf" and "contracts/lease.pdf" both stand for "/home/me/contracts/lease.pdf".
    """

    id: str
    text: str
    answerable: bool = True
    answers: tuple[str, ...] = ()
    answer_groups: tuple[tuple[str, ...], ...] = ()
    gold_documents: frozenset[str] = frozenset()
    gains: tuple[tuple[str, float], ...] = ()
    pages: frozenset[tuple[str, int]] = frozenset()
    spans: tuple[Span, ...] = ()
    kind: str = ""
    lang: str = ""

    @property
    def expected(self) -> tuple[str, ...]:
        """What a person would read as the right answers: one of each group where there are groups."""
        return tuple(" / ".join(group) for group in self.answer_groups) or self.answers


def parse_questions(content: bytes) -> tuple[Question, ...]:
    """Return the questions of a file. Raises UsageError, with its number, for a line that is none, or where there are none."""
    questions: dict[str, Question] = {}
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
        if line.strip():
            question = parse_line(number, line)
            if question.id in questions:
                raise UsageError(f"Line {number} has the id '{question.id}', which an earlier line has too.", HINT)
            questions[question.id] = question
    if not questions:
        raise UsageError("There is no question in the file.", HINT)
    return tuple(questions.values())


def parse_line(number: int, line: bytes) -> Question:
    """Return the question of one line; its number is its id where it has none. Raises UsageError where it is none."""
    try:
        record = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"Line {number} is not JSON.", HINT) from error
    try:
        return parse_question(require_type(dict, record, "what stands there"), str(number))
    except ValueError as error:
        raise UsageError(f"Line {number}: {error}.", HINT) from error


def parse_question(record: Record, identity: str = "") -> Question:
    """Return the question of one record, called `identity` where it has no id. Raises ValueError where a field is wrong."""
    text = require_type(str, record.get("question", ""), "question")
    if not text.strip():
        raise ValueError("it has no question")
    pages, spans = parse_pages(record), parse_spans(record)
    documents = [document for document, _ in sorted(pages)] + [span.document for span in spans]
    gains = parse_gains(record) or dict.fromkeys(documents, 1.0)
    return Question(
        id=str(record.get("id", identity)),
        text=text,
        answerable=require_type(bool, record.get("answerable", True), "answerable"),
        answers=text_list_field(record, "answers"),
        answer_groups=tuple(text_list_field({"answer_groups": group}, "answer_groups") for group in list_field(record, "answer_groups")),
        gold_documents=frozenset(text_list_field(record, "gold_docs") or gains),
        gains=tuple(gains.items()),
        pages=pages,
        spans=spans,
        kind=require_type(str, record.get("kind") or "", "kind"),
        lang=require_type(str, record.get("lang") or "", "lang"),
    )


def parse_gains(record: Record) -> dict[str, float]:
    """Return what each right file is worth, from `qrels`, or 1 for each of `gold_docs`. A file worth nothing is not right."""
    graded = require_type(dict, record.get("qrels") or {}, "qrels")
    for document, gain in graded.items():
        if isinstance(gain, bool) or not isinstance(gain, int | float) or not math.isfinite(gain):
            raise ValueError(f"the gain of {document} in qrels is not a number")
    return {document: gain for document, gain in graded.items() if gain > 0} or dict.fromkeys(text_list_field(record, "gold_docs"), 1.0)


def parse_pages(record: Record) -> frozenset[tuple[str, int]]:
    """Return the right pages, from `pages`, or a single `gold_page` of each of `gold_docs`."""
    if record.get("gold_page") is not None:
        if not text_list_field(record, "gold_docs"):
            raise ValueError("it has a gold_page and no gold_docs")
        page = require_type(int, record["gold_page"], "gold_page")
        return frozenset((document, page) for document in text_list_field(record, "gold_docs"))
    pages = [require_type(dict, page, "a page of pages") for page in list_field(record, "pages")]
    return frozenset((require_type(str, page.get("doc"), "the doc of a page"), require_type(int, page.get("page"), "the number of a page"))
                     for page in pages)


def parse_spans(record: Record) -> tuple[Span, ...]:
    """Return the right spans, from `spans`, or a single `gold_span`."""
    values = list_field(record, "spans") or ([] if record.get("gold_span") is None else [record["gold_span"]])
    return tuple(parse_span(value, record) for value in values)


def parse_span(value: object, record: Record) -> Span:
    """Return one span; where it names no file it is of the only right one."""
    span = require_type(dict, value, "a span")
    only = text_list_field(record, "gold_docs")
    document = span.get("doc", only[0] if len(only) == 1 else None)
    start, end = require_type(int, span.get("start"), "the start of a span"), require_type(int, span.get("end"), "the end of a span")
    if not 0 <= start < end:
        raise ValueError("a span ends before it starts")
    return Span(require_type(str, document, "the doc of a span"), start, end)


def require_type(wanted: type, value: object, name: str) -> Any:  # noqa: ANN401 - checked here, so that nobody has to after this
    """Return the value. Raises ValueError where it is of another type; true and false are no numbers."""
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise ValueError(f"{name} must be {WORDS_OF_TYPES[wanted]}")
    return value


def list_field(record: Record, name: str) -> list[Any]:
    """Return a field that is a list; an empty one where it is missing."""
    values: list[Any] = require_type(list, record.get(name) or [], name)
    return values


def text_list_field(record: Record, name: str) -> tuple[str, ...]:
    """Return a field that is a list of texts."""
    return tuple(require_type(str, value, f"each of {name}") for value in list_field(record, name))


def path_parts(path: str) -> tuple[str, ...]:
    """Return the folders and the file of a path; some disks take accents apart, so they are put together."""
    return PurePath(unicodedata.normalize("NFC", path)).parts


def ends_with(path: str, document: str) -> bool:
    """Return whether a path ends with the name of a file."""
    wanted = path_parts(document)
    return bool(wanted) and path_parts(path)[-len(wanted):] == wanted


def matching_document(path: str, documents: Iterable[str]) -> str:
    """Return the longest of the names that a path ends with; the path itself where it is none of them."""
    return max((document for document in documents if ends_with(path, document)), key=len, default=path)


def page_of(path: str, location: Location, documents: Iterable[str]) -> Place:
    """Return the file, under its name where it has one, and the page or slide of a place; None where it has neither."""
    return matching_document(path, documents), location.slide if location.page is None else location.page


def absent(documents: Iterable[str], paths: Iterable[str]) -> Sequence[str]:
    """Return the names that no path ends with, in order."""
    by_file: dict[str, list[str]] = {}
    for path in paths:
        by_file.setdefault(path_parts(path)[-1], []).append(path)
    wanted = sorted(document for document in documents if path_parts(document))
    return [document for document in wanted
            if not any(ends_with(path, document) for path in by_file.get(path_parts(document)[-1], ()))]
