"""Excel workbooks (xlsx, xlsm, xlsb, xls) in, read by the calamine library; the values of their cells as shown out."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, TypeVar

from assistant.datatypes import Extraction, Part
from assistant.errors import UnreadableFile
from assistant.ingest.extract.office.extents import refuse_sparse
from assistant.ingest.extract.office.old_workbook import resealed
from assistant.ingest.extract.office.ooxml import core_title
from assistant.ingest.extract.office.ranges import NumberedRow, write_rows
from assistant.ingest.extract.package import OLD_CONTAINER, opened_package
from assistant.ingest.extract.source import Source
from assistant.ingest.extract.writing import Writing

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

KIND = "spreadsheet"
MIDNIGHT = time()
EXACT = 1e15  # whole numbers beyond are not exact, and Excel shows them by their powers of ten
Value = str | float | bool | date | datetime | time | timedelta
Result = TypeVar("Result")


def read_workbook(source: Source) -> Extraction:
    """Read a workbook; hidden sheets too. Raises UnreadableFile where it is damaged, or too large."""
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    is_old = source.data.startswith(OLD_CONTAINER)
    title, data = ("", resealed(source.data, KIND)) if is_old else (_checked(source), source.data)
    try:
        workbook = _calm(lambda: CalamineWorkbook.from_filelike(io.BytesIO(data)))
    except PasswordError as error:
        raise UnreadableFile("it is encrypted in a way that cannot be undone here") from error
    except (CalamineError, OSError) as error:
        raise UnreadableFile(f"damaged: it is cut off or no {KIND}") from error
    writing, notes = Writing(), []
    for name in _names(workbook):
        source.on_step(f"sheet {name}")
        try:
            sheet = _calm(lambda name=name: workbook.get_sheet_by_name(name))  # type: ignore[misc]
        except (CalamineError, UnreadableFile):
            notes.append(f"the sheet {name} is damaged")
            continue
        writing.begin(Part(0, 0, sheet=name))
        write_rows(_rows(sheet), writing, sheet.start[1] if sheet.start else 0)
    if notes and not writing.length:
        raise UnreadableFile("damaged: none of its sheets can be read")
    return writing.finish(title, tuple(notes))


def _checked(source: Source) -> str:
    """Return the title of a package. Raises UnreadableFile where a sheet would take up memory without end."""
    with opened_package(source.data, KIND) as archive:
        refuse_sparse(archive)
        return core_title(archive)


def _names(workbook: CalamineWorkbook) -> list[str]:
    from python_calamine import SheetTypeEnum

    return [sheet.name for sheet in workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]


def _calm(action: Callable[[], Result]) -> Result:
    """Return what the library gives. Where it breaks off in its own language, that is no ordinary exception."""
    try:
        return action()
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise UnreadableFile(f"damaged, or written by a program that is not understood: {error}") from error


def _rows(sheet: CalamineSheet) -> Iterator[NumberedRow]:
    """Yield the rows from the first of the sheet on, with their numbers; their cells begin at the sheet's first column."""
    for number, row in enumerate(sheet.iter_rows(), 1):
        yield number, [shown(value) for value in row]


def shown(value: Value) -> str:
    """Return a value as a spreadsheet shows it, dates in ISO 8601."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, (int, float)):
        return _number(value)
    if isinstance(value, timedelta):
        return _duration(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == MIDNIGHT else value.isoformat(" ", "seconds")
    return value.isoformat()


def _number(value: float) -> str:
    return str(int(value)) if value == value and abs(value) < EXACT and value == int(value) else f"{value:.15g}"


def _duration(value: timedelta) -> str:
    seconds = round(abs(value.total_seconds()))
    sign = "-" if value < timedelta() else ""
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
