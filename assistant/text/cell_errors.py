"""The error values of spreadsheets, such as #DIV/0!, as workbooks store them whatever their language."""

from __future__ import annotations

CELL_ERRORS = frozenset(
    "#NULL! #DIV/0! #VALUE! #REF! #NAME? #NUM! #N/A #GETTING_DATA #SPILL! #CONNECT! #BLOCKED! #UNKNOWN! #FIELD! #CALC! #BUSY! "
    "#PYTHON! #TIMEOUT! #EXTERNAL!".split()
)


def is_cell_error(text: str) -> bool:
    """Return whether the text of a cell is an error value."""
    return text in CELL_ERRORS
