"""Embed texts with sentence-transformers, or with OpenVINO if that is faster on this machine. Never uses the network."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from assistant.datatypes import Embedder, Vectors
from assistant.errors import ModelUnusable
from assistant.models.device_choice import VariantChoice, load_choice, machine_hash, race_variants, store_choice
from assistant.models.llama.thread_tuning import limit_spinning
from assistant.models.openvino_embedder import CACHED_QUESTIONS, EncoderEmbedder
from assistant.models.openvino_graph import NotSupported, Variant, load_library, processor, read_config

WEIGHTS = ("*.safetensors", "pytorch_model.bin")
SHAPING = ("modules.json", "config.json", "sentence_bert_config.json", "tokenizer.json", "vocab.txt", "*/config.json")
BATCH = 32
SAMPLES = 128
BLOCK = 16 * 1024


class SentenceEmbedder:
    """A sentence-transformers model from a folder: any architecture, and the reference for faster implementations.

    The prompts are prepended to questions and chunks.
    """

    engine = "sentence-transformers"

    def __init__(self, name: str, folder: Path, query_prompt: str, passage_prompt: str) -> None:
        self.name = name
        self._passage_prompt = passage_prompt
        self._model = load(folder)
        self.dimension = int(self._model.get_embedding_dimension())
        self.fingerprint = fingerprint(folder, query_prompt, passage_prompt)
        self._question = lru_cache(CACHED_QUESTIONS)(lambda text: self._encode([query_prompt + text]))

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text without special tokens."""
        if not texts:
            return []
        encoded = self._model.tokenizer(list(texts), add_special_tokens=False, truncation=False, verbose=False,
                                        return_attention_mask=False, return_token_type_ids=False)
        return [len(ids) for ids in encoded["input_ids"]]

    def coverage(self, text: str) -> float:
        """Return the share of the text's tokens that are not the unknown token."""
        ids = self._model.tokenizer(text, add_special_tokens=False, truncation=True, verbose=False)["input_ids"]
        unknown = self._model.tokenizer.unk_token_id
        return 1.0 - ids.count(unknown) / len(ids) if ids else 1.0

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors of shape (len(texts), dimension)."""
        return self._encode([self._passage_prompt + text for text in texts])

    def embed_question(self, text: str) -> Vectors:
        """Return one unit vector of shape (dimension,), shared by callers: do not modify it."""
        vector: Vectors = self._question(text)[0]
        return vector

    def _encode(self, texts: list[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        vectors = self._model.encode(texts, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, dtype=np.float32)


def load(folder: Path) -> Any:  # noqa: ANN401 - the library has no types
    """Load the model on the best device. Raises ModelUnusable if the folder holds no such model."""
    limit_spinning()
    keep_quiet()
    from sentence_transformers import SentenceTransformer

    try:
        return SentenceTransformer(str(folder), local_files_only=True, trust_remote_code=False)
    except Exception as error:  # the library raises the errors of all its dependencies
        first_line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelUnusable(f"{folder} is not an embedding model that can be loaded: {first_line}",
                            "Run: assistant models verify") from error


def keep_quiet() -> None:
    """Disable the network and the output of the libraries. Call it before they are imported."""
    os.environ["HF_HUB_OFFLINE"] = os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")  # read at import time
    for noisy in ("sentence_transformers", "transformers", "torch"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()


def fingerprint(folder: Path, query_prompt: str, passage_prompt: str) -> str:
    """Return a hash of the weights, the configuration files that affect a vector, and the prompts."""
    digest = hashlib.sha256()
    for pattern in (*WEIGHTS, *SHAPING):
        for path in sorted(folder.glob(pattern)):
            digest.update(f"{path.relative_to(folder)}:{path.stat().st_size}:".encode())
            digest.update(sample(path))
    digest.update(f"{query_prompt}\0{passage_prompt}".encode())
    return digest.hexdigest()[:32]


def sample(path: Path) -> bytes:
    """Return blocks spread over the file: training changes every weight, and reading gigabytes would delay every start."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if size <= SAMPLES * BLOCK:
            return file.read()
        blocks = []
        for number in range(SAMPLES):
            file.seek(number * (size - BLOCK) // (SAMPLES - 1))
            blocks.append(file.read(BLOCK))
    return b"".join(blocks)


Prompts = tuple[str, str]
logger = logging.getLogger(__name__)


def open_fastest(name: str, folder: Path, prompts: Prompts) -> Embedder:
    """Return the fastest embedder for a model on this machine; its `engine` names it. Raises ModelUnusable.

    The first call for a model takes a benchmark of some seconds, whose result is stored.
    """
    try:
        variant = choose_variant(name, folder, prompts).variant
        if variant:
            return EncoderEmbedder(name, folder, prompts, fingerprint(folder, *prompts), variant)
    except NotSupported as reason:
        logger.info("%s runs on sentence-transformers: %s", name, reason)
    return SentenceEmbedder(name, folder, *prompts)


def choose_variant(name: str, folder: Path, prompts: Prompts) -> VariantChoice:
    """Return the stored or newly measured choice for this model on this machine. Raises NotSupported or ModelUnusable."""
    read_config(folder)
    processor_name, native = processor(load_library())
    mark = fingerprint(folder, *prompts)
    here = machine_hash(mark, processor_name)
    choice = load_choice(folder, here)
    if choice is None:
        offered: tuple[Variant, ...] = ("f32", "bf16", "int8") if "BF16" in native else ("f32", "int8")
        choice = race_variants(SentenceEmbedder(name, folder, *prompts),
                               lambda variant: EncoderEmbedder(name, folder, prompts, mark, variant), offered)
        store_choice(folder, here, choice)
    return choice
