"""Write Markdown tables and JSON files of measurements."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

Cell = str | int | float | None


def format_cell(value: Cell) -> str:
    """Return a number with three decimals, other values as they are, a dash for what was not measured."""
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """Return a Markdown table, numbers to the right of the first column."""
    rule = ["---", *["---:"] * (len(header) - 1)]
    lines = [header, rule, *([format_cell(value) for value in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Write the content as readable JSON; the folder is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
