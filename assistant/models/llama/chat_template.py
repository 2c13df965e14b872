"""From messages to tokens through the model's own chat template.

Only the template's markup may become control tokens. The messages' texts are tokenized apart, as plain text: a
`<|im_end|>` in a person's file stays six harmless characters and cannot end a turn.
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
# private-use characters around a number stand for a message's text while the template is rendered
PLACEHOLDER = re.compile("\ue000(\\d+)\ue001")


class ChatTemplate:
    """Renders and tokenizes prompts for one model."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        self._vocabulary = vocabulary
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True,
                                                    extensions=["jinja2.ext.loopcontrols"])
        environment.globals["raise_exception"] = refuse
        self._template = environment.from_string(vocabulary.chat_template() or CHATML)
        self._cache: dict[tuple[str, bool], tuple[int, ...]] = {}

    def tokenize(self, messages: Sequence[Message]) -> list[int]:
        """Return the prompt's tokens, up to where the assistant begins to speak."""
        return self.tokenize_with_prefix(messages)[0]

    def tokenize_with_prefix(self, messages: Sequence[Message]) -> tuple[list[int], int]:
        """Return the prompt's tokens, and the length of their prefix before the user's first word, which all prompts share."""
        begin = self._vocabulary.begin_token()
        tokens: list[int] = []
        prefix = -1
        # split() alternates: markup, number, markup, number, ...
        for index, piece in enumerate(PLACEHOLDER.split(self._render(messages))):
            if index % 2 == 0:
                tokens += self._tokens(piece, special=True)
                continue
            message = messages[int(piece)]
            if message.role == "user" and prefix < 0:
                prefix = len(tokens)
            # a message without segments is trimmed, as the template would trim it
            for segment in message.segments or (message.content.strip(),):
                tokens += self._tokens(segment, special=False)
        missing = begin if tokens[: len(begin)] != begin else []
        return [*missing, *tokens], len(missing) + (prefix if prefix >= 0 else len(tokens))

    def _render(self, messages: Sequence[Message]) -> str:
        roles = [message.role for message in messages]
        try:
            return self._render_roles(roles, list(range(len(roles))))
        except ModelUnusable:
            if roles[0] != "system" or len(roles) < 2:
                raise
            # some models (Mistral) know no system role: its text opens the first turn instead
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
        # the same passages are counted, then sent: the second time is free
        if len(self._cache) > 256:
            self._cache.clear()
        key = (text, special)
        if key not in self._cache:
            self._cache[key] = tuple(self._vocabulary.tokenize(text, special=special)) if text else ()
        return self._cache[key]


def placeholder(index: int) -> str:
    """Return what stands for message number `index` while the template is rendered."""
    return f"\ue000{index}\ue001"


def refuse(reason: str) -> NoReturn:
    """Stop a template that says that it cannot take these messages."""
    from jinja2 import TemplateError

    raise TemplateError(reason)


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
