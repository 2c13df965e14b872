"""What a library keeps of its calibrations, each by the fingerprint of the chat model that it was fitted with.

They are metadata of the library, so that a shared library shares them. No model reads what was fitted to another one.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from assistant.datatypes import Probe, ProbeGate
from assistant.generation import PROMPT_VERSION
from assistant.index import LibraryStore

if TYPE_CHECKING:
    from assistant.datatypes import Vector

PREFIX = "calibration_"
SIGNALS = 3  # version of the signals that an offset is added to


def offset_key(fingerprint: str) -> str:
    """Return the metadata key of the offset for a chat model."""
    return f"{PREFIX}offset_{SIGNALS}_{fingerprint}"


def gate_key(fingerprint: str) -> str:
    """Return the metadata key of the probe for a chat model: it reads prompts of one version only."""
    return f"{PREFIX}probe_{PROMPT_VERSION}_{fingerprint}"


def stored_offset(store: LibraryStore, fingerprint: str) -> float:
    """Return the offset of the log-odds that the files do not answer; 0 without a calibration."""
    return float(store.meta(offset_key(fingerprint)) or 0.0)


def store_gate(store: LibraryStore, fingerprint: str, gate: ProbeGate) -> None:
    """Store a probe that `assistant calibrate` fitted, with the bound for the best passage alone."""
    weights = base64.b64encode(gate.probe.weights.astype("<f4").tobytes()).decode("ascii")
    kept = {"layer": gate.probe.layer, "weights": weights, "least": gate.least}
    store.set_meta(gate_key(fingerprint), json.dumps(kept))


def drop_gate(store: LibraryStore, fingerprint: str) -> None:
    """Delete the probe that was fitted to a model with this library, if there is one."""
    store.drop_meta([gate_key(fingerprint)])


def stored_gate(store: LibraryStore, fingerprint: str) -> ProbeGate | None:
    """Return the probe that was fitted to a model with this library; None if there is none, or its record is damaged."""
    kept = store.meta(gate_key(fingerprint))
    try:
        return parse_gate(json.loads(kept)) if kept else None
    except (ValueError, KeyError, TypeError, binascii.Error):
        return None


def parse_gate(kept: dict[str, object]) -> ProbeGate:
    """Return the gate of a stored record. Raises ValueError, KeyError or TypeError if it is damaged."""
    import numpy as np

    weights = np.frombuffer(base64.b64decode(str(kept["weights"]), validate=True), "<f4").astype(np.float32)
    least = kept["least"]
    if not isinstance(kept["layer"], int) or not isinstance(least, float) or not np.isfinite(weights).all() or len(weights) < 2:
        raise ValueError("not a gate")
    return calibrated_gate(kept["layer"], weights, least)


def calibrated_gate(layer: int, weights: Vector, least: float) -> ProbeGate:
    """Return the gate of a probe that `assistant calibrate` fitted: the support of an answer is checked besides."""
    return ProbeGate(Probe(layer, weights), least, waits_for_support=True)


def mean_gate(gates: Sequence[ProbeGate]) -> ProbeGate:
    """Return the gate of libraries that are asked together: the mean of their log-odds. They are of one model and layer."""
    import numpy as np

    weights = np.stack([gate.probe.weights for gate in gates]).mean(axis=0, dtype=np.float32)
    return calibrated_gate(gates[0].probe.layer, weights, sum(gate.least for gate in gates) / len(gates))


def forget_calibrations(store: LibraryStore) -> None:
    """Delete the calibrations for every model."""
    with store.transaction():
        store.drop_meta(list(store.meta_with_prefix(PREFIX)))
