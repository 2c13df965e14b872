"""What a library survives: kills, lost events, another model, another writer, a clock that jumps."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from kills import kill_many

from assistant import Assistant, Settings
from assistant.datatypes import Progress
from assistant.errors import EmbedderMismatch
from assistant.models.fake import FakeEmbedder
from assistant.watch import Timing, Watcher, is_watched, read_status

ROOT = Path(__file__).parents[2]
PATIENCE = 60
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="needs the events and signals of Linux")


class Deaf:
    def changed(self, change: object) -> None:
        pass

    def noticed(self, words: str) -> None:
        pass

    def stands(self, standing: object) -> None:
        pass


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    for number in range(20):
        (folder / f"{number}.md").write_text(f"Number {number}.", "utf-8")
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", embed="fake:", reader_processes=1)


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.05)


@linux_only
def test_kills_at_random_instants_do_no_damage(tmp_path: Path) -> None:
    damage = kill_many(tmp_path, 6, seed=int(os.environ.get("KILLS_SEED", "7")))
    assert (damage.lost, damage.halves, damage.unopened, damage.unequal) == ([], [], [], [])
    assert damage.kills == 6


@linux_only
def test_a_queue_of_events_that_really_overflows_is_made_up_for(settings: Settings, folder: Path) -> None:
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if most > 50_000:
        pytest.skip("this machine's queue of events is too long to fill in a test")
    state = settings.libraries_folder / "default"
    environment = {**os.environ, "ASSISTANT_HOME": str(settings.home), "ASSISTANT_EMBED": "fake:"}
    watch = subprocess.Popen([sys.executable, "-m", "assistant", "watch", str(folder), "--json"], cwd=ROOT, env=environment,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        wait_until(lambda: is_watched(state) and read_status(state).doing == "watching")
        watch.send_signal(signal.SIGSTOP)
        for number in range(most + 1000):  # neighbours in the queue that are equal would be one
            os.utime(folder / f"{number % 20}.md")
        (folder / "lost.md").write_text("Nobody heard of it.", "utf-8")
        watch.send_signal(signal.SIGCONT)
        with Assistant(settings) as assistant:
            wait_until(lambda: str(folder / "lost.md") in {entry.path for entry in assistant.ledger()})
        watch.terminate()
        out, err = watch.communicate(timeout=PATIENCE)
    finally:
        watch.kill()
        watch.wait()
    assert watch.returncode == 0 and b"Stopped." in err
    assert [json.loads(line)["path"] for line in out.splitlines() if b'"indexed", "path"' in line][-1] == str(folder / "lost.md")


def test_another_model_under_a_watched_library_ends_the_watch(
    settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Assistant(settings) as assistant:
        assistant.include([folder])
        stops = iter([False] * 3)

        def rebuild_once() -> bool:
            if next(stops, None) is None:
                with Assistant(settings) as other, monkeypatch.context() as changed:
                    changed.setattr(FakeEmbedder, "fingerprint", "another")
                    other.sync(rebuild=True)
                (folder / "new.md").write_text("New.", "utf-8")
            return False

        with pytest.raises(EmbedderMismatch):
            Watcher(assistant, Deaf(), Timing(settle=0, poll=0, root_check=0.1), always_poll=True).follow(rebuild_once)


def test_of_two_writers_one_waits_and_says_so(settings: Settings, folder: Path) -> None:
    said: list[str] = []
    with Assistant(settings) as first, Assistant(settings) as second:
        first.add([folder])
        (folder / "new.md").write_text("New.", "utf-8")

        def tell(progress: Progress) -> None:
            said.append(progress.stage)

        with first._writing(lambda _: None):
            waiting = threading.Thread(target=second.sync, args=(tell,))
            waiting.start()
            wait_until(lambda: said == ["waiting"])
            assert second.status().documents == 20  # reading goes on meanwhile
        waiting.join()
        assert second.status().documents == 21


def test_who_writes_again_and_again_lets_another_in(settings: Settings, folder: Path) -> None:
    done = threading.Event()
    with Assistant(settings) as first, Assistant(settings) as second:
        first.add([folder])
        other = threading.Thread(target=lambda: (second.sync(), done.set()))
        other.start()
        until = time.monotonic() + PATIENCE
        while not done.is_set():
            assert time.monotonic() < until, "the other was kept out"
            with first._writing(lambda _: None):
                time.sleep(0.02)
        other.join()


def test_a_clock_that_jumps_costs_no_text_and_no_embedding(
    settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Assistant(settings) as assistant:
        assistant.add([folder])
        for year in (1975, 2100):
            os.utime(folder / "1.md", (when := (year - 1970) * 31_557_600, when))
            monkeypatch.setattr("assistant.index.store.time.time", lambda when=when: float(when))
            report = assistant.sync()
            assert (report.indexed, report.unchanged, report.removed, report.embedded) == (0, 20, 0, 0)
