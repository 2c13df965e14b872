"""The constants that are shipped to estimate answerability, each found by the fingerprint of the model file it was fitted to.

What a model knows of an unanswerable question stands in its hidden states, even where its words do not say it (Slobodkin et al.
2023, "The Curious Case of Hallucinatory (Un)answerability"; Azaria & Mitchell 2023). `benchmarks/fit_probes.py` fits the probes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from assistant.datatypes import Gate, LikelihoodGate, LikelihoodWeights, Probe, ProbeGate

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

FITTED = files(__package__).joinpath("fitted")  # files NAME.npz, named by the fingerprint of the model file


@dataclass(frozen=True, slots=True)
class ShippedConstants:
    """What is fitted to one model beside the weights of its probe."""

    intercept: float
    gain: float
    least: float
    certain: float
    undoubted: float
    cross_language: float
    chinese: float
    unsupported: float
    margin: float
    without_probe: LikelihoodGate

    def with_probe(self, probe: Probe) -> ProbeGate:
        """Return the gate with the model's probe."""
        return ProbeGate(probe, self.least, self.certain, self.undoubted, self.intercept, self.gain, self.cross_language,
                         self.chinese, self.unsupported, self.margin)


# Chunks in another language have a lower query-likelihood gain (mean .25 on 16 answerable questions of XQuAD; .5 to .65 in the
# same language): without this offset most such questions are refused.
QWEN_CROSS_LANGUAGE = -1.0
# At this distance of the log-odds from the threshold the answer is not verified and is streamed at once. On the fitted half this
# holds for 5 in 10 answerable questions; verifying all answers refuses 7 of 19 of "rgb reject" instead of 5.
QWEN_MARGIN = 0.9
QWEN = ShippedConstants(
    # The weight of the gain beside the probe: rounded from a logistic regression on 425 prompts of training questions of SQuAD
    # 2.0 and CMRC 2018, each scored by a probe that had not seen its document (gain 1.88, probe 0.85). With the intercept, an
    # even chance refuses one in ten of the answerable ones of SQuAD 2.0.
    intercept=-0.37, gain=2.0,
    # Of the best passage alone the gain is not measured: it costs as many tokens as the question again, and the probe has the
    # same area under the curve without it. Of 959 training questions of SQuAD 2.0, scored by a probe that had not seen their
    # passage, .72 of the answerable and .19 of the unanswerable ones reach the first bound, .47 and .09 the second, .27 and .03
    # the third; of 48 of CMRC, .77, .75 and .68, and of 48 whose document was taken out .02, none and none.
    least=1.37, certain=2.12, undoubted=2.72,
    cross_language=QWEN_CROSS_LANGUAGE, margin=QWEN_MARGIN,
    # The probe, fitted to mostly English prompts, doubts too little in Chinese. Chosen on 56 Chinese questions of CMRC and RGB
    # (the half "fit"), from what was recorded of them: no answerable one of 31 is refused, and of 25 unanswerable ones 21
    # instead of 20. From log 4 on an answerable one is.
    chinese=math.log(3),
    # With a probe, full support says little more: 39 of 45 drafts to answerable training questions had it, and 16 of 24 to
    # unanswerable ones. A draft without it makes "not answerable" twice as likely.
    unsupported=math.log(2),
    # Fitted with prompt version 6 on 130 questions of SQuAD 2.0, CMRC 2018, RGB and HotpotQA (the half "fit" by the hash of their
    # ids): the mean of a regression with equal weight per data set, language and kind, and of equal weights for both signals; the
    # intercepts refuse about one in ten answerable questions. Area under the ROC curve .76 (English .66, Chinese .86); see
    # docs/benchmarks.md. A draft whose every fact stands in one unit of a passage makes "not answerable" half as likely: that is
    # chosen, not fitted. The gain from which a first supported sentence is shown is that from which an answer from all passages
    # is, at the refusal threshold as shipped.
    without_probe=LikelihoodGate(LikelihoodWeights(0.8, 0.0, -3.0), LikelihoodWeights(1.35, 0.5, -1.25, -1.35),
                                 supported=-math.log(2), cross_language=QWEN_CROSS_LANGUAGE, margin=QWEN_MARGIN,
                                 certain_gain=0.567),
)
SHIPPED = {"d5cde8a7e219b5f28732ef256184502d": QWEN}  # qwen2.5-coder-1.5b-instruct, the starter model, by its fingerprint


def shipped_gate(fingerprint: str, *, reads_layers: bool) -> Gate | None:
    """Return the gate that is shipped for a model file, without a probe if its layers cannot be read; None for most models."""
    constants = SHIPPED.get(fingerprint)
    if constants is None:
        return None
    return constants.with_probe(load_probe(fingerprint)) if reads_layers else constants.without_probe


def load_probe(fingerprint: str) -> Probe:
    """Return the probe that is shipped for a model file."""
    return read_probe(FITTED.joinpath(f"{fingerprint}.npz"))


def read_probe(file: Traversable) -> Probe:
    """Read a probe from a file of numpy arrays: `layer` and `weights`."""
    import numpy as np

    with file.open("rb") as opened, np.load(opened, allow_pickle=False) as kept:
        return Probe(int(kept["layer"]), kept["weights"].astype(np.float32))
