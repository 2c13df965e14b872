"""The background process: the same answers, one for a home, replaced when it is dead, deaf to strangers."""

from __future__ import annotations

import os
import signal
import stat
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from multiprocessing.connection import Client
from multiprocessing.context import AuthenticationError
from pathlib import Path

import pytest

from assistant.app.assistant import Assistant
from assistant.app.library import registry as libraries
from assistant.app.models import ModelCache
from assistant.config import Settings
from assistant.errors import EngineUnavailable, NothingIndexed, UsageError
from assistant.server import endpoint as launch
from assistant.server.client import EngineClient
from assistant.server.dispatcher import Dispatcher
from assistant.server.endpoint import LONGEST_SOCKET, connect, endpoint_of
from assistant.server.operations import ASK, SEARCH, Kind, Operation
from assistant.server.protocol import Call, EngineMessage, Failed, Report, Result, Started, message_frame, stamp
from assistant.server.remote_assistant import RemoteAssistant, open_assistant
from assistant.server.server import Server

QUESTION = "When does the lease end?"


def report_of(settings: Settings) -> Report:
    line = EngineClient(settings)
    line.connect()  # which starts one where there is none
    return line.report()


def test_answers_and_passages_are_those_of_this_process(settings: Settings) -> None:
    with Assistant(settings) as own, open_assistant(settings) as resident:
        assert isinstance(resident, RemoteAssistant)
        stream = resident.ask(QUESTION)
        text = "".join(stream)
        expected = own.ask(QUESTION).answer
        assert text == stream.answer.text == expected.text
        assert stream.hits == expected.hits
        assert stream.answer.citations == expected.citations
        assert resident.search("deposit").hits == own.search("deposit").hits
        assert resident.explain("deposit") == own.explain("deposit")


def test_an_answer_can_be_read_without_iterating(settings: Settings) -> None:
    assert "2027" in open_assistant(settings).ask(QUESTION).answer.text


def test_failures_are_those_of_this_process(settings: Settings) -> None:
    with pytest.raises(UsageError, match="empty") as failure:
        open_assistant(settings).search(" ")
    assert failure.value.hint
    with pytest.raises(NothingIndexed):
        open_assistant(replace(settings, library="nothing")).ask(QUESTION)


def test_two_starts_are_one_engine(settings: Settings) -> None:
    with ThreadPoolExecutor(4) as starters:
        processes = set(starters.map(lambda _: report_of(settings).process, range(4)))
    assert len(processes) == 1
    assert processes != {os.getpid()}


def test_eight_clients_each_get_their_own_answer(settings: Settings) -> None:
    wanted = {QUESTION: "2027", "How much is the deposit?": "15500", "When was the mill built?": "1874"}
    asked = [question for question in wanted for _ in range(8)]
    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(lambda question: open_assistant(settings).ask(question).answer, asked))
    assert all(answer.question == question and wanted[question] in answer.text
               for question, answer in zip(asked, answers, strict=True))
    assert report_of(settings).answers == len(asked)


def test_changes_of_the_library_are_seen(settings: Settings) -> None:
    resident = open_assistant(settings)
    assert "2027" in resident.ask(QUESTION).answer.text
    file = settings.home / "files" / "lease.txt"
    file.write_text("The lease ends on 30 June 2031.", "utf-8")
    with Assistant(settings) as own:
        own.sync()
    assert "2031" in resident.ask(QUESTION).answer.text


@pytest.mark.skipif(sys.platform == "win32", reason="signals and file modes of POSIX")
def test_a_killed_engine_is_replaced(settings: Settings) -> None:
    resident = open_assistant(settings)
    first = report_of(settings).process
    os.kill(first, signal.SIGKILL)
    time.sleep(0.1)
    assert "2027" in resident.ask(QUESTION).answer.text
    assert report_of(settings).process != first


@pytest.mark.skipif(sys.platform == "win32", reason="signals and file modes of POSIX")
def test_nobody_else_can_read_or_reach_it(settings: Settings) -> None:
    open_assistant(settings)
    place = endpoint_of(settings.home)
    assert stat.S_IMODE(Path(place.address).stat().st_mode) == 0o600
    assert stat.S_IMODE(place.key_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.folder.stat().st_mode) == 0o700
    with pytest.raises((AuthenticationError, EOFError, OSError)):
        Client(place.address, place.family, authkey=b"guess").recv()
    assert "2027" in open_assistant(settings).ask(QUESTION).answer.text  # and a stranger's attempt harms nothing


def test_a_caller_who_goes_away_harms_nobody(settings: Settings) -> None:
    line = EngineClient(settings)
    line.connect()
    for _ in range(5):
        connection = connect(endpoint_of(settings.home))
        connection.send_bytes(message_frame(stamp(), Call("ask", settings, (QUESTION,))))
        connection.close()
    assert "2027" in open_assistant(settings).ask(QUESTION).answer.text


def test_a_call_that_is_none_of_its_own_is_refused(settings: Settings) -> None:
    with pytest.raises(UsageError, match="knows no remove"):
        EngineClient(settings).result(Operation("remove", Kind.SEARCH, lambda *_: None), settings.home)


def test_an_engine_dying_in_the_middle_is_said(settings: Settings) -> None:
    line = EngineClient(settings)

    def exchange(_: bytes) -> Iterator[EngineMessage]:
        yield Started(QUESTION, ())
        raise EOFError

    line._exchange = exchange  # type: ignore[method-assign,assignment]
    messages = line.messages(ASK, QUESTION)
    assert isinstance(next(messages), Started)
    with pytest.raises(EngineUnavailable, match="in the middle"):
        next(messages)


def test_it_ends_where_nobody_needs_it_and_when_its_home_goes(settings: Settings) -> None:
    EngineClient(settings).connect()
    place = endpoint_of(settings.home)
    place.key_file.unlink()
    deadline = time.monotonic() + 10
    while Path(place.address).exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(place.address).exists()


def test_stopping_is_final_until_the_next_question(settings: Settings) -> None:
    line = EngineClient(settings)
    line.connect()
    line.stop()
    assert not line.is_up()
    assert "2027" in open_assistant(settings).ask(QUESTION).answer.text
    assert line.is_up()


def test_off_and_models_without_weights_need_no_engine(settings: Settings) -> None:
    assert type(open_assistant(replace(settings, engine="off"))) is Assistant
    assert type(open_assistant(replace(settings, engine="auto"))) is Assistant
    assert not EngineClient(settings).is_up()


def test_a_home_deep_down_has_its_socket_elsewhere(tmp_path: Path) -> None:
    deep = tmp_path / ("a" * 90) / ("b" * 90)
    place = endpoint_of(deep)
    assert sys.platform == "win32" or len(os.fsencode(place.address)) <= LONGEST_SOCKET
    assert place != endpoint_of(deep / "c")


def test_messages_of_a_search_end_with_its_result(settings: Settings) -> None:
    messages = list(EngineClient(settings).messages(SEARCH, "deposit", 3))
    assert len(messages) == 1
    assert isinstance(messages[0], Result)
    assert threading.active_count() < 50


def test_a_model_of_the_persons_own_is_named_by_its_whole_path(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(settings.home)
    with open_assistant(replace(settings, chat="./own.gguf", rerank="sub/folder")) as resident:
        assert resident.settings.chat == str(settings.home / "own.gguf")
        assert resident.settings.rerank == str(settings.home / "sub" / "folder")
        assert resident.settings.embed == "fake:"


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="looks at the files that a process has open")
def test_a_deleted_library_is_not_held_open(settings: Settings) -> None:
    with open_assistant(settings) as resident:
        resident.search("lease")
        libraries.delete(settings, "default")
        with pytest.raises(NothingIndexed):
            resident.search("lease")
        held = [link.readlink().name for link in Path(f"/proc/{report_of(settings).process}/fd").iterdir()]
    assert held
    assert not [name for name in held if "library" in name]


def test_a_failure_of_the_engine_puts_no_words_into_its_log(settings: Settings, caplog: pytest.LogCaptureFixture,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ValueError(QUESTION)

    monkeypatch.setattr(Assistant, "search", fail)
    job = Dispatcher(ModelCache()).submit(Call("search", settings, (QUESTION,)))
    assert isinstance(job.messages.get(timeout=10), Failed)
    assert "ValueError" in caplog.text
    assert QUESTION not in caplog.text


def test_a_stopped_engine_has_nothing_to_complain_of(settings: Settings) -> None:
    line = EngineClient(settings)
    line.connect()
    process = launch.STARTED_PROCESSES[-1]
    line.stop()
    assert process.wait(20) == 0
    assert endpoint_of(settings.home).log.read_bytes() == b""
    assert not Path(endpoint_of(settings.home).address).exists()


def test_a_home_that_has_gone_is_not_made_again(tmp_path: Path) -> None:
    place = endpoint_of(tmp_path / "gone")
    with pytest.raises(FileNotFoundError):
        Server(place, 15)
    assert not place.folder.exists()
