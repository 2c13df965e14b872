"""A prompt in runs in; the cache brought to exactly that prompt, its reusable runs joined from what was computed before, out.

A run is computed once, right behind the prefix that all prompts share, and moved to where it stands in this prompt (Gim et al.
2023, "Prompt Cache"; Lu et al. 2024, "TurboRAG"): it does not see the runs between. The first passage stands where it was
computed, but for its number, and loses next to nothing by that; see docs/engine.md for what the others lose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.backends.llama.beginnings import Beginnings
from assistant.backends.llama.engine import Engine, common_prefix
from assistant.backends.llama.runs import Run, shared_prefix
from assistant.backends.llama.vault import Vault, name_of

SMALL = 16  # tokens: what is so short (the number of a passage) is kept in memory, and costs less than a file
MOST_SMALL = 256


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

    def prepare(self, runs: Sequence[Run], *, is_whole: bool = True) -> Prepared:
        """Bring the cache to exactly these runs; where they are the whole prompt, its last token is always computed."""
        engine = self._engine
        tokens = [token for run in runs for token in run.tokens]
        prefix = shared_prefix(runs)
        held = at_border(runs, common_prefix(engine.held, tokens[:-1] if is_whole else tokens))
        engine.keep(held)
        held = max(held, self._beginnings.hold(prefix))
        joined, at, texts = 0, 0, 0
        stale: list[tuple[int, int]] = []
        for run in runs:
            end = at + len(run.tokens)
            texts += bool(run.shelf)
            if end > held:
                movable = run.reusable and at >= len(prefix) and len(engine.held) == at and not (is_whole and end == len(tokens))
                if movable and not (run.shelf and texts <= self.policy.exact):
                    known = self._join(prefix, run)
                    fresh = self._fresh(run, texts) if at > len(prefix) else 0
                    if fresh:
                        stale = grown(stale, at, at + fresh)
                    joined += max(0, known - fresh)
                else:
                    engine.refresh(stale)
                    stale = []
                    engine.read(tokens[len(engine.held) : end])
            at = end
        engine.refresh(stale)
        return Prepared(held, joined, len(tokens) - held - joined)

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
