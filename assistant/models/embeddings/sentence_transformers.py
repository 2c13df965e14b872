"""Embedding through sentence-transformers: a local model folder in, unit vectors out. Never touches the network."""

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
from assistant.models.embeddings.openvino.device_choice import Choice, calibrate, recall, remember, situation
from assistant.models.embeddings.openvino.embedder import EncoderEmbedder
from assistant.models.embeddings.openvino.graph import NotKnown, Variant, load_library, processor, read_recipe
from assistant.models.llama.thread_tuning import wait_politely

WEIGHTS = ("*.safetensors", "pytorch_model.bin")
SHAPING = ("modules.json", "config.json", "sentence_bert_config.json", "tokenizer.json", "vocab.txt", "*/config.json")
BATCH = 32
SAMPLES = 128
BLOCK = 16 * 1024


class SentenceEmbedder:
    """A sentence-transformers model from a folder: any architecture, and the reference for what is faster.

    Prompts stand in front of questions and passages.
    """

    engine = "sentence-transformers"

    def __init__(self, name: str, folder: Path, query_prompt: str, passage_prompt: str) -> None:
        self.name = name
        self._query_prompt, self._passage_prompt = query_prompt, passage_prompt
        self._model = load(folder)
        self.dimension = int(self._model.get_embedding_dimension())
        self.fingerprint = fingerprint(folder, query_prompt, passage_prompt)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, special tokens left out."""
        if not texts:
            return []
        encoded = self._model.tokenizer(list(texts), add_special_tokens=False, truncation=False, verbose=False,
                                        return_attention_mask=False, return_token_type_ids=False)
        return [len(ids) for ids in encoded["input_ids"]]

    def coverage(self, text: str) -> float:
        """Return the share of the text's tokens that are not the vocabulary's "unknown"."""
        ids = self._model.tokenizer(text, add_special_tokens=False, truncation=True, verbose=False)["input_ids"]
        unknown = self._model.tokenizer.unk_token_id
        return 1.0 - ids.count(unknown) / len(ids) if ids else 1.0

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors of shape (len(texts), dimension)."""
        return self._encode([self._passage_prompt + text for text in texts])

    def embed_question(self, text: str) -> Vectors:
        """Return one unit vector of shape (dimension,)."""
        vector: Vectors = self._encode([self._query_prompt + text])[0]
        return vector

    def _encode(self, texts: list[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        vectors = self._model.encode(texts, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, dtype=np.float32)


def load(folder: Path) -> Any:  # noqa: ANN401 - the library has no types
    """Load the model on the best device. Raises ModelUnusable where the folder holds no such model."""
    wait_politely()
    keep_quiet()
    from sentence_transformers import SentenceTransformer

    try:
        return SentenceTransformer(str(folder), local_files_only=True, trust_remote_code=False)
    except Exception as error:  # the library raises whatever its parts raise
        first_line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelUnusable(f"{folder} is not an embedding model that can be loaded: {first_line}",
                            "Run: assistant models verify") from error


def keep_quiet() -> None:
    """Keep the libraries off the network and off the terminal. Before they are imported."""
    os.environ["HF_HUB_OFFLINE"] = os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")  # read when it is imported: it sets its own logger then
    for noisy in ("sentence_transformers", "transformers", "torch"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()


def fingerprint(folder: Path, query_prompt: str, passage_prompt: str) -> str:
    """Return a hash of the weights, the files that shape a vector, and the prompts."""
    digest = hashlib.sha256()
    for pattern in (*WEIGHTS, *SHAPING):
        for path in sorted(folder.glob(pattern)):
            digest.update(f"{path.relative_to(folder)}:{path.stat().st_size}:".encode())
            digest.update(sample(path))
    digest.update(f"{query_prompt}\0{passage_prompt}".encode())
    return digest.hexdigest()[:32]


def sample(path: Path) -> bytes:
    """Return blocks from all over the file: training changes every weight, and gigabytes would delay every start."""
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
    """Return the embedder; its `engine` says which it is. Raises ModelUnusable.

    The first time on a machine takes a race of some seconds; what it found is kept.
    """
    try:
        variant = choose(name, folder, prompts).variant
        if variant:
            return EncoderEmbedder(name, folder, prompts, fingerprint(folder, *prompts), variant)
    except NotKnown as reason:
        logger.info("%s runs by sentence-transformers: %s", name, reason)
    return SentenceEmbedder(name, folder, *prompts)


def choose(name: str, folder: Path, prompts: Prompts) -> Choice:
    """Return the choice for this model on this machine, made now where none is kept. Raises NotKnown or ModelUnusable."""
    read_recipe(folder)
    processor_name, native = processor(load_library())
    mark = fingerprint(folder, *prompts)
    here = situation(mark, processor_name)
    choice = recall(folder, here)
    if choice is None:
        offered: tuple[Variant, ...] = ("f32", "bf16", "int8") if "BF16" in native else ("f32", "int8")
        choice = calibrate(SentenceEmbedder(name, folder, *prompts),
                           lambda variant: EncoderEmbedder(name, folder, prompts, mark, variant), offered)
        remember(folder, here, choice)
    return choice


QUESTIONS_KEPT = 32


class RecallingEmbedder:
    """An embedder that computes the vector of a question once: for every library, for kept facts, for a pause in the typing."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._question = lru_cache(QUESTIONS_KEPT)(embedder.embed_question)

    @property
    def name(self) -> str:
        """What a person calls the model."""
        return self._embedder.name

    @property
    def fingerprint(self) -> str:
        """Hash of everything that shapes a vector."""
        return self._embedder.fingerprint

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._embedder.dimension

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, special tokens left out."""
        return self._embedder.count_tokens(texts)

    def coverage(self, text: str) -> float:
        """Return the share (0 to 1) of the text's tokens that the vocabulary knows."""
        return self._embedder.coverage(text)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors of shape (len(texts), dimension)."""
        return self._embedder.embed_passages(texts)

    def embed_question(self, text: str) -> Vectors:
        """Return one unit vector of shape (dimension,). Not to be written to."""
        return self._question(text)
