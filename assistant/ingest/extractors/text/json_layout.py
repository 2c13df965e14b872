"""Lay out JSON with one value per line, and keep the line of the file of each value.

The layout is that of `json.dumps(..., indent=1, ensure_ascii=False)`, made from the tokens of the text: numbers and repeated
keys stay as they are in the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.datatypes import PositionLabel
from assistant.ingest.extractors.embedded_data import replace_embedded_data

STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.S)
TOKEN = re.compile(STRING.pattern + r'|[{}\[\],:]|[^\s{}\[\],:"]++', re.S)
ESCAPED = re.compile(r"\\u(?!00[0-7])[0-9a-fA-F]{4}")  # a character beyond ASCII, which a search would not find
CLOSING = {"{": "}", "[": "]"}


@dataclass(frozen=True, slots=True)
class JsonLayout:
    """JSON laid out, and a mark with the line of the file wherever that changes; no marks if both have the same lines."""

    text: str
    marks: tuple[PositionLabel, ...]


def lay_out(text: str, longest: int) -> JsonLayout | None:
    """Return valid JSON laid out, or None if it would be longer than `longest` characters. Raises ValueError if it is invalid."""
    json.loads(text)
    pieces: list[str] = []
    marks: list[PositionLabel] = []
    length, own_line, is_same = 0, 1, True
    for piece, line in _pieces(text):
        if not marks or marks[-1].line != line:
            marks.append(PositionLabel(length + len(piece) - len(piece.lstrip()), line=line))
        own_line += piece.count("\n")
        is_same = is_same and own_line == line
        pieces.append(piece)
        length += len(piece)
        if length > longest:
            return None
    return JsonLayout("".join(pieces), () if is_same else tuple(marks))


def _pieces(text: str) -> Iterator[tuple[str, int]]:
    """Yield each token with the white space before it in the layout, and its line in the file."""
    depth, line, last, before, opened = 0, 1, 0, "", ""
    for match in TOKEN.finditer(text):
        line += text.count("\n", last, match.start())
        last, token = match.start(), match[0]
        gap = f"\n{' ' * depth}" if before in ("{", "[", ",") else " " if before == ":" else ""
        if token in ("}", "]"):
            depth -= 1
            gap = "" if opened and CLOSING[opened] == token else f"\n{' ' * depth}"
        elif token in (",", ":"):
            gap = ""
        opened = token if token in CLOSING else ""
        depth += token in CLOSING
        before = token
        yield gap + (replace_embedded_data(unescape(token)) if token[0] == '"' else token), line


def unescape(token: str) -> str:
    """Return a string of JSON with its characters beyond ASCII."""
    return json.dumps(json.loads(token), ensure_ascii=False) if ESCAPED.search(token) else token
