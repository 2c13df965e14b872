"""Evaluations in, JSON out; and the rows of a saved one back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assistant.errors import UsageError
from assistant.evaluate.compare import Comparison
from assistant.evaluate.summary import METRICS, Evaluation, Row
from assistant.naming import expanded
from assistant.opening import read_file, write_file

LARGEST = 2**30  # bytes of a saved evaluation
HINT = "Save one with: assistant eval QUESTIONS.jsonl --out FILE.json"


def to_record(result: Evaluation | Comparison) -> dict[str, object]:
    """Return an object that JSON can hold."""
    return asdict(result)


def save(path: Path, result: Evaluation) -> None:
    """Write an evaluation as JSON. Raises UsageError where it cannot be written."""
    text = json.dumps(to_record(result), ensure_ascii=False, indent=1) + "\n"
    try:
        write_file(expanded(path), text.encode("utf-8", "replace"))
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.", "Give --out the name of a file.") from error


def read_rows(path: Path) -> tuple[Row, ...]:
    """Return the rows of a saved evaluation. Raises UsageError where it is none."""
    try:
        return tuple(parse_row(row) for row in json.loads(read_file(expanded(path), LARGEST))["rows"])
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", HINT) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(f"{path} is not a result of this command.", HINT) from error


def parse_row(record: Mapping[str, Any]) -> Row:
    """Return one row. Raises ValueError, KeyError, TypeError or AttributeError where it is none."""
    metrics = {name: float(value) for name, value in record["metrics"].items() if name in METRICS}
    if not all(math.isfinite(value) for value in metrics.values()):
        raise ValueError("a metric is not a number")
    return Row(
        str(record["id"]), str(record["question"]), str(record.get("kind", "")), str(record.get("lang", "")), metrics,
        str(record.get("error", "")), str(record.get("answer", "")), bool(record.get("abstained")),
        bool(record.get("answerable", True)), tuple(map(str, record.get("expected", ()))),
        tuple(map(str, record.get("sources", ()))),
    )  # fmt: skip
