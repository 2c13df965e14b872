"""Embed texts with BERT-shaped models on OpenVINO, without torch, with the same vectors as sentence-transformers.

A model that is not supported (another architecture, another pooling) raises NotSupported; sentence-transformers runs it instead.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
import numpy.typing as npt

from assistant.datatypes import Vectors
from assistant.models.openvino_graph import (
    EncoderConfig,
    NotSupported,
    Tensors,
    Variant,
    compile_requests,
    read_config,
    read_json,
)

CACHED_QUESTIONS = 32  # questions whose vectors an embedder keeps


class EncoderEmbedder:
    """A BERT-shaped model on the processor. Questions are embedded in float32 or bfloat16, never in int8.

    Raises NotSupported if the folder holds another kind of model, or the machine cannot run the variant.
    """

    def __init__(self, name: str, folder: Path, prompts: tuple[str, str], fingerprint: str, variant: Variant) -> None:
        self.name, self.fingerprint, self.engine = name, fingerprint, f"OpenVINO {variant}"
        self._query_prompt, self._passage_prompt = prompts
        self._config, self._weights = read_config(folder), Tensors(folder / "model.safetensors")
        self.dimension = self._config.hidden
        self._variant = variant
        self._encoders: dict[Variant, Encoder] = {}
        with ThreadPoolExecutor(1) as beside:  # loading a large vocabulary takes as long as compiling the graph
            compiled = beside.submit(self._encoder, self._question_variant)
            self._tokenizer = EncoderTokenizer(folder, self._config.max_tokens)
            compiled.result()
        self._question = lru_cache(CACHED_QUESTIONS)(self._encode_question)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text without special tokens."""
        return self._tokenizer.count(texts)

    def coverage(self, text: str) -> float:
        """Return the share of the text's tokens that are not the unknown token."""
        return self._tokenizer.coverage(text)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors of shape (len(texts), dimension)."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        return self._encoder(self._variant).encode(self._tokenizer.ids([self._passage_prompt + text for text in texts]))

    def embed_question(self, text: str) -> Vectors:
        """Return one unit vector of shape (dimension,), shared by callers: do not modify it."""
        return self._question(text)

    def _encode_question(self, text: str) -> Vectors:
        vector: Vectors = self._encoder(self._question_variant).encode(self._tokenizer.ids([self._query_prompt + text]))[0]
        return vector

    @property
    def _question_variant(self) -> Variant:
        return "f32" if self._variant == "int8" else self._variant

    def _encoder(self, variant: Variant) -> Encoder:
        if variant not in self._encoders:
            self._encoders[variant] = Encoder(self._config, self._weights, variant)
        return self._encoders[variant]


Mask = npt.NDArray[np.bool_]
BATCH_TOKENS = 2048
"""Tokens of a batch, padding included. On 2 cores, 512 and 8,192 are up to a tenth slower."""


class Encoder:
    """One compiled variant of a model. Each core works on its own batch, so that none waits for another."""

    def __init__(self, config: EncoderConfig, weights: Tensors, variant: Variant) -> None:
        self._config, self._weights = config, weights  # kept: the graph uses the memory-mapped weights
        requests = compile_requests(config, weights, variant)
        self._width = len(requests)
        self._idle: SimpleQueue[Any] = SimpleQueue()
        for request in requests:
            self._idle.put(request)

    def encode(self, texts: Sequence[Sequence[int]]) -> Vectors:
        """Return unit vectors of shape (len(texts), hidden). Ctrl-C stops it after the running batches."""
        vectors = np.zeros((len(texts), self._config.hidden), np.float32)
        lengths = [len(ids) for ids in texts]
        share = sum(lengths) // self._width + max(lengths, default=0)  # a few texts are spread over all cores, too
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
            return pool(states, mask, self._config.pooling)
        except RuntimeError as error:
            raise NotSupported("OpenVINO cannot run the graph on this processor") from error
        finally:
            self._idle.put(request)


def run_beside(run: Callable[[list[int]], None], parts: Sequence[list[int]], width: int) -> None:
    """Run the parts, `width` at a time. After a failure or Ctrl-C no further part starts."""
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
    ids = np.zeros(mask.shape, np.int64)  # any id will do as padding, since attention is masked there
    ids[mask] = np.concatenate([np.asarray(text, np.int64) for text in texts])
    return ids, mask


def batches(lengths: Sequence[int], budget: int = BATCH_TOKENS) -> Iterator[list[int]]:
    """Yield batches of text indices, longest first, each within the budget with padding (but of at least one text)."""
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


class EncoderTokenizer:
    """A model's tokenizer. Its limit includes the special tokens."""

    def __init__(self, folder: Path, max_tokens: int) -> None:
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        from tokenizers import Tokenizer

        try:
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # the library raises nothing narrower
            raise NotSupported("it has no tokenizer.json that can be read") from error
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._limit = max_tokens
        self._room = max_tokens - self._tokenizer.num_special_tokens_to_add(False)
        self._unknown = self._tokenizer.token_to_id(unknown_token(folder))

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of each text with special tokens, truncated to the limit."""
        encodings = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        for encoding in encodings:
            encoding.truncate(self._room)
        return [self._tokenizer.post_process(encoding).ids for encoding in encodings]

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text without special tokens."""
        return [len(encoding.ids) for encoding in self._tokenizer.encode_batch(list(texts), add_special_tokens=False)]

    def coverage(self, text: str) -> float:
        """Return the share of the text's tokens up to the limit that are not the unknown token."""
        ids = self._tokenizer.encode(text, add_special_tokens=False).ids[:self._limit]
        return 1.0 - sum(token == self._unknown for token in ids) / len(ids) if ids else 1.0


def unknown_token(folder: Path) -> str:
    """Return the unknown token, or "" if the vocabulary has none."""
    token = read_json(folder / "tokenizer_config.json").get("unk_token") or read_vocabulary_token(folder)
    return str(token.get("content", "") if isinstance(token, dict) else token)


def read_vocabulary_token(folder: Path) -> str:
    """Return the unknown token that tokenizer.json names, or "" if it names none."""
    try:
        return str(json.loads((folder / "tokenizer.json").read_text("utf-8"))["model"].get("unk_token") or "")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotSupported("its tokenizer.json cannot be read") from error
