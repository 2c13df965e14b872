"""The pieces of an answer in, the answer on stdout as it is written out."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.cli.progress import waiting
from assistant.cli.terminal import notice, write
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
