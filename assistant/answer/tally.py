"""A chat model in; the same with a count of the prompt tokens that were computed for one question, whatever was asked, out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assistant.datatypes import ChatModel, Message, Reply, Supposed, never


class TallyingChat:
    """A chat model for one question, which may take several prompts."""

    def __init__(self, chat: ChatModel) -> None:
        self._chat = chat
        self._replies: list[Reply] = []

    @property
    def name(self) -> str:
        """What a person calls the model."""
        return self._chat.name

    @property
    def context_tokens(self) -> int:
        """The number of tokens that prompt and reply must share."""
        return self._chat.context_tokens

    @property
    def reused_tokens(self) -> int:
        """How many tokens of the first prompt were held already, from questions before this one."""
        return self._replies[0].reused_tokens if self._replies else 0

    @property
    def read_tokens(self) -> int:
        """How many prompt tokens were computed, of all prompts."""
        return sum(reply.prompt_tokens - reply.reused_tokens + reply.supposed_tokens for reply in self._replies)

    @property
    def joins(self) -> bool:
        """Whether passages are joined from what was computed of them before."""
        return self._chat.joins

    @property
    def kept_bytes(self) -> int:
        """How much of what was computed of passages is kept on disk."""
        return self._chat.kept_bytes

    def make_ready(self, messages: Sequence[Message], should_stop: Callable[[], bool] = never) -> int:
        """Compute what may be kept of messages and is not yet; return how many tokens that was."""
        return self._chat.make_ready(messages, should_stop)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return the length of the prompt that these messages become, template included."""
        return self._chat.count_tokens(messages)

    def reply(self, messages: Sequence[Message], max_tokens: int, supposed: Sequence[Supposed] = ()) -> Reply:
        """Start a reply; see ChatModel. Raises ContextOverflow where prompt and reply do not fit."""
        reply = self._chat.reply(messages, max_tokens, supposed)
        self._replies.append(reply)
        return reply

    def close(self) -> None:
        """Free the model's memory."""
        self._chat.close()
