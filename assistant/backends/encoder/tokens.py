"""Texts in, token ids out, by the tokenizers library from tokenizer.json."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from assistant.backends.encoder.recipe import NotKnown, read_json


class Tokens:
    """A model's tokenizer. The limit includes the special tokens."""

    def __init__(self, folder: Path, max_tokens: int) -> None:
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        from tokenizers import Tokenizer

        try:
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # the library raises nothing narrower
            raise NotKnown("it has no tokenizer.json that can be read") from error
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._limit = max_tokens
        self._room = max_tokens - self._tokenizer.num_special_tokens_to_add(False)
        self._unknown = self._tokenizer.token_to_id(unknown_token(folder))

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids that the model reads, special ones included, cut at the limit."""
        encodings = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        for encoding in encodings:
            encoding.truncate(self._room)
        return [self._tokenizer.post_process(encoding).ids for encoding in encodings]

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, special tokens left out."""
        return [len(encoding.ids) for encoding in self._tokenizer.encode_batch(list(texts), add_special_tokens=False)]

    def coverage(self, text: str) -> float:
        """Return the share of the text's tokens, as far as the limit, that are not the vocabulary's "unknown"."""
        ids = self._tokenizer.encode(text, add_special_tokens=False).ids[:self._limit]
        return 1.0 - sum(token == self._unknown for token in ids) / len(ids) if ids else 1.0


def unknown_token(folder: Path) -> str:
    """Return how the vocabulary writes what it does not know; nothing where it has no such token."""
    token = read_json(folder / "tokenizer_config.json").get("unk_token") or read_vocabulary_token(folder)
    return str(token.get("content", "") if isinstance(token, dict) else token)


def read_vocabulary_token(folder: Path) -> str:
    """Return the unknown token that tokenizer.json itself names; nothing where it names none."""
    try:
        return str(json.loads((folder / "tokenizer.json").read_text("utf-8"))["model"].get("unk_token") or "")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotKnown("its tokenizer.json cannot be read") from error
