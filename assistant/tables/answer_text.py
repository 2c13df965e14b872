"""Say the answer to a question over a table, or refuse it with the columns that there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from assistant.datatypes.tables import Column, Computation, TableInfo, TableRow
from assistant.tables.description import unlike
from assistant.tables.rules import Reading
from assistant.tables.solutions import Solved, TableQuestion
from assistant.tables.units import currencies_in_cells
from assistant.tables.values import CURRENCY
from assistant.text.calculations import Calculation
from assistant.text.languages import language

MOST_LINES = 20
AVERAGE_DIGITS = 4
MONEY_DIGITS = 2


@dataclass(frozen=True, slots=True)
class ComputedAnswer:
    """An answer computed over a table, or a refusal: then `computation` is None. text: what is shown before the sources."""

    text: str
    rows: tuple[TableRow, ...] = ()
    computation: Computation | None = None


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
        return f"{'结果' if is_chinese else 'Result'}{colon}{shown_value(rows[0][0], scale_of(reading, asked))}{unit}{stop}"
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
    """Return the decimals to show: those of the column for a sum or an extreme, two for an average of money."""
    if reading.operation is Calculation.AVERAGE:
        return MONEY_DIGITS if reading.unit in CURRENCY.values() else None
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
    return f"{column.unparsed} of the cells of {name} {unlike(column)} and did not count."


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


def refuse_cells(asked: TableQuestion, column: Column) -> ComputedAnswer:
    """Return the refusal of a computation over a column whose cells are in several currencies; it names them."""
    names, table, header = ", ".join(currencies_in_cells(column)), asked.linked.table.name, column.header or column.name
    if language(asked.linked.question) == "zh":
        return ComputedAnswer(f"无法计算：表 {table} 的列 {header} 使用不同的货币（{names}），不能相加或比较。")
    return ComputedAnswer(
        f"This cannot be computed: the cells of {header} in the table {table} are in different currencies ({names}), which "
        "cannot be added or compared."
    )


def refuse_units(asked: TableQuestion, units: Sequence[str]) -> ComputedAnswer:
    """Return the refusal of a computation over numbers of several currencies; it names them."""
    names, table = ", ".join(units), asked.linked.table.name
    if language(asked.linked.question) == "zh":
        return ComputedAnswer(f"无法计算：表 {table} 的这些行使用不同的货币（{names}），不能相加或比较。请指明其中一种。")
    return ComputedAnswer(
        f"This cannot be computed: these rows of the table {table} are in different currencies ({names}), which cannot be added "
        "or compared. Ask for one of them."
    )
