"""Progress nouns in, a bar on stderr out; silent where stderr is no terminal."""

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
LONGEST_NAME = 60


class ChunkSpeed(ProgressColumn):
    """How many passages a second are done."""

    def render(self, task: Task) -> Text:
        """Return the speed so far."""
        chunks, seconds = int(task.fields["chunks"]), task.elapsed or 0.0
        return Text(f"{chunks / seconds:.0f} passages/s" if chunks and seconds else "", "dim")


def description() -> TextColumn:
    """Return the column that says what is going on; a file's name in it is no markup of rich."""
    return TextColumn("{task.description}", markup=False)


@contextmanager
def intake_progress() -> Iterator[OnProgress]:
    """Show how far `add` or `sync` is."""
    console = notices()
    columns = (SpinnerColumn(), description(), BarColumn(), MofNCompleteColumn(), TextColumn("files"),
               ChunkSpeed(), TimeRemainingColumn())
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Preparing", total=None, chunks=0)

        def show(progress: Progress) -> None:
            if progress.stage == "waiting":
                notice(f"Waiting: {progress.current}.")
            else:
                bar.update(task, description=described(progress), completed=progress.done, total=progress.total or None,
                           chunks=progress.chunks)

        yield show


def described(progress: Progress) -> str:
    """Return what is going on, with the name of a file that takes long."""
    stage = STAGES.get(progress.stage, progress.stage)
    name = on_one_line(progress.current.rpartition(os.sep)[2]) if ": " in progress.current else ""
    return f"{stage} {name[-LONGEST_NAME:]}" if name else stage


@contextmanager
def download_progress(name: str) -> Iterator[OnProgress]:
    """Show how far the fetching of a model is."""
    console = notices()
    columns = (description(), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    if not console.is_terminal:
        notice(f"Fetching {name}.")
    with Bar(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(name, total=None)

        def show(progress: Progress) -> None:
            if progress.stage == "wait":
                notice(f"Another program is fetching {name}; waiting for it.")
            else:
                bar.update(task, completed=progress.done, total=progress.total)

        yield show


@contextmanager
def part_bar() -> Iterator[OnProgress]:
    """Show how many parts of whole files have been read, or how many of their sentences have been compared."""
    console = notices()
    columns = (description(), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[unit]}"),
               TimeRemainingColumn())
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Reading", total=None, unit="parts")

        def show(progress: Progress) -> None:
            description, unit = ("Comparing", "sentences") if progress.stage == "comparing" else ("Reading", "parts")
            bar.update(task, description=description, unit=unit, completed=progress.done, total=progress.total or None)

        yield show


@contextmanager
def copying_progress() -> Iterator[OnProgress]:
    """Show how many bytes of a library have been copied."""
    console = notices()
    columns = (description(), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Preparing", total=None)
        yield lambda now: bar.update(task, description=now.stage.capitalize(), completed=now.done, total=now.total)


@contextmanager
def asking_progress() -> Iterator[OnProgress]:
    """Show how far a row of questions is."""
    console = notices()
    columns = (SpinnerColumn(), description(), BarColumn(), MofNCompleteColumn(), TextColumn("questions"),
               TimeRemainingColumn())
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Asking", total=None)
        yield lambda progress: bar.update(task, completed=progress.done, total=progress.total or None)
