"""Reranking through sentence-transformers: a cross-encoder's folder in, log-odds for pairs out. Never touches the network."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from assistant.backends.pace import Pace, situation
from assistant.backends.sentence import fingerprint, keep_quiet
from assistant.backends.threads import wait_politely
from assistant.datatypes import Vectors
from assistant.errors import ModelUnusable

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
