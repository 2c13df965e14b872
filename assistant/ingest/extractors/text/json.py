"""Read JSON, JSON lines, and the notes and notebooks that are stored as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from assistant.datatypes import Extraction, Shape
from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import LINE, MAX_CHARACTERS, PARAGRAPH, ExtractionBuilder, Source
from assistant.ingest.extractors.embedded_data import replace_embedded_data
from assistant.ingest.extractors.encoding import decode
from assistant.ingest.extractors.text.json_layout import ESCAPED, STRING, lay_out, unescape
from assistant.ingest.extractors.text.plain import decode_text, markdown_headings, single_part

LONG_LINE = 1000
ANY_LINE = re.compile(r"[^\r\n]+")
ITEMS = frozenset({"list_item", "listItem", "check_list_item", "task_item", "taskItem"})
INLINE = frozenset({"text", "hard_break", "hardBreak", "mention", "emoji", "link"})
Json = dict[str, Any]
LONGEST_OUTPUT = 4000  # characters per cell output; longer ones are logs and are cut off
COLOURS = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")
PICTURE = re.compile(r"!?\[[^\]\n]{0,200}\]\((?:data|attachment):[^()\[\]\n]*\)")
UNDERLINE = re.compile(r"\s*(=+|-+)\s*$")


def read_json(source: Source) -> Extraction:
    """Read JSON; it is reformatted if it has long lines or escaped characters. Its lines remain those of the file."""
    decoded = decode(source.data, source.suffix)
    is_long = any(match.end() - match.start() > LONG_LINE for match in ANY_LINE.finditer(decoded.text))
    if is_long or ESCAPED.search(decoded.text):
        with suppress(ValueError, RecursionError):
            if laid_out := lay_out(decoded.text, MAX_CHARACTERS):
                extraction = single_part(replace(decoded, text=laid_out.text), (), source.name, Shape.CODE)
                return replace(extraction, marks=laid_out.marks)
    return single_part(replace(decoded, text=replace_embedded_data(decoded.text)), (), source.name, Shape.CODE)


def read_json_lines(source: Source) -> Extraction:
    """Read JSON lines, one record per line, with its characters unescaped."""
    decoded = decode_text(source)
    if ESCAPED.search(decoded.text):
        lines = "\n".join(map(_unescape_line, decoded.text.split("\n")))
        decoded = replace(decoded, text=lines)
    return single_part(decoded, (), source.name, Shape.CODE)


def read_note(source: Source) -> Extraction:
    """Read a Box Note: a ProseMirror document or, in old ones, a single text."""
    decoded = decode(source.data, source.suffix)
    note, builder = _parse(decoded.text, "note"), ExtractionBuilder()
    old = note.get("atext") if isinstance(note, dict) else None
    if isinstance(old, dict):
        builder.add(str(old.get("text", "")))
    else:
        _write_node(note, builder)
    return builder.finish(encoding=decoded.encoding, notes=decoded.notes)


def read_notebook(source: Source) -> Extraction:
    """Read a Jupyter notebook; the headings are those of its Markdown cells."""
    decoded = decode(source.data, source.suffix)
    builder = ExtractionBuilder()
    for cell in _cells(_parse(decoded.text, "notebook")):
        _write_cell(cell, builder)
    return builder.finish(encoding=decoded.encoding, notes=decoded.notes)


def _unescape_line(line: str) -> str:
    """Return a record with its characters unescaped, else as it is in the file; a line that is no JSON stays as it is."""
    if not ESCAPED.search(line):
        return line
    with suppress(ValueError, RecursionError):
        json.loads(line)
        return STRING.sub(lambda match: unescape(match[0]), line)
    return line


def _parse(text: str, kind: str) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return json.loads(text)
    except ValueError as error:
        raise UnreadableFile(f"damaged: it is cut off or no {kind}") from error


def _write_node(node: object, builder: ExtractionBuilder, mark: str = "") -> None:
    """Write the blocks of a node; `mark` is the list mark if it is the first block of a list item."""
    if isinstance(node, list) or (isinstance(node, dict) and not isinstance(node.get("type"), str)):
        for child in node if isinstance(node, list) else node.values():
            if isinstance(child, (dict, list)):
                _write_node(child, builder)
        return
    if not isinstance(node, dict):
        return
    children, kind = _children(node), node["type"]
    if kind == "table":
        builder.add_table([[_text(cell) for cell in _children(row)] for row in children])
    elif kind == "heading":
        builder.add_heading(_text(node), _level(node.get("attrs")))
    elif children and all(child.get("type") in INLINE for child in children):
        if text := _text(node).strip():
            builder.add(mark + text, LINE if mark else PARAGRAPH)
    else:
        for number, child in enumerate(children):
            _write_node(child, builder, mark if number == 0 and kind in ITEMS else "- " if child.get("type") in ITEMS else "")


def _level(attributes: object) -> int:
    """Return the heading level in attributes of a node or cell, 1 by default."""
    level = attributes.get("level") if isinstance(attributes, dict) else None
    return level if isinstance(level, int) and 1 <= level <= 6 else 1


def _children(node: Json) -> list[Json]:
    content = node.get("content")
    return [child for child in content if isinstance(child, dict)] if isinstance(content, list) else []


def _text(node: Json) -> str:
    return "".join(_pieces(node))


def _pieces(node: Json) -> Iterator[str]:
    if isinstance(node.get("text"), str):
        yield node["text"]
    elif node.get("type") in ("hard_break", "hardBreak"):
        yield "\n"
    for number, child in enumerate(_children(node)):
        if number and child.get("type") not in INLINE:
            yield " "
        yield from _pieces(child)


def _cells(notebook: object) -> Iterator[Json]:
    if not isinstance(notebook, dict) or not ("cells" in notebook or "worksheets" in notebook):
        raise UnreadableFile("damaged: it is no notebook")
    for sheet in [notebook, *_dicts(notebook.get("worksheets"))]:
        yield from _dicts(sheet.get("cells"))


def _write_cell(cell: Json, builder: ExtractionBuilder) -> None:
    kind, text = cell.get("cell_type"), _joined(cell.get("source", cell.get("input")))
    if kind == "heading":
        builder.add_heading(text, _level(cell))
    elif kind == "markdown":
        _write_markdown(PICTURE.sub("", text), builder)
    elif text.strip():
        builder.add(text.strip("\r\n"))
    for output in _dicts(cell.get("outputs")):
        shown = COLOURS.sub("", _output_text(output)[: 2 * LONGEST_OUTPUT]).strip("\r\n").rstrip()
        builder.add(shown if len(shown) <= LONGEST_OUTPUT else shown[:LONGEST_OUTPUT] + " …")


def _write_markdown(text: str, builder: ExtractionBuilder) -> None:
    at = 0
    for heading in markdown_headings(text):
        builder.add(text[at : heading.char_start].strip("\r\n").rstrip())
        builder.add_heading(heading.title, heading.level)
        at = _heading_end(text, heading.char_start)
    builder.add(text[at:].strip("\r\n").rstrip())


def _heading_end(text: str, start: int) -> int:
    """Return the end of a heading, including its underline."""
    end = text.find("\n", start) + 1 or len(text)
    below = text.find("\n", end) + 1 or len(text)
    has_underline = not text[start:end].lstrip().startswith("#") and UNDERLINE.match(text[end:below])
    return below if has_underline else end


def _output_text(output: Json) -> str:
    """Return the text of a cell output, or an empty string for an image."""
    if output.get("output_type") in ("error", "pyerr"):
        return f"{output.get('ename', '')}: {output.get('evalue', '')}"
    data = output.get("data")
    if isinstance(data, dict):
        return _joined(data.get("text/markdown", data.get("text/plain")))
    return _joined(output.get("text"))


def _joined(lines: object) -> str:
    """Return text that is stored as a string or as a list of lines."""
    return "".join(line for line in lines if isinstance(line, str)) if isinstance(lines, list) else str(lines or "")


def _dicts(values: object) -> list[Json]:
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []
