"""A sign of life on stderr while a question waits; silent where that is no terminal, and no bar is loaded before there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from rich.text import Text

from assistant.cli.terminal import LIVE, notice, notices

if TYPE_CHECKING:
    from assistant.datatypes import Progress


@contextmanager
def waiting(words: str) -> Iterator[None]:
    """Show that something is going on."""
    console = notices()
    if not console.is_terminal:
        yield
        return
    with console.status(Text(words, "dim"), refresh_per_second=4):  # each turn costs a millisecond of a core that computes
        LIVE.append(console)
        try:
            yield
        finally:
            LIVE.remove(console)


@contextmanager
def part_progress() -> Iterator[Callable[[Progress], None]]:
    """Show how far the reading of whole files is, and say beforehand how long it takes; nothing where it is short."""
    with ExitStack() as shown:
        bars: list[Callable[[Progress], None]] = []

        def show(progress: Progress) -> None:
            if progress.stage == "estimate":
                notice(f"{progress.total} parts to read, about {progress.current}. "
                       "Ctrl-C stops; what is done is kept: ask again to go on.")
                return
            if not bars:
                from assistant.cli.progress import part_bar  # few questions are about whole files

                bars.append(shown.enter_context(part_bar()))
            bars[0](progress)

        yield show
