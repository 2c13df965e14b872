"""Parse the response of a chat completion: server-sent events with JSON chunks, or one JSON object."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

BOM = b"\xef\xbb\xbf"


class NoReply(ValueError):
    """Raised for a response that is no chat completion; the message says what it is instead."""


@dataclass(frozen=True, slots=True)
class Delta:
    """One step of a streamed reply."""

    text: str = ""
    finish_reason: str = ""
    usage: tuple[int, int] | None = None  # tokens of the prompt and of the reply
    is_thinking: bool = False  # whether it has text of a reasoning model that does not belong to the reply


def parse_events(lines: Iterable[bytes]) -> Iterator[Delta]:
    """Yield the steps of a stream; it must end with [DONE] or a reason to finish. Raises NoReply."""
    is_finished = False
    for line in lines:
        content = line.strip().removeprefix(BOM)
        if not content or content.startswith((b":", b"event:", b"id:", b"retry:")):
            continue
        if not content.startswith(b"data:"):
            raise NoReply(f"sent something that is no stream of events: {shorten(content)}")
        data = content.removeprefix(b"data:").strip()
        if data == b"[DONE]":
            return
        for delta in parse_chunk(data):
            is_finished = is_finished or bool(delta.finish_reason)
            yield delta
    if not is_finished:
        raise NoReply("broke off in the middle of its answer")


def parse_whole(lines: Iterable[bytes]) -> Iterator[Delta]:
    """Yield the only step of a response that is not streamed. Raises NoReply."""
    return parse_chunk(b"\n".join(lines))


def parse_chunk(data: bytes) -> Iterator[Delta]:
    """Yield the step in one JSON object, if it has one. Raises NoReply if it is an error or no chat completion."""
    try:
        said = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise NoReply(f"sent something that is no JSON: {shorten(data)}") from error
    if not isinstance(said, dict):
        raise NoReply(f"sent something that is no chat completion: {shorten(data)}")
    if said.get("error"):
        raise NoReply(f"reports an error: {error_message(said)}")
    if not isinstance(said.get("choices"), list):
        raise NoReply(f"sent something that is no chat completion: {shorten(data)}")
    try:
        yield from deltas_of(said)
    except (TypeError, ValueError, AttributeError, KeyError, IndexError) as error:
        raise NoReply(f"sent a chat completion of an unknown form: {shorten(data)}") from error


def deltas_of(said: dict[str, Any]) -> Iterator[Delta]:
    """Yield the step in a chat completion, or in a chunk of one."""
    counts = counts_of(said.get("usage"))
    if not said["choices"]:
        yield Delta(usage=counts)
        return
    choice = said["choices"][0]
    message = choice.get("delta") or choice.get("message") or {}
    content = message.get("content") or ""
    if not isinstance(content, str):
        raise TypeError("the content is no text")
    is_thinking = bool(message.get("reasoning_content") or message.get("reasoning"))
    content = content.encode("utf-8", "replace").decode("utf-8")  # without lone surrogates
    yield Delta(content, str(choice.get("finish_reason") or ""), counts, is_thinking)


def counts_of(usage: Any) -> tuple[int, int] | None:  # noqa: ANN401 - JSON
    """Return the tokens of prompt and reply; None if the server gives none, or something else."""
    try:
        return int(usage["prompt_tokens"]), int(usage.get("completion_tokens") or 0)
    except (TypeError, ValueError, AttributeError, KeyError):
        return None


def error_message(said: dict[str, Any]) -> str:
    """Return the message of an error object, shortened; servers made with FastAPI say it in `detail`."""
    error = said.get("error") or said.get("detail") or said
    message = error.get("message", error) if isinstance(error, dict) else error
    return shorten(str(message).encode("utf-8", "replace"))


def shorten(data: bytes) -> str:
    """Return the beginning of what a server sent, for an error message."""
    text = " ".join(data[:400].decode("utf-8", "replace").split())
    return f"{text[:120]}…" if len(text) > 120 else text or "nothing"
