"""The pieces of an answer in, the answer on stdout as it is written out, marked where its sources do not bear it out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from rich.text import Text

from assistant.cli.console import LIVE_CONSOLES, counted, notice, notices, output, write
from assistant.datatypes import Answer, Doubt, Sentence

if TYPE_CHECKING:
    from assistant.datatypes import Progress

MARKS = {"partial": "[~]", "none": "[?]"}
MEANING = {"partial": "[~] only a part of this stands in its source: look it up.",
           "none": "[?] no passage bears this out: do not rely on it."}


def stream_answer(pieces: Iterator[str], said: Callable[[], Sequence[Sentence]] = tuple) -> None:
    """Write an answer piece by piece, and a mark behind a doubtful one of the sentences `said`. Ctrl-C leaves what there is."""
    with spinner("Reading"):
        first = next(pieces, "")
    marked = 0
    try:
        write(first)
        for piece in pieces:
            marked = write_marks(said(), marked)
            write(piece)
        write_marks(said(), marked)
    finally:
        write("\n")


def write_marks(said: Sequence[Sentence], marked: int) -> int:
    """Write the marks of the sentences that are over and have none yet, on a terminal only; return how many are over."""
    if output().is_terminal:
        for sentence in said[marked:]:
            if sentence.support in MARKS:
                output().print(Text(f" {MARKS[sentence.support]}", "dim yellow"), end="")
    return len(said)


def warn_unsupported(answer: Answer) -> None:
    """Say so where an answer has nothing to show for itself, or only a part of it has."""
    if not answer.citations and not answer.abstained:
        notice("No passage bears this answer out: do not rely on it.")
        return
    for support, meaning in MEANING.items():
        if any(sentence.support == support for sentence in answer.sentences):
            notice(meaning)


def warn_masked(answer: Answer) -> None:
    """Say of which files the model was not shown everything."""
    for each in answer.masked:
        if each.sentences:
            notice(f"{each.path}: the model was not shown {counted(each.sentences, 'sentence')} that would set its orders aside.")
        if each.comments:
            notice(f"{each.path}: the model was not shown {counted(each.comments, 'comment')} that no reader of the file sees.")


def show_timings(answer: Answer) -> None:
    """Say in a terminal how long what took: one dim line below an answer that a model wrote."""
    timings = answer.timings
    if not notices().is_terminal or timings.first_token_ms is None:
        return
    writing = timings.writing_ms / 1000
    rate = f", {timings.generated_tokens / writing:.0f} tokens/s" if timings.generated_tokens and writing > 0 else ""
    notices().print(
        f"evidence after {timings.retrieve_ms / 1000:.1f} s, first word after {timings.first_token_ms / 1000:.1f} s; tokens: "
        f"{timings.read_tokens:,} read, {timings.reused_tokens:,} reused, "
        f"{timings.generated_tokens:,} written{rate}", style="dim", highlight=False)


def show_confidence(doubt: Doubt | None) -> None:
    """Say how doubtful an answer is, and what the model gave away of it."""
    if doubt is None:
        notice("No doubt was measured: there was no passage to ask the model about.")
        return
    after = "" if doubt.after is None else f"; it stands by its answer {doubt.after:.0%}"
    notice(f"Doubt {doubt.share:.0%}, allowed {doubt.most:.0%}. The passages foretell {doubt.foretold:.0%} of the question; "
           f"the model would refuse {doubt.unstated:.0%}{after}.")


@contextmanager
def spinner(words: str) -> Iterator[None]:
    """Show that something is going on."""
    console = notices()
    if not console.is_terminal:
        yield
        return
    with console.status(Text(words, "dim"), refresh_per_second=4):  # each turn costs a millisecond of a core that computes
        LIVE_CONSOLES.append(console)
        try:
            yield
        finally:
            LIVE_CONSOLES.remove(console)


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
