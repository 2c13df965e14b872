"""Record the requests that a chat model on another machine would get, and send nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from assistant.datatypes import Message, OutgoingRequest, ScoredText
from assistant.models.remote.chat import RemoteChat


@dataclass(slots=True)
class EmptyReply:
    """A reply without text."""

    prompt_tokens: int
    reused_tokens: int = 0
    candidate_tokens: int = 0
    generated_tokens: int = 0
    finished: bool = True
    has_estimated_counts: bool = True

    def likelihood(self, opening: str) -> float:
        """Return 0."""
        return 0.0

    def log_likelihoods(self) -> tuple[float, ...]:
        """Return an empty tuple."""
        return ()

    def hidden_state(self, layer: int) -> None:
        """Return None."""

    def __iter__(self) -> Iterator[str]:
        """Yield nothing."""
        return iter(())


@dataclass(slots=True)
class PreviewChat:
    """A chat model that replies nothing and keeps the requests."""

    chat: RemoteChat
    requests: list[OutgoingRequest] = field(default_factory=list)
    fingerprint: str = ""
    gate: None = None

    @property
    def name(self) -> str:
        """The model's name."""
        return self.chat.name

    @property
    def machine(self) -> str:
        """The machine that would be asked."""
        return self.chat.machine

    @property
    def context_tokens(self) -> int:
        """The size of the context window."""
        return self.chat.context_tokens

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return the estimated length of the prompt."""
        return self.chat.count_tokens(messages)

    def reply(self, messages: Sequence[Message], max_tokens: int, candidates: Sequence[ScoredText] = ()) -> EmptyReply:
        """Keep the request."""
        tokens = self.chat.reply(messages, max_tokens).prompt_tokens  # raises ContextOverflow
        request = self.chat.request(messages, max_tokens)
        url = request.server.url(request.server.host, request.path)
        self.requests.append(OutgoingRequest(url, dict(request.headers), request.body.decode("utf-8")))
        return EmptyReply(tokens)

    def close(self) -> None:
        """Do nothing."""
