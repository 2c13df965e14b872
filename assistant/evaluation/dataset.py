"""Read evaluation questions with their gold answers, files, pages and spans from JSON lines."""

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
    """A half-open character span of a file that holds an answer."""

    document: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its gold data. `gains` is the relevance of each file; every answer group must be matched.

    Files are named by the end of their path: "lease.pdf" and "contracts/lease.pdf" both match "/home/me/contracts/lease.pdf".
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
        """The gold answers to show; for answer groups, one entry per group."""
        return tuple(" / ".join(group) for group in self.answer_groups) or self.answers


def parse_questions(content: bytes) -> tuple[Question, ...]:
    """Return the questions of a file. Raises UsageError, with the line number, for an invalid line or an empty file."""
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
    """Return the question of one line; the line number is its id if it has none. Raises UsageError if it is invalid."""
    try:
        record = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"Line {number} is not JSON.", HINT) from error
    try:
        return parse_question(check_type(dict, record, "what stands there"), str(number))
    except ValueError as error:
        raise UsageError(f"Line {number}: {error}.", HINT) from error


def parse_question(record: Record, identity: str = "") -> Question:
    """Return the question of a JSON object, with id `identity` if it has none. Raises ValueError for an invalid field."""
    text = check_type(str, record.get("question", ""), "question")
    if not text.strip():
        raise ValueError("it has no question")
    pages, spans = parse_pages(record), parse_spans(record)
    documents = [document for document, _ in sorted(pages)] + [span.document for span in spans]
    gains = parse_gains(record) or dict.fromkeys(documents, 1.0)
    return Question(
        id=str(record.get("id", identity)),
        text=text,
        answerable=check_type(bool, record.get("answerable", True), "answerable"),
        answers=get_strings(record, "answers"),
        answer_groups=tuple(get_strings({"answer_groups": group}, "answer_groups")
                            for group in get_list(record, "answer_groups")),
        gold_documents=frozenset(get_strings(record, "gold_docs") or gains),
        gains=tuple(gains.items()),
        pages=pages,
        spans=spans,
        kind=check_type(str, record.get("kind") or "", "kind"),
        lang=check_type(str, record.get("lang") or "", "lang"),
    )


def parse_gains(record: Record) -> dict[str, float]:
    """Return the relevance of each gold file from `qrels`, or 1 for each of `gold_docs`; files with gain 0 are left out."""
    graded = check_type(dict, record.get("qrels") or {}, "qrels")
    for document, gain in graded.items():
        if isinstance(gain, bool) or not isinstance(gain, int | float) or not math.isfinite(gain):
            raise ValueError(f"the gain of {document} in qrels is not a number")
    gains = {document: gain for document, gain in graded.items() if gain > 0}
    return gains or dict.fromkeys(get_strings(record, "gold_docs"), 1.0)


def parse_pages(record: Record) -> frozenset[tuple[str, int]]:
    """Return the gold pages from `pages`, or from a single `gold_page` in each of `gold_docs`."""
    if record.get("gold_page") is not None:
        if not get_strings(record, "gold_docs"):
            raise ValueError("it has a gold_page and no gold_docs")
        page = check_type(int, record["gold_page"], "gold_page")
        return frozenset((document, page) for document in get_strings(record, "gold_docs"))
    pages = [check_type(dict, page, "a page of pages") for page in get_list(record, "pages")]
    return frozenset((check_type(str, page.get("doc"), "the doc of a page"),
                      check_type(int, page.get("page"), "the number of a page")) for page in pages)


def parse_spans(record: Record) -> tuple[Span, ...]:
    """Return the gold spans from `spans`, or from a single `gold_span`."""
    values = get_list(record, "spans") or ([] if record.get("gold_span") is None else [record["gold_span"]])
    return tuple(parse_span(value, record) for value in values)


def parse_span(value: object, record: Record) -> Span:
    """Return one span; if it names no file, it is of the only gold file."""
    span = check_type(dict, value, "a span")
    only = get_strings(record, "gold_docs")
    document = span.get("doc", only[0] if len(only) == 1 else None)
    start, end = check_type(int, span.get("start"), "the start of a span"), check_type(int, span.get("end"), "the end of a span")
    if not 0 <= start < end:
        raise ValueError("a span ends before it starts")
    return Span(check_type(str, document, "the doc of a span"), start, end)


def check_type(wanted: type, value: object, name: str) -> Any:  # noqa: ANN401 - the type is checked here
    """Return the value. Raises ValueError if it has another type; booleans are not numbers."""
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise ValueError(f"{name} must be {WORDS_OF_TYPES[wanted]}")
    return value


def get_list(record: Record, name: str) -> list[Any]:
    """Return a list field; an empty list if it is absent."""
    values: list[Any] = check_type(list, record.get(name) or [], name)
    return values


def get_strings(record: Record, name: str) -> tuple[str, ...]:
    """Return a field that is a list of strings."""
    return tuple(check_type(str, value, f"each of {name}") for value in get_list(record, name))


def path_parts(path: str) -> tuple[str, ...]:
    """Return the parts of a path in Unicode NFC, since some file systems decompose accents."""
    return PurePath(unicodedata.normalize("NFC", path)).parts


def ends_with(path: str, document: str) -> bool:
    """Return True if a path ends with a file's name."""
    wanted = path_parts(document)
    return bool(wanted) and path_parts(path)[-len(wanted):] == wanted


def matching_document(path: str, documents: Iterable[str]) -> str:
    """Return the longest of the names that a path ends with; the path itself if it matches none."""
    return max((document for document in documents if ends_with(path, document)), key=len, default=path)


def page_of(path: str, location: Location, documents: Iterable[str]) -> Place:
    """Return the file (by its gold name, if any) and the page or slide of a location; None if it has neither."""
    return matching_document(path, documents), location.slide if location.page is None else location.page


def missing_files(documents: Iterable[str], paths: Iterable[str]) -> Sequence[str]:
    """Return the file names that no path ends with, sorted."""
    by_file: dict[str, list[str]] = {}
    for path in paths:
        by_file.setdefault(path_parts(path)[-1], []).append(path)
    wanted = sorted(document for document in documents if path_parts(document))
    return [document for document in wanted
            if not any(ends_with(path, document) for path in by_file.get(path_parts(document)[-1], ()))]
