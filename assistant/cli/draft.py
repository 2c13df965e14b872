"""Drafts questions about the person's own files for `assistant eval`, one JSON line each, for the person to correct."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import typer
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from assistant.cli.boundary import INTERRUPTED
from assistant.cli.terminal import counted, notice, notices, on_one_line
from assistant.cli.to_json import escaped
from assistant.config import Settings
from assistant.datatypes import Hit
from assistant.errors import UsageError
from assistant.evaluate.draft import Desk, Draft, make, read_drafted, spread, to_line
from assistant.naming import expanded
from assistant.opening import open_to_append
from assistant.pipeline import Assistant

AT_ONCE = 50  # passages that are read from the library together


def draft_questions(settings: Settings, count: int, out: Path | None) -> None:
    """Write up to `count` questions to a file, going on where it ends, or to stdout; Ctrl-C keeps what was written."""
    done = read_drafted(out) if out is not None else frozenset()
    if len(done) >= count:
        notice(on_one_line(f"{out} has {counted(len(done), 'question')} already."))
        return
    with Assistant(settings) as assistant, lines_to(out) as file:
        desk = Desk(assistant.draft_question, lambda question: assistant.search(question).hits, done)
        written = write_all(assistant, make(passages(assistant), count - len(done), desk), count - len(done), file)
    total = len(done) + written
    place = f" in {out}" if out else ""
    notice(on_one_line(f"Drafted {counted(total, 'question')}{place}. Correct them, then: assistant eval FILE"))
    if total < count:
        notice("The files hold no more facts that a question could be asked for by rule.")


def write_all(assistant: Assistant, drafts: Iterator[Draft], count: int, file: IO[str] | None) -> int:
    """Write each draft as it is made; return how many."""
    paths = [entry.path for entry in assistant.ledger()]
    console, written = notices(), 0
    columns = (SpinnerColumn(), TextColumn("Drafting"), BarColumn(), MofNCompleteColumn(), TextColumn("questions"),
               TimeElapsedColumn())
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=count)
        try:
            for draft in drafts:
                print(escaped(to_line(draft, paths)), file=file, flush=True)
                written += 1
                bar.advance(task)
        except KeyboardInterrupt as stopped:
            notice(f"Stopped after {counted(written, 'question')}; run the same command to go on.")
            raise typer.Exit(INTERRUPTED) from stopped
    return written


def passages(assistant: Assistant) -> Iterator[Hit]:
    """Yield the passages of the library, formats and files in turns."""
    numbers = spread(assistant.passage_places())
    for start in range(0, len(numbers), AT_ONCE):
        yield from assistant.passages(numbers[start : start + AT_ONCE])


@contextmanager
def lines_to(out: Path | None) -> Iterator[IO[str] | None]:
    """Open a file to add lines to; nothing stands for stdout. Raises UsageError where it cannot be written."""
    if out is None:
        yield None
        return
    try:
        file = open_to_append(expanded(out))
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}.", "Give --out the name of a file.") from error
    with file:
        yield file
