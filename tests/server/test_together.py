"""Clients of one engine at work together: who hangs up, or is only foreseen, ends no other's answer."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as rounds
from hypothesis import strategies as st

from assistant.app.assistant import Assistant
from assistant.app.models import ModelCache
from assistant.config import Settings
from assistant.datatypes import Answer, SearchResult
from assistant.models.fake import FakeChat, FakeReply
from assistant.server import server as serving_module
from assistant.server.dispatcher import Dispatcher, Job
from assistant.server.protocol import Call, EngineMessage, Failed, ProgressUpdate, Result, Started, TokenDelta
from assistant.server.server import Server
from tests.server.serving import PATIENCE, call, serving, until

ROUNDS = 500
QUESTIONS = ("When does the lease end?", "How much is the deposit?", "When was the mill built?")
STEP = 0.0005  # seconds of one step of what a slow model computes
DONE, FEWEST = ("stayed", "in the middle", "before or after", "stopped", "tuned"), 5
LATEST = 0.05  # seconds after which a client hangs up, at most


def slow_step(reply: FakeReply) -> None:
    time.sleep(STEP)
    if reply.should_stop():
        raise KeyboardInterrupt


def steps(chat: FakeChat, number: int) -> None:
    for _ in range(number):
        slow_step(FakeReply("", 0, should_stop=chat.should_stop))


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Let searches, replies and tuning last some milliseconds, and hang-ups be noticed soon."""
    search, done = Assistant.search, Counter[str]()

    def search_slowly(self: Assistant, *arguments: object) -> SearchResult:
        time.sleep(10 * STEP)
        return search(self, *arguments)  # type: ignore[arg-type]

    def compute(reply: FakeReply) -> None:
        try:
            slow_step(reply)
        except KeyboardInterrupt:
            done["stopped"] += 1
            raise

    def tune(chat: FakeChat, place: Path, should_stop: Callable[[], bool], *, anew: bool = False) -> None:
        steps(chat, 20)
        done["tuned"] += 1

    monkeypatch.setattr(FakeReply, "_compute", compute)
    monkeypatch.setattr(FakeChat, "tune", tune, raising=False)
    monkeypatch.setattr(FakeChat, "close", lambda chat: setattr(chat, "context_tokens", 0))  # it replies no more
    monkeypatch.setattr(Assistant, "search", search_slowly)
    monkeypatch.setattr(serving_module, "POLL_SECONDS", STEP)
    return done


@dataclass(frozen=True)
class Deed:
    """What a client does: a call, and when it hangs up, if it does."""

    method: str
    question: str
    hangs_up_after: float  # seconds
    hangs_up_at: int = sys.maxsize  # messages

    @property
    def stays(self) -> bool:
        return self.hangs_up_after == PATIENCE and self.hangs_up_at == sys.maxsize

    @property
    def arguments(self) -> tuple[object, ...]:
        return (self.question, ()) if self.method == "anticipate" else (self.question,)


DEEDS = st.one_of(
    st.builds(Deed, st.sampled_from(("ask", "ask", "search", "anticipate")), st.sampled_from(QUESTIONS),
              st.one_of(st.just(PATIENCE), st.floats(0, LATEST))),
    st.builds(Deed, st.just("ask"), st.sampled_from(QUESTIONS), st.just(PATIENCE), st.integers(1, 3)))  # however fast the machine
IDLE_WORK = st.tuples(st.floats(0, LATEST), st.sampled_from(("work_while_idle", "unload_chat")))
SOME_DEEDS = st.lists(DEEDS, min_size=1, max_size=2)
SCHEDULES = st.tuples(SOME_DEEDS, SOME_DEEDS, st.lists(IDLE_WORK, max_size=2))


class Office:
    """One engine, what it must answer, and what its threads complained of."""

    def __init__(self, settings: Settings, server: Server) -> None:
        self.settings, self.desk = settings, server._dispatcher
        self.counts: Counter[str] = Counter()
        with Assistant(settings) as assistant:
            self.answers = {question: assistant.ask(question).answer for question in QUESTIONS}
            self.hits = {question: assistant.search(question).hits for question in QUESTIONS}

    def client(self, deeds: Sequence[Deed]) -> None:
        for deed in deeds:
            heard = call(self.settings, deed.method, deed.arguments, deed.hangs_up_after, deed.hangs_up_at)
            if deed.stays:
                self.counts["stayed"] += 1
                self.check(deed, heard)
            else:
                self.counts["in the middle" if heard and not isinstance(heard[-1], Result) else "before or after"] += 1
                assert not any(isinstance(message, Failed) for message in heard)

    def check(self, deed: Deed, heard: Sequence[EngineMessage]) -> None:
        assert heard and isinstance(heard[-1], Result), (deed, heard[-1:])
        result = heard[-1].result
        if deed.method == "ask":
            assert isinstance(result, Answer) and isinstance(heard[0], Started)
            pieces = "".join(message.text for message in heard if isinstance(message, TokenDelta))
            assert pieces == result.text == self.answers[deed.question].text
            assert result.citations == self.answers[deed.question].citations
        elif deed.method == "search":
            assert isinstance(result, SearchResult) and result.hits == self.hits[deed.question]
        else:
            assert result is None

    def work_while_idle(self, work: Sequence[tuple[float, str]]) -> None:
        for seconds, method in work:
            time.sleep(seconds)
            getattr(self.desk, method)()


@pytest.fixture
def complaints(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what threads ended with that nobody caught."""
    found: list[str] = []
    monkeypatch.setattr(threading, "excepthook", lambda ended: found.append(repr(ended.exc_value)))
    return found


def test_no_answer_is_cut_whoever_hangs_up(settings: Settings, slow: Counter[str], caplog: pytest.LogCaptureFixture,
                                           complaints: list[str]) -> None:
    with serving(settings) as server, ThreadPoolExecutor(3) as people:
        office = Office(settings, server)

        @rounds(max_examples=ROUNDS, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(SCHEDULES)
        def one_round(schedule: tuple[list[Deed], list[Deed], list[tuple[float, str]]]) -> None:
            first, second, idle_work = schedule
            at_work = [people.submit(office.client, first), people.submit(office.client, second),
                       people.submit(office.work_while_idle, idle_work)]
            for each in at_work:
                each.result(timeout=PATIENCE)
            assert not complaints and not caplog.records

        one_round()
        until(lambda: office.desk.is_idle)
        done = office.counts + slow
        assert min(done[each] for each in DONE) >= FEWEST, done
    assert not complaints and not caplog.records


@pytest.mark.usefixtures("slow")
def test_a_search_that_is_hung_up_leaves_the_answer_alone(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    searching, cancelled = threading.Event(), threading.Event()

    def search(*_: object) -> SearchResult:
        searching.set()
        assert cancelled.wait(PATIENCE)
        return SearchResult("", (), None, 1.0)  # type: ignore[arg-type]

    monkeypatch.setattr(Assistant, "search", search)
    monkeypatch.setattr("tests.server.test_together.STEP", 0.01)
    desk = Dispatcher(ModelCache())
    searched = desk.submit(Call("search", settings, (QUESTIONS[0],)))
    asked = desk.submit(Call("ask", settings, (QUESTIONS[0],)))
    assert searching.wait(PATIENCE)
    messages = [asked.messages.get(timeout=PATIENCE) for _ in range(3)]
    assert [type(message) for message in messages] == [Started, ProgressUpdate, TokenDelta]
    desk.cancel(searched)
    cancelled.set()
    assert isinstance(last_of(asked), Result)


@pytest.mark.usefixtures("slow", "fitted")
def test_a_reply_is_stopped_in_the_middle_and_the_next_one_is_whole(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.server.test_together.STEP", 0.05)
    desk = Dispatcher(ModelCache())
    asked = desk.submit(Call("ask", settings, (QUESTIONS[0],)))
    following = desk.submit(Call("ask", settings, (QUESTIONS[1],)))
    while not isinstance(asked.messages.get(timeout=PATIENCE), TokenDelta):
        pass
    desk.cancel(asked)
    assert last_of(asked) == Failed("AssistantError", "Stopped.", "")
    done = last_of(following)
    assert isinstance(done, Result) and isinstance(done.result, Answer) and "15500" in done.result.text


def test_a_call_cancelled_while_the_model_is_loaded_computes_nothing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    loading, may_go_on, computed = threading.Event(), threading.Event(), list[str]()

    def load(*_: object, **how: Callable[[], bool]) -> FakeChat:
        loading.set()
        assert may_go_on.wait(PATIENCE)
        return FakeChat(should_stop=how["should_stop"])

    def compute(reply: FakeReply) -> None:
        if reply.should_stop():
            raise KeyboardInterrupt
        computed.append(reply.text)

    monkeypatch.setattr(FakeReply, "_compute", compute)
    desk = Dispatcher(ModelCache())
    monkeypatch.setattr("assistant.app.models.open_chat", lambda spec, should_stop: load(spec, should_stop=should_stop))
    asked = desk.submit(Call("ask", settings, (QUESTIONS[0],)))
    assert loading.wait(PATIENCE)
    desk.cancel(asked)
    may_go_on.set()
    assert last_of(asked) == Failed("AssistantError", "Stopped.", "")
    assert computed == []


def test_each_job_ends_with_a_word(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    busy, may_go_on = threading.Event(), threading.Event()

    def wait(*_: object) -> float:
        busy.set()
        assert may_go_on.wait(PATIENCE)
        return 1.0

    monkeypatch.setattr(Assistant, "embedded_share", wait)
    desk = Dispatcher(ModelCache())
    first = desk.submit(Call("embedded_share", settings))
    assert busy.wait(PATIENCE)
    second = desk.submit(Call("search", settings, (QUESTIONS[0],)))
    desk.cancel(second)  # before it began
    may_go_on.set()
    assert last_of(first) == Result(1.0)
    assert last_of(second) == Failed("AssistantError", "Stopped.", "")


def test_a_panic_of_a_library_ends_no_lane(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    class Panic(BaseException):
        """As the Rust libraries raise it."""

    def fail(*_: object) -> None:
        raise Panic

    monkeypatch.setattr(Assistant, "embedded_share", fail)
    desk = Dispatcher(ModelCache())
    failed = last_of(desk.submit(Call("embedded_share", settings)))
    assert isinstance(failed, Failed) and "Panic" in failed.message
    assert isinstance(last_of(desk.submit(Call("search", settings, (QUESTIONS[0],)))), Result)


def test_a_model_is_not_unloaded_under_a_call_that_has_just_come(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    closed, used = list[FakeChat](), list[FakeChat]()
    dropping, came = threading.Event(), threading.Event()
    drop, reply = ModelCache.drop_chat, FakeChat.reply

    def drop_late(shelf: ModelCache) -> None:
        if not came.is_set():  # it was idle when that was decided, and a question comes before it is done
            dropping.set()
            came.wait(0.3)
        drop(shelf)

    def reply_unless_closed(chat: FakeChat, *arguments: object) -> FakeReply:
        assert not any(each is chat for each in closed)
        used.append(chat)
        came.set()
        time.sleep(0.2)  # while the other thread would close it
        assert not any(each is chat for each in closed)
        return reply(chat, *arguments)  # type: ignore[arg-type]

    desk = Dispatcher(shelf := ModelCache())
    assert isinstance(last_of(desk.submit(Call("ask", settings, (QUESTIONS[0],)))), Result)
    until(lambda: desk.is_idle)
    monkeypatch.setattr(FakeChat, "close", lambda chat: closed.append(chat))
    monkeypatch.setattr(FakeChat, "reply", reply_unless_closed)
    monkeypatch.setattr(ModelCache, "drop_chat", drop_late)
    unloading = threading.Thread(target=desk.unload_chat)
    unloading.start()
    assert dropping.wait(PATIENCE)
    done = last_of(desk.submit(Call("ask", settings, (QUESTIONS[0],))))
    unloading.join(PATIENCE)
    assert isinstance(done, Result) and used
    assert len(closed) == 1 and all(each is not closed[0] for each in used)
    assert shelf.chat_name == "fake:"


def test_a_model_in_use_is_not_unloaded(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, may_go_on = threading.Event(), threading.Event()

    def last(self: Assistant, question: str, turns: object, should_stop: Callable[[], bool]) -> None:
        begun.set()
        assert may_go_on.wait(PATIENCE)

    monkeypatch.setattr(Assistant, "anticipate", last)
    desk = Dispatcher(ModelCache())
    desk.submit(Call("anticipate", settings, (QUESTIONS[0], ())))
    assert begun.wait(PATIENCE)
    assert not desk.unload_chat()
    may_go_on.set()
    until(lambda: desk.is_idle)
    assert desk.unload_chat()


def last_of(job: Job) -> EngineMessage:
    message = job.messages.get(timeout=PATIENCE)
    while not isinstance(message, Result | Failed):
        message = job.messages.get(timeout=PATIENCE)
    return message
