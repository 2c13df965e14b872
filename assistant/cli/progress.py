"""Progress bars on stderr. Without a terminal they show nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress import Progress as Bar
from rich.text import Text

from assistant.cli.console import notice, notices, on_one_line
from assistant.datatypes import Progress

OnProgress = Callable[[Progress], None]
STAGES = {"looking": "Looking", "reading": "Reading", "embedding": "Embedding", "keeping": "Embedding"}
BYTES = (BarColumn, DownloadColumn, TransferSpeedColumn, TimeRemainingColumn)
LONGEST_NAME = 60


class ChunkSpeed(ProgressColumn):
    """Column with the number of chunks per second."""

    def render(self, task: Task) -> Text:
        """Return the speed so far."""
        chunks, seconds = int(task.fields["chunks"]), task.elapsed or 0.0
        return Text(f"{chunks / seconds:.0f} passages/s" if chunks and seconds else "", "dim")


@contextmanager
def progress(label: str, *columns: ProgressColumn, transient: bool = True) -> Iterator[Callable[..., None]]:
    """Show a bar with a label and columns; yield a function that updates it, with the fields of rich's `Progress.update`."""
    console = notices()
    # file names in a label are not rich markup
    with Bar(TextColumn("{task.description}", markup=False), *columns, console=console, transient=transient,
             disable=not console.is_terminal) as bar:
        task = bar.add_task(label, total=None, chunks=0, unit="parts")
        yield lambda **fields: bar.update(task, **fields)


@contextmanager
def counting_progress(label: str, unit: str) -> Iterator[OnProgress]:
    """Show how many of several things are done."""
    columns = (SpinnerColumn(), BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeRemainingColumn())
    with progress(label, *columns) as update:
        yield lambda now: update(completed=now.done, total=now.total or None)


@contextmanager
def intake_progress() -> Iterator[OnProgress]:
    """Show the progress of `add` or `sync`."""
    columns = (SpinnerColumn(), BarColumn(), MofNCompleteColumn(), TextColumn("files"), ChunkSpeed(), TimeRemainingColumn())
    with progress("Preparing", *columns) as update:

        def show(now: Progress) -> None:
            if now.stage == "waiting":
                notice(f"Waiting: {now.current}.")
            else:
                update(description=stage_text(now), completed=now.done, total=now.total or None, chunks=now.chunks)

        yield show


def stage_text(now: Progress) -> str:
    """Return the stage, with the name of a file that takes long."""
    stage = STAGES.get(now.stage, now.stage)
    name = on_one_line(now.current.rpartition(os.sep)[2]) if ": " in now.current else ""
    return f"{stage} {name[-LONGEST_NAME:]}" if name else stage


@contextmanager
def download_progress(name: str) -> Iterator[OnProgress]:
    """Show the progress of downloading a model."""
    if not notices().is_terminal:
        notice(f"Downloading {name}.")
    with progress(name, *(column() for column in BYTES), transient=False) as update:

        def show(now: Progress) -> None:
            if now.stage == "wait":
                notice(f"Another program is downloading {name}; waiting for it.")
            else:
                update(completed=now.done, total=now.total)

        yield show


@contextmanager
def copying_progress() -> Iterator[OnProgress]:
    """Show how many bytes of a library are copied."""
    with progress("Preparing", *(column() for column in BYTES)) as update:
        yield lambda now: update(description=now.stage.capitalize(), completed=now.done, total=now.total)


@contextmanager
def document_progress() -> Iterator[OnProgress]:
    """Show how many parts of whole documents are read, or how many of their sentences are compared."""
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[unit]}"), TimeRemainingColumn())
    with progress("Reading", *columns) as update:

        def show(now: Progress) -> None:
            label, unit = ("Comparing", "sentences") if now.stage == "comparing" else ("Reading", "parts")
            update(description=label, unit=unit, completed=now.done, total=now.total or None)

        yield show
