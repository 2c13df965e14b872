"""Messages in, what the model writes out, or what it wrote when it was asked the same before; and how long there is to wait."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from assistant.answer.whole.notes import Notes, key_of
from assistant.datatypes import ChatModel, Message, Progress

OnProgress = Callable[[Progress], None]
LONG = 20  # seconds: a wait that is announced
PARTS, ESTIMATE = "parts", "estimate"


@dataclass(slots=True)
class Writer:
    """A model that remembers. `expect` says how many parts there are before they are written one after another."""

    open_chat: Callable[[], ChatModel]
    notes: Notes
    on_progress: OnProgress
    prompt_tokens: int = 0
    generated_tokens: int = 0
    _chat: ChatModel | None = field(default=None)
    _done: int = 0
    _left: int = 0
    _total: int = 0
    _announced: bool = False

    @property
    def chat(self) -> ChatModel:
        """The model, loaded when it is first needed."""
        if self._chat is None:
            self._chat = self.open_chat()
        return self._chat

    @property
    def name(self) -> str:
        """What the model is called; nothing where it was not needed."""
        return self._chat.name if self._chat else ""

    def expect(self, asked: Sequence[tuple[str, tuple[Message, ...], int]]) -> None:
        """Take note of what will be asked (content hash, messages, tokens), and say how long it takes where that is known."""
        new = [each for each in asked if not self.notes.get(each[0], key_of(self.chat.name, each[1], each[2]))]
        self._total, self._left = len(new), sum(size_of(messages) for _, messages, _ in new)
        self._announce(self.notes.pace(self.chat.name))

    def write(self, content_hash: str, messages: tuple[Message, ...], max_tokens: int) -> str:
        """Return what the model writes. Raises ContextOverflow where the messages do not fit."""
        key = key_of(self.chat.name, messages, max_tokens)
        known = self.notes.get(content_hash, key)
        if known:
            return known
        self.on_progress(Progress(PARTS, self._done, max(self._total, self._done + 1)))
        started = time.perf_counter()
        reply = self.chat.reply(messages, max_tokens)
        text = "".join(reply)
        self.prompt_tokens += reply.prompt_tokens
        self.generated_tokens += reply.generated_tokens
        seconds = time.perf_counter() - started
        self.notes.put(content_hash, key, text or " ")
        self.notes.note_pace(self.chat.name, seconds / size_of(messages))
        self._done += 1
        self._left = max(0, self._left - size_of(messages))
        self._announce(seconds / size_of(messages))
        self.on_progress(Progress(PARTS, self._done, max(self._total, self._done)))
        return text

    def _announce(self, pace: float) -> None:
        """Say once how long the rest takes, if it is long; `pace` is in seconds a character."""
        if not self._announced and pace * self._left > LONG:
            self._announced = True
            self.on_progress(Progress(ESTIMATE, self._done, self._total, current=in_words(pace * self._left)))


def size_of(messages: Sequence[Message]) -> int:
    """Return the number of characters in messages; Chinese ones count twice, since they are about a token each."""
    text = "".join(message.content for message in messages)
    return max(1, len(text) + sum(character >= "\u3040" for character in text))


def in_words(seconds: float) -> str:
    """Return a time as a person says it."""
    if seconds < 90:
        return f"{round(seconds / 10) * 10} seconds"
    return f"{round(seconds / 60)} minutes"
