"""Stream an answer to stdout, mark its unsupported sentences, and print notices about it on stderr."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from rich.text import Text

from assistant.cli.console import LIVE_CONSOLES, counted, notice, notices, output, write
from assistant.datatypes import Answer, Answerability, Sentence

if TYPE_CHECKING:
    from assistant.datatypes import Progress

MARKS = {"partial": "[~]", "none": "[?]"}
MEANING = {"partial": "[~] The source supports only a part of this. Check the source.",
           "none": "[?] No passage supports this. Do not rely on it."}


def stream_answer(pieces: Iterator[str], said: Callable[[], Sequence[Sentence]] = tuple) -> None:
    """Write an answer piece by piece, with a mark after each sentence of `said` that is not fully supported."""
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
    """Write the support marks of the sentences finished since the last call (terminal only); return how many are finished."""
    if output().is_terminal:
        for sentence in said[marked:]:
            if sentence.support in MARKS:
                output().print(Text(f" {MARKS[sentence.support]}", "dim yellow"), end="")
    return len(said)


def warn_unsupported(answer: Answer) -> None:
    """Warn if an answer has no sources, and explain the marks used in it."""
    if not answer.citations and not answer.abstained:
        notice("No passage supports this answer. Do not rely on it.")
        return
    for support, meaning in MEANING.items():
        if any(sentence.support == support for sentence in answer.sentences):
            notice(meaning)


def warn_masked(answer: Answer) -> None:
    """Report the text that was withheld from the model: suspected instructions and hidden comments."""
    for each in answer.masked:
        if each.sentences:
            notice(f"{each.path}: withheld {counted(each.sentences, 'sentence')} from the model that tried to override its "
                   "instructions.")
        if each.comments:
            notice(f"{each.path}: withheld {counted(each.comments, 'hidden comment')} from the model.")


def show_timings(answer: Answer) -> None:
    """Print times and token counts of an answer that a model wrote (terminal only)."""
    timings = answer.timings
    if not notices().is_terminal or timings.first_token_ms is None:
        return
    writing = timings.writing_ms / 1000
    rate = f", {timings.generated_tokens / writing:.0f} tokens/s" if timings.generated_tokens and writing > 0 else ""
    notices().print(
        f"search {timings.retrieve_ms / 1000:.1f} s, first word after {timings.first_token_ms / 1000:.1f} s; tokens: "
        f"{timings.read_tokens:,} read, {timings.reused_tokens:,} cached, "
        f"{timings.generated_tokens:,} written{rate}", style="dim", highlight=False)


def show_confidence(judged: Answerability | None) -> None:
    """Show the confidence that the files answer the question, and the signals behind it."""
    if judged is None:
        notice("No confidence was computed: there was no passage to judge.")
        return
    notice(f"Confidence that your files answer this: {1 - judged.p_unanswerable:.0%} (refused below {1 - judged.threshold:.0%}).")
    after = "" if judged.p_verified is None else f", probability that the model confirms its answer {judged.p_verified:.0%}"
    notice(f"Query-likelihood gain {judged.query_likelihood_gain:.0%}, "
           f"probability that the model refuses {judged.p_refusal_token:.0%}{after}.")


@contextmanager
def spinner(words: str) -> Iterator[None]:
    """Show a spinner with a text (terminal only)."""
    console = notices()
    if not console.is_terminal:
        yield
        return
    with console.status(Text(words, "dim"), refresh_per_second=4):  # each frame costs 1 ms of CPU time
        LIVE_CONSOLES.append(console)
        try:
            yield
        finally:
            LIVE_CONSOLES.remove(console)


@contextmanager
def part_progress() -> Iterator[Callable[[Progress], None]]:
    """Show the progress of reading whole documents, after an estimate of its time. A short one shows no bar."""
    with ExitStack() as shown:
        bars: list[Callable[[Progress], None]] = []

        def show(progress: Progress) -> None:
            if progress.stage == "estimate":
                notice(f"{progress.total} parts to read, about {progress.current}. "
                       "Ctrl-C stops; ask again to continue where it stopped.")
                return
            if not bars:
                from assistant.cli.progress import document_progress  # imported only here: few questions need it

                bars.append(shown.enter_context(document_progress()))
            bars[0](progress)

        yield show
