"""Judge by the hidden state of the model that reads a prompt whether its passages answer the question, with a fitted probe.

What a model knows of an unanswerable question stands in its hidden states, even where its words do not say it (Slobodkin et al.
2023, "The Curious Case of Hallucinatory (Un)answerability"; Azaria & Mitchell 2023). `benchmarks/fit_probes.py` fits them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from assistant.models.llama.hidden_states import States

FITTED = files(__package__).joinpath("fitted")  # files NAME.npz, named by the fingerprint of the model file


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """A linear classifier over the hidden state after one layer, at the last token of the prompt.

    `weights` has the bias at its end.
    """

    layer: int
    weights: States = field(repr=False)

    def log_odds(self, state: States) -> float:
        """Return the log-odds (natural logarithm) that the passages answer the question."""
        return float(state @ self.weights[:-1] + self.weights[-1])


def load_probe(fingerprint: str) -> tuple[Probe, ...]:
    """Return the probe of a model file in a tuple of one, or an empty tuple: most models have none."""
    file = FITTED.joinpath(f"{fingerprint}.npz")
    return (read_probe(file),) if file.is_file() else ()


def read_probe(file: Traversable) -> Probe:
    """Read a probe from a file of numpy arrays: `layer` and `weights`."""
    import numpy as np

    with file.open("rb") as opened, np.load(opened, allow_pickle=False) as kept:
        return Probe(int(kept["layer"]), kept["weights"].astype(np.float32))
