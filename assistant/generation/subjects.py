"""Decide whether two similar sentences are about different things: another site, invoice, model, row, period or section."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from assistant.datatypes import Hit
from assistant.generation.sentence_diff import Difference, is_value_word, sentence_diff, similar_sentences
from assistant.text.sentences import sentence_spans, tokens

YEAR = re.compile(r"(?:19|20)\d\d(?:\d{2}){0,2}")
MARKED_VERSION = re.compile(r"(?:^|[\s_\-.(（])(?:v|ver|version|rev|revision|edition|draft|copy)[\s_.-]?\d"
                            r"|版本?\s?\d|\(\d{1,2}\)|第?\d版", re.IGNORECASE)
ASKS_WHETHER = re.compile(r"^\W*(?:is|are|was|were|does|do|did|has|have|had|can|may|must|should|will)\b"
                          r"|[吗么]\W*$|是否|是不是|能否|可否", re.IGNORECASE)
FEWEST_FILLED = 2  # sentences in which two texts of one template differ
ROW = re.compile(r"\s*[|\t;]\s*|,(?=\S)")


def differ_in_subject(question: str, sentence: str, own: Hit, other: str, rival: Hit, slots: Sequence[Difference]) -> bool:
    """Return whether two sentences that differ in `slots` are about different things."""
    if any(names(own, slot.one, slot.other) and names(rival, slot.other, slot.one) for slot in slots):
        return True
    if any(selects(question, slot) for slot in slots) and not (len(slots) == 1 and ASKS_WHETHER.search(question)):
        return True
    if is_row(sentence, own) and is_row(other, rival):
        return is_other_row(sentence, own, other, rival)
    if differ_in_number(heading_of(own), heading_of(rival)) or differ_in_number(own_title(own), own_title(rival)):
        return True
    if own.path == rival.path:
        return differ_in_word(heading_of(own), heading_of(rival))
    return are_series(own, rival) and fills_template(own, rival)


def names(hit: Hit, value: str, other: str) -> bool:
    """Return whether what sets a value apart from another stands in the name, title, heading or sheet of its file.

    Then it says which thing this is, not what is said of it.
    """
    place = hit.chunk.location
    held = set(tokens(f"{hit.title} {re.sub('[_-]', ' ', PurePath(hit.path).stem)} {place.heading or ''} {place.sheet or ''}"))
    return any(word in held for word in set(tokens(value)) - set(tokens(other)) if is_value_word(word) or value[:1].isupper())


def selects(question: str, slot: Difference) -> bool:
    """Return whether the question has the number or the name of one sentence, and not that of the other."""
    if slot.kind == "denial":
        return False
    asked, one, other = set(tokens(question)), set(tokens(slot.one)), set(tokens(slot.other))
    apart, others = ({word for word in words if slot.kind == "name" or is_value_word(word)}
                     for words in (one - other, other - one))
    return bool(apart) and apart <= asked and not others & asked


def heading_of(hit: Hit) -> str:
    """Return the last heading above a passage, or its sheet."""
    return (hit.chunk.location.heading or hit.chunk.location.sheet or "").rsplit(" › ", 1)[-1].rsplit(" > ", 1)[-1]


def own_title(hit: Hit) -> str:
    """Return the title that a file states itself; an empty string if it is only its name."""
    return "" if tokens(hit.title) == tokens(PurePath(hit.path).stem) or hit.title == PurePath(hit.path).stem else hit.title


def differ_in_number(one: str, other: str) -> bool:
    """Return whether two titles are equal except for a number, month or weekday that is no version: Lumen 3 and Lumen 5."""
    first, second = tokens(one), tokens(other)
    if len(first) != len(second) or first == second or not first:
        return False
    apart = [(word, over) for word, over in zip(first, second, strict=True) if word != over]
    numbered = all(is_value_word(word) and is_value_word(over) for word, over in apart)
    return numbered and not (MARKED_VERSION.search(one) or all(YEAR.fullmatch(word) for pair in apart for word in pair))


def differ_in_word(one: str, other: str) -> bool:
    """Return whether two headings are of one form and differ in a word: Plan Birch and Plan Oak, Monday and Tuesday."""
    first, second = tokens(one), tokens(other)
    if first == second:
        return False
    return bool(set(first) & set(second)) or all(any(map(is_value_word, words)) for words in (first, second))


def are_series(one: Hit, other: Hit) -> bool:
    """Return whether two files are of a numbered series: invoice-101 and invoice-102, but not contract_v1 and contract_v2."""
    stems = [PurePath(hit.path).stem.lower() for hit in (one, other)]
    bare = [re.sub(r"\d+", "#", stem) for stem in stems]
    if bare[0] != bare[1] or stems[0] == stems[1] or any(MARKED_VERSION.search(stem) for stem in stems):
        return False
    numbers = [re.findall(r"\d+", stem) for stem in stems]
    apart = [pair for pair in zip(*numbers, strict=True) if pair[0] != pair[1]]
    return not all(YEAR.fullmatch(word) for pair in apart for word in pair)


def fills_template(one: Hit, other: Hit) -> bool:
    """Return whether two texts are of one template: several of their sentences are equal except for a value or a name."""
    texts = [other.chunk.text[start:end] for start, end in sentence_spans(other.chunk.text)]
    filled = 0
    for start, end in sentence_spans(one.chunk.text):
        sentence = one.chunk.text[start:end]
        alike = similar_sentences(sentence, texts) if sentence not in texts else ()
        filled += any(differs_in_little(sentence, texts[place]) for place in alike)
    return filled >= FEWEST_FILLED


def differs_in_little(one: str, other: str) -> bool:
    """Return whether two sentences differ in a value, or two short lines in their number."""
    return bool(sentence_diff(one, other, 3, 0.7)) or differ_in_number(one, other)


def is_row(sentence: str, hit: Hit) -> bool:
    """Return whether a sentence is a row of a table."""
    return len(cells_of(sentence)) > 1 and (
        "|" in sentence or "\t" in sentence or PurePath(hit.path).suffix.lower() in {".csv", ".tsv", ".xlsx", ".xls", ".ods"})


def cells_of(row: str) -> list[str]:
    """Return the cells of a row, without case."""
    return [" ".join(cell.split()).casefold() for cell in ROW.split(row.strip().strip("|"))]


def is_other_row(row: str, own: Hit, other: str, rival: Hit) -> bool:
    """Return whether two rows are of different things, or of a table in which one thing has several rows.

    Rows of one thing have the same key in two tables, and the tables do not differ in most of the rows that they share.
    """
    key, mine, others = cells_of(row)[0], table_around(row, own), table_around(other, rival)
    if not key or key != cells_of(other)[0] or is_same_table(own, mine, rival, others):
        return True
    if differ_in_number(mine.title or heading_of(own), others.title or heading_of(rival)):
        return True
    one, two = mine.keyed, others.keyed
    if len(one.get(key, ())) > 1 or len(two.get(key, ())) > 1:
        return True
    shared = [one[each] == two[each] for each in one.keys() & two.keys() if len(one[each]) == len(two[each]) == 1]
    return len(shared) > 1 and 2 * shared.count(False) > len(shared)


@dataclass(frozen=True, slots=True)
class TableBlock:
    """Consecutive rows of a passage, and the line above them."""

    title: str
    rows: tuple[str, ...]

    @property
    def keyed(self) -> dict[str, list[list[str]]]:
        """The cells of the rows by their first cell."""
        found: dict[str, list[list[str]]] = {}
        for row in self.rows:
            found.setdefault(cells_of(row)[0], []).append(cells_of(row))
        return found


def table_around(row: str, hit: Hit) -> TableBlock:
    """Return the rows of a passage among which a row stands."""
    blocks, title = [TableBlock("", ())], ""
    for line in hit.chunk.text.splitlines():
        if line.strip() and is_row(line, hit):
            blocks[-1] = TableBlock(blocks[-1].title or title, (*blocks[-1].rows, line))
        elif line.strip():
            title = line.strip("#* \t")
            blocks.append(TableBlock(title, ()))
    return next((block for block in blocks if any(row.strip() in line for line in block.rows)), TableBlock("", (row,)))


def is_same_table(own: Hit, mine: TableBlock, rival: Hit, others: TableBlock) -> bool:
    """Return whether two rows are of one table: of one file, sheet and section."""
    if own.path != rival.path or own.chunk.location.sheet != rival.chunk.location.sheet:
        return False
    return mine == others if own.chunk_id == rival.chunk_id else heading_of(own) == heading_of(rival)
