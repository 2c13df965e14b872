"""Token ids in, unit vectors out: batches of like length through a compiled graph, pooled and normalised."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any

import numpy as np
import numpy.typing as npt

from assistant.backends.encoder.graph import Variant, compile_requests
from assistant.backends.encoder.recipe import NotKnown, Recipe
from assistant.backends.encoder.weights import Weights
from assistant.datatypes import Vectors

Mask = npt.NDArray[np.bool_]
BATCH_TOKENS = 2048
"""Tokens of a batch, padding included. Measured on 2 cores: 512 and 8,192 are up to a tenth slower."""


class Encoder:
    """One variant of a model, ready to run: each core works on a batch of its own, so that none waits for another."""

    def __init__(self, recipe: Recipe, weights: Weights, variant: Variant) -> None:
        self._recipe, self._weights = recipe, weights  # the graph uses the mapped weights where they lie
        requests = compile_requests(recipe, weights, variant)
        self._width = len(requests)
        self._idle: SimpleQueue[Any] = SimpleQueue()
        for request in requests:
            self._idle.put(request)

    def encode(self, texts: Sequence[Sequence[int]]) -> Vectors:
        """Return unit vectors of shape (len(texts), hidden). Ctrl-C ends it after the batches that are running."""
        vectors = np.zeros((len(texts), self._recipe.hidden), np.float32)
        lengths = [len(ids) for ids in texts]
        share = sum(lengths) // self._width + max(lengths, default=0)  # few texts are for all cores, too
        parts = list(batches(lengths, min(BATCH_TOKENS, share)))

        def run(part: list[int]) -> None:
            vectors[part] = self._run([texts[number] for number in part])

        if len(parts) == 1:
            run(parts[0])
        else:
            run_beside(run, parts, self._width)
        return vectors

    def _run(self, texts: Sequence[Sequence[int]]) -> Vectors:
        ids, mask = padded(texts)
        request = self._idle.get()
        try:
            states: Any = request.infer([ids, mask.astype(np.int64)])[0]
            return pool(states, mask, self._recipe.pooling)
        except RuntimeError as error:
            raise NotKnown("OpenVINO cannot run the graph on this processor") from error
        finally:
            self._idle.put(request)


def run_beside(run: Callable[[list[int]], None], parts: Sequence[list[int]], width: int) -> None:
    """Run the parts, so many at once; one that fails, or Ctrl-C, keeps the rest from starting."""
    with ThreadPoolExecutor(width, thread_name_prefix="embed") as workers:
        try:
            for future in [workers.submit(run, part) for part in parts]:
                future.result()
        except BaseException:
            workers.shutdown(wait=False, cancel_futures=True)
            raise


def padded(texts: Sequence[Sequence[int]]) -> tuple[npt.NDArray[np.int64], Mask]:
    """Return ids and mask of shape (texts, longest)."""
    lengths = np.array([len(ids) for ids in texts])
    mask = np.arange(lengths.max())[None, :] < lengths[:, None]
    ids = np.zeros(mask.shape, np.int64)  # any id will do as padding: attention does not look there
    ids[mask] = np.concatenate([np.asarray(text, np.int64) for text in texts])
    return ids, mask


def batches(lengths: Sequence[int], budget: int = BATCH_TOKENS) -> Iterator[list[int]]:
    """Yield the texts' numbers, the longest first, in groups whose padded size is within the budget (one text at least)."""
    batch: list[int] = []
    for number in sorted(range(len(lengths)), key=lambda index: -lengths[index]):
        if batch and lengths[batch[0]] * (len(batch) + 1) > budget:
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch


def pool(states: Vectors, mask: Mask, pooling: str) -> Vectors:
    """Return unit vectors of shape (texts, hidden): the mean of each text's tokens, or its first token."""
    if pooling == "first":
        vectors = states[:, 0]
    else:
        shares = mask / mask.sum(axis=1, keepdims=True)
        vectors = (shares.astype(np.float32)[:, None, :] @ states)[:, 0]
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-12), np.float32)
