"""Compute the answer to a question over one table: by rule, or with a statement of the chat model that passes the checks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from assistant.datatypes.tables import Column, Computation, QueryResult, TableInfo, TableRow
from assistant.errors import AssistantError
from assistant.tables.checks import doubts_about
from assistant.tables.connection import StatementFailed, TableConnection
from assistant.tables.evidence import rows_behind
from assistant.tables.intent import Calculation, Intent, recognize_apart
from assistant.tables.linking import link_question
from assistant.tables.links import LinkedQuestion
from assistant.tables.rules import Reading, read_question, with_result
from assistant.tables.schema import describe_table
from assistant.tables.validate import StatementRefused
from assistant.text.languages import language

CERTAIN = 0.4  # confidence from which a reading by rule is the answer
NEARLY = 0.97  # share of the best reading's confidence from which another one is shown beside it
MOST_SHOWN = 2  # readings
MOST_RUN = 24  # readings by rule whose statements are run
MOST_TRIES = 3  # of the chat model: an error or an empty result goes back twice
MOST_LINES = 20
AVERAGE_DIGITS = 4

WriteSql = Callable[[str, str, str, str], str]
"""Writes a statement: (question, description of the table, hints, what was wrong with the last one) -> SQL."""


@dataclass(frozen=True, slots=True)
class ComputedAnswer:
    """An answer computed over a table, or a refusal: then `computation` is None. text: what is shown before the sources."""

    text: str
    rows: tuple[TableRow, ...] = ()
    computation: Computation | None = None


@dataclass(frozen=True, slots=True)
class Solved:
    """A reading with its result and the rows behind it."""

    reading: Reading
    result: QueryResult
    count: int = 0
    rows: tuple[TableRow, ...] = ()
    by_model: bool = False


@dataclass(frozen=True, slots=True)
class TableQuestion:
    """A question linked to one table, with what it asks to compute and its readings by rule, best first."""

    linked: LinkedQuestion
    intent: Intent
    readings: tuple[Reading, ...]

    @property
    def confidence(self) -> float:
        """The confidence of the best reading; 0 without one."""
        return self.readings[0].confidence if self.readings else 0.0

    @property
    def links(self) -> int:
        """The number of columns, cells and conditions that the question names."""
        return (
            len({link.column.name for link in self.linked.columns if link.score >= 0.9})
            + len({link.start for link in self.linked.values if link.score >= 0.6})
            + len(self.linked.conditions)
        )


def understand(question: str, intent: Intent, table: TableInfo, connection: TableConnection) -> TableQuestion:
    """Link a question to a table and read it by rule."""
    linked = link_question(question, table, connection)
    spans = [(linked.tokens[link.start].start, linked.tokens[link.end - 1].end) for link in linked.columns if link.score >= 0.95]
    intents = recognize_apart(question, spans) or [intent]
    return TableQuestion(linked, intents[0], tuple(read_question(linked, intents)))


def compute(asked: TableQuestion, connection: TableConnection, write_sql: WriteSql | None) -> ComputedAnswer:
    """Return the answer to a question, or a refusal that names the columns that there are."""
    by_rule = solutions(asked, connection)
    best = by_rule[0].reading.confidence if by_rule else 0.0
    if best >= CERTAIN:
        near = [each for each in by_rule if each.reading.confidence >= NEARLY * best]
        return answer_text(asked, [with_rows(each, asked, connection) for each in near[:MOST_SHOWN]])
    return refusal(asked)


def solutions(asked: TableQuestion, connection: TableConnection) -> list[Solved]:
    """Return the likeliest readings by rule that have a result, best first; one for each result."""
    found: list[Solved] = []
    for reading in asked.readings[:MOST_RUN]:
        try:
            result = connection.query(reading.sql)
        except (StatementRefused, StatementFailed):
            continue
        if not is_empty_result(result) and is_decided(reading, result):
            found.append(Solved(with_result(reading, result, asked.linked), result))
    found.sort(key=lambda each: -each.reading.confidence)
    return [
        each for place, each in enumerate(found) if not any(same_result(each.result, other.result) for other in found[:place])
    ]


def with_rows(solved: Solved, asked: TableQuestion, connection: TableConnection) -> Solved:
    """Return a reading with the rows behind its result."""
    count, rows = rows_behind(solved.reading.sql, solved.reading.where, asked.linked.table, connection)
    return replace(solved, count=count, rows=rows)


def is_empty_result(result: QueryResult) -> bool:
    """Return whether a result has no value."""
    return not result.rows or all(value is None for row in result.rows for value in row)


def is_decided(reading: Reading, result: QueryResult) -> bool:
    """Return whether a comparison has two sides that differ."""
    if reading.target != "compare":
        return True
    return len(result.rows) == 2 and result.rows[0][1] != result.rows[1][1]


def same_result(one: QueryResult, other: QueryResult) -> bool:
    """Return whether two results begin with the same values."""
    first, second = ({comparable(value) for value in row[:2]} for row in (one.rows[0], other.rows[0]))
    return len(one.rows) == len(other.rows) and bool(first & second)


def comparable(value: object) -> object:
    """Return a value for comparison: numbers rounded, text in lower case."""
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return round(float(value), 4)
    return str(value).strip().lower()


def ask_model(asked: TableQuestion, connection: TableConnection, write_sql: WriteSql) -> Solved | None:
    """Return the result of the chat model's statement; None if none passes the checks."""
    linked, trouble = asked.linked, ""
    hints = "; ".join(dict.fromkeys(link.sql for link in (*linked.values, *linked.conditions)))
    for _ in range(MOST_TRIES):
        sql = write_sql(linked.question, describe_table(linked.table, linked), hints, trouble)
        try:
            result = connection.query(sql)
        except AssistantError as error:
            trouble = f"{sql}\n{error}"
            continue
        doubts = doubts_about(sql, result, linked, asked.intent, connection)
        if not doubts:
            count, rows = rows_behind(sql, "", linked.table, connection)
            words = (
                "computed with a statement of the chat model" if language(linked.question) != "zh" else "由语言模型编写的语句计算"
            )
            reading = Reading(asked.intent.operation, sql, words, "rows", 0.5)
            return Solved(reading, result, count, rows, by_model=True)
        trouble = f"{sql}\n{doubts[0]}"
    return None


# sentences


def answer_text(asked: TableQuestion, found: list[Solved]) -> ComputedAnswer:
    """Return the answer in sentences: the result of each reading, how it was computed, and what was left out."""
    is_chinese = language(asked.linked.question) == "zh"
    lines = [result_line(solved, asked, is_chinese=is_chinese) for solved in found]
    if len(found) > 1:
        lines.insert(0, "这个问题可以有两种理解：" if is_chinese else "The question can be read in two ways:")
    best = found[0]
    table = asked.linked.table
    lines.append(basis_line(best, table, is_chinese=is_chinese))
    lines += notes(table, best, asked, is_chinese=is_chinese)
    result = best.result
    rows = tuple(tuple(plain_text(value) for value in row) for row in result.rows)
    values = tuple(row[0] for row in (rows[:1] if best.reading.target == "compare" else rows))
    computation = Computation(
        table.name,
        best.reading.sql,
        best.reading.words,
        result.columns,
        rows,
        values,
        best.count,
        best.reading.confidence,
        best.by_model,
    )
    return ComputedAnswer("\n".join(lines), best.rows, computation)


def result_line(solved: Solved, asked: TableQuestion, *, is_chinese: bool) -> str:
    """Return the sentence with the result of one reading."""
    reading, rows = solved.reading, solved.result.rows
    words = reading.words[:1].upper() + reading.words[1:]
    unit = f" {reading.unit}" if reading.unit and reading.unit not in {"%"} else reading.unit
    colon, stop = ("：", "。") if is_chinese else (": ", ".")
    if solved.by_model and len(rows) == 1 and len(rows[0]) == 1:
        return f"{'结果' if is_chinese else 'Result'}{colon}{shown_value(rows[0][0])}{stop}"
    if reading.kind == "number" or len(rows) == 1:
        scale = scale_of(reading, asked)
        first, *rest = (shown_value(value, scale) for value in rows[0])
        if rest and reading.kind != "number":
            return f"{words}{colon}{first} ({', '.join(rest)}{unit}){stop}"
        return f"{words}{colon}{first}{unit if reading.kind == 'number' or reading.target else ''}{stop}"
    listed = [f"- {': '.join(shown_value(value) for value in row)}{unit if len(row) > 1 else ''}" for row in rows[:MOST_LINES]]
    more = len(rows) - MOST_LINES
    if more > 0 or solved.result.is_cut:
        listed.append(f"- … ({more:,} more)" if not is_chinese else f"- …（还有 {more:,} 行）")
    return "\n".join([f"{words}{colon.strip()}", *listed])


def scale_of(reading: Reading, asked: TableQuestion) -> int | None:
    """Return the decimals to show for a sum or an extreme: those of its column."""
    if reading.operation is Calculation.AVERAGE:
        return None
    column = next((column for column in asked.linked.table.columns if f'("{column.name}")' in reading.sql), None)
    return column.scale if column is not None and column.scale > 0 else None


def shown_value(value: object, scale: int | None = None) -> str:
    """Return a value for a sentence: numbers with grouped thousands, averages rounded to four decimals."""
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return value.isoformat(" ", "minutes") if isinstance(value, datetime) else str(value)
    if scale is not None:
        return f"{Decimal(str(value)):,.{scale}f}"
    number = round(Decimal(str(value)), AVERAGE_DIGITS)
    text = f"{number:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text if abs(number) >= 10_000 else str(int(number))


def plain_text(value: object) -> str:
    """Return a value as text without loss."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else str(value)


def basis_line(solved: Solved, table: TableInfo, *, is_chinese: bool) -> str:
    """Return the sentence that says what the result rests on, with the numbers of its sources."""
    marks = " ".join(f"[{number}]" for number in range(1, len(solved.rows) + 1))
    files = len({source.path for source in table.sources})
    if is_chinese:
        among = f"（{files} 个文件）" if files > 1 else ""
        return f"依据表 {table.name} 的 {solved.count or table.rows:,} 行{among} {marks}".strip()
    rows = solved.count or table.rows
    return (
        f"Computed over {rows:,} {'row' if rows == 1 else 'rows'} of the table {table.name}"
        f"{f' ({files} files)' if files > 1 else ''} {marks}"
    ).strip()


def notes(table: TableInfo, solved: Solved, asked: TableQuestion, *, is_chinese: bool) -> list[str]:
    """Return what a reader of the number should know: totals left out, cells that are no numbers, words that were not used."""
    said = []
    if table.totals:
        said.append(
            f"不含 {table.totals} 个合计行。"
            if is_chinese
            else f"{table.totals} {'row that totals others was' if table.totals == 1 else 'rows that total others were'} left "
                 f"out."
        )
    for column in table.columns:
        if column.unparsed and f'"{column.name}"' in solved.reading.sql:
            said.append(unparsed_note(column, is_chinese=is_chinese))
    if asked.linked.unlinked and solved.reading.confidence < 0.9:
        words = ", ".join(dict.fromkeys(token.text for token in asked.linked.tokens if token.form in asked.linked.unlinked))
        said.append(
            f"未与任何列对应的词：{words}。请核对。"
            if is_chinese
            else f"Not linked to a column: {words}. Check that the rows are the ones you mean."
        )
    return said


def unparsed_note(column: Column, *, is_chinese: bool) -> str:
    """Return the note on cells that are no value of their column's type."""
    name = column.header or column.name
    if is_chinese:
        return f"列 {name} 中有 {column.unparsed} 个单元格不是有效的值，未计入。"
    verb = "is" if column.unparsed == 1 else "are"
    return f"{column.unparsed} of the cells of {name} {verb} no {column.type.value} and did not count."


def refusal(asked: TableQuestion) -> ComputedAnswer:
    """Return the refusal of a question that cannot be linked to the columns of a table; it names them."""
    table = asked.linked.table
    names = ", ".join(column.header or column.name for column in table.columns)
    words = ", ".join(dict.fromkeys(token.text for token in asked.linked.tokens if token.form in asked.linked.unlinked))
    if language(asked.linked.question) == "zh":
        return ComputedAnswer(
            f"无法可靠地计算：问题{f'中的“{words}”' if words else ''}与表 {table.name} 的列对应不上。该表的列：{names}。"
        )
    about = f" ({words})" if words else ""
    return ComputedAnswer(
        f"This cannot be computed reliably: the question{about} does not match the columns of the table {table.name}. "
        f"Its columns are: {names}."
    )
