"""From messages to tokens through the model's own chat template.

Only the template's markup may become control tokens. The messages' texts are tokenized apart, as plain text: a
`<|im_end|>` in a person's file stays six harmless characters and cannot end a turn.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NoReturn

from assistant.backends.llama.runs import Run
from assistant.backends.llama.vocabulary import Vocabulary
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
        return [token for run in self.runs(messages) for token in run.tokens]

    def runs(self, messages: Sequence[Message]) -> list[Run]:
        """Return the prompt in runs of tokens: markup, messages, and the segments of those that have any."""
        rendered = self._render(messages)
        runs: list[Run] = []
        for index, piece in enumerate(PLACEHOLDER.split(rendered)):
            # split() alternates: markup, number, markup, number, ...
            if index % 2 == 0:
                runs.append(Run(self._tokens(piece, special=True)))
            else:
                runs += self._runs_of(messages[int(piece)])
        begin = tuple(self._vocabulary.begin_token())
        return runs if runs[0].tokens[: len(begin)] == begin else [Run(begin), *runs]

    def _runs_of(self, message: Message) -> list[Run]:
        """Return a message's segments; one that has none is a single one, as the template would have trimmed it."""
        by_person = message.role == "user"
        if not message.segments:
            return [Run(self._tokens(message.content.strip(), special=False), by_person=by_person)]
        return [Run(self._tokens(segment.text, special=False), segment.reusable, segment.shelf, by_person)
                for segment in message.segments]

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
