"""Answer with a chat model on another machine: ask it always or only if the local model is unsure, and fall back if it fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from assistant.app.models import ModelProvider
from assistant.config import Settings
from assistant.datatypes import Answer, AnswerStreaming, ChatModel, OnProgress, SentCount, Sentence, StreamedAnswer
from assistant.errors import ServerUnavailable
from assistant.system.atomic_files import append_record, read_records

OpenChat: TypeAlias = Callable[[], ChatModel]


class DelegatedAnswer(StreamedAnswer):
    """An answer that a model on another machine may write. `make` begins the answer of the model that a function opens.

    A draft of the local model, and an answer that the local model may have to replace, are shown only when they are complete.
    """

    def __init__(self, make: Callable[[OpenChat], AnswerStreaming], models: ModelProvider, settings: Settings) -> None:
        self._make, self._models, self._settings = make, models, settings
        self._remote = models.remote_chat
        self._sent_before = self._remote.requests_sent
        self._drafts = settings.remote_when == "unsure"
        self._current = make(self._local if self._drafts else lambda: self._remote)
        self._failure = ""
        self.question, self.hits = self._current.question, self._current.hits

    @property
    def sentences(self) -> Sequence[Sentence]:
        """The finished sentences of the answer that is shown."""
        return self._finished[0].sentences if self._finished else self._current.sentences

    def prepare(self, on_progress: OnProgress) -> None:
        """Do the work before the first token; the local model does it if the other one fails and a fallback is allowed."""
        self._on_progress = on_progress
        try:
            self._current.prepare(on_progress)
        except ServerUnavailable as error:
            self._fall_back(error)

    def __iter__(self) -> Iterator[str]:
        """Yield the text; the pieces concatenate to `answer.text`."""
        try:
            draft = (self._current.answer,) if self._drafts else ()
            if draft and is_sure(draft[0]):
                yield from self._finish(draft[0])
                return
            if draft:
                self._current = self._make(lambda: self._remote)
            if self._settings.remote_fallback:
                yield from self._finish(self._answer_or_fallback(draft))
            else:
                self._current.prepare(self._on_progress)
                yield from self._current
                self._finished = (self._current.answer,)
        finally:
            self._record()

    def _local(self) -> ChatModel:
        return self._models.start_local_chat().result()

    def _finish(self, answer: Answer) -> Iterator[str]:
        self._finished = (replace(answer, machine=answer.machine or "this machine"),)
        yield answer.text

    def _answer_or_fallback(self, draft: tuple[Answer, ...]) -> Answer:
        """Return the answer of the other machine, or the local one if that fails: the draft, if there is one."""
        try:
            self._current.prepare(self._on_progress)
            answer = self._current.answer
        except ServerUnavailable as error:
            self._failure = str(error)
            if not draft:
                self._fall_back(error)
            answer = draft[0] if draft else self._current.answer
        return replace(answer, fallback=self._failure)

    def _fall_back(self, error: ServerUnavailable) -> None:
        """Begin the answer anew with the local model, and prepare it. Raises the error if that is not allowed."""
        if not self._settings.remote_fallback:
            raise error
        self._failure = str(error)
        self._current = self._make(self._local)
        self._current.prepare(self._on_progress)

    def _record(self) -> None:
        """Record whether the question left this machine; not its text."""
        left = self._remote.requests_sent > self._sent_before
        with suppress(OSError):  # a full disk loses the count, not the answer
            at = datetime.now().astimezone().isoformat(timespec="seconds")
            append_record(self._settings.sent_file, {"at": at, "left": left})


def count_sent(record: Path) -> SentCount:
    """Return the sums of a record of what went to other machines. Raises OSError if it cannot be read; zeros if there is none."""
    if not record.exists():
        return SentCount(0, 0, 0, 0, ())
    entries = list(read_records(record))
    requests = [entry for entry in entries if "server" in entry]
    questions = [entry for entry in entries if "left" in entry]
    size = sum(count for entry in requests if isinstance(count := entry.get("bytes"), int))
    servers = tuple(dict.fromkeys(str(entry["server"]) for entry in requests))
    return SentCount(len(questions), sum(entry["left"] is True for entry in questions), len(requests), size, servers)


def is_sure(draft: Answer) -> bool:
    """Return whether the local model's answer is kept: it answers, and passages support every sentence at least partly.

    A question without any passage is kept too, as no model could answer it.
    """
    if draft.abstained:
        return not draft.hits
    return bool(draft.citations) and all(sentence.support != "none" for sentence in draft.sentences)
