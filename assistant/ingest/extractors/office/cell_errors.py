"""Cells of workbooks that hold an error value such as #DIV/0!: note them, and let calamine read those that it does not know."""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping
from xml.etree.ElementTree import Element

from assistant.ingest.extractors.zip_package import attribute, child_of, read_entry
from assistant.text.cell_errors import is_cell_error

KNOWN = frozenset("#NULL! #DIV/0! #VALUE! #REF! #NAME? #NUM! #N/A".split())  # any other makes calamine refuse the sheet
ERROR_CELL = re.compile(rb"""(<(?:\w{1,9}:)?c\s[^<>]{0,200}?\bt\s{0,9}=\s{0,9}["'])e(?=["'])""")
MOST_NAMED = 5  # errors that a note names
MEDIA = "xl/media/"


def note_on_errors(sheet: str, errors: Counter[str]) -> tuple[str, ...]:
    """Return the note on the cells of a sheet that hold these errors, if any."""
    count, names = errors.total(), list(errors)
    shown = ", ".join(names[:MOST_NAMED]) + (", …" if len(names) > MOST_NAMED else "")
    cells = f"{count} cells of the sheet {sheet} hold" if count > 1 else f"1 cell of the sheet {sheet} holds"
    return (f"{cells} an error: {shown}",) if count else ()


def with_known_errors(data: bytes, found: Mapping[str, Iterable[str]]) -> bytes:
    """Return an .xlsx with errors as texts in the sheets where calamine would not know one. found: errors by part name."""
    sheets = {part for part, errors in found.items() if not KNOWN.issuperset(errors)}
    if not sheets:
        return data
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
        for name in dict.fromkeys(old.namelist()):
            if not name.startswith(MEDIA):
                content = read_entry(old, name)
                new.writestr(name, ERROR_CELL.sub(rb"\1str", content) if name in sheets else content)
    return written.getvalue()


def errors_of_spreadsheetml(table: Element) -> Counter[str]:
    """Count the errors in the cells of a table of an Excel 2003 workbook."""
    held = (child_of(cell, "Data") for row in table for cell in row)
    return Counter("".join(data.itertext()).strip() for data in held if attribute(data, "Type") == "Error")


def is_opendocument_error(cell: Element, text: str) -> bool:
    """Return whether a cell of an OpenDocument spreadsheet holds an error. text: what it shows."""
    kinds = (value for key, value in cell.attrib.items() if key.endswith("}value-type"))
    return "error" in kinds or (bool(attribute(cell, "formula")) and is_cell_error(text))
