"""Fitted constants that estimate, for one chat model, whether the passages answer a question.

They were fitted to the hidden states or likelihoods of one model file and mean nothing for another. A chat model carries those
that are shipped for it as its `gate`; a library keeps those that `assistant calibrate` fitted, by the fingerprint of the model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Vector: TypeAlias = "npt.NDArray[np.float32]"  # a string, so that numpy is imported only where it is used


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """A linear classifier over the hidden state after one layer, at the last token of the prompt.

    `weights` has the bias at its end.
    """

    layer: int
    weights: Vector = field(repr=False)

    def log_odds(self, state: Vector) -> float:
        """Return the log-odds (natural logarithm) that the passages answer the question."""
        return float(state @ self.weights[:-1] + self.weights[-1])


@dataclass(frozen=True, slots=True, eq=False)
class ProbeGate:
    """The constants of an estimate from a probe, combined by log-odds: `intercept`, minus the probe, minus the weighted gain.

    least: log-odds that the best passage answers the question, from which an answer from it alone is accepted
    certain: the same, from which such an answer is shown once its first sentence has full support
    undoubted: the same, from which its words are shown as they come
    gain: weight of the query-likelihood gain; 0 if it is not measured
    cross_language: added for a question in another language than its best chunk, once all passages are read
    chinese: added for a Chinese question, once all passages are read
    unsupported: added if the finished answer lacks full support
    margin: distance of the log-odds from the threshold from which the estimate before the answer decides
    waits_for_support: whether an answer is shown only from its first supported sentence on, whatever the estimate
    """

    probe: Probe
    least: float
    certain: float = math.inf
    undoubted: float = math.inf
    intercept: float = 0.0
    gain: float = 0.0
    cross_language: float = 0.0
    chinese: float = 0.0
    unsupported: float = 0.0
    margin: float = 0.0
    waits_for_support: bool = False

    @property
    def measures_gain(self) -> bool:
        """Whether the estimate needs the query-likelihood gain."""
        return bool(self.gain)


@dataclass(frozen=True, slots=True)
class LikelihoodWeights:
    """Weights of a logistic regression: intercept, addition for a Chinese question, and one weight for each signal."""

    intercept: float
    chinese: float
    query_likelihood_gain: float
    p_verified: float = 0.0


@dataclass(frozen=True, slots=True)
class LikelihoodGate:
    """The constants of an estimate without a probe, from the query-likelihood gain and the model's own verification.

    before, after: weights before the answer, and with its verification
    supported: added if the finished answer has full support
    certain_gain: query-likelihood gain from which an answer from the best passage is shown once its first sentence has support
    The others are as in ProbeGate.
    """

    before: LikelihoodWeights
    after: LikelihoodWeights
    supported: float
    cross_language: float
    margin: float
    certain_gain: float
    waits_for_support: bool = False

    @property
    def measures_gain(self) -> bool:
        """Whether the estimate needs the query-likelihood gain: always."""
        return True


Gate: TypeAlias = ProbeGate | LikelihoodGate
