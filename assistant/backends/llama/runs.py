"""The runs of tokens that a prompt consists of: what must be computed in its place, and what may be joined from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Run:
    """Tokens that are read together. `reusable`: what is computed of them behind the shared prefix may serve other prompts.

    `shelf`: where that may be kept on disk; empty: nowhere. `by_person`: they are part of what the person says, not the program.
    """

    tokens: tuple[int, ...]
    reusable: bool = False
    shelf: str = ""
    by_person: bool = False


def shared_prefix(runs: Sequence[Run]) -> tuple[int, ...]:
    """Return the tokens before the first word of the person: the same for every question, whatever was said before."""
    prefix: list[int] = []
    for run in runs:
        if run.by_person:
            break
        prefix += run.tokens
    return tuple(prefix)


def first_of(runs: Sequence[Run], count: int) -> list[Run]:
    """Return the first so many tokens of runs; a part of a run serves no other prompt."""
    first: list[Run] = []
    for run in runs:
        if len(run.tokens) > count:
            return [*first, replace(run, tokens=run.tokens[:count], reusable=False, shelf="")] if count else first
        first.append(run)
        count -= len(run.tokens)
    return first
