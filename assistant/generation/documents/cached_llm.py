"""Messages in, what the model writes out, or what it wrote when it was asked the same before; and how long there is to wait."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from assistant.datatypes import ChatModel, Hit, Message, OnProgress, Progress
from assistant.generation.injection.untrusted_text import sanitize

LONG = 20  # seconds: a wait that is announced
PARTS, ESTIMATE = "parts", "estimate"


@dataclass(slots=True)
class CachedLLM:
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
        new = [each for each in asked if not self.notes.get(each[0], cache_key(self.chat.name, each[1], each[2]))]
        self._total, self._left = len(new), sum(character_count(messages) for _, messages, _ in new)
        self._announce(self.notes.pace(self.chat.name))

    def write(self, content_hash: str, messages: tuple[Message, ...], max_tokens: int) -> str:
        """Return what the model writes. Raises ContextOverflow where the messages do not fit."""
        key = cache_key(self.chat.name, messages, max_tokens)
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
        self.notes.note_pace(self.chat.name, seconds / character_count(messages))
        self._done += 1
        self._left = max(0, self._left - character_count(messages))
        self._announce(seconds / character_count(messages))
        self.on_progress(Progress(PARTS, self._done, max(self._total, self._done)))
        return text

    def _announce(self, pace: float) -> None:
        """Say once how long the rest takes, if it is long; `pace` is in seconds a character."""
        if not self._announced and pace * self._left > LONG:
            self._announced = True
            self.on_progress(Progress(ESTIMATE, self._done, self._total, current=duration_text(pace * self._left)))


def character_count(messages: Sequence[Message]) -> int:
    """Return the number of characters in messages; Chinese ones count twice, since they are about a token each."""
    text = "".join(message.content for message in messages)
    return max(1, len(text) + sum(character >= "\u3040" for character in text))


def duration_text(seconds: float) -> str:
    """Return a time as a person says it."""
    if seconds < 90:
        return f"{round(seconds / 10) * 10} seconds"
    return f"{round(seconds / 60)} minutes"


BUDGET = 64 * 2**20  # bytes
PACE = "pace.json"
WEIGHT = 0.3  # of the newest measurement


class Notes:
    """A folder of notes, one below it for each file's content. What cannot be written is only not remembered."""

    def __init__(self, folder: Path, budget: int = BUDGET, elsewhere: Mapping[str, Path] | None = None) -> None:
        """Keep notes in the folder; those on the contents that `elsewhere` names, by hash, in folders of their own."""
        self._folder, self._budget, self._elsewhere = folder, budget, elsewhere or {}

    def get(self, content_hash: str, key: str) -> str:
        """Return a note; empty where there is none."""
        try:
            return self._file(content_hash, key).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            return ""

    def put(self, content_hash: str, key: str, text: str) -> None:
        """Keep a note, and let the oldest ones go where there are too many."""
        file = self._file(content_hash, key)
        with suppress(OSError):  # a full or closed disk costs the note, not the answer
            file.parent.mkdir(parents=True, exist_ok=True)
            partial = file.with_suffix(".partial")
            partial.write_text(text, "utf-8")
            partial.replace(file)
            self._keep_to_budget()

    def keep_only(self, content_hashes: Collection[str]) -> None:
        """Remove the notes of all other contents."""
        kept = {folder_name(each) for each in content_hashes}
        for folder in self._folder.glob("*/"):
            if folder.name not in kept:
                shutil.rmtree(folder)

    def pace(self, model: str) -> float:
        """Return how many seconds a character has taken this model on this machine lately; 0 where that is not known."""
        return float(self._paces().get(model, 0.0))

    def note_pace(self, model: str, seconds: float) -> None:
        """Remember how long a character took."""
        paces = self._paces()
        before = paces.get(model, seconds)
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / PACE).write_text(json.dumps(paces | {model: before + WEIGHT * (seconds - before)}), "utf-8")

    def _paces(self) -> dict[str, float]:
        try:
            held = json.loads((self._folder / PACE).read_text("utf-8"))
            return {str(name): float(seconds) for name, seconds in held.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            return {}

    def _file(self, content_hash: str, key: str) -> Path:
        return self._elsewhere.get(content_hash, self._folder) / folder_name(content_hash) / f"{key}.txt"

    def _keep_to_budget(self) -> None:
        files = [(file, file.stat()) for file in self._folder.glob("*/*.txt")]
        over = sum(status.st_size for _, status in files) - self._budget
        for file, status in sorted(files, key=lambda pair: pair[1].st_mtime_ns):
            if over <= 0:
                return
            file.unlink(missing_ok=True)
            over -= status.st_size


def folder_name(content_hash: str) -> str:
    """Return the name of the folder of a content's notes. A library from elsewhere may hold anything in place of a hash."""
    return content_hash[:32] if content_hash.isascii() and content_hash.isalnum() else "unknown"


def cache_key(model: str, messages: Sequence[Message], max_tokens: int) -> str:
    """Return what a note is known by: the model, and every word that it was sent."""
    said = json.dumps([model, max_tokens, *((message.role, message.content) for message in messages)], ensure_ascii=False)
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:32]


PART_TOKENS = 1400  # small models lose the thread in more
SPARE = 300  # tokens for the instructions


def split_into_parts(passages: Sequence[Hit], chat: ChatModel, reply_tokens: int) -> list[tuple[Hit, ...]]:
    """Return the passages in groups of neighbours, each as large as the model reads well and its context allows."""
    room = min(PART_TOKENS, chat.context_tokens - reply_tokens - SPARE)
    parts: list[list[Hit]] = []
    held = 0
    for hit in passages:
        size = chat.count_tokens((Message("user", sanitize(hit.chunk.searchable)),))
        if not parts or held + size > room:
            parts.append([])
            held = 0
        parts[-1].append(hit)
        held += size
    return [tuple(part) for part in parts]
