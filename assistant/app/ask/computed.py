"""Answer a question that is to be computed: find its table, compute over its rows, and cite them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from assistant.app.ask.delegation import OpenChat
from assistant.app.library.library import Library
from assistant.app.library.tables import LibraryTables
from assistant.datatypes import (
    Answer,
    Citation,
    Filter,
    Hit,
    Location,
    StreamedAnswer,
    Timings,
)
from assistant.datatypes.tables import Computation, TableInfo, TableRow
from assistant.generation.sql_writer import write_sql
from assistant.tables.answer_text import ComputedAnswer
from assistant.tables.answering import SURE, compute, understand
from assistant.tables.connection import TableConnection
from assistant.tables.find import TableCandidate, rank_tables, split_scope, without_suffixes
from assistant.tables.joins import related_tables
from assistant.tables.row_names import counted_rows
from assistant.tables.solutions import TableQuestion
from assistant.text.calculations import Calculation, Intent, recognize_intent
from assistant.text.languages import language

COMPUTED_VERSION = "computed-1"
MOST_CANDIDATES = 3  # tables that a question is linked to
MOST_UNLINKED = 0.5  # share of the content words that may be linked to nothing
SAME_LANGUAGE = 0.2  # which decides between tables that fit alike
WEAK_CERTAIN = 0.7  # confidence that a question needs whose words may mean something else ("first", "most")
FILES = re.compile(
    r"^(?:how many|what is the (?:total )?number of|number of|count(?: the| all)?) (?:different |indexed )?"
    r"(?P<kind>files|documents|pdfs?|pdf files|spreadsheets|presentations|images|e-?mails)"
    r"(?: (?:are there|do i have|are|exist|have i|did i add|in|of)\b.{0,40})?\??$"
    r"|^(?:一共|总共)?有?多少(?:个|份)?(?P<zh>文件|文档)\??？?$",
    re.I,
)
SUFFIXES = {
    "pdf": "pdf",
    "spreadsheet": "xlsx xls xlsm xlsb ods csv tsv",
    "presentation": "pptx ppt odp",
    "image": "png jpg jpeg tif tiff bmp gif webp",
    "mail": "eml msg mbox emlx",
}
TABLE_FILES = frozenset(".csv .tsv .xlsx .xlsm .xltx .xlsb .xls .ods .ots .fods .parquet .json .jsonl .ndjson".split())

FindHits = Callable[[str], Sequence[Hit]]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The table that a question is about, the question as it is read over it, and the tables that share a key column with it."""

    tables: LibraryTables
    asked: TableQuestion
    others: tuple[TableInfo, ...]
    needs_model: bool


def answer_computed(
    question: str,
    libraries: Sequence[Library],
    wanted: Filter,
    find_hits: FindHits,
    embedder: str,
) -> Callable[[OpenChat], StreamedAnswer] | None:
    """Return a function that begins the computed answer; None for a question that is not computed over a table or the files.

    Raises TableMissing if a stored table is lost.
    """
    started = time.perf_counter()
    if counted := count_files(question, libraries, wanted):
        return lambda _: FileCountAnswer(question, *counted, embedder, started)
    scope, inner = split_scope(question)
    intent = recognize_intent(inner)
    if intent is None:
        return None
    tables = LibraryTables([library for library in libraries if library.exists()], wanted)
    if not tables.tables:
        return None
    chosen = choose_table(question, scope, inner, intent, tables, find_hits, narrowed=bool(wanted))
    if chosen is None:
        return None
    return lambda open_chat: ComputedAnswerStream(question, chosen, libraries, open_chat, embedder, started)


def choose_table(
    question: str, scope: str, inner: str, intent: Intent, tables: LibraryTables, find_hits: FindHits, *, narrowed: bool
) -> Chosen | None:
    """Return the table that a question is computed over; None if the question is not about one."""
    known = tables.tables
    found = dict.fromkeys(hit.path for hit in find_hits(question)) if len(known) > 1 else {}
    hits = {path: rank for rank, path in enumerate(found)}
    ranked = rank_tables(question, known, hits) or ([TableCandidate(known[0], 0.0, is_named=False)] if len(known) == 1 else [])
    counted = [table for table in known if intent.operation is Calculation.COUNT and counted_rows(question, table)]
    if len(counted) == 1:
        ranked = [TableCandidate(counted[0], 1.0, is_named=True)]
    if narrowed and len(known) == 1:
        ranked = [TableCandidate(known[0], 1.0, is_named=True)]
    best: tuple[float, TableQuestion, TableCandidate] | None = None
    for candidate in ranked[:MOST_CANDIDATES]:
        others = related_tables(candidate.table, known)
        with tables.open([candidate.table, *others]) as connection:
            words = without_suffixes(inner if scope else question, [candidate.table])
            asked = understand(words, intent, candidate.table, connection, others)
        score = fitness(asked, candidate, ranked[0])
        if best is None or score > best[0]:
            best = (score, asked, candidate)
    if best is None:
        return None
    _, asked, candidate = best
    is_top = any(source.path in hits and hits[source.path] == 0 for source in candidate.table.sources)
    if not is_computed(asked, candidate, intent, is_top=is_top):
        return None
    return Chosen(tables, asked, related_tables(candidate.table, known), asked.confidence < SURE)


def fitness(asked: TableQuestion, candidate: TableCandidate, first: TableCandidate) -> float:
    """Return how well a question fits a table: by what it names in it, by the table's rank, and by the language of both."""
    named = 2.0 * candidate.is_named + candidate.score / max(first.score, 0.01)
    headers = " ".join(column.header for column in candidate.table.columns)
    named += SAME_LANGUAGE * (language(headers) == language(asked.linked.question))
    return named + asked.confidence + 0.3 * asked.links - 0.2 * len(asked.linked.unlinked)


def is_computed(asked: TableQuestion, candidate: TableCandidate, intent: Intent, *, is_top: bool) -> bool:
    """Return whether a question is to be computed over a table rather than answered from passages."""
    content = len(asked.linked.unlinked) + asked.links
    is_covered = len(asked.linked.unlinked) <= MOST_UNLINKED * max(1, content)
    if candidate.is_named and is_table_file(candidate.table):
        return intent.is_strong or is_covered
    if candidate.is_named:  # the name of a text with a table in it does not say that the table is meant
        return asked.links > 0 and is_covered
    if intent.is_strong:
        return asked.links > 0 and (is_covered or is_top)
    is_clear = asked.links > 1 or (asked.names_a_phrase and not asked.linked.unlinked)
    return asked.confidence >= WEAK_CERTAIN and is_clear and is_covered


def is_table_file(table: TableInfo) -> bool:
    """Return whether a table comes from files that hold tables only, not from a text with a table in it."""
    return all(PurePath(source.path).suffix.lower() in TABLE_FILES for source in table.sources)


class ComputedAnswerStream(StreamedAnswer):
    """A computed answer: iterating runs the statements, with the chat model's help if the rules are not certain."""

    def __init__(
        self,
        question: str,
        chosen: Chosen,
        libraries: Sequence[Library],
        open_chat: OpenChat,
        embedder: str,
        started: float,
    ) -> None:
        self.question = question
        self._chosen, self._libraries, self._open_chat = chosen, libraries, open_chat
        self._embedder, self._started = embedder, started

    def __iter__(self) -> Iterator[str]:
        """Yield the text line by line."""
        asked = self._chosen.asked
        with self._chosen.tables.open([asked.linked.table, *self._chosen.others]) as connection:
            found, model = self._computed(connection)
        citations, hits = cite_rows(found.rows, self._libraries)
        taken = (time.perf_counter() - self._started) * 1000
        self._finished = (
            Answer(
                self.question,
                found.text,
                found.computation is None,
                citations,
                hits,
                model,
                self._embedder,
                COMPUTED_VERSION,
                Timings(0.0, taken, taken),
                computation=found.computation,
            ),
        )
        yield from found.text.splitlines(keepends=True)

    def _computed(self, connection: TableConnection) -> tuple[ComputedAnswer, str]:
        """Return the answer, and the name of the chat model if it was asked."""
        if not self._chosen.needs_model:
            return compute(self._chosen.asked, connection, None), ""
        chat = self._open_chat()
        return compute(self._chosen.asked, connection, lambda *parts: write_sql(chat, *parts)), chat.name


class FileCountAnswer(StreamedAnswer):
    """The answer to how many files there are, counted in the ledger."""

    def __init__(self, question: str, text: str, count: int, embedder: str, started: float) -> None:
        self.question = question
        taken = (time.perf_counter() - started) * 1000
        done = Computation("", "", "counted in the list of files", ("count",), ((str(count),),), (str(count),), count, 1.0)
        self._finished = (
            Answer(question, text, False, (), (), "", embedder, COMPUTED_VERSION, Timings(0.0, taken, taken), computation=done),
        )

    def __iter__(self) -> Iterator[str]:
        """Yield the text."""
        yield self._finished[0].text


def cite_rows(rows: Sequence[TableRow], libraries: Sequence[Library]) -> tuple[tuple[Citation, ...], tuple[Hit, ...]]:
    """Return a numbered citation for each row, and the chunks that hold the rows."""
    citations: list[Citation] = []
    hits: dict[int, Hit] = {}
    for number, row in enumerate(rows, 1):
        found = next((hit for library in libraries for hit in library.chunk_at(row.path, row.start)), None)
        around = found.chunk.location if found else Location(row.line, row.line, row.start, row.end, sheet=row.sheet or None)
        location = replace(around, line_start=row.line, line_end=row.line, char_start=row.start, char_end=row.end,
                           cells=row.place or None)
        quote = row.text
        title = row.path
        if found is not None:
            begin = row.start - found.chunk.location.char_start
            verbatim = found.chunk.text[begin : row.end - found.chunk.location.char_start].strip()
            quote = verbatim or quote
            hits.setdefault(found.chunk_id, found)
            title = found.title
        citations.append(Citation(number, row.path, title, location, quote))
    return tuple(citations), tuple(hits.values())


def count_files(question: str, libraries: Sequence[Library], wanted: Filter) -> tuple[str, int] | None:
    """Return the answer to "How many files are there?", counted in the ledger, and the number; None for another question."""
    match = FILES.match(question.strip())
    if not match:
        return None
    kind = (match["kind"] or "").lower().rstrip("s")
    suffixes = next((known.split() for name, known in SUFFIXES.items() if kind.startswith(name) or kind.endswith(name)), None)
    paths = [path for library in libraries if library.exists() for path, *_ in library.store.filtered_files(wanted)]
    counted = sum(suffixes is None or path.rpartition(".")[2].lower() in suffixes for path in paths)
    if language(question) == "zh":
        return f"资料库中有 {counted:,} 个含文字的文件。", counted
    name = match["kind"].lower() if counted != 1 else match["kind"].lower().rstrip("s")
    return f"The library holds {counted:,} {name} with text. See them with: assistant status --files", counted
