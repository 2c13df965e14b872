"""The pieces of an answer in, the answer on stdout as it is written out."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.cli.progress import waiting
from assistant.cli.terminal import notice, notices, write
from assistant.datatypes import Answer


def speak(pieces: Iterator[str]) -> None:
    """Write an answer piece by piece. Ctrl-C leaves what there is."""
    with waiting("Reading"):
        first = next(pieces, "")
    try:
        write(first)
        for piece in pieces:
            write(piece)
    finally:
        write("\n")


def warn_unsupported(answer: Answer) -> None:
    """Say so where an answer has nothing to show for itself."""
    if not answer.citations and not answer.abstained:
        notice("No passage bears this answer out: do not rely on it.")


def say_timings(answer: Answer) -> None:
    """Say in a terminal how long what took: one dim line below an answer that a model wrote."""
    timings = answer.timings
    if not notices().is_terminal or timings.first_token_ms is None:
        return
    writing = (timings.total_ms - timings.first_token_ms) / 1000
    rate = f", {timings.generated_tokens / writing:.0f} tokens/s" if timings.generated_tokens and writing > 0 else ""
    notices().print(
        f"evidence after {timings.retrieve_ms / 1000:.1f} s, first word after {timings.first_token_ms / 1000:.1f} s; tokens: "
        f"{timings.prompt_tokens - timings.reused_tokens:,} read, {timings.reused_tokens:,} reused, "
        f"{timings.generated_tokens:,} written{rate}", style="dim", highlight=False)
