"""A prompt in runs in; the cache brought to exactly that prompt, its reusable runs joined from what was computed before, out.

A run is computed once, right behind the prefix that all prompts share, and moved to where it stands in this prompt (Gim et al.
2023, "Prompt Cache"; Lu et al. 2024, "TurboRAG"): it does not see the runs between. The first passage stands where it was
computed, but for its number, and loses next to nothing by that; see docs/engine.md for what the others lose.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from assistant.models.llama.chat_template import Run, shared_prefix
from assistant.models.llama.engine import Engine, common_prefix
from assistant.models.llama.kv_cache import Beginnings, Vault, name_of

SMALL = 16  # tokens: what is so short (the number of a passage) is kept in memory, and costs less than a file
MOST_SMALL = 256
NOWHERE = sys.maxsize


class Placed(NamedTuple):
    """A run, its first place in the prompt, and how many texts there are up to it."""

    run: Run
    at: int
    texts: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """Of a prompt's tokens: how many stood in the cache as they were, how many were joined, how many were computed."""

    held: int
    joined: int
    computed: int


@dataclass(frozen=True, slots=True)
class Policy:
    """How much of what could be joined is computed in its place all the same.

    `exact`: so many texts from the first on. `fresh`: so many tokens at the beginning of each other text but the first (Hu et al.
    2024, "EPIC": the beginning of a text takes more attention than its words deserve where it once was the beginning of all);
    all of them in one step of the computation. `numbers`: so is what parts the texts.
    """

    exact: int = 0
    fresh: int = 0
    numbers: bool = False


class Joiner:
    """Joins prompts for one engine."""

    def __init__(self, engine: Engine, vault: Vault, model: str, beginnings: Beginnings, policy: Policy = Policy()) -> None:
        self._engine, self._vault, self._model, self._beginnings = engine, vault, model, beginnings
        self.policy = policy
        self._small: dict[str, bytes] = {}
        self._joined_from = NOWHERE  # the first place held that was computed in another

    def prepare(self, runs: Sequence[Run], *, is_whole: bool = True) -> Prepared:
        """Bring the cache to exactly these runs; where they are the whole prompt, its last token is always computed.

        Where less than half of what is not held was computed before, nothing is joined: what is read in full is not read again.
        """
        engine = self._engine
        tokens = [token for run in runs for token in run.tokens]
        prefix = shared_prefix(runs)
        held = at_border(runs, common_prefix(engine.held, tokens[:-1] if is_whole else tokens))
        engine.keep(held)
        held = max(held, self._beginnings.hold(prefix))
        if len(engine.held) <= self._joined_from:
            self._joined_from = NOWHERE
        movable = self._movable(runs, prefix, is_whole=is_whole)
        if 2 * self._unknown(movable, prefix) > len(tokens) - held:
            movable = []
        joined = self._place(tokens, movable, prefix)
        return Prepared(held, joined, len(tokens) - held - joined)

    def _movable(self, runs: Sequence[Run], prefix: Sequence[int], *, is_whole: bool) -> list[Placed]:
        """Return the runs that can be joined: those behind what is held, each with its place."""
        held, total = len(self._engine.held), sum(len(run.tokens) for run in runs)
        found: list[Placed] = []
        at = texts = 0
        for run in runs:
            end = at + len(run.tokens)
            texts += bool(run.shelf)
            is_kept_out = (is_whole and end == total) or (bool(run.shelf) and texts <= self.policy.exact)
            if run.reusable and at >= max(held, len(prefix)) and not is_kept_out:
                found.append(Placed(run, at, texts))
            at = end
        return found

    def _unknown(self, movable: Sequence[Placed], prefix: Sequence[int]) -> int:
        """Return how many tokens of passages were not computed before."""
        return sum(len(run.tokens) for run, _, _ in movable
                   if run.shelf and not self._vault.has(run.shelf, name_of(self._model, prefix, run.tokens)))

    def _place(self, tokens: Sequence[int], movable: Sequence[Placed], prefix: Sequence[int]) -> int:
        """Bring the tokens behind those held, some runs of them by joining; return how many needed no computing."""
        engine, joined = self._engine, 0
        stale: list[tuple[int, int]] = []
        for run, at, texts in movable:
            if at > len(engine.held):
                engine.refresh(stale)
                stale = []
                engine.read(tokens[len(engine.held) : at])
            known = self._join(prefix, run)
            fresh = self._fresh(run, texts) if at > len(prefix) else 0
            if fresh:
                stale = grown(stale, at, at + fresh)
            if at > len(prefix):
                self._joined_from = min(self._joined_from, at)
            joined += max(0, known - fresh)
        engine.refresh(stale)
        engine.read(tokens[len(engine.held) :])
        return joined

    @property
    def is_exact(self) -> bool:
        """Whether all that is held was computed in its place."""
        return self._joined_from >= len(self._engine.held)

    def read_in_full(self, prefix: Sequence[int], tokens: Sequence[int]) -> int:
        """Bring the cache to exactly these tokens, all behind the prefix computed in its place; return how many were held."""
        self._engine.keep(common_prefix(self._engine.held, prefix))
        self._joined_from = NOWHERE
        return self._engine.prefill(tokens)

    def _fresh(self, run: Run, texts: int) -> int:
        """Return how many of a run's first tokens are computed in their place."""
        if not run.shelf:
            return len(run.tokens) * self.policy.numbers
        return min(self.policy.fresh, len(run.tokens)) if texts > 1 else 0

    def _join(self, prefix: Sequence[int], run: Run) -> int:
        """Bring a run behind what is held; return how many of its tokens needed no computing."""
        engine = self._engine
        name = name_of(self._model, prefix, run.tokens)
        kept = self._find(run, name)
        is_back = bool(kept) and engine.bring_back(kept)
        if not is_back:
            self._keep(run, name, engine.compute_apart(len(prefix), run.tokens))
        engine.join(len(prefix), run.tokens)
        return len(run.tokens) if is_back else 0

    def make_ready(self, runs: Sequence[Run]) -> int:
        """Compute the runs that may be kept and are not yet, and keep them; return how many tokens those had.

        What is held stays, but for the end of it where there is no room. Raises KeyboardInterrupt where it is interrupted.
        """
        prefix, computed = shared_prefix(runs), 0
        for run in runs:
            name = name_of(self._model, prefix, run.tokens)
            if not run.shelf or self._vault.has(run.shelf, name):
                continue
            self._beginnings.hold(prefix)
            self._engine.make_room(len(self._engine.held) + len(run.tokens))
            if len(self._engine.held) + len(run.tokens) > self._engine.context_tokens:
                self._engine.keep(len(prefix))
            self._vault.put(run.shelf, name, self._engine.compute_apart(len(prefix), run.tokens))
            self._engine.drop_apart()
            computed += len(run.tokens)
        return computed

    def forget(self) -> None:
        """Forget all that is held: what was joined must not serve a prompt that is to be read in full."""
        self._engine.keep(0)
        self._joined_from = NOWHERE

    @property
    def kept_bytes(self) -> int:
        """How much of what was computed is kept on disk."""
        return self._vault.size

    def _find(self, run: Run, name: str) -> bytes:
        return self._small.get(name, b"") or (self._vault.get(run.shelf, name) if run.shelf else b"")

    def _keep(self, run: Run, name: str, kept: bytes) -> None:
        if run.shelf:
            self._vault.put(run.shelf, name, kept)
        elif len(run.tokens) <= SMALL:
            if len(self._small) >= MOST_SMALL:
                self._small.clear()
            self._small[name] = kept


def grown(spans: list[tuple[int, int]], start: int, end: int) -> list[tuple[int, int]]:
    """Return the spans with another one behind them, which continues the last one where it begins at its end."""
    if spans and spans[-1][1] == start:
        return [*spans[:-1], (spans[-1][0], end)]
    return [*spans, (start, end)]


def at_border(runs: Sequence[Run], held: int) -> int:
    """Return how much of what is held is of use: two passages that begin with the same word have no more in common."""
    at = 0
    for run in runs:
        end = at + len(run.tokens)
        if at < held < end:
            return at if run.reusable else held
        at = end
    return held
