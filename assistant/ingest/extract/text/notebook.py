"""Jupyter notebooks (.ipynb) in; the text, code and results of their cells in order out.

The format is nbformat 4, and 3 where it differs (worksheets, heading cells), as the Jupyter project describes it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from assistant.datatypes import Extraction, Part
from assistant.errors import UnreadableFile
from assistant.ingest.extract.decode import decode
from assistant.ingest.extract.source import Source
from assistant.ingest.extract.text.headings import markdown_headings
from assistant.ingest.extract.writing import Writing

LONGEST_OUTPUT = 4000  # characters of one result; a log of thousands of lines is not what a notebook says
COLOURS = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")
PICTURE = re.compile(r"!?\[[^\]\n]{0,200}\]\((?:data|attachment):[^()\[\]\n]*\)")
UNDERLINE = re.compile(r"\s*(=+|-+)\s*$")

Json = dict[str, Any]


def read_notebook(source: Source) -> Extraction:
    """Read a notebook; the headings of its Markdown cells are its headings."""
    decoded = decode(source.data, source.suffix)
    try:
        notebook = json.loads(decoded.text)
    except ValueError as error:
        raise UnreadableFile("damaged: it is cut off or no notebook") from error
    writing = Writing()
    writing.begin(Part(0, 0))
    for cell in _cells(notebook):
        _write_cell(cell, writing)
    return writing.finish(encoding=decoded.encoding, notes=decoded.notes)


def _cells(notebook: object) -> Iterator[Json]:
    if not isinstance(notebook, dict) or not ("cells" in notebook or "worksheets" in notebook):
        raise UnreadableFile("damaged: it is no notebook")
    for sheet in [notebook, *_dicts(notebook.get("worksheets"))]:
        yield from _dicts(sheet.get("cells"))


def _write_cell(cell: Json, writing: Writing) -> None:
    kind, text = cell.get("cell_type"), _joined(cell.get("source", cell.get("input")))
    if kind == "heading":
        writing.head(text, _level(cell))
    elif kind == "markdown":
        _write_markdown(PICTURE.sub("", text), writing)
    elif text.strip():
        writing.add(text.strip("\r\n"))
    for output in _dicts(cell.get("outputs")):
        _write_output(_said(output), writing)


def _level(cell: Json) -> int:
    level = cell.get("level")
    return level if isinstance(level, int) and 1 <= level <= 6 else 1


def _write_markdown(text: str, writing: Writing) -> None:
    at = 0
    for heading in markdown_headings(text):
        _write_between(text[at : heading.char_start], writing)
        writing.head(heading.title, heading.level)
        at = _after(text, heading.char_start)
    _write_between(text[at:], writing)


def _after(text: str, start: int) -> int:
    """Return where a heading ends, the line under it taken in where that is its mark."""
    end = _end_of_line(text, start)
    below = _end_of_line(text, end)
    is_marked_below = not text[start:end].lstrip().startswith("#") and UNDERLINE.match(text[end:below])
    return below if is_marked_below else end


def _end_of_line(text: str, start: int) -> int:
    return text.find("\n", start) + 1 or len(text)


def _write_between(text: str, writing: Writing) -> None:
    if text.strip():
        writing.add(text.strip("\r\n").rstrip())


def _write_output(text: str, writing: Writing) -> None:
    text = COLOURS.sub("", text[: 2 * LONGEST_OUTPUT]).strip("\r\n").rstrip()
    if text:
        writing.add(text if len(text) <= LONGEST_OUTPUT else text[:LONGEST_OUTPUT] + " …")


def _said(output: Json) -> str:
    """Return what a result says as text, empty where it is a picture."""
    if output.get("output_type") in ("error", "pyerr"):
        return f"{output.get('ename', '')}: {output.get('evalue', '')}"
    data = output.get("data")
    if isinstance(data, dict):
        return _joined(data.get("text/markdown", data.get("text/plain")))
    return _joined(output.get("text"))


def _joined(lines: object) -> str:
    """Return text that is written as one or as a list of lines."""
    return "".join(line for line in lines if isinstance(line, str)) if isinstance(lines, list) else str(lines or "")


def _dicts(values: object) -> list[Json]:
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []
