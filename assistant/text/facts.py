"""Parse a text once for comparison with others: a sentence of an answer as a claim, a chunk as its sentences and table rows.

Both become statements: tokens in order, each a number with its unit of measure, an identifier, a name, a word or a negation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.datatypes import Chunk
from assistant.text.languages import is_cjk, language
from assistant.text.lines import Line, is_ruler, lines_of
from assistant.text.literals import (
    LATIN_WORD,
    PLAIN,
    ClaimFact,
    claim_facts,
    fold,
    normalize_numerals,
)
from assistant.text.measures import header_unit, rates_of
from assistant.text.sentences import sentence_spans
from assistant.text.statements import Statement, bounds_of, parse_statement, split_clauses, with_unit

LIST_MARK = re.compile(r"^\s*(?:[-*•]|\d{1,3}[.)、．](?!\d))\s*")
MAX_TITLE = 60  # characters of a title line
KEY_LINE = re.compile(r"[^\s.!?。！？][^.!?。！？\n]{0,60}?[:：]\s*\S")


@dataclass(frozen=True, slots=True)
class Claim:
    """A parsed sentence of an answer.

    `parts` are its clauses if there are several, each with the names and identifiers of the first one if it has none of its own.
    `question` is the statement of its question, which a short answer leaves out.
    """

    text: str
    facts: tuple[ClaimFact, ...]
    whole: Statement
    parts: tuple[Statement, ...]
    question: Statement
    cjk: bool
    language: str

    @property
    def is_empty(self) -> bool:
        """Whether the claim says nothing that can be compared."""
        return not self.whole.content


@dataclass(frozen=True, slots=True)
class ParsedSentence:
    """A sentence or table row of a chunk: text[start:end].

    `header` are the cells of its table's header. `before` is the statement of what precedes a sentence and may name its subject.
    `is_heading` marks headings, headers and rulers, which are quoted only if nothing else is there.
    """

    start: int
    end: int
    statement: Statement
    header: tuple[Statement, ...] = ()
    columns: int = 0
    before: tuple[Statement, ...] = ()
    is_row: bool = False
    is_heading: bool = False


@dataclass(frozen=True, slots=True)
class ParsedChunk:
    """A chunk with its title and headings, parsed once for all claims.

    `topic` are its title and headings, those within it included. `capitals` are words that it never writes in lower case.
    """

    text: str
    heading: Statement
    topic: Statement
    units: tuple[ParsedSentence, ...]
    words: frozenset[str]
    capitals: frozenset[str]
    cjk: bool
    language: str


def parse_claim(sentence: str, question: str) -> Claim:
    """Return a sentence of an answer parsed."""
    asked = parse_statement(question)
    whole = with_opening_name(parse_statement(LIST_MARK.sub("", sentence)), asked)
    return Claim(
        sentence,
        claim_facts(sentence),
        whole,
        tuple(split_clauses(whole)),
        asked,
        whole.cjk,
        language(sentence),
    )


def with_opening_name(whole: Statement, question: Statement) -> Statement:
    """Return a statement whose first word is a name if its question has it as one: any sentence begins with a capital letter."""
    first = whole.tokens[0] if whole.tokens else None
    if first is None or first.kind != "word" or not whole.text[first.start].isupper():
        return whole
    if not any(first.keys & name.keys for name in question.names):
        return whole
    return replace(whole, tokens=(replace(first, kind="name", required=True), *whole.tokens[1:]))



def parse_chunk(chunk: Chunk, file_name: str = "") -> ParsedChunk:
    """Return a chunk parsed; title, headings and the name of its file belong to each of its sentences."""
    context, header = split_context(chunk)
    heading = parse_statement("\n".join(filter(None, (file_name, context))))
    units = tuple(parse_units(chunk.text, header))
    words = frozenset().union(heading.words, *(unit.statement.words for unit in units))
    above = [chunk.text[unit.start : unit.end] for unit in units if unit.is_heading and not unit.is_row]
    topic = parse_statement("\n".join((heading.text, *above))) if above else heading
    text = chunk.searchable
    written = set(LATIN_WORD.findall(text))
    capitals = frozenset(
        fold(word) for word in written if word[0].isupper() and word.lower() not in written and fold(word) not in PLAIN
    )
    return ParsedChunk(text, heading, topic, units, words, capitals, is_cjk(text), language(text))


def split_context(chunk: Chunk) -> tuple[str, str]:
    """Return the context of a chunk without, and its table header: the last line, if it has cells."""
    above, _, last = chunk.context.rpartition("\n")
    rows = lines_of(chunk.text)
    first = next((line for line in rows if line.is_row and len(line.cells) > 1), None)
    header = next((line for line in lines_of(f"{last}\n{last}") if line.cells), None) if first else None
    return (above, last) if first and header and abs(len(header.cells) - len(first.cells)) <= 1 else (chunk.context, "")


def parse_units(text: str, header: str) -> Iterator[ParsedSentence]:
    """Yield the sentences and table rows of a text."""
    rows = {line.start: line for line in lines_of(text) if line.is_row}
    head = header_cells(header)
    before: list[Statement] = []
    items: dict[int, Statement] = {}  # by the start of their line
    in_table = False
    for start, end in sentence_spans(text):
        row = rows.get(text.rfind("\n", 0, start) + 1) or rows.get(start)
        if row is None:
            unit = parse_statement(text[start:end])
            item = bool(KEY_LINE.match(unit.text)) and "\n" in text
            line = text.rfind("\n", 0, start) + 1
            above = () if item else (items[line],) if line in items else tuple(before[-3:])
            yield ParsedSentence(start, end, unit, before=above, is_heading=is_heading(text, start, end))
            if item:
                items[line] = unit
            else:
                before.append(unit)
            in_table = False
            continue
        is_head = is_ruler(row) or (not in_table and not header and is_header(row, rows, text))
        if is_head and not is_ruler(row):
            head = header_cells(row.text)
        yield ParsedSentence(
            start,
            end,
            row_statement(row, text[start:end], () if is_head else head),
            () if is_head else head,
            len(row.cells),
            is_row=True,
            is_heading=is_head,
        )
        in_table = True


def is_heading(text: str, start: int, end: int) -> bool:
    """Return whether text[start:end] is a heading in Markdown, or a short first line without a number and an end."""
    line = text[start:end]
    if line.startswith("#"):
        return True
    opens = not text[:start].strip() and text[end:].lstrip(" \t")[:1] in {"\n", "\r"} and bool(text[end:].strip())
    return opens and len(line) <= MAX_TITLE and not re.search(r"[\d:：.!?。！？，,]", line)


def header_cells(header: str) -> tuple[Statement, ...]:
    """Return the cells of a table's header, parsed."""
    line = next((line for line in lines_of(f"{header}\n{header}") if line.cells), None)
    return tuple(parse_statement(cell) for cell in line.cells) if line else ()


def is_header(row: Line, rows: dict[int, Line], text: str) -> bool:
    """Return whether the first row of a table is its header: it has no numbers, and a later row has, or a ruler is below it."""
    following = [other for start, other in rows.items() if start > row.start]
    if not following:
        return False
    if is_ruler(following[0]):
        return True
    figures = re.compile(r"\d")
    same = [other for other in following if len(other.cells) == len(row.cells)]
    return bool(row.cells) and not figures.search(row.text) and any(figures.search(other.text) for other in same)


def row_statement(row: Line, text: str, header: Sequence[Statement]) -> Statement:
    """Return a table row parsed; its columns are the clauses of its tokens, and its header may give their unit of measure."""
    if len(row.cells) < 2:
        return parse_statement(text)
    cells = [parse_statement(cell) for cell in row.cells]
    heads = header if len(header) == len(cells) else ()
    units = [header_unit(head.text) for head in heads] or [None] * len(cells)
    tokens = tuple(
        replace(token if unit is None or token.kind != "number" or token.measure else with_unit(token, unit), clause=column)
        for column, (cell, unit) in enumerate(zip(cells, units, strict=True))
        for token in cell.tokens
    )
    return Statement(
        normalize_numerals(text),
        tokens,
        frozenset().union(*(cell.titles for cell in cells)),
        rates_of(text),
        bounds_of(text),
        is_cjk(text),
    )
