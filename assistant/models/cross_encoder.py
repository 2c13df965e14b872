"""Rerank with a cross-encoder through sentence-transformers. Never uses the network."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from assistant.datatypes import Vectors
from assistant.errors import ModelUnusable
from assistant.models.device_choice import hash_of_parts, load_measurement, store_measurement
from assistant.models.llama.thread_tuning import limit_spinning
from assistant.models.sentence_transformers import fingerprint, keep_quiet

BATCH = 16
LONGEST = 512  # tokens of a pair: passages are about 200
HEAD = "ForSequenceClassification"
SAMPLE = ("When can the tenant end the lease, and with what notice? 承租人可以提前多久通知？",
          "The tenant may end the lease with three months' notice to the end of a quarter; the landlord needs a reason that the "
          "law accepts, in writing, and the deposit of two months' rent is returned within six weeks of the handover. " * 2
          + "第十二条 承租人可以提前三个月书面通知出租人解除合同；出租人应当在交还房屋之日起六周内退还押金。" * 2)
TRIALS, TRIALS_AGAIN = 16, 4


class CrossReranker:
    """A cross-encoder from a folder: it scores question and chunk together."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._model = load(folder)
        self.fingerprint = fingerprint(folder, "", "")
        self._throughput = Throughput(folder, speed_key(self.fingerprint, str(self._model.device)))
        self._predict([SAMPLE])  # the first call is always slow
        self.score(SAMPLE[0], [SAMPLE[1]] * (TRIALS_AGAIN if self._throughput.is_known else TRIALS))

    @property
    def pairs_per_second(self) -> float:
        """Pairs that this machine scores in a second, by the measurements so far."""
        return self._throughput.pairs_per_second

    def score(self, question: str, texts: Sequence[str]) -> Vectors:
        """Return the log-odds that each text is relevant, shape (len(texts),), and note the time."""
        if not texts:
            return np.zeros(0, np.float32)
        started = time.perf_counter()
        scores = self._predict([(question, text) for text in texts])
        self._throughput.note(len(texts), time.perf_counter() - started)
        return scores

    def _predict(self, pairs: list[tuple[str, str]]) -> Vectors:
        from torch.nn import Identity

        # without Identity the library applies a sigmoid, which makes the best scores equal
        scores = self._model.predict(pairs, batch_size=BATCH, show_progress_bar=False, activation_fn=Identity(),
                                     convert_to_numpy=True)
        return np.asarray(scores, np.float32).reshape(len(pairs))


def load(folder: Path) -> Any:  # noqa: ANN401 - the library has no types
    """Load the model on the best device. Raises ModelUnusable if the folder holds no cross-encoder with one score."""
    require_head(folder)
    limit_spinning()
    keep_quiet()
    from sentence_transformers import CrossEncoder

    try:
        model = CrossEncoder(str(folder), local_files_only=True, trust_remote_code=False)
    except Exception as error:  # the library raises the errors of all its dependencies
        first_line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise unusable(folder, first_line) from error
    if model.num_labels != 1:
        raise unusable(folder, f"it gives {model.num_labels} scores for a passage and not one")
    limit = "max_seq_length" if hasattr(model, "max_seq_length") else "max_length"  # its name before version 5
    setattr(model, limit, min(getattr(model, limit) or LONGEST, LONGEST))
    return model


def require_head(folder: Path) -> None:
    """Raise ModelUnusable unless the model has a scoring head: otherwise the library would initialize one at random."""
    try:
        architectures = json.loads((folder / "config.json").read_text("utf-8")).get("architectures") or []
    except (OSError, ValueError, AttributeError) as error:
        raise unusable(folder, "it has no config.json that can be read") from error
    if not any(str(name).endswith(HEAD) for name in architectures):
        raise unusable(folder, f"it is a {', '.join(map(str, architectures)) or 'model of no known kind'}, which scores no pairs")


def unusable(folder: Path, why: str) -> ModelUnusable:
    """Return the error for a folder that holds no usable reranker."""
    return ModelUnusable(f"{folder} is not a reranker that can be loaded: {why}",
                         "Name a cross-encoder's folder or a reranker of the catalog (assistant models list), "
                         'or go without: --rerank ""')


PACE_FILE = ".pace.json"
DECIDING = ("sentence-transformers", "transformers", "torch")
MEMORY = 32  # pairs: a call with so many weighs as much as all calls before it
MIN_SHARE = 0.125  # weight of the last call, however few its pairs
WORTH_WRITING = 0.1  # relative change


class Throughput:
    """Pairs scored per second: the stored value, updated by each call."""

    def __init__(self, folder: Path, situation: str) -> None:
        self._folder, self._situation = folder, situation
        self._stored = self.pairs_per_second = load_throughput(folder, situation)

    @property
    def is_known(self) -> bool:
        """Whether anything was measured yet."""
        return self.pairs_per_second > 0

    def note(self, pairs: int, seconds: float) -> None:
        """Add the time of one call, weighted by its pairs. Stored if it changes the value noticeably."""
        measured, share = seconds / pairs, max(pairs / (pairs + MEMORY), MIN_SHARE)
        before = 1 / self.pairs_per_second if self.is_known else measured
        self.pairs_per_second = 1 / max((1 - share) * before + share * measured, 1e-9)
        if abs(self.pairs_per_second - self._stored) > WORTH_WRITING * self._stored:
            self._stored = self.pairs_per_second
            store_measurement(self._folder, PACE_FILE, self._situation, {"pairs_per_second": round(self._stored, 3)})


def speed_key(fingerprint: str, device: str) -> str:
    """Return a hash of everything that the speed of a model depends on."""
    parts = (fingerprint, device, platform.machine(), platform.processor(), str(os.cpu_count()))
    return hash_of_parts(parts, DECIDING)


def load_throughput(folder: Path, situation: str) -> float:
    """Return the stored pairs per second, or 0 if there are none or the file is damaged."""
    with suppress(ValueError, TypeError):
        return max(0.0, float(load_measurement(folder, PACE_FILE, situation).get("pairs_per_second", 0)))
    return 0.0
