"""Render messages with the model's own chat template and tokenize them.

Only the template's markup may become control tokens. The texts of the messages are tokenized separately as plain text: a
`<|im_end|>` in a user's file becomes ordinary characters and cannot end a turn.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from assistant.datatypes import Message
from assistant.errors import ModelUnusable

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# a number between private-use characters replaces a message's text while the template is rendered
PLACEHOLDER = re.compile("\ue000(\\d+)\ue001")


class ChatTemplate:
    """Renders and tokenizes prompts for one model."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        self._vocabulary = vocabulary
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])
        environment.globals["raise_exception"] = refuse
        self._template = environment.from_string(vocabulary.chat_template() or CHATML)
        self._cache: dict[tuple[str, bool], tuple[int, ...]] = {}

    def tokenize(self, messages: Sequence[Message]) -> list[int]:
        """Return the prompt's tokens, up to the start of the assistant's reply."""
        return self.tokenize_with_borders(messages)[0]

    def tokenize_with_borders(self, messages: Sequence[Message]) -> tuple[list[int], tuple[int, ...]]:
        """Return the prompt's tokens, and the lengths of their beginnings that other prompts share.

        All prompts share what stands before the user's first word; many share the first segments of the first user message.
        """
        begin = self._vocabulary.begin_token()
        tokens: list[int] = []
        borders: list[int] = []
        # split() alternates: markup, number, markup, number, ...
        for index, piece in enumerate(PLACEHOLDER.split(self._render(messages))):
            if index % 2 == 0:
                tokens += self._tokens(piece, special=True)
                continue
            message = messages[int(piece)]
            is_first = message.role == "user" and not borders
            if is_first:
                borders.append(len(tokens))
            # a message without segments is trimmed, as the template would trim it
            for number, segment in enumerate(message.segments or (message.content.strip(),), 1):
                tokens += self._tokens(segment, special=False)
                if is_first and number == message.first_segments:
                    borders.append(len(tokens))
        missing = begin if tokens[: len(begin)] != begin else []
        return [*missing, *tokens], tuple(len(missing) + border for border in borders or [len(tokens)])

    def _render(self, messages: Sequence[Message]) -> str:
        roles = [message.role for message in messages]
        try:
            return self._render_roles(roles, list(range(len(roles))))
        except ModelUnusable:
            if roles[0] != "system" or len(roles) < 2:
                raise
            # some models (Mistral) have no system role: its text starts the first turn instead
            return self._render_roles(roles[1:], [*range(1, len(roles))], prefix=placeholder(0) + "\n\n")

    def _render_roles(self, roles: Sequence[str], indices: Sequence[int], prefix: str = "") -> str:
        from jinja2 import TemplateError

        turns = [{"role": role, "content": placeholder(index)} for role, index in zip(roles, indices, strict=True)]
        turns[0]["content"] = prefix + turns[0]["content"]
        begin, end = self._vocabulary.special_texts()
        try:
            return str(self._template.render(messages=turns, add_generation_prompt=True, bos_token=begin, eos_token=end))
        except TemplateError as error:
            raise ModelUnusable(f"The model's chat template does not work: {error}.") from error

    def _tokens(self, text: str, *, special: bool) -> tuple[int, ...]:
        # each chunk is counted before it is sent
        if len(self._cache) > 256:
            self._cache.clear()
        key = (text, special)
        if key not in self._cache:
            self._cache[key] = tuple(self._vocabulary.tokenize(text, special=special)) if text else ()
        return self._cache[key]


def placeholder(index: int) -> str:
    """Return the placeholder of message number `index`."""
    return f"\ue000{index}\ue001"


def refuse(reason: str) -> NoReturn:
    """Raise the template's own error: it does not support these messages."""
    from jinja2 import TemplateError

    raise TemplateError(reason)


class Vocabulary:
    """The vocabulary of one model."""

    def __init__(self, api: Any, model: Any) -> None:  # noqa: ANN401 - the C library and a C pointer
        self._api, self._model = api, model
        self._vocabulary = api.llama_model_get_vocab(model)

    @property
    def size(self) -> int:
        """The number of tokens."""
        return int(self._api.llama_vocab_n_tokens(self._vocabulary))

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        """Return the text's tokens. Markup in it becomes control tokens only with `special`."""
        data = text.encode("utf-8", "replace")
        size = len(data) + 8
        buffer = (self._api.llama_token * size)()
        count = self._api.llama_tokenize(self._vocabulary, data, len(data), buffer, size, False, special)
        return list(buffer[:count])

    def token_bytes(self, token: int) -> bytes:
        """Return the bytes of a token, b"" for a control token."""
        buffer = ctypes.create_string_buffer(256)
        count = self._api.llama_token_to_piece(self._vocabulary, token, buffer, len(buffer), 0, False)
        return buffer.raw[: max(count, 0)]

    def is_end(self, token: int) -> bool:
        """Return True for an end-of-generation token."""
        return bool(self._api.llama_vocab_is_eog(self._vocabulary, token))

    def begin_token(self) -> list[int]:
        """Return the token that starts a prompt of this model, or an empty list."""
        if not self._api.llama_vocab_get_add_bos(self._vocabulary):
            return []
        return [self._api.llama_vocab_bos(self._vocabulary)]

    def chat_template(self) -> str:
        """Return the model's own Jinja template, or ""."""
        template = self._api.llama_model_chat_template(self._model, None)
        return template.decode("utf-8") if template else ""

    def special_texts(self) -> tuple[str, str]:
        """Return the texts of the begin and end tokens, which templates refer to; "" for one that the model does not have."""
        tokens = self._api.llama_vocab_bos(self._vocabulary), self._api.llama_vocab_eos(self._vocabulary)
        begin, end = (self._api.llama_vocab_get_text(self._vocabulary, token) if token >= 0 else b"" for token in tokens)
        return (begin or b"").decode("utf-8", "replace"), (end or b"").decode("utf-8", "replace")
