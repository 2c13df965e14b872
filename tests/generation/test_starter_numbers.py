"""The numbers of the starter model's estimate, which move only if they are fitted again."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from assistant.datatypes import Answerability, LikelihoodGate, ProbeGate
from assistant.generation.answerability import (
    estimate_before,
    estimate_with_support,
    estimate_with_verification,
    is_decided,
)
from assistant.generation.cascade import LEAST_GAIN, is_certain, may_be_accepted
from assistant.models.fake import FakeReply
from assistant.models.llama.probes import FITTED, SHIPPED, shipped_gate
from tests.generation.gates import LAYER, LIKELIHOOD_GATE, PROBE_GATE

STARTER = "d5cde8a7e219b5f28732ef256184502d"
ENGLISH, CHINESE = "How much is the rent?", "租金是多少？"


def reply(gain: float, probed: float = 0.0) -> FakeReply:
    return FakeReply("", 1, candidate_scores=(gain - 1, -1.0), states={LAYER: np.array([probed], np.float32)})


def verdicts(gate: ProbeGate | LikelihoodGate, before: Answerability) -> tuple[bool, bool, bool]:
    return is_decided(gate, before), may_be_accepted(gate, before), is_certain(gate, before)


# log-odds of the probe, gain, offset; then the estimate before the answer, without full support, and whether it is decided, may
# be accepted from the best passage, and is certain
@pytest.mark.parametrize(("probed", "gain", "offset", "before", "unsupported", "said"), [
    (-3.0, 0.1, 0.0, 0.919087, 0.957838, (True, False, False)),
    (0.6, 0.1, 0.0, 0.236855, 0.382996, (True, False, False)),
    (0.7, 0.1, 0.0, 0.219257, 0.359657, (True, False, False)),
    (0.7, 0.3, 0.0, 0.158424, 0.273517, (True, True, False)),
    (1.5, 0.8, 0.0, 0.030178, 0.058588, (True, True, True)),
    (-0.1, 0.3, -1.0, 0.133542, 0.235619, (True, True, False)),
])
@pytest.mark.parametrize("question", [ENGLISH, CHINESE])
def test_the_estimate_with_the_probe(question, probed, gain, offset, before, unsupported, said):
    found = estimate_before(PROBE_GATE, reply(gain, probed), question, 0.5, offset)
    assert found.p_unanswerable == pytest.approx(before, abs=2e-6)
    for supported, expected in ((True, before), (False, unsupported)):
        after = estimate_with_support(PROBE_GATE, found, supported=supported)
        assert after.p_unanswerable == pytest.approx(expected, abs=2e-6)
    assert verdicts(PROBE_GATE, found) == said


# gain, probability of Yes, offset; then the estimate before the answer, and after it without and with full support
@pytest.mark.parametrize(("question", "gain", "p_verified", "offset", "before", "unsupported", "supported", "said"), [
    (ENGLISH, 0.1, 0.60, 0.0, 0.622459, 0.663208, 0.496119, (False, False, False)),
    (ENGLISH, 0.44, 0.50, 0.0, 0.372852, 0.689974, 0.526688, (False, False, False)),
    (ENGLISH, 0.6, 0.95, 0.0, 0.268941, 0.033087, 0.016822, (True, True, True)),
    (ENGLISH, 0.8, 0.20, -1.0, 0.069138, 0.772326, 0.629097, (True, True, True)),
    (CHINESE, 0.1, 0.60, 0.0, 0.622459, 0.764520, 0.618804, (False, False, False)),
    (CHINESE, 0.6, 0.95, 0.0, 0.268941, 0.053405, 0.027435, (True, True, True)),
    (CHINESE, 0.8, 0.20, -1.0, 0.069138, 0.848321, 0.736595, (True, True, True)),
])
def test_the_estimate_where_the_layers_cannot_be_read(question, gain, p_verified, offset, before, unsupported, supported, said):
    found = estimate_before(LIKELIHOOD_GATE, reply(gain), question, 0.5, offset)
    assert found.p_unanswerable == pytest.approx(before, abs=2e-6)
    for is_supported, expected in ((False, unsupported), (True, supported)):
        after = estimate_with_verification(LIKELIHOOD_GATE, found, p_verified, question, offset, supported=is_supported)
        assert after.p_unanswerable == pytest.approx(expected, abs=2e-6)
    assert verdicts(LIKELIHOOD_GATE, found) == said


def test_the_constants_belong_to_the_starter_model_and_to_no_other():
    assert SHIPPED.keys() == {STARTER}
    assert {file.name for file in FITTED.iterdir()} == {f"{STARTER}.npz"}
    assert shipped_gate("another model", reads_layers=True) is shipped_gate("another model", reads_layers=False) is None


def test_its_probe_and_the_constants_beside_it_are_the_ones_that_were_measured():
    gate = shipped_gate(STARTER, reads_layers=True)
    assert isinstance(gate, ProbeGate)
    data = gate.probe.weights.astype("<f4").tobytes()
    assert (gate.probe.layer, len(gate.probe.weights)) == (18, 1537)
    assert hashlib.sha256(data).hexdigest()[:16] == "a34f0596570df4eb"
    assert (gate.intercept, gate.gain, gate.least, gate.certain, gate.undoubted) == (-0.37, 2.0, 1.37, 2.12, 2.72)
    assert (gate.cross_language, gate.margin, gate.waits_for_support) == (-1.0, 0.9, False)
    assert gate.unsupported == pytest.approx(0.693147, abs=1e-6)
    assert gate.chinese == pytest.approx(1.098612, abs=1e-6)
    assert shipped_gate(STARTER, reads_layers=False) == LIKELIHOOD_GATE
    assert (LIKELIHOOD_GATE.certain_gain, LEAST_GAIN) == (0.567, 0.45)
