"""Chat model on another machine: ask any OpenAI-compatible server, such as llama-server, Ollama, LM Studio or vLLM.

Retrieval, citations and checks stay on this machine; what leaves is the prompt: instructions, passages, question, and in a
conversation the last turns. Each request is recorded with its size, without its text.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path

from assistant.datatypes import Message, ScoredText, never_stop
from assistant.errors import ContextOverflow, ServerUnavailable
from assistant.models.remote.address import parse_server, resolve
from assistant.models.remote.redaction import Redactor
from assistant.models.remote.spec import ServerSpec
from assistant.models.remote.sse import Delta, NoReply, error_message, parse_events, parse_whole
from assistant.models.remote.transport import Exchange, ExchangeFailed, Request
from assistant.system.atomic_files import append_record
from assistant.system.credentials import find_chat_key
from assistant.text.languages import HAN

COMPLETIONS = "/chat/completions"
PAUSES = (1.0, 2.0, 4.0)  # seconds before another try, plus up to a quarter
LONGEST_PAUSE = 30.0  # seconds that a server may ask for with Retry-After
BUSY = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
LONGEST_TOKEN = 40  # characters per token that a reply may have; a server that ignores max_tokens is cut off
OPTIONAL = ("stream_options", "temperature")  # left out if the server does not know them
TOKENS = re.compile(rf"[{HAN}]|[^\W{HAN}]{{1,4}}|[^\w\s]|\s+")
MESSAGE_TOKENS = 5  # of the chat template, per message
TOO_LONG = re.compile(r"context|too (?:long|large|many tokens)|maximum.{0,20}tokens", re.IGNORECASE)
CHECK = "Check the server, and the settings chat and chat_model."
THINKING = re.compile(r"\s*<think>")


def estimate_tokens(messages: Sequence[Message]) -> int:
    """Return the estimated length of a prompt: four letters, one Chinese character or one mark to a token."""
    return sum(MESSAGE_TOKENS + len(TOKENS.findall(message.content)) for message in messages)


class RemoteChat:
    """A chat model on another machine."""

    fingerprint, gate = "", None  # its file and its hidden states are not there to fit anything to

    def __init__(self, name: str, spec: ServerSpec, context_tokens: int, should_stop: Callable[[], bool] = never_stop,
                 pauses: Sequence[float] | None = None) -> None:
        self.name, self.context_tokens = name, context_tokens
        self.server, self.spec = parse_server(spec.address), spec
        self.redactor = Redactor()
        self.requests_sent = 0
        self.omitted: set[str] = set()  # optional parameters that the server does not know
        self.should_stop, self._pauses = should_stop, PAUSES if pauses is None else pauses

    @property
    def machine(self) -> str:
        """The machine that the model runs on."""
        return self.server.machine

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return the estimated length of the prompt."""
        return estimate_tokens(messages)

    def reply(self, messages: Sequence[Message], max_tokens: int, candidates: Sequence[ScoredText] = ()) -> RemoteReply:
        """Start a reply; see ChatModel. The server cannot score `candidates`. Raises ContextOverflow."""
        tokens = self.count_tokens(messages)
        if tokens + max_tokens > self.context_tokens:
            raise ContextOverflow(f"The prompt has about {tokens} tokens and the reply may have {max_tokens}, more than the "
                                  f"context of {self.context_tokens}.",
                                  "Ask a shorter question, or raise context_tokens in config.toml.")
        return RemoteReply(self, messages, max_tokens, tokens)

    def request(self, messages: Sequence[Message], max_tokens: int) -> Request:
        """Return the request for a reply, with placeholders for identifiers: exactly what is sent, but for the key."""
        texts: list[str] = [message.content for message in messages]
        contents = self.redactor.redact(texts) if self.spec.redact else texts
        said = [{"role": message.role, "content": content} for message, content in zip(messages, contents, strict=True)]
        body = {"model": self.name, "messages": said, "max_tokens": max_tokens, "temperature": 0, "stream": True,
                "stream_options": {"include_usage": True}}
        if "max_tokens" in self.omitted:
            body["max_completion_tokens"] = body.pop("max_tokens")
        sent = {name: value for name, value in body.items() if name not in self.omitted}
        headers = {"Host": self.server.host_header, "Content-Type": "application/json", "Accept": "text/event-stream",
                   "Accept-Encoding": "identity", "User-Agent": "private-assistant"}
        return Request(self.server, COMPLETIONS, json.dumps(sent, ensure_ascii=False).encode("utf-8", "replace"), headers)

    def begin(self, messages: Sequence[Message], max_tokens: int) -> tuple[Exchange, bool]:
        """Send a request, again after a pause if the server is busy; return the exchange and whether it is streamed.

        Raises ServerUnavailable, ContextOverflow or UsageError, and KeyboardInterrupt if it is stopped.
        """
        pauses = [*self._pauses]
        addresses = resolve(self.server, self.spec.policy)
        while True:
            exchange = self._send(self.request(messages, max_tokens), addresses)
            try:
                first = exchange.start()
            except ExchangeFailed as error:
                if not error.may_retry or not pauses:
                    raise self.failure(f"{error}") from error
                self._pause(pauses.pop(0))
                continue
            if first.status == 200:
                return exchange, "json" not in first.headers.get("content-type", "")
            said = self._read_error(exchange)
            if first.status in BUSY and pauses:
                self._pause(self._asked_pause(first.headers.get("retry-after", ""), pauses.pop(0)))
            elif not (first.status in {400, 422} and self._omit(said)):
                raise self._refusal(first.status, said)

    def _send(self, request: Request, addresses: Sequence[str]) -> Exchange:
        key = find_chat_key(self.server.machine)
        headers = {**request.headers, **({"Authorization": f"Bearer {key}"} if key else {})}
        self.requests_sent += 1
        self._note(len(request.body))
        sent = Request(request.server, request.path, request.body, headers)
        return Exchange(sent, addresses, self.spec.seconds, self.should_stop)

    def _note(self, size: int) -> None:
        if self.spec.record != Path():
            self.spec.record.parent.mkdir(parents=True, exist_ok=True)
            append_record(self.spec.record, {"at": datetime.now().astimezone().isoformat(timespec="seconds"),
                                             "server": self.machine, "model": self.name, "bytes": size})

    def _read_error(self, exchange: Exchange) -> str:
        """Return the message in the response of a server that refuses a request."""
        content = b""
        with suppress(ExchangeFailed):
            content = b"\n".join(exchange.lines())
        exchange.close()
        try:
            said = json.loads(content)
        except (ValueError, RecursionError):
            said = {"error": content.decode("utf-8", "replace")}
        return error_message(said if isinstance(said, dict) else {"error": said})

    def _asked_pause(self, retry_after: str, usual: float) -> float:
        """Return the seconds to wait. Raises ServerUnavailable if the server asks for more than LONGEST_PAUSE."""
        asked = float(retry_after) if re.fullmatch(r"\d{1,9}(\.\d+)?", retry_after.strip()) else 0.0
        if asked > LONGEST_PAUSE:
            raise self.failure(f"is busy and asks to wait {asked:.0f} seconds", "Ask again later.")
        return max(asked, usual)

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds * random.uniform(1, 1.25)
        while (left := until - time.monotonic()) > 0:
            if self.should_stop():
                raise KeyboardInterrupt
            time.sleep(min(0.1, left))

    def _omit(self, said: str) -> bool:
        """Leave out a parameter that the server complains about, from now on; return whether there is one."""
        named = [name for name in (*OPTIONAL, "max_tokens") if re.search(rf"\b{name}\b", said) and name not in self.omitted]
        self.omitted.update(named)
        return bool(named)

    def _refusal(self, status: int, said: str) -> ServerUnavailable | ContextOverflow:
        """Return the error for a response that is no success."""
        if status in {400, 413} and TOO_LONG.search(said):
            return ContextOverflow(f"The prompt is too long for {self.name} on {self.machine}: {said}",
                                   "Lower context_tokens in config.toml to what the server allows.")
        if 300 <= status < 400:
            return self.failure(f"redirects to another address (status {status}), which is not followed")
        if status in {401, 403}:
            return self.failure(f"refuses the key (status {status})",
                                "Set ASSISTANT_CHAT_KEY in the environment, or unlock the keyring that holds the key (pip "
                                f"install private-assistant[keyring]; keyring set private-assistant {self.machine}).")
        if status == 404:
            return self.failure(f"does not know the address or the model {self.name} (status 404: {said})",
                                "Check chat, which mostly ends with /v1, and chat_model.")
        if status in BUSY:
            return self.failure(f"is busy or failed (status {status}: {said})", "Ask again later.")
        return self.failure(f"refuses the request (status {status}: {said})")

    def failure(self, reason: str, hint: str = CHECK) -> ServerUnavailable:
        """Return the error for this server."""
        return ServerUnavailable(f"The server {self.machine} {reason.rstrip('.')}.",
                                 f"{hint} To answer with the local model then: remote_fallback = true")

    def close(self) -> None:
        """Do nothing, since no connection stays open."""


@dataclass(slots=True)
class RemoteReply:
    """A reply that a server generates while it is iterated."""

    chat: RemoteChat
    messages: Sequence[Message]
    max_tokens: int
    prompt_tokens: int
    reused_tokens: int = 0
    candidate_tokens: int = 0
    generated_tokens: int = 0
    finished: bool = True
    has_estimated_counts: bool = True
    _exchange: Exchange | None = None
    _deltas: Iterator[Delta] = field(default_factory=lambda: iter(()))
    _first: list[Delta] = field(default_factory=list)

    def likelihood(self, opening: str) -> float:
        """Begin the reply and return 0: a server is not asked for probabilities."""
        self._begin()
        return 0.0

    def log_likelihoods(self) -> tuple[float, ...]:
        """Return an empty tuple: a server cannot score texts."""
        return ()

    def hidden_state(self, layer: int) -> None:
        """Return None: a server does not show its hidden states."""

    def __iter__(self) -> Iterator[str]:
        """Yield the text. Raises ServerUnavailable if the server breaks off; KeyboardInterrupt if it is stopped."""
        self._begin()
        pieces = without_thoughts(self._pieces())
        try:
            yield from self.chat.redactor.restore(pieces) if self.chat.spec.redact else pieces
        finally:
            if self._exchange is not None:
                self._exchange.close()  # also if the rest is not wanted: the server stops generating

    def _begin(self) -> None:
        """Send the request and wait for the first text, unless that is done."""
        if self._exchange is not None:
            return
        self._exchange, is_streamed = self.chat.begin(self.messages, self.max_tokens)
        self._deltas = self._received(parse_events if is_streamed else parse_whole)
        for delta in self._deltas:
            self._first.append(delta)
            if delta.text:
                break

    def _received(self, parse: Callable[[Iterator[bytes]], Iterator[Delta]]) -> Iterator[Delta]:
        """Yield the steps, counted; close the connection at the end. Raises ServerUnavailable."""
        assert self._exchange is not None
        try:
            for delta in parse(self._exchange.lines()):
                if delta.text or delta.finish_reason or delta.is_thinking:
                    self._exchange.extend()
                self._count(delta)
                yield delta
        except (NoReply, ExchangeFailed) as error:
            raise self.chat.failure(str(error)) from error
        finally:
            self._exchange.close()

    def _count(self, delta: Delta) -> None:
        self.generated_tokens += bool(delta.text) if self.has_estimated_counts else 0
        self.finished = self.finished and delta.finish_reason != "length"
        if delta.usage:
            self.prompt_tokens, self.generated_tokens = delta.usage
            self.has_estimated_counts = False

    def _pieces(self) -> Iterator[str]:
        """Yield the text of the steps, up to a length that no reply of `max_tokens` has."""
        left = self.max_tokens * LONGEST_TOKEN
        for delta in chain(self._first, self._deltas):
            yield delta.text[:left]
            left -= len(delta.text)
            if left <= 0:
                self.finished = False
                return


def without_thoughts(pieces: Iterator[str]) -> Iterator[str]:
    """Yield a reply without the <think>...</think> that some models put before it."""
    pending = ""
    for piece in pieces:
        pending += piece
        start = pending.lstrip()
        if not start or ("<think>".startswith(start) and len(start) < 7):
            continue
        if not THINKING.match(pending):
            yield pending
            yield from pieces
            return
        _, end, after = pending.partition("</think>")
        if end and after.lstrip():
            yield after.lstrip()
            yield from pieces
            return
    if not THINKING.match(pending):
        yield pending
