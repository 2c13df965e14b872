"""Decide from the hits whether an aggregate stands in the files, or would have to be computed over all rows or files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath

from assistant.datatypes import Hit
from assistant.generation.aggregation.table_rows import SUFFIXES, HitRow, TablePart, name_of, prose_of, read_table, words_of
from assistant.text.calculations.aggregates import ROW_NOUN, TABLE_NOUN, Aggregate, AggregateKind
from assistant.text.numbers import numbers
from assistant.text.sentences import sentence_spans

LOOKED_AT = 10  # hits of the question, and as many of the tables that it names
STATED = 0.5  # minimum share of the words asked for in a sentence that states the aggregate
FEWEST_FILES = 2
MOST_TABLES = 4
COUNTED_WITHIN, MOST_BETWEEN = 30, 3  # characters and words after a number in which stands what it counts
CONDITION = re.compile(r"\b(?:more|less|fewer|greater|higher|lower|larger|smaller|over|above|below|under|at least|at most"
                       r"|before|after|between|since|exceed\w*|older|younger|longer|shorter)\b|超过|以上|以下|多于|少于|大于|小于|高于|低于|至少|之前|之后|以前|以后",
                       re.IGNORECASE)
TOTAL = re.compile(r"\b(?:grand |sub)?totals?\b|\bsum\b|\boverall\b|\ball\b|合计|总计|总额|总和|小计|总数|合計|총|итого|всего"
                   r"|\bgesamt|\bsumme\b|\bsomme\b|\bsuma\b", re.IGNORECASE)
AVERAGE = re.compile(r"\baverages?\b|\bmean\b|\bmedian\b|平均|人均|均值|durchschnitt|moyenne|promedio|средн|평균", re.IGNORECASE)
QUANTITY = re.compile(r"\b(?:counts?|quantity|qty|pieces|pcs|units|stock|amount|number|no\.? of|anzahl|menge|nombre|cantidad)\b"
                      r"|数量|库存|件数|个数|人数|数", re.IGNORECASE)
SYNONYMS = {"max": "high", "maximum": "high", "maximal": "high", "highest": "high", "min": "low", "minimum": "low",
            "minimal": "low", "lowest": "low"}
# how a sentence states a limit that a question calls a maximum or a minimum
LIMITS = {
    "high": re.compile(r"\b(?:at most|up to|no(?:t)? more than|(?:must|may|shall|can)(?: not|not) exceed|limited to)\b"
                       r"|至多|最多|不超过|不得超过|上限", re.IGNORECASE),
    "low": re.compile(r"\b(?:at least|no(?:t)? (?:less|fewer) than)\b|至少|最少|不少于|不得少于|不低于|下限", re.IGNORECASE),
}
FILE_NOUN = re.compile(
    r"\b(?:files?|documents?|docs|pdfs?|folders?|e-?mails?|dateien|dokumente|fichiers|archivos|documentos)\b"
    r"|文件|文档|邮件|файл|документ|ファイル|文書|파일|문서", re.IGNORECASE)
WHICH_FILE = re.compile(rf"\b(?:which|what)(?: of (?:my|the|our))? (?:{FILE_NOUN.pattern}) (?:is|are|was|were|has|have)\b"
                        rf"|\b(?:largest|smallest|longest|shortest|newest|oldest|biggest|latest) (?:{FILE_NOUN.pattern})\W*$"
                        r"|哪[个份些](?:文件|文档|邮件)最", re.IGNORECASE)
RECORD_NOUN = re.compile(
    r"\b(?:invoices?|receipts?|bills?|contracts?|agreements?|letters?|orders?|tickets?|reports?|offers?|quotes?|statements?"
    r"|applications?|minutes|forms?|rechnungen|verträge|briefe|factures|contrats|facturas|contratos)\b"
    r"|发票|合同|订单|账单|信件|报告|收据|申请", re.IGNORECASE)


def needs_all_rows(question: str, asked: Aggregate, hits: Sequence[Hit]) -> bool:
    """Return whether an aggregate must be computed: its rows are the best evidence, and no sentence or row states it."""
    looked_at = [hit for hit in hits if hit.kind == "file"][: 2 * LOOKED_AT]
    read = [(hit, read_table(hit)) for hit in looked_at]
    if asked.kind is AggregateKind.AMOUNT:
        return bool(read) and read[0][1] is not None and sums_rows(asked, [part for _, part in read if part])
    if counts_files(question, asked, hits):
        return not any(counts(asked, sentence) for hit, part in read for sentence in sentences_of(hit, part))
    tables = [part for hit, part in read if part and is_meant(question, asked, hit, part, read)]
    if not tables or any(states(asked, sentence, hit) for hit, part in read for sentence in sentences_of(hit, part)):
        return False
    return not any(stands_in_row(asked, part, tables) for part in tables)


def is_meant(question: str, asked: Aggregate, hit: Hit, part: TablePart, read: Sequence[tuple[Hit, TablePart | None]]) -> bool:
    """Return whether a table is what is asked about.

    It is the best hit, or the question names it, what its rows are, or one of its values that no other text has.
    """
    name = PurePath(hit.path).name.lower()
    if hit is read[0][0] or name in question.lower() or TABLE_NOUN.search(question) or ROW_NOUN.match(asked.noun):
        return True
    wanted = words_of(asked.rest)
    if words_of(asked.noun) & part.header_words or wanted & (part.named | part.header_words) - number_words(wanted):
        return True
    return bool(wanted & part.values - frozenset().union(*(words_of(other.chunk.text) for other, table in read if table is None)))


def tables_named(asked: Aggregate, paths: Sequence[str]) -> tuple[str, ...]:
    """Return the files of tables whose name has a word of the question; an empty tuple if these are too many to mean one."""
    wanted = words_of(asked.rest)
    wanted -= number_words(wanted)
    found = [path for path in paths if PurePath(path).suffix.lower() in SUFFIXES
             and wanted & words_of(PurePath(path).stem.replace("-", " "))]
    return tuple(found) if len(found) <= MOST_TABLES else ()


def number_words(words: frozenset[str]) -> frozenset[str]:
    """Return the words with a digit."""
    return frozenset(word for word in words if any(character.isdigit() for character in word))


def counts_files(question: str, asked: Aggregate, hits: Sequence[Hit]) -> bool:
    """Return whether an aggregate is one of files: it names files, or documents of which several files are named after."""
    if any(PurePath(hit.path).name.lower() in question.lower() for hit in hits):
        return False
    object_of = asked.noun if asked.kind is AggregateKind.COUNT else question
    if asked.kind is AggregateKind.EXTREME and WHICH_FILE.search(question):
        return True
    if asked.kind is AggregateKind.COUNT and FILE_NOUN.match(object_of):
        return True
    found = RECORD_NOUN.search(object_of)
    if not found or (asked.kind is not AggregateKind.COUNT and not is_plural(question, found)):
        return False
    noun = words_of(found.group())
    family = {hit.path for hit in hits if noun & words_of(f"{name_of(hit)} {PurePath(hit.path).parent.name}")}
    return len(family) >= FEWEST_FILES


def is_plural(question: str, found: re.Match[str]) -> bool:
    """Return whether a noun means several things: all, which or most of them."""
    return found.group().lower().endswith("s") or bool(
        re.search(r"\b(?:all|every|each|which)\s+$|[所全]有的?$|全部的?$|哪[个份张]?$", question[: found.start()], re.IGNORECASE))


def sentences_of(hit: Hit, part: TablePart | None) -> list[str]:
    """Return the sentences of a hit; of a table those in its long cells."""
    return prose_of(hit, part, [hit.chunk.text[start:end] for start, end in sentence_spans(hit.chunk.text)])


def counts(asked: Aggregate, sentence: str) -> bool:
    """Return whether a sentence states how many files or documents there are, as in "12 letters"; "Letter 12" does not."""
    if asked.kind is not AggregateKind.COUNT:
        return False
    found = FILE_NOUN.match(asked.noun) or RECORD_NOUN.match(asked.noun)
    noun = words_of(found.group() if found else asked.noun)
    others, ends = words_of(asked.rest) - noun, [number.end for number in numbers(sentence)]
    if others and not others & words_of(sentence):
        return False
    return any(noun & words_of(" ".join(sentence[end : end + COUNTED_WITHIN].split()[:MOST_BETWEEN])) for end in ends)


def states(asked: Aggregate, sentence: str, hit: Hit) -> bool:
    """Return whether a sentence states the aggregate: by its words, and with a number if it is one."""
    wanted = words_of(asked.rest)
    around = words_of(f"{sentence} {name_of(hit)} {hit.chunk.context}")
    share = len(wanted & around) / len(wanted) if wanted else 1.0
    if asked.kind is AggregateKind.COUNT:
        return share >= STATED and bool(numbers(sentence)) and bool(words_of(sentence) & (words_of(asked.noun) or wanted))
    return share >= STATED and has_cue(asked, sentence)


def has_cue(asked: Aggregate, text: str) -> bool:
    """Return whether a text has the word that the question uses, or one for the same."""
    if asked.kind is AggregateKind.SUM and TOTAL.search(text):
        return True
    if asked.kind is AggregateKind.AVERAGE and AVERAGE.search(text):
        return True
    if any(LIMITS[end].search(text) for cue in asked.cues if (end := SYNONYMS.get(cue, cue)) in LIMITS):
        return True
    said = text.lower()
    own = {SYNONYMS.get(word, word) for word in re.findall(r"[^\W\d_]+", said)} | set(words_of(said))
    return any(SYNONYMS.get(cue, cue) in own or bool(words_of(cue) & own) or (not cue.isascii() and cue in said)
               for cue in asked.cues)


def stands_in_row(asked: Aggregate, part: TablePart, tables: Sequence[TablePart]) -> bool:
    """Return whether one row of a table holds what is asked: a row of totals, or the only row that is asked about."""
    if asked.kind is not AggregateKind.EXTREME and any(is_total_row(asked, row, part, tables) for row in part.rows):
        return True
    best = best_rows(asked, tables)
    if len(best) != 1 or best[0] not in part.rows:
        return False
    return is_lookup(asked, best[0], part)


def is_total_row(asked: Aggregate, row: HitRow, part: TablePart, tables: Sequence[TablePart]) -> bool:
    """Return whether a row has the totals of what is asked: no word of the question selects other rows."""
    if asked.kind is AggregateKind.COUNT and (CONDITION.search(asked.rest) or counts_rows(asked, part)):
        return False
    cue = AVERAGE if asked.kind is AggregateKind.AVERAGE else TOTAL
    if not any(cue.search(cell) for cell in row.cells if len(cell.split()) <= 4):
        return False
    known = row.words | part.named | part.header_words
    others = frozenset().union(*(other.words for table in tables for other in table.rows if other is not row), frozenset())
    return not (words_of(asked.rest) & others) - known


def counts_rows(asked: Aggregate, part: TablePart) -> bool:
    """Return whether what is counted are the rows of a table, and not a number in one of its columns."""
    noun = words_of(asked.noun)
    if any(words & noun for words in part.column_words(numeric=True)):
        return False
    return bool(noun & part.named.union(*part.column_words(numeric=False)))


def best_rows(asked: Aggregate, tables: Sequence[TablePart]) -> list[HitRow]:
    """Return the rows with the most words of the question; none if no row has any."""
    wanted = words_of(asked.rest)
    shared = [(len(wanted & row.words), row) for table in tables for row in table.rows]
    most = max((count for count, _ in shared), default=0)
    return [row for count, row in shared if count == most > 0]


def is_lookup(asked: Aggregate, row: HitRow, part: TablePart) -> bool:
    """Return whether the only row that is asked about answers the question by itself."""
    wanted = words_of(asked.rest)
    key = words_of(row.cells[0]) if row.cells else frozenset()
    if asked.kind is AggregateKind.COUNT:
        if any(words & words_of(asked.noun) for words in part.column_words(numeric=True)):
            return not CONDITION.search(asked.rest)
        return not counts_rows(asked, part) and bool(key & wanted or any(QUANTITY.search(name) for name in part.header))
    return (bool(key) and key <= wanted) or any(has_cue(asked, name) for name in part.header)


def sums_rows(asked: Aggregate, tables: Sequence[TablePart]) -> bool:
    """Return whether an amount is one of several rows that are equally meant, without a row of totals."""
    best = best_rows(asked, tables)
    return len(best) > 1 and not any(is_total_row(asked, row, part, tables) for part in tables for row in part.rows)
