"""A loaded model in; its tokens, what they stand for, and its own chat template out."""

from __future__ import annotations

import ctypes
from typing import Any


class Vocabulary:
    """The tokens of one model."""

    def __init__(self, api: Any, model: Any) -> None:  # noqa: ANN401 - the C library and a C pointer
        self._api, self._model = api, model
        self._vocabulary = api.llama_model_get_vocab(model)

    @property
    def size(self) -> int:
        """The number of tokens that there are."""
        return int(self._api.llama_vocab_n_tokens(self._vocabulary))

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        """Return the text's tokens; only with `special` can markup in it become control tokens."""
        data = text.encode("utf-8", "replace")
        size = len(data) + 8
        buffer = (self._api.llama_token * size)()
        count = self._api.llama_tokenize(self._vocabulary, data, len(data), buffer, size, False, special)
        return list(buffer[:count])

    def piece(self, token: int) -> bytes:
        """Return the bytes that a token stands for; none for a control token."""
        buffer = ctypes.create_string_buffer(256)
        count = self._api.llama_token_to_piece(self._vocabulary, token, buffer, len(buffer), 0, False)
        return buffer.raw[: max(count, 0)]

    def ends(self, token: int) -> bool:
        """Return whether the model means to stop."""
        return bool(self._api.llama_vocab_is_eog(self._vocabulary, token))

    def begin_token(self) -> list[int]:
        """Return the token that a prompt of this model begins with, if it has one."""
        if not self._api.llama_vocab_get_add_bos(self._vocabulary):
            return []
        return [self._api.llama_vocab_bos(self._vocabulary)]

    def chat_template(self) -> str:
        """Return the model's own Jinja template, or nothing."""
        template = self._api.llama_model_chat_template(self._model, None)
        return template.decode("utf-8") if template else ""

    def token_text(self, token: int) -> str:
        """Return the text of a token, control tokens included."""
        text = self._api.llama_vocab_get_text(self._vocabulary, token)
        return text.decode("utf-8", "replace") if text else ""

    def special_texts(self) -> tuple[str, str]:
        """Return the texts of the begin and end tokens, which templates name."""
        begin, end = self._api.llama_vocab_bos(self._vocabulary), self._api.llama_vocab_eos(self._vocabulary)
        return (self.token_text(begin) if begin >= 0 else "", self.token_text(end) if end >= 0 else "")
