"""Reranking through sentence-transformers: a cross-encoder's folder in, log-odds for pairs out. Never touches the network."""

from __future__ import annotations

import hashlib
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
from assistant.models.embeddings.openvino.device_choice import version, write_whole
from assistant.models.embeddings.sentence_transformers import fingerprint, keep_quiet
from assistant.models.llama.thread_tuning import wait_politely

BATCH = 16
LONGEST = 512  # tokens of a pair: passages are about 200
HEAD = "ForSequenceClassification"
SAMPLE = ("When can the tenant end the lease, and with what notice? 承租人可以提前多久通知？",
          "The tenant may end the lease with three months' notice to the end of a quarter; the landlord needs a reason that the "
          "law accepts, in writing, and the deposit of two months' rent is returned within six weeks of the handover. " * 2
          + "第十二条 承租人可以提前三个月书面通知出租人解除合同；出租人应当在交还房屋之日起六周内退还押金。" * 2)
TRIALS, TRIALS_AGAIN = 16, 4


class CrossReranker:
    """A cross-encoder from a folder: it reads question and passage together."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._model = load(folder)
        self.fingerprint = fingerprint(folder, "", "")
        self._pace = Pace(folder, situation(self.fingerprint, str(self._model.device)))
        self._predict([SAMPLE])  # the first is slow whatever the model
        self.score(SAMPLE[0], [SAMPLE[1]] * (TRIALS_AGAIN if self._pace.is_known else TRIALS))

    @property
    def pairs_per_second(self) -> float:
        """Pairs that this machine scores in a second, as it went so far."""
        return self._pace.pairs_per_second

    def score(self, question: str, texts: Sequence[str]) -> Vectors:
        """Return the log-odds that each text is wanted, shape (len(texts),); notes how long it took."""
        if not texts:
            return np.zeros(0, np.float32)
        started = time.perf_counter()
        scores = self._predict([(question, text) for text in texts])
        self._pace.note(len(texts), time.perf_counter() - started)
        return scores

    def _predict(self, pairs: list[tuple[str, str]]) -> Vectors:
        from torch.nn import Identity

        # without Identity the library squeezes scores into 0 to 1, where the best ones can no longer be told apart
        scores = self._model.predict(pairs, batch_size=BATCH, show_progress_bar=False, activation_fn=Identity(),
                                     convert_to_numpy=True)
        return np.asarray(scores, np.float32).reshape(len(pairs))


def load(folder: Path) -> Any:  # noqa: ANN401 - the library has no types
    """Load the model on the best device. Raises ModelUnusable where the folder holds no cross-encoder with one score."""
    require_head(folder)
    wait_politely()
    keep_quiet()
    from sentence_transformers import CrossEncoder

    try:
        model = CrossEncoder(str(folder), local_files_only=True, trust_remote_code=False)
    except Exception as error:  # the library raises whatever its parts raise
        first_line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise refusal(folder, first_line) from error
    if model.num_labels != 1:
        raise refusal(folder, f"it gives {model.num_labels} scores for a passage and not one")
    limit = "max_seq_length" if hasattr(model, "max_seq_length") else "max_length"  # its name until version 5
    setattr(model, limit, min(getattr(model, limit) or LONGEST, LONGEST))
    return model


def require_head(folder: Path) -> None:
    """Raise ModelUnusable unless the model was trained to score: for any other the library would make up weights at random."""
    try:
        architectures = json.loads((folder / "config.json").read_text("utf-8")).get("architectures") or []
    except (OSError, ValueError, AttributeError) as error:
        raise refusal(folder, "it has no config.json that can be read") from error
    if not any(str(name).endswith(HEAD) for name in architectures):
        raise refusal(folder, f"it is a {', '.join(map(str, architectures)) or 'model of no known kind'}, which scores no pairs")


def refusal(folder: Path, why: str) -> ModelUnusable:
    """Return the error for a folder that cannot rerank."""
    return ModelUnusable(f"{folder} is not a reranker that can be loaded: {why}",
                         "Name a cross-encoder's folder or a reranker of the catalog (assistant models list), "
                         'or go without: --rerank ""')


PACE_FILE = ".pace.json"
DECIDING = ("sentence-transformers", "transformers", "torch")
MEMORY = 32  # pairs: what was seen of so many weighs as much as all before it
LEAST_SHARE = 0.125  # of what was seen last, however little
WORTH_WRITING = 0.1  # share by which it has changed


class Pace:
    """Pairs a second: what was kept, and what happens since."""

    def __init__(self, folder: Path, situation: str) -> None:
        self._situation = situation
        self._places = places(folder, situation)
        self._kept = self.pairs_per_second = recall(self._places, situation)

    @property
    def is_known(self) -> bool:
        """Whether anything was ever measured."""
        return self.pairs_per_second > 0

    def note(self, pairs: int, seconds: float) -> None:
        """Take in what one call took; the more pairs it had, the more it counts. Kept where it changes the picture."""
        measured, share = seconds / pairs, max(pairs / (pairs + MEMORY), LEAST_SHARE)
        before = 1 / self.pairs_per_second if self.is_known else measured
        self.pairs_per_second = 1 / max((1 - share) * before + share * measured, 1e-9)
        if abs(self.pairs_per_second - self._kept) > WORTH_WRITING * self._kept:
            self._kept = self.pairs_per_second
            remember(self._places, self._situation, self.pairs_per_second)


def situation(fingerprint: str, device: str) -> str:
    """Return a hash of all that decides how fast a model is."""
    parts = (fingerprint, device, platform.machine(), platform.processor(), str(os.cpu_count()),
             *(f"{package} {version(package)}" for package in DECIDING))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def places(folder: Path, situation: str) -> tuple[Path, Path]:
    """Return where a pace may lie: beside the model, or in the person's cache where that cannot be written."""
    import platformdirs

    return folder / PACE_FILE, Path(platformdirs.user_cache_dir("assistant", False)) / f"pace-{situation}.json"


def recall(places: tuple[Path, ...], situation: str) -> float:
    """Return the pairs a second that were kept for this situation; 0 where none were, or their file is damaged."""
    for place in places:
        with suppress(OSError, ValueError, TypeError, KeyError):
            kept = json.loads(place.read_text("utf-8"))
            if kept["situation"] == situation:
                return max(0.0, float(kept["pairs_per_second"]))
    return 0.0


def remember(places: tuple[Path, ...], situation: str, pairs_per_second: float) -> None:
    """Keep the pace, whole or not at all; a disk that cannot be written costs the next start some seconds."""
    content = json.dumps({"situation": situation, "pairs_per_second": round(pairs_per_second, 3)})
    for place in places:
        with suppress(OSError):
            place.parent.mkdir(parents=True, exist_ok=True)
            write_whole(place, content)
            return
