"""Read questions from a JSON Lines file and print one JSON line per result."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import typer

from assistant.cli.console import say_error
from assistant.cli.json_output import Json, print_json
from assistant.errors import ContextOverflow, UsageError
from assistant.system.paths import expand_user, read_file

LARGEST = 2**28  # bytes of a file of questions
HINT = 'Each line must look like this: {"id": "1", "question": "When does the lease end?"}'


@dataclass(frozen=True, slots=True)
class BatchQuestion:
    """One line of the file. `identity` is {"id": ...} if the line has an id, else empty."""

    line: int
    question: str
    identity: Json


def read_batch(file: str) -> tuple[BatchQuestion, ...]:
    """Return all questions of a file, `-` for stdin. Raises UsageError with the line number for an invalid line."""
    return tuple(
        parse_question(number, line) for number, line in enumerate(read_bytes(file).splitlines(), 1) if line.strip()
    )


def read_bytes(file: str) -> bytes:
    """Return the bytes of a file, or of stdin for `-`. Raises UsageError if it cannot be read."""
    try:
        content = sys.stdin.buffer.read() if file == "-" else read_file(expand_user(Path(file)), LARGEST)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.", HINT) from error
    return content.removeprefix(b"\xef\xbb\xbf")


def parse_question(number: int, line: bytes) -> BatchQuestion:
    """Parse one line. Raises UsageError if it holds no question."""
    try:
        entry = json.loads(line.decode("utf-8"))
        question = entry["question"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(f"Line {number} of the batch is not a JSON object with a question.", HINT) from error
    if not isinstance(question, str) or not question.strip():
        raise UsageError(f"Line {number} of the batch has no question.", HINT)
    return BatchQuestion(number, question, {"id": entry["id"]} if "id" in entry else {})


def run_batch(file: str, answer: Callable[[str], Json]) -> None:
    """Print the result of each question of a file; exit with code 1 if one has none.

    A question that does not fit the model gets a line with an `error`; the others continue.
    """
    has_failed = False
    for asked in read_batch(file):
        try:
            result = answer(asked.question)
        except (ContextOverflow, UsageError) as error:
            say_error(f"Line {asked.line}: {error}")
            result, has_failed = {"question": asked.question, "error": str(error)}, True
        print_json({**asked.identity, **result})
    if has_failed:
        raise typer.Exit(1)
