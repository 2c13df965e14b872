"""What a file can do to the process that reads it, and what comes of it. The hostile readers run in real workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from assistant.datatypes import Document, Extraction, Heading, Part, PositionLabel
from assistant.errors import ReadersUnavailable
from assistant.ingest import ReaderPool, ReadOptions, ReadRequest, ReadResult, WorkerLimits
from assistant.ingest.workers import pool, read_file
from assistant.ingest.workers import protocol as wire
from assistant.ingest.workers import supervisor as wardens
from assistant.ingest.workers.supervisor import WorkerSupervisor

HOSTILE = '''
import json, os, signal, sys, time
from assistant.datatypes import Extraction, Part
from assistant.ingest.extractors.registry import OPENERS, READERS
from assistant.ingest.extractors.builder import Member

def crash(source):
    os.kill(os.getpid(), signal.SIGSEGV)

def leave(source):
    os._exit(3)

def hang(source):
    time.sleep(600)

def eat(source):
    hoard = []
    while True:
        hoard.append(b"x" * 20_000_000)
        time.sleep(0.01)

def babble(source):
    print("garbage on stdout", flush=True)
    os.write(1, b"more garbage")
    text = sys.stdin.read() + "read"
    return Extraction(text, (Part(0, len(text)),))

def work(source):
    for page in range(8):
        time.sleep(0.25)
        source.on_step(f"page {page + 1} of 8")
    return Extraction("done", (Part(0, 4),))

def forge(source):
    worker = sys.modules["__main__"]
    honest = worker.reading_to_frame
    worker.reading_to_frame = lambda reading: {**honest(reading), **json.loads(source.data)}
    return Extraction("forged", (Part(0, 6),))

def unpack(source):
    for name in source.data.decode().split():
        yield Member(name, b"content")

def tell(source):
    text = "x" * int(source.data)
    return Extraction(text, (Part(0, len(text)),))

for reader in (crash, leave, hang, eat, babble, work, tell, forge):
    READERS["." + reader.__name__] = reader
OPENERS[".box"] = unpack
'''

GENEROUS = WorkerLimits(20, 10**9)


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Return a function that writes a file; workers started now know readers that misbehave."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(HOSTILE, "utf-8")
    root = str(Path(__file__).parents[2])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "site"), root]))

    def write(name: str, text: str = "content") -> Path:
        (tmp_path / name).write_text(text, "utf-8")
        return tmp_path / name

    return write


def outcome(readings: list[ReadResult]) -> str:
    [reading] = readings
    return reading.outcome.extraction.text if isinstance(reading.outcome, Document) else str(reading.outcome)


def read(warden: WorkerSupervisor, path: Path) -> str:
    return outcome(warden.read(path, "", lambda _: None))


@pytest.fixture
def warden():
    made = WorkerSupervisor(ReadOptions(10**6), GENEROUS)
    yield made
    made.close()


def strict(idle_timeout: float = 20, memory: int = 10**9) -> WorkerSupervisor:
    return WorkerSupervisor(ReadOptions(10**6), WorkerLimits(idle_timeout, memory))


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_a_crash_is_a_reason_and_the_next_file_is_read(hostile, warden):
    assert read(warden, hostile("a.crash")) == "it crashes the program that reads it (SIGSEGV)"
    assert read(warden, hostile("a.leave")) == "it crashes the program that reads it (exit code 3)"
    assert read(warden, hostile("a.txt", "still here")) == "still here"


def test_what_crashed_is_known_by_its_content_so_that_it_is_not_tried_again(hostile, warden):
    [reading] = warden.read(hostile("a.leave"), "", lambda _: None)
    assert len(reading.content_hash) == 64 and reading.outcome.content_hash == reading.content_hash


def test_a_file_without_progress_is_given_up(hostile):
    slow = strict(idle_timeout=1)
    started = time.monotonic()
    assert read(slow, hostile("a.hang")) == "reading it was given up: no progress in 1 seconds"
    assert time.monotonic() - started < 15
    assert read(slow, hostile("a.txt", "next")) == "next"
    slow.close()


def test_a_file_that_makes_progress_may_take_longer_than_the_silence_that_is_allowed(hostile):
    patient = strict(idle_timeout=1)
    steps: list[str] = []
    assert outcome(patient.read(hostile("a.work"), "", steps.append)) == "done"
    assert steps and all(step.startswith("page ") for step in steps)
    patient.close()


def test_memory_is_bounded(hostile):
    greedy = strict(memory=300_000_000)
    assert read(greedy, hostile("a.eat")) in {
        "reading it takes more than 0.3 GB of memory", "it needs more memory than there is",
    }  # fmt: skip
    assert read(greedy, hostile("a.txt", "next")) == "next"
    greedy.close()


def test_what_a_library_prints_does_not_disturb(hostile, warden):
    assert read(warden, hostile("a.babble")) == "read"
    assert read(warden, hostile("b.babble")) == "read"


LIES = ('{"path": "/etc/contract.txt"}', '{"container": "/etc"}', '{"hash": "../../../x"}', '{"size": "1"}')


@pytest.mark.parametrize("lie", LIES)
def test_a_worker_that_was_taken_over_cannot_speak_for_another_file(hostile, warden, lie):
    [reading] = warden.read(path := hostile("a.forge", lie), "", lambda _: None)
    assert not isinstance(reading.outcome, Document) and reading.path == str(path)
    assert read(warden, hostile("a.txt", "next")) == "next"


def test_what_is_inside_a_file_is_given_up_alone(hostile):
    warden = strict(idle_timeout=2)
    box = hostile("a.box", "one.txt two.leave three.txt four.hang five.txt")
    found = {Path(each.path).name: each for each in warden.read(box, "", lambda _: None)}
    assert [name for name, each in found.items() if isinstance(each.outcome, Document)] == [
        "one.txt", "three.txt", "five.txt", "a.box",
    ]  # fmt: skip
    assert "exit code 3" in str(found["two.leave"].outcome) and "no progress" in str(found["four.hang"].outcome)
    assert found["one.txt"].path == str(box / "one.txt") and found["one.txt"].container == str(box)
    assert found["a.box"].outcome.extraction.notes == ("5 files in it",)
    warden.close()


def test_the_pool_keeps_the_order_and_outlives_its_workers(hostile):
    paths = [hostile(f"{number}.{kind}", str(number)) for number, kind in enumerate(["txt", "leave", "work", "txt"] * 3)]
    with ReaderPool(3, ReadOptions(10**6), GENEROUS) as pool:
        results = list(pool.read([ReadRequest(path) for path in paths], lambda _: None))
    assert [job.path for job, _ in results] == paths
    assert [outcome(readings) for _, readings in results[:1]] == ["0"]
    assert sum("exit code 3" in outcome(readings) for _, readings in results) == 3


def children() -> set[int]:
    return {process.pid for process in psutil.Process().children(recursive=True)
            if process.status() != psutil.STATUS_ZOMBIE and "worker" in " ".join(process.cmdline())}


def test_closing_the_pool_ends_workers_that_hang(hostile):
    before = children()
    pool = ReaderPool(2, ReadOptions(10**6), WorkerLimits(600, 10**9))
    found = pool.read([ReadRequest(hostile(name)) for name in ("a.txt", "b.hang", "c.hang")], lambda _: None)
    next(found)
    time.sleep(0.5)
    started = time.monotonic()
    pool.close()
    assert time.monotonic() - started < 10
    assert not children() - before


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_workers_end_with_a_program_that_is_killed(hostile):
    hang = hostile("a.hang")
    program = f"""
import sys
from pathlib import Path
from assistant.ingest import ReaderPool, ReadOptions, ReadRequest, WorkerLimits
list(ReaderPool(1, ReadOptions(10**6), WorkerLimits(600, 10**9)).read([ReadRequest(Path({str(hang)!r}))], lambda _: None))
"""
    process = subprocess.Popen([sys.executable, "-c", program])
    workers: list[psutil.Process] = []
    deadline = time.monotonic() + 30
    while not workers and time.monotonic() < deadline:
        workers = psutil.Process(process.pid).children()
        time.sleep(0.1)
    time.sleep(1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    gone, alive = psutil.wait_procs(workers, timeout=20)
    assert gone and not alive


def test_a_worker_that_cannot_start_is_an_error_with_a_hint(hostile, tmp_path, monkeypatch):
    (tmp_path / "site" / "sitecustomize.py").write_text("import os; os._exit(9)", "utf-8")
    with pytest.raises(ReadersUnavailable, match=r"does not start: .*exit code 9") as caught:
        read(strict(), hostile("a.txt"))
    assert "doctor" in caught.value.hint


def test_a_worker_that_stays_large_is_replaced(hostile, warden, monkeypatch):
    read(warden, hostile("a.txt"))
    first = warden._process
    monkeypatch.setattr(wardens, "RECYCLE_AT", 0.0)
    read(warden, hostile("b.txt"))
    assert warden._process is not first


def test_passwords_are_not_in_the_worker_s_command_or_environment(hostile):
    secret = "correct horse battery"
    warden = WorkerSupervisor(ReadOptions(10**6, (secret,)), GENEROUS)
    read(warden, hostile("a.txt"))
    process = psutil.Process(warden._process.pid)
    assert secret not in " ".join(process.cmdline()) and secret not in " ".join(process.environ().values())
    assert secret not in repr(warden._terms)
    warden.close()


def test_what_was_read_and_is_not_asked_for_is_bounded_by_its_size(hostile, monkeypatch):
    monkeypatch.setattr(pool, "MAX_HELD_BYTES", 300_000)
    jobs = [ReadRequest(hostile(f"{number}.tell", "200000")) for number in range(9)]
    with ReaderPool(2, ReadOptions(10**6), GENEROUS) as made:
        found = made.read(jobs, lambda _: None)
        results = [next(found)]
        deadline = time.monotonic() + 1.5
        most = 0
        while time.monotonic() < deadline:  # nobody asks, and yet no more than a file to a worker goes over the bound
            most = max(most, made._budget.bytes)
            time.sleep(0.02)
        assert 300_000 <= most < 300_000 + 2 * 210_000
        results += found
    assert [job.path for job, _ in results] == [job.path for job in jobs]
    assert all(len(outcome(readings)) == 200_000 for _, readings in results)
    assert made._budget.bytes == 0


def test_a_pass_over_files_that_was_given_up_holds_nothing(hostile, monkeypatch):
    monkeypatch.setattr(pool, "MAX_HELD_BYTES", 100)
    jobs = [ReadRequest(hostile(f"{number}.tell", "1000")) for number in range(5)]
    with ReaderPool(1, ReadOptions(10**6), GENEROUS) as made:
        first = made.read(jobs, lambda _: None)
        next(first)
        first.close()
        assert len(list(made.read(jobs, lambda _: None))) == 5


def test_what_comes_of_one_file_is_bounded(hostile, warden, monkeypatch):
    monkeypatch.setattr(wardens, "MAX_RESULT_BYTES", 1_000)
    assert read(warden, hostile("a.tell", "5000")) == "what is in it is too long"
    assert read(warden, hostile("b.tell", "50")) == "x" * 50


def test_frames_that_nobody_looks_at_keep_the_worker_waiting(monkeypatch):
    frames = wardens.FrameQueue()
    said: list[int] = []

    def speak() -> None:
        for number in range(10):
            frames.put({"step": str(number)})
            said.append(number)

    speaker = threading.Thread(target=speak)
    speaker.start()
    time.sleep(0.3)
    assert len(said) == wardens.MAX_QUEUED_FRAMES
    assert frames.get(1) == {"step": "0"}
    frames.close()
    speaker.join(5)
    assert not speaker.is_alive()
    while not isinstance(frames.get(1), wire.ProtocolError):  # who waits for the next is woken
        pass


def test_the_size_of_a_document_counts_its_text_and_its_entries():
    marks = tuple(PositionLabel(place, "A1", None) for place in range(50))
    found = Extraction("x" * 1000, (Part(0, 1000),), (Heading(0, 1, "x"),), (), marks)
    assert read_file.memory_size([ReadResult("/a", Document("/a", "a", "", found))]) > 1000 + 52 * read_file.ENTRY_BYTES
