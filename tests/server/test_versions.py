"""Engines and commands of several versions of the program on one home: they take turns, and no answer is broken by that."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection, Listener, answer_challenge, deliver_challenge
from pathlib import Path

import pytest

from assistant.config import Settings
from assistant.errors import EngineNotRunning, EngineUnavailable
from assistant.models.fake import FakeReply
from assistant.server.client import EngineClient
from assistant.server.endpoint import connect, endpoint_of, make_private_folder
from assistant.server.operations import ASK, SEARCH
from assistant.server.protocol import (
    HEADER,
    MAGIC,
    VERSION,
    Result,
    TokenDelta,
    load_control,
    parse_frame,
    stamp,
)
from assistant.server.remote_assistant import RemoteAssistant, open_assistant
from assistant.server.server import CallCounter, Server
from tests.cli.conftest import Runner
from tests.server.serving import PATIENCE, call, serving, until

QUESTION = "When does the lease end?"
OTHER = b"another version of the program.."
OF_ANOTHER = b"cassistant.of_another_version\nNothing\n."  # a pickle of a class that is nowhere


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Let replies wait before each word until an event is set."""
    may_go_on = threading.Event()

    def compute(reply: FakeReply) -> None:
        while not may_go_on.wait(0.01):
            if reply.should_stop():
                raise KeyboardInterrupt

    monkeypatch.setattr(FakeReply, "_compute", compute)
    yield may_go_on
    may_go_on.set()


@contextmanager
def set_at_the_end(event: threading.Event) -> Iterator[None]:
    """Set an event when the block ends, also where it fails: nobody waits for it any more."""
    try:
        yield
    finally:
        event.set()


def of_another_version(settings: Settings, on_restart: Callable[[], None] = lambda: None) -> EngineClient:
    """Return the line of a command of another version."""
    line = EngineClient(settings, on_restart)
    line._stamp = OTHER
    return line


def answer_of(line: EngineClient) -> str:
    messages = list(line.messages(ASK, QUESTION))
    assert isinstance(messages[-1], Result)
    return "".join(message.text for message in messages if isinstance(message, TokenDelta))


def said_by(connection: Connection) -> dict[str, object]:
    assert connection.poll(PATIENCE)
    return load_control(parse_frame(connection.recv_bytes()))


def ends(connection: Connection) -> bool:
    """Return whether the engine closes a connection before long."""
    try:
        assert connection.poll(PATIENCE)
        connection.recv_bytes()
    except (EOFError, OSError):
        return True
    return False


def test_an_engine_of_another_version_finishes_its_answer_and_gives_way(settings: Settings, slow: threading.Event) -> None:
    restarts: list[bool] = []

    def newcomer() -> str:
        return open_assistant(settings, lambda: restarts.append(True)).ask(QUESTION).answer.text

    with serving(settings, OTHER) as old, ThreadPoolExecutor(2) as people, set_at_the_end(slow):
        first = people.submit(answer_of, of_another_version(settings))
        until(lambda: old._dispatcher.waiting)
        second = people.submit(newcomer)
        until(lambda: restarts)
        time.sleep(0.3)
        assert not first.done() and not second.done() and old._dispatcher.waiting
        assert EngineClient(settings).report().leaving and EngineClient(settings).report().other_version
        assert call_is_refused(settings)  # also one of its own version, or the new one would never have its turn
        slow.set()
        assert "2027" in first.result(PATIENCE)
        assert "2027" in second.result(PATIENCE)
        assert len(restarts) == 1
        assert not EngineClient(settings).report().other_version


def call_is_refused(settings: Settings) -> bool:
    line = of_another_version(settings)
    with line._connection() as connection:
        connection.send_bytes(HEADER.pack(MAGIC, VERSION, b"P", OTHER) + OF_ANOTHER)
        return said_by(connection) == {"reply": "leaving", "reason": "ending"}


def test_the_person_is_told_that_the_engine_restarts(settings: Settings) -> None:
    with serving(settings, OTHER):
        done = Runner()("ask", QUESTION)
    assert "2027" in done.stdout
    assert done.stderr.count("Restarting the engine") == 1


@pytest.mark.parametrize("version", [VERSION, VERSION + 1])
def test_no_pickle_of_another_version_is_loaded(settings: Settings, version: int, monkeypatch: pytest.MonkeyPatch,
                                                caplog: pytest.LogCaptureFixture) -> None:
    loaded: list[bytes] = []
    monkeypatch.setattr("assistant.server.protocol.pickle.loads", loaded.append)
    with serving(settings), connect(endpoint_of(settings.home)) as connection:
        own = stamp() if version != VERSION else OTHER
        connection.send_bytes(HEADER.pack(MAGIC, version, b"P", own) + OF_ANOTHER)
        assert said_by(connection) == {"reply": "leaving", "reason": "version"}
        assert ends(connection)
    assert not loaded and not caplog.records


def test_bytes_that_mean_nothing_harm_nobody(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    with serving(settings):
        for data in (b"?", b"", MAGIC, HEADER.pack(MAGIC, VERSION, b"J", OTHER) + b"[", HEADER.pack(MAGIC, VERSION, b"J", OTHER)):
            with connect(endpoint_of(settings.home)) as connection:
                connection.send_bytes(data)
                assert ends(connection)
        assert "2027" in answer_of(EngineClient(settings))
    assert not caplog.records


@pytest.mark.parametrize("version", [0, VERSION, 99])
def test_stop_and_status_are_the_same_in_every_version(settings: Settings, version: int) -> None:
    """What is sent and expected here stands for commands of all versions: never change it."""
    header = b"\x00PRVASST" + version.to_bytes(2, "big") + b"J" + OTHER
    with serving(settings) as server:
        with connect(endpoint_of(settings.home)) as connection:
            connection.send_bytes(header + b'{"request": "status", "more": 1}')
            said = said_by(connection)
            assert (said["reply"], said["waiting"], said["leaving"]) == ("status", 0, False)
            assert isinstance(said["process"], int)
        with connect(endpoint_of(settings.home)) as connection:
            connection.send_bytes(header + b'{"request": "dance"}')
            assert said_by(connection) == {"reply": "unknown"}
        with connect(endpoint_of(settings.home)) as connection:
            connection.send_bytes(header + b'{"request": "stop"}')
            assert said_by(connection) == {"reply": "stopping"}
            assert ends(connection)
        assert server._calls.over.is_set()
        with pytest.raises(EngineNotRunning):
            EngineClient(settings).report()


@contextmanager
def simulated(settings: Settings, reply: Callable[[dict[str, object]], bytes]) -> Iterator[list[bytes]]:
    """Listen as an engine of a version that is not there yet; yield what it hears."""
    place, heard = endpoint_of(settings.home), list[bytes]()
    place.key()
    make_private_folder(Path(place.address).parent)
    listener = Listener(place.address, place.family)
    listener_is_up = threading.Event()

    def serve() -> None:
        listener_is_up.set()
        while True:
            with listener.accept() as connection:
                deliver_challenge(connection, place.key())
                answer_challenge(connection, place.key())
                try:
                    heard.append(connection.recv_bytes())
                except (EOFError, OSError):
                    continue
                frame = parse_frame(heard[-1])
                said = load_control(frame) if frame.is_control else {}
                connection.send_bytes(reply(said))
                if said.get("request") != "status":
                    listener.close()  # and with it the socket, before the connection ends
                    return

    thread = threading.Thread(target=serve)
    thread.start()
    assert listener_is_up.wait(PATIENCE)
    yield heard
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_commands_stop_and_look_at_an_engine_that_is_newer(settings: Settings) -> None:
    replies = {"status": b'{"reply": "status", "process": 42, "waiting": 3, "embedders": ["new"], "mood": {"good": true}}',
               "stop": b'{"reply": "stopping", "mood": 1}'}
    with simulated(settings, lambda said: HEADER.pack(MAGIC, 7, b"J", OTHER) + replies[str(said["request"])]) as heard:
        report = EngineClient(settings).report()
        assert (report.process, report.waiting, report.embedders, report.other_version) == (42, 3, ("new",), True)
        assert EngineClient(settings).is_busy()
        shown = Runner()("engine", "status")
        assert "another version" in shown.stdout and "Process 42" in shown.stdout
        assert "has stopped" in Runner()("engine", "stop").stderr
    assert {parse_frame(each).kind for each in heard} == {b"J"}


def test_what_a_newer_engine_pickles_is_not_loaded(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.server.protocol.pickle.loads", pytest.fail)
    with simulated(settings, lambda _: HEADER.pack(MAGIC, VERSION, b"P", OTHER) + OF_ANOTHER), \
            pytest.raises(EngineUnavailable, match="makes no sense"):
        EngineClient(settings).result(SEARCH, QUESTION)


def test_a_newer_engine_that_leaves_is_replaced(settings: Settings) -> None:
    restarts: list[bool] = []
    with simulated(settings, lambda _: HEADER.pack(MAGIC, 7, b"J", OTHER) + b'{"reply": "leaving", "reason": "version"}'):
        assert "2027" in answer_of(EngineClient(settings, lambda: restarts.append(True)))
    assert restarts == [True]


def test_two_versions_at_once_take_turns_and_all_are_answered(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each starts engines of its own version, here in threads: no answer is cut, and nobody waits for ever."""
    engines: list[threading.Thread] = []

    def start(own: bytes) -> None:
        server = Server(endpoint_of(settings.home), 15)
        server._stamp = own
        engines.append(threading.Thread(target=server.run))
        engines[-1].start()

    def connect_or_start(line: EngineClient) -> Connection:
        while True:
            try:
                return connect(endpoint_of(settings.home))
            except (EOFError, OSError):
                start(line._stamp)
                time.sleep(0.02)

    endpoint_of(settings.home).key()
    monkeypatch.setattr(EngineClient, "_connection", connect_or_start)
    with ThreadPoolExecutor(4) as people:
        lines = [EngineClient(settings), of_another_version(settings)] * 2
        answers = [people.submit(answer_of, line) for line in lines for _ in range(5)]
        assert all("2027" in each.result(PATIENCE) for each in answers)
    EngineClient(settings).stop()
    for engine in engines:
        engine.join(PATIENCE)
        assert not engine.is_alive()


def test_a_call_that_comes_as_the_engine_ends_is_answered_by_the_next(settings: Settings) -> None:
    with serving(settings) as server:
        server._calls.leave()  # as when nobody came for long, and somebody comes in that moment
        restarts: list[bool] = []
        with RemoteAssistant(settings, EngineClient(settings, lambda: restarts.append(True))) as resident:
            assert "2027" in resident.ask(QUESTION).answer.text
        assert not restarts


def test_stop_ends_an_answer_at_once(settings: Settings, slow: threading.Event) -> None:
    with serving(settings) as server, ThreadPoolExecutor(1) as people, set_at_the_end(slow):
        running = people.submit(call, settings, "ask", (QUESTION,))
        until(lambda: server._dispatcher.waiting)
        EngineClient(settings).stop()
        assert not EngineClient(settings).is_up()
        slow.set()
        running.result(PATIENCE)


def test_stop_and_status_start_no_engine(settings: Settings) -> None:
    for ask in (EngineClient(settings).stop, EngineClient(settings).report):
        with pytest.raises(EngineNotRunning):
            ask()
    assert not EngineClient(settings).is_busy()
    assert not Path(endpoint_of(settings.home).address).exists()


def test_one_who_does_not_listen_does_not_keep_the_engine(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.server.server.TICK", 0.05)
    monkeypatch.setattr("assistant.server.server.DELIVERY_SECONDS", 0.2)
    with serving(settings) as server:
        assert server._calls.admit()  # whose messages nobody takes
        server._calls.leave()
        assert server._calls.over.wait(PATIENCE)


def test_calls_end_the_engine_after_the_last_of_them() -> None:
    calls = CallCounter()
    assert calls.admit() and calls.admit()
    calls.leave()
    assert not calls.admit()
    calls.finish()
    assert calls.is_leaving and not calls.over.is_set()
    calls.finish()
    assert calls.over.is_set()


def test_a_call_is_admitted_or_the_engine_leaves_never_both() -> None:
    for _ in range(200):
        calls, together = CallCounter(), threading.Barrier(2)

        def admit(calls: CallCounter = calls, together: threading.Barrier = together) -> bool:
            together.wait(PATIENCE)
            return calls.admit()

        with ThreadPoolExecutor(1) as caller:
            admitted = caller.submit(admit)
            together.wait(PATIENCE)
            calls.leave()
            assert admitted.result(PATIENCE) != calls.over.is_set()
