"""Ask the model about parts of documents: prompts, a cache of replies on disk, and an estimate of the remaining time."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from assistant.datatypes import ChatModel, Hit, Message, OnProgress, Progress, PromptText
from assistant.generation.untrusted_text import fence, fill_template, join_prompt_texts, own_words, sanitize
from assistant.system.atomic_files import write_atomically
from assistant.text.languages import CJK_CHARACTER

LONG = 20  # seconds; longer waits are announced
PARTS, ESTIMATE = "parts", "estimate"
BUDGET = 64 * 2**20  # bytes
PACE = "pace.json"
PACE_WEIGHT = 0.3  # of the newest measurement in the moving average
PART_TOKENS = 1400  # small models lose track of longer texts
SPARE = 300  # tokens for the instructions
WHOLE_VERSION = "whole-2"
NONE = "NONE"
NAMES = {"zh": "Chinese (中文)", "ja": "Japanese", "ko": "Korean", "ru": "Russian", "de": "German", "fr": "French",
         "es": "Spanish"}
NOTES = """You take notes on a text from the user's own files.
- Write {count} notes in {language}, one on each line, each beginning with "- ".
- Each note is one short, complete sentence about one fact that matters most in the text: who, what, how much, by when.
- Copy names, numbers and dates exactly as they stand in the text. Use nothing from elsewhere.
- Write no heading, no introduction and no comment."""
WITH_NUMBERS = "\n- End each note with the number of the passage that it comes from, such as [2]."
CHOICE = """You are given numbered notes on one document. Choose the {count} notes that a reader who has little time must know.
Reply with the numbers of these notes only, separated by commas, and nothing else."""
DEADLINES = """You are given numbered sentences. Which of them state a deadline, a due date or the end of a period?
Reply with their numbers only, separated by commas. If none does, reply only: NONE"""
LISTING = """You list things that stand in a text from the user's own files.
- Write every one of these that the text names: {wanted}. One on each line, each beginning with "- ".
- Copy each exactly as it is written in the text. Use nothing from elsewhere, and write no comment.
- If the text names none, reply only: NONE"""


@dataclass(slots=True)
class CachedLLM:
    """Chat model whose replies are cached by content. Announce the messages with `expect` before calling `write`."""

    open_chat: Callable[[], ChatModel]
    notes: NotesCache
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
        """The model, loaded on first use."""
        if self._chat is None:
            self._chat = self.open_chat()
        return self._chat

    @property
    def name(self) -> str:
        """The model's name; an empty string if it was not loaded."""
        return self._chat.name if self._chat else ""

    def expect(self, requests: Sequence[tuple[str, tuple[Message, ...], int]]) -> None:
        """Count the requests (content hash, messages, tokens) that are not cached, and announce the time they will take."""
        new = [each for each in requests if not self.notes.get(each[0], cache_key(self.chat.name, each[1], each[2]))]
        self._total, self._left = len(new), sum(character_count(messages) for _, messages, _ in new)
        self._announce(self.notes.pace(self.chat.name))

    def write(self, content_hash: str, messages: tuple[Message, ...], max_tokens: int) -> str:
        """Return the model's reply, cached or new. Raises ContextOverflow if the messages do not fit."""
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
        """Report the remaining time once if it is long; `pace` is in seconds per character."""
        if not self._announced and pace * self._left > LONG:
            self._announced = True
            seconds = pace * self._left
            left = f"{round(seconds / 10) * 10} seconds" if seconds < 90 else f"{round(seconds / 60)} minutes"
            self.on_progress(Progress(ESTIMATE, self._done, self._total, current=left))


def character_count(messages: Sequence[Message]) -> int:
    """Return the number of characters in messages; CJK characters count twice, since each is about a token."""
    text = "".join(message.content for message in messages)
    return max(1, len(text) + len(CJK_CHARACTER.findall(text)))


class NotesCache:
    """Disk cache of model replies, one folder for each content hash. Write errors are ignored."""

    def __init__(self, folder: Path, budget: int = BUDGET, elsewhere: Mapping[str, Path] | None = None) -> None:
        """Cache replies in the folder; for the content hashes in `elsewhere`, in the folders named there."""
        self._folder, self._budget, self._elsewhere = folder, budget, elsewhere or {}

    def get(self, content_hash: str, key: str) -> str:
        """Return a cached reply; an empty string if there is none."""
        try:
            return self._file(content_hash, key).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            return ""

    def put(self, content_hash: str, key: str, text: str) -> None:
        """Store a reply, and evict the oldest ones beyond the budget."""
        file = self._file(content_hash, key)
        with suppress(OSError):  # a full or read-only disk loses the reply, not the answer
            file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(file, text.encode())
            self._keep_to_budget()

    def keep_only(self, content_hashes: Collection[str]) -> None:
        """Remove the replies for all other contents."""
        kept = {folder_name(each) for each in content_hashes}
        for folder in self._folder.glob("*/"):
            if folder.name not in kept:
                shutil.rmtree(folder)

    def pace(self, model: str) -> float:
        """Return the model's recent seconds per character on this machine; 0 if unknown."""
        return float(self._paces().get(model, 0.0))

    def note_pace(self, model: str, seconds: float) -> None:
        """Update the moving average of the model's seconds per character."""
        paces = self._paces()
        before = paces.get(model, seconds)
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            updated = paces | {model: before + PACE_WEIGHT * (seconds - before)}
            write_atomically(self._folder / PACE, json.dumps(updated).encode())

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
    """Return the folder name for a content hash; "unknown" for anything else, which an imported library may contain."""
    return content_hash[:32] if content_hash.isascii() and content_hash.isalnum() else "unknown"


def cache_key(model: str, messages: Sequence[Message], max_tokens: int) -> str:
    """Return the key of a reply: a hash of the model name, the token limit and the messages."""
    request = json.dumps([model, max_tokens, *((message.role, message.content) for message in messages)], ensure_ascii=False)
    return hashlib.sha256(request.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def split_into_parts(passages: Sequence[Hit], chat: ChatModel, reply_tokens: int) -> list[tuple[Hit, ...]]:
    """Return consecutive chunks in groups that fit the context and that small models read well."""
    limit = min(PART_TOKENS, chat.context_tokens - reply_tokens - SPARE)
    parts: list[list[Hit]] = []
    size_of_part = 0
    for hit in passages:
        size = chat.count_tokens((Message("user", sanitize(hit.chunk.searchable)),))
        if not parts or size_of_part + size > limit:
            parts.append([])
            size_of_part = 0
        parts[-1].append(hit)
        size_of_part += size
    return [tuple(part) for part in parts]


def notes_prompt(passages: Sequence[Hit], language: str, count: int, *, with_numbers: bool) -> tuple[Message, ...]:
    """Return the messages that ask for notes on a part of a text."""
    system = NOTES.format(count=count, language=NAMES.get(language, "English")) + (WITH_NUMBERS if with_numbers else "")
    return (Message("system", own_words(system)), Message("user", chunks_text(passages, with_numbers=with_numbers)))


def listing_prompt(passages: Sequence[Hit], wanted: str) -> tuple[Message, ...]:
    """Return the messages that ask for all items of a kind in a part of a text."""
    asked = fill_template(LISTING, {"wanted": own_words(wanted)})
    return (Message("system", asked), Message("user", chunks_text(passages, with_numbers=False)))


def choice_prompt(notes: Sequence[str], count: int) -> tuple[Message, ...]:
    """Return the messages that ask which notes matter most."""
    asked = fill_template(CHOICE, {"count": own_words(str(count))})
    return (Message("system", asked), Message("user", numbered_list([sanitize(note) for note in notes])))


def deadlines_prompt(sentences: Sequence[PromptText]) -> tuple[Message, ...]:
    """Return the messages that ask which sentences state a deadline."""
    return (Message("system", own_words(DEADLINES)), Message("user", numbered_list(sentences)))


def numbered_list(texts: Sequence[PromptText]) -> PromptText:
    """Return numbered texts, one on each line."""
    return join_prompt_texts("\n", (fill_template("{number}. {text}", {"number": own_words(str(number)), "text": text})
                         for number, text in enumerate(texts, 1)))


def chunks_text(passages: Sequence[Hit], *, with_numbers: bool) -> PromptText:
    """Return chunks as a model reads them; title and headings only if they differ from the previous chunk's."""
    written: list[PromptText] = []
    before = ""
    for number, hit in enumerate(passages, 1):
        context = hit.chunk.context if hit.chunk.context != before else ""
        before = hit.chunk.context
        text = fence("\n".join(part for part in (context, hit.chunk.text) if part))
        numbered = fill_template("[{number}]\n{text}", {"number": own_words(str(number)), "text": text})
        written.append(numbered if with_numbers else text)
    return join_prompt_texts("\n\n", written)


def parse_numbers(reply: str, count: int) -> list[int]:
    """Return the distinct numbers from 1 to `count` in a reply."""
    return [number for number in dict.fromkeys(map(int, re.findall(r"\d{1,4}", reply))) if 1 <= number <= count]
