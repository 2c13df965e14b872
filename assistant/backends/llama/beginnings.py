"""The tokens that all prompts of a kind begin with in; they stand in the cache, read by this model once for ever, out.

What comes first in a prompt has nothing before it: what was computed of it, in whatever process, is exact.
"""

from __future__ import annotations

from collections.abc import Sequence

from assistant.backends.llama.engine import Engine, common_prefix
from assistant.backends.llama.vault import Vault, name_of

SHELF = "cache/kv/begin"
FEWEST = 24  # tokens: what is shorter is read faster than a file


class Beginnings:
    """What prompts begin with, kept on disk, for one engine."""

    def __init__(self, engine: Engine, vault: Vault | None, model: str) -> None:
        """Keep them in the vault; without one, in this process alone."""
        self._engine, self._vault, self._model = engine, vault, model

    def hold(self, beginning: Sequence[int]) -> int:
        """Let the cache begin so; return how many tokens of it needed no computing. What else was held stays where it fits."""
        engine, size = self._engine, len(beginning)
        common = common_prefix(engine.held, beginning)
        if common == size:
            return size
        if self._vault is None or size < FEWEST or not engine.can_join:
            engine.keep(common)
            engine.read(beginning[common:])
            return common
        name = name_of(self._model, (), beginning)
        engine.keep(0)
        kept = self._vault.get(SHELF, name)
        is_back = bool(kept) and engine.bring_back(kept)
        if not is_back:
            self._vault.put(SHELF, name, engine.compute_apart(0, beginning))
        engine.join(0, beginning)
        return size if is_back else 0
