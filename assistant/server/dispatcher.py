"""Calls in, messages out: what the engine does, in two lanes, so that no search waits for an answer that is being written.

Each lane is one thread with its own open libraries; the models are shared. A call whose caller has gone is stopped.
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import cast

from assistant.app.assistant import Assistant
from assistant.app.models.cache import Models, Shelf
from assistant.config import Settings
from assistant.datatypes import Answer, Explanation, Progress, SearchResult, Turn
from assistant.errors import AssistantError
from assistant.server.protocol import Call, EngineMessage, Failed, ProgressUpdate, Result, Started, TokenDelta

ANSWERS = ("ask",)
FORESIGHT, TUNING = "anticipate", "tune"
GIVING_WAY = (FORESIGHT, TUNING)  # to everything else in their lane, what is foreseen later included
SEARCHES = ("search", "explain", "embedded_share", "status")
MOST_LIBRARIES = 4

log = logging.getLogger(__name__)


class Job:
    """One call on its way. `messages` ends with Result or Failed, whatever happens; nobody who has not gone is cancelled."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.messages: SimpleQueue[EngineMessage] = SimpleQueue()
        self.cancelled = threading.Event()

    @property
    def gives_way(self) -> bool:
        """Whether it is over as soon as anything else is asked of its lane."""
        return self.call.method in GIVING_WAY


class WorkerThread:
    """A thread that does one call after the other, the first come first."""

    def __init__(self, name: str, shelf: Shelf, finished: Callable[[object], None]) -> None:
        self._shelf, self._finished = shelf, finished
        self._changed = threading.Condition()  # of the two that follow
        self._jobs: deque[Job] = deque()
        self._current: Job | None = None
        self._assistants: dict[tuple[object, ...], Assistant] = {}
        threading.Thread(target=self._work, name=name, daemon=True).start()

    @property
    def waiting(self) -> int:
        """The number of calls that have not begun, and the one that has."""
        with self._changed:
            return len(self._jobs) + (self._current is not None)

    @property
    def is_idle(self) -> bool:
        """Whether nothing at all is being done."""
        with self._changed:
            return self._current is None and not self._jobs

    @property
    def is_cancelled(self) -> bool:
        """Whether the call that is being done is to stop. For this lane's own thread: for any other it may be the next call."""
        current = self._current
        return current is not None and current.cancelled.is_set()

    def put(self, job: Job) -> None:
        """Take a job in. What was only foreseen gives way to it."""
        with self._changed:
            self._jobs.append(job)
            if self._current is not None and self._current.gives_way:
                self._current.cancelled.set()
            self._changed.notify()

    def do_if_idle(self, action: Callable[[], None]) -> bool:
        """Do something now if no call is being done or waits; return whether it was done. A call that comes meanwhile waits."""
        with self._changed:
            if self._current is not None or self._jobs:
                return False
            action()
            return True

    def _work(self) -> None:
        while True:
            job = self._begin()
            try:
                self._do(job)
            finally:
                with self._changed:
                    self._current = None

    def _begin(self) -> Job:
        """Wait for a job; return it. One that gives way is cancelled where another waits behind it."""
        with self._changed:
            while not self._jobs:
                self._changed.wait()
            job = self._current = self._jobs.popleft()
            if job.gives_way and self._jobs:
                job.cancelled.set()
            return job

    def _do(self, job: Job) -> None:
        try:
            if job.cancelled.is_set():
                raise KeyboardInterrupt
            for message in perform(self._assistant(job.call.settings), job):
                if isinstance(message, Result):
                    self._finished(message.result)
                job.messages.put(message)
        except AssistantError as error:
            job.messages.put(Failed(type(error).__name__, str(error), error.hint))
        except KeyboardInterrupt:
            job.messages.put(Result(None) if job.gives_way else Failed("AssistantError", "Stopped.", ""))
        except BaseException as error:  # a bug in one call must not end the others, nor a library's panic
            # where, and not what it says: that may hold words of a question or a file
            log.error("a call of %s failed: %s\n%s", job.call.method, type(error).__name__,
                      "".join(traceback.format_tb(error.__traceback__)))
            job.messages.put(Failed("AssistantError", f"The engine failed: {type(error).__name__}.",
                                    "Ask again with --no-engine, which shows where; then: assistant engine stop"))

    def _assistant(self, settings: Settings) -> Assistant:
        """Return the open library; opened anew where its file was replaced."""
        files = [settings.libraries_folder / name / "library.sqlite" for name in settings.libraries]
        key = (settings, *map(file_identity, files))
        self._let_go(settings, key[1:])
        if key not in self._assistants:
            while len(self._assistants) >= MOST_LIBRARIES:
                self._assistants.pop(next(iter(self._assistants))).close()
            self._assistants[key] = Assistant(settings, Models(settings, self._shelf))
        return self._assistants[key]

    def _let_go(self, settings: Settings, identities: tuple[object, ...]) -> None:
        """Close what was open by these names and is no longer there, or has been replaced: it was to be deleted."""
        for key, assistant in list(self._assistants.items()):
            of = assistant.settings
            if (of.home, of.library) == (settings.home, settings.library) and key[1:] != identities:
                self._assistants.pop(key).close()


class Dispatcher:
    """Takes calls and hands them to the lane that they belong to.

    Only the answers' lane lets the chat model compute, so only the cancelling of its own calls stops the model.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf, self._lock = shelf, threading.Lock()
        self.answers = self.searches = self.prompt_tokens = self.reused_tokens = 0
        self._untuned: Settings | None = None  # of the last question, until its model is tuned
        self._answers, self._searches = WorkerThread("answers", shelf, self._count), WorkerThread("searches", shelf, self._count)
        self._lanes = (self._answers, self._searches)
        shelf.stop_chat_when(lambda: self._answers.is_cancelled)

    @property
    def waiting(self) -> int:
        """The number of calls that are not finished."""
        return sum(lane.waiting for lane in self._lanes)

    def take(self, call: Call) -> Job:
        """Return the job that a call becomes."""
        job = Job(call)
        if call.method in ANSWERS:
            with self._lock:
                self._untuned = call.settings
        self._lane(job).put(job)
        return job

    def tune(self) -> None:
        """Let it be measured how the chat model of the last question computes fastest; a question stops that."""
        with self._lock:
            settings, self._untuned = self._untuned, None
        if settings is not None:
            self.take(Call(TUNING, settings))

    @property
    def is_idle(self) -> bool:
        """Whether nothing at all is being done."""
        return all(lane.is_idle for lane in self._lanes)

    def unload_chat(self) -> bool:
        """Free the chat model's memory, unless a call needs it; return whether that was done. A call that comes loads it anew."""
        return self._answers.do_if_idle(self._shelf.drop_chat)

    def cancel(self, job: Job) -> None:
        """Stop a job: at the next step of what is computed for it, or before it begins; no other."""
        job.cancelled.set()

    def _lane(self, job: Job) -> WorkerThread:
        return self._answers if job.call.method in ANSWERS or job.gives_way else self._searches

    def _count(self, result: object) -> None:
        if isinstance(result, Answer):
            self.answers += 1
            self.prompt_tokens += result.timings.prompt_tokens
            self.reused_tokens += result.timings.reused_tokens
        elif isinstance(result, SearchResult | Explanation):
            self.searches += 1


def perform(assistant: Assistant, job: Job) -> Iterator[EngineMessage]:
    """Do a job; yield what is to be said, Result last. Raises KeyboardInterrupt where it was cancelled before that."""
    if job.call.method == FORESIGHT:
        question, turns = cast("tuple[str, tuple[Turn, ...]]", job.call.arguments)
        assistant.anticipate(question, turns, job.cancelled.is_set)
        yield Result(None)
        return
    if job.call.method == TUNING:
        assistant.tune(job.cancelled.is_set)
        yield Result(None)
        return
    result = getattr(assistant, job.call.method)(*job.call.arguments)
    if job.call.method not in ANSWERS:
        yield Result(result)
        return
    yield Started(result.question, result.hits)
    result.prepare(lambda progress: report_progress(job, progress))
    for piece in result:
        if job.cancelled.is_set():
            raise KeyboardInterrupt
        yield TokenDelta(piece, tuple(result.sentences))
    yield Result(result.answer)


def report_progress(job: Job, progress: Progress) -> None:
    """Say how far a job is. Raises KeyboardInterrupt where its caller has gone."""
    if job.cancelled.is_set():
        raise KeyboardInterrupt
    job.messages.put(ProgressUpdate(progress))


def file_identity(file: Path) -> tuple[int, int]:
    """Return what tells a file from another that took its place."""
    try:
        known = file.stat()
    except OSError:
        return (0, 0)
    return (known.st_dev, known.st_ino)
