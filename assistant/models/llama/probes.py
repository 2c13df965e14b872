"""Judge a question and an answer by the hidden state of the model that reads them: linear probes, fitted for one model file.

What a model knows of an unanswerable question stands in its hidden states, even where its words do not say it (Slobodkin et al.
2023, "The Curious Case of Hallucinatory (Un)answerability"; Azaria & Mitchell 2023). `benchmarks/fit_probes.py` fits them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    import numpy as np
    import numpy.typing as npt
    States = npt.NDArray[np.float32]


FITTED = files(__package__).joinpath("fitted")  # files NAME.npz, named by the fingerprint of the model file


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """A linear classifier over the hidden state after one layer; `weights` has the bias at its end."""

    layer: int
    weights: States = field(repr=False)

    def log_odds(self, state: States) -> float:
        """Return the log-odds (natural logarithm) of the positive class for a hidden state."""
        return float(state @ self.weights[:-1] + self.weights[-1])


@dataclass(frozen=True, slots=True)
class Probes:
    """The probes of a model: whether the passages answer the question, at the end of the prompt; whether the answer is right, at
    its own end.
    """

    answerable: Probe
    right: Probe

    @property
    def layers(self) -> tuple[int, ...]:
        """The layers whose outputs the probes read."""
        return tuple(sorted({self.answerable.layer, self.right.layer}))


def load_probes(fingerprint: str) -> tuple[Probes, ...]:
    """Return the probes of a model file in a tuple of one, or an empty tuple: most models have none."""
    file = FITTED.joinpath(f"{fingerprint}.npz")
    return (read_probes(file),) if file.is_file() else ()


def read_probes(file: Traversable) -> Probes:
    """Read the probes of a model from a file of numpy arrays: layers, and the weights of each probe."""
    import numpy as np

    with file.open("rb") as opened, np.load(opened, allow_pickle=False) as kept:
        layers = kept["layers"].tolist()
        return Probes(Probe(layers[0], kept["answerable"].astype(np.float32)), Probe(layers[1], kept["right"].astype(np.float32)))
