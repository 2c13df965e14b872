"""The Embedder without torch: a model's folder in, unit vectors out, the same as sentence-transformers gives."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from assistant.backends.encoder.encoder import Encoder
from assistant.backends.encoder.graph import Variant
from assistant.backends.encoder.recipe import read_recipe
from assistant.backends.encoder.tokens import Tokens
from assistant.backends.encoder.weights import Weights
from assistant.datatypes import Vectors


class EncoderEmbedder:
    """A BERT-shaped model on the processor. A question is always read in full precision or bfloat16, never in int8.

    Raises NotKnown where the folder holds another kind of model, or the machine cannot run the variant.
    """

    def __init__(self, name: str, folder: Path, prompts: tuple[str, str], fingerprint: str, variant: Variant) -> None:
        self.name, self.fingerprint, self.engine = name, fingerprint, f"OpenVINO {variant}"
        self._query_prompt, self._passage_prompt = prompts
        self._recipe, self._weights = read_recipe(folder), Weights(folder / "model.safetensors")
        self.dimension = self._recipe.hidden
        self._variant = variant
        self._encoders: dict[Variant, Encoder] = {}
        with ThreadPoolExecutor(1) as beside:  # a large vocabulary takes as long to read as the graph to compile
            compiled = beside.submit(self._encoder, self._question_variant)
            self._tokens = Tokens(folder, self._recipe.max_tokens)
            compiled.result()

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, special tokens left out."""
        return self._tokens.count(texts)

    def coverage(self, text: str) -> float:
        """Return the share of the text's tokens that are not the vocabulary's "unknown"."""
        return self._tokens.coverage(text)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors of shape (len(texts), dimension)."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        return self._encoder(self._variant).encode(self._tokens.ids([self._passage_prompt + text for text in texts]))

    def embed_question(self, text: str) -> Vectors:
        """Return one unit vector of shape (dimension,)."""
        vector: Vectors = self._encoder(self._question_variant).encode(self._tokens.ids([self._query_prompt + text]))[0]
        return vector

    @property
    def _question_variant(self) -> Variant:
        return "f32" if self._variant == "int8" else self._variant

    def _encoder(self, variant: Variant) -> Encoder:
        if variant not in self._encoders:
            self._encoders[variant] = Encoder(self._recipe, self._weights, variant)
        return self._encoders[variant]
