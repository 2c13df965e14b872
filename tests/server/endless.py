"""A reply that lasts until it is stopped."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest

from assistant.models.fake import FakeReply
from tests.server.serving import until


@dataclass(frozen=True)
class Endless:
    """Says whether a reply has begun, and whether it was stopped."""

    begun: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)

    def wait_for_begin(self) -> None:
        until(self.begun.is_set)

    def wait_for_stop(self) -> None:
        until(self.stopped.is_set)


def endless_replies(monkeypatch: pytest.MonkeyPatch) -> Endless:
    """Let every reply last, from its second word on, until it is stopped."""
    endless = Endless()

    def compute(reply: FakeReply) -> None:
        if reply.generated_tokens:
            endless.begun.set()
            until(reply.should_stop)
            endless.stopped.set()
            raise KeyboardInterrupt

    monkeypatch.setattr(FakeReply, "_compute", compute)
    return endless
