"""Dispatch the calls of other processes to two threads, so that no search waits for an answer that is being written.

Each thread has its own open libraries; the models are shared. A call is stopped when its caller has disconnected.
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue

from assistant.app.assistant import Assistant
from assistant.app.models import ModelCache, ModelProvider
from assistant.config import Settings
from assistant.datatypes import Answer, AnswerStreaming, Explanation, Progress, SearchResult
from assistant.errors import AssistantError
from assistant.server.operations import OPERATIONS, PREFILL, TUNE, Kind
from assistant.server.protocol import Call, EngineMessage, Failed, ProgressUpdate, Result, Started, TokenDelta
from assistant.system.credentials import use_chat_key

MOST_LIBRARIES = 4

log = logging.getLogger(__name__)


class Job:
    """One call in progress. `messages` always ends with Result or Failed. `cancelled` is set to stop it."""

    def __init__(self, call: Call) -> None:
        self.call, self.operation = call, OPERATIONS[call.operation]
        self.messages: SimpleQueue[EngineMessage] = SimpleQueue()
        self.cancelled = threading.Event()

    @property
    def is_preemptible(self) -> bool:
        """Whether it is cancelled as soon as another job waits for its thread."""
        return self.operation.kind is Kind.BACKGROUND


class WorkerThread:
    """A thread that runs one job after the other, in the order in which they came, with libraries that it keeps open."""

    def __init__(self, name: str, models: ModelCache, finished: Callable[[object], None]) -> None:
        self._models, self._finished = models, finished
        self._changed = threading.Condition()  # guards the two that follow
        self._jobs: deque[Job] = deque()
        self._current: Job | None = None
        self._assistants: dict[tuple[object, ...], Assistant] = {}
        self._closed = False
        threading.Thread(target=self._work, name=name, daemon=True).start()

    @property
    def waiting(self) -> int:
        """The number of jobs, waiting or running."""
        with self._changed:
            return len(self._jobs) + (self._current is not None)

    @property
    def is_idle(self) -> bool:
        """Whether no job waits or runs."""
        with self._changed:
            return self._current is None and not self._jobs

    @property
    def is_cancelled(self) -> bool:
        """Whether the running job is cancelled. For use by this thread itself: for any other it may be the next job."""
        current = self._current
        return current is not None and current.cancelled.is_set()

    def put(self, job: Job) -> None:
        """Queue a job. A preemptible job that runs is cancelled."""
        with self._changed:
            self._jobs.append(job)
            if self._current is not None and self._current.is_preemptible:
                self._current.cancelled.set()
            self._changed.notify()

    def close(self) -> None:
        """Cancel every job, and end the thread after the running one. It closes its libraries."""
        with self._changed:
            self._closed = True
            for job in (*self._jobs, *([self._current] if self._current else ())):
                job.cancelled.set()
            self._changed.notify()

    def do_if_idle(self, action: Callable[[], None]) -> bool:
        """Run an action now if no job waits or runs; return whether it ran. A job that comes meanwhile waits."""
        with self._changed:
            if self._current is not None or self._jobs:
                return False
            action()
            return True

    def _work(self) -> None:
        while (job := self._begin()) is not None:
            try:
                self._do(job)
            finally:
                with self._changed:
                    self._current = None
        for assistant in self._assistants.values():
            assistant.close()

    def _begin(self) -> Job | None:
        """Wait for a job; return it. A preemptible one is cancelled if another waits behind it. Return None once it is closed."""
        with self._changed:
            while not self._jobs:
                if self._closed:
                    return None
                self._changed.wait()
            job = self._current = self._jobs.popleft()
            if job.is_preemptible and self._jobs:
                job.cancelled.set()
            return job

    def _do(self, job: Job) -> None:
        try:
            if job.cancelled.is_set():
                raise KeyboardInterrupt
            with use_chat_key(job.call.chat_key):
                for message in perform(self._assistant(job.call.settings), job):
                    if isinstance(message, Result):
                        self._finished(message.result)
                    job.messages.put(message)
        except AssistantError as error:
            job.messages.put(Failed(type(error).__name__, str(error), error.hint))
        except KeyboardInterrupt:
            job.messages.put(Result(None) if job.is_preemptible else Failed("AssistantError", "Stopped.", ""))
        except BaseException as error:  # neither a bug in one call nor a panic in a library may end the others
            # the place, not the message: that may hold words of a question or a file
            log.error("a call of %s failed: %s\n%s", job.operation.name, type(error).__name__,
                      "".join(traceback.format_tb(error.__traceback__)))
            job.messages.put(Failed("AssistantError", f"The engine failed: {type(error).__name__}.",
                                    "Ask again with --no-engine, which shows where; then: assistant engine stop"))

    def _assistant(self, settings: Settings) -> Assistant:
        """Return the Assistant of these settings; opened anew if a library's file was replaced."""
        files = [settings.libraries_folder / name / "library.sqlite" for name in settings.libraries]
        key = (settings, *map(file_identity, files))
        self._close_replaced(settings, key[1:])
        if key not in self._assistants:
            while len(self._assistants) >= MOST_LIBRARIES:
                self._assistants.pop(next(iter(self._assistants))).close()
            self._assistants[key] = Assistant(settings, ModelProvider(settings, self._models))
        return self._assistants[key]

    def _close_replaced(self, settings: Settings, identities: tuple[object, ...]) -> None:
        """Close the libraries of these names whose files are gone or replaced, so that deleted bytes are not kept open."""
        for key, assistant in list(self._assistants.items()):
            of = assistant.settings
            if (of.home, of.library) == (settings.home, settings.library) and key[1:] != identities:
                self._assistants.pop(key).close()


class Dispatcher:
    """Queues each call on the thread of its kind.

    The chat model only computes on the answers' thread, so cancelling a job there is all that stops the model.
    """

    def __init__(self, models: ModelCache) -> None:
        self._models, self._lock = models, threading.Lock()
        self.answers = self.searches = self.prompt_tokens = self.reused_tokens = 0
        self._due: dict[str, Settings] = {}  # work for idle time: settings of the last question, until it is begun
        self._prefilling: Job | None = None
        answers, searches = WorkerThread("answers", models, self._count), WorkerThread("searches", models, self._count)
        self._answers = answers
        self._threads = {Kind.ANSWER: answers, Kind.BACKGROUND: answers, Kind.SEARCH: searches}
        models.stop_chat_when(lambda: answers.is_cancelled)

    @property
    def waiting(self) -> int:
        """The number of jobs that are not finished."""
        return sum(thread.waiting for thread in set(self._threads.values()))

    @property
    def is_idle(self) -> bool:
        """Whether no job waits or runs."""
        return all(thread.is_idle for thread in self._threads.values())

    def submit(self, call: Call) -> Job:
        """Queue a call; return its job. Reading ahead ends for it at once, and is due again in the next idle time."""
        job = Job(call)
        with self._lock:
            if job.operation.kind is Kind.ANSWER:
                self._due = {TUNE.name: call.settings, PREFILL.name: call.settings}
            elif self._prefilling and job.operation is not PREFILL:
                self._due[PREFILL.name] = self._prefilling.call.settings
            if self._prefilling:
                self.cancel(self._prefilling)
            self._prefilling = job if job.operation is PREFILL else None
        self._threads[job.operation.kind].put(job)
        return job

    def close(self) -> None:
        """Cancel every job and end the threads."""
        for thread in set(self._threads.values()):
            thread.close()

    def work_while_idle(self) -> None:
        """Measure how the chat model of the last question computes fastest, or else let it read passages ahead.

        Each is begun once after a question; a question stops it.
        """
        with self._lock:
            name = next(iter(self._due), "")
            settings = self._due.pop(name, None)
        if settings is not None:
            self.submit(Call(name, settings))

    def unload_chat(self) -> bool:
        """Free the chat model's memory unless a job needs it; return whether that was done. The next job loads it again."""
        return self._answers.do_if_idle(self._models.drop_chat)

    def cancel(self, job: Job) -> None:
        """Stop this job, and no other: at its next step, or before it begins."""
        job.cancelled.set()

    def _count(self, result: object) -> None:
        if isinstance(result, Answer):
            self.answers += 1
            self.prompt_tokens += result.timings.prompt_tokens
            self.reused_tokens += result.timings.reused_tokens
        elif isinstance(result, SearchResult | Explanation):
            self.searches += 1


def perform(assistant: Assistant, job: Job) -> Iterator[EngineMessage]:
    """Run a job; yield its messages, Result last. Raises KeyboardInterrupt if it is cancelled before that."""
    returned = job.operation.run(assistant, job.cancelled.is_set, *job.call.arguments)
    if job.operation.kind is Kind.ANSWER:
        yield from stream(returned, job)
    else:
        yield Result(returned)


def stream(answer: AnswerStreaming, job: Job) -> Iterator[EngineMessage]:
    """Yield the messages of an answer as it is written. Raises KeyboardInterrupt if the job is cancelled meanwhile."""
    yield Started(answer.question, answer.hits)
    answer.prepare(lambda progress: report_progress(job, progress))
    for piece in answer:
        if job.cancelled.is_set():
            raise KeyboardInterrupt
        yield TokenDelta(piece, tuple(answer.sentences))
    yield Result(answer.answer)


def report_progress(job: Job, progress: Progress) -> None:
    """Send how far a job is. Raises KeyboardInterrupt if it is cancelled."""
    if job.cancelled.is_set():
        raise KeyboardInterrupt
    job.messages.put(ProgressUpdate(progress))


def file_identity(file: Path) -> tuple[int, int]:
    """Return what identifies a file, however it is called; zeros if it is missing."""
    try:
        known = file.stat()
    except OSError:
        return (0, 0)
    return (known.st_dev, known.st_ino)
