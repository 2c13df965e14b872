"""A library that follows its folders, with the system's own events and by polling."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from operations import Operations, fresh_snapshot, snapshot

from assistant import Assistant, Settings
from assistant.datatypes import Change
from assistant.errors import DiskFull
from assistant.index import Store
from assistant.watch import Timing, Watcher, WatchStatus
from assistant.watch import watcher as room
from assistant.watch.fs_events import Events, EventsUnavailable, events_arrive, file_system_of, why_no_events

QUICK = Timing(settle=0.05, open=0.3, longest=5, poll=0.1, full_rescan=3600, root_check=0.1)
PATIENCE = 60  # seconds until a test gives up; a machine can be busy
needs_events = pytest.mark.skipif(sys.platform != "linux", reason="tests the events of Linux")


class Heard:
    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.notices: list[str] = []
        self.standing = WatchStatus()

    def changed(self, change: Change) -> None:
        self.changes.append(change)

    def noticed(self, words: str) -> None:
        self.notices.append(words)

    def stands(self, standing: WatchStatus) -> None:
        self.standing = standing

    def told(self) -> list[tuple[str, str]]:
        return [(change.kind, Path(change.path).name) for change in self.changes]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "lease.md").write_text("# Lease\n\nThe rent is 900 euros.\n", "utf-8")
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", embed="fake:", reader_processes=1)


@contextmanager
def following(settings: Settings, folder: Path, *, always_poll: bool = False,
              is_asked: Callable[[], bool] = lambda: False) -> Iterator[Heard]:
    """Follow the folder in a thread, from the first look on until the end."""
    heard, stopped, failures = Heard(), threading.Event(), []

    def follow() -> None:
        try:
            with Assistant(settings) as assistant:
                assistant.include([folder])
                Watcher(assistant, heard, QUICK, always_poll=always_poll, is_asked=is_asked).follow(stopped.is_set)
        except BaseException as failure:
            failures.append(failure)

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        wait_until(lambda: bool(failures) or heard.standing.doing in {"watching", "giving way"})
        yield heard
    finally:
        stopped.set()
        thread.join(PATIENCE)
    assert not failures


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.02)


@pytest.mark.parametrize("always_poll", [pytest.param(False, marks=needs_events), True])
def test_what_happens_in_a_folder_is_followed(settings: Settings, folder: Path, always_poll: bool) -> None:
    with following(settings, folder, always_poll=always_poll) as heard:
        assert heard.told() == [("indexed", "lease.md")]
        (folder / "sub").mkdir()
        (folder / "sub" / "pump.md").write_text("The pump hums.", "utf-8")
        wait_until(lambda: ("indexed", "pump.md") in heard.told())
        (folder / "sub").rename(folder / "other")
        wait_until(lambda: ("moved", "pump.md") in heard.told())
        (folder / "lease.md").unlink()
        wait_until(lambda: ("removed", "lease.md") in heard.told())
        wait_until(lambda: heard.standing.doing == "watching" and not heard.standing.waiting)
        assert [each.method for each in heard.standing.followed] == ["polling" if always_poll else "events"]
    with Assistant(settings) as assistant:
        assert [entry.path for entry in assistant.ledger()] == [str(folder / "other" / "pump.md")]
        assert assistant.status().waiting == 0


@needs_events
@pytest.mark.parametrize("seed", [1, 2])
def test_after_random_operations_the_library_is_what_a_fresh_one_would_be(
    settings: Settings, folder: Path, tmp_path: Path, seed: int
) -> None:
    operations = Operations(folder, seed)
    with following(settings, folder):
        for number in range(100):
            operations.one()
            if number % 10 == 9:
                time.sleep(0.1)
        with Assistant(replace(settings, home=tmp_path / "fresh")) as other:
            expected = fresh_snapshot(other, folder)
        store = Store(settings.libraries_folder / "default" / "library.sqlite")
        try:
            wait_until(lambda: snapshot(store) == expected)
        finally:
            store.close()
    assert len(expected) > 10


@needs_events
def test_a_file_is_read_when_it_was_closed(settings: Settings, folder: Path) -> None:
    with following(settings, folder) as heard:
        with (folder / "long.md").open("w") as file:
            for word in ("first", "second", "third"):
                file.write(word + "\n\n")
                file.flush()
                time.sleep(0.1)  # longer than it takes to settle, were it closed
        wait_until(lambda: ("indexed", "long.md") in heard.told())
        assert heard.told().count(("indexed", "long.md")) == 1
    with Assistant(settings) as assistant:
        assert "third" in assistant.search("third").hits[0].chunk.text


def test_a_file_that_was_written_to_just_now_is_left_for_the_next_look(settings: Settings, folder: Path) -> None:
    with Assistant(settings) as assistant:
        assistant.include([folder])
        assert assistant.refresh([folder], quiet_seconds=3600).indexed == 0
        os.utime(folder / "lease.md", (1, 1))
        assert assistant.refresh([folder], quiet_seconds=3600).indexed == 1
        (folder / "lease.md").write_text("Shorter.", "utf-8")
        report = assistant.refresh([folder], quiet_seconds=3600)
        assert (report.indexed, report.unchanged, report.removed) == (0, 0, 0)
        assert assistant.refresh([folder]).indexed == 1


@needs_events
def test_an_editors_way_of_saving_is_one_change(settings: Settings, folder: Path) -> None:
    with following(settings, folder) as heard:
        (folder / ".lease.md.swp").write_bytes(b"swap")
        (folder / "4913").write_bytes(b"")
        (folder / "4913").unlink()
        (folder / "lease.md").rename(folder / "lease.md~")
        (folder / "lease.md").write_text("The rent is 950 euros.", "utf-8")
        (folder / "lease.md~").unlink()
        (folder / ".lease.md.swp").unlink()
        wait_until(lambda: heard.told().count(("indexed", "lease.md")) == 2)
        (folder / "done.md").write_text("Done.", "utf-8")
        wait_until(lambda: ("indexed", "done.md") in heard.told())
        assert heard.told() == [("indexed", "lease.md")] * 2 + [("indexed", "done.md")]


@needs_events
def test_lost_events_are_made_up_for(settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with following(settings, folder) as heard:
        monkeypatch.setattr(Watcher, "_on_event", lambda *_: None)
        with monkeypatch.context() as deaf:
            deaf.setattr(Events, "_on_event", lambda *_: None)
            (folder / "missed.md").write_text("Missed.", "utf-8")
            logging.getLogger("watchdog.observers.inotify_c").warning("Inotify queue overflowed; filesystem events were lost")
            wait_until(lambda: ("indexed", "missed.md") in heard.told())


@needs_events
def test_a_root_that_goes_away_keeps_its_files_and_is_followed_again_when_it_comes_back(settings: Settings, folder: Path) -> None:
    away = folder.with_name("unplugged")
    with following(settings, folder) as heard:
        folder.rename(away)
        wait_until(lambda: [each.method for each in heard.standing.followed] == ["away"])
        (away / "new.md").write_text("New.", "utf-8")
        away.rename(folder)
        wait_until(lambda: ("indexed", "new.md") in heard.told())
        (folder / "newer.md").write_text("Newer.", "utf-8")
        wait_until(lambda: ("indexed", "newer.md") in heard.told())
        shutil.copytree(folder, away)
        shutil.rmtree(folder)
        wait_until(lambda: [each.method for each in heard.standing.followed] == ["away"])
        away.rename(folder)
        wait_until(lambda: [each.method for each in heard.standing.followed] == ["events"])
        (folder / "newest.md").write_text("Newest.", "utf-8")
        wait_until(lambda: ("indexed", "newest.md") in heard.told())
    assert f"{folder} is missing; its files stay in the library." in heard.notices
    with Assistant(settings) as assistant:
        assert {Path(entry.path).name for entry in assistant.ledger()} == {"lease.md", "new.md", "newer.md", "newest.md"}


@needs_events
def test_what_another_terminal_adds_is_followed_too(settings: Settings, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.md").write_text("A.", "utf-8")
    with following(settings, folder) as heard:
        with Assistant(settings) as assistant:
            assistant.add([other])
        wait_until(lambda: len(heard.standing.followed) == 2)
        (other / "b.md").write_text("B.", "utf-8")
        wait_until(lambda: ("indexed", "b.md") in heard.told())


@needs_events
def test_a_full_disk_does_not_end_the_watch(settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "RETRY_SECONDS", 0.2)
    with following(settings, folder) as heard:
        with monkeypatch.context() as full:
            full.setattr(Store, "put_document", lambda *_: (_ for _ in ()).throw(DiskFull("There is no room.", "")))
            (folder / "new.md").write_text("New.", "utf-8")
            wait_until(lambda: heard.standing.problem == "There is no room.")
        wait_until(lambda: ("indexed", "new.md") in heard.told())
        wait_until(lambda: heard.standing.problem == "")
    assert heard.notices == ["There is no room. Trying again every 0 seconds."]


@needs_events
@pytest.mark.parametrize("is_folder", [True, False])
def test_what_a_symbolic_link_leads_to_is_followed(settings: Settings, folder: Path, tmp_path: Path, is_folder: bool) -> None:
    link, target = (tmp_path / "link", folder) if is_folder else (tmp_path / "link.md", folder / "lease.md")
    link.symlink_to(target)
    with following(settings, link) as heard:
        assert [each.method for each in heard.standing.followed] == ["events"]
        (folder / "lease.md").write_text("The rent is 950 euros.", "utf-8")
        wait_until(lambda: heard.told().count(("indexed", "lease.md" if is_folder else "link.md")) == 2)
    with Assistant(settings) as assistant:
        assert [entry.path for entry in assistant.ledger()] == [str(link / "lease.md" if is_folder else link)]


@needs_events
def test_a_single_file_is_followed_through_an_editors_saves(settings: Settings, folder: Path) -> None:
    with following(settings, folder / "lease.md") as heard:
        (folder / "beside.md").write_text("Nobody asked.", "utf-8")
        (folder / "aside").write_text("The rent is 990 euros.", "utf-8")
        (folder / "aside").replace(folder / "lease.md")
        wait_until(lambda: heard.told() == [("indexed", "lease.md")] * 2)


def test_where_no_more_folders_can_be_watched_they_are_polled(
    settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "events_arrive", lambda: True)
    refused = EventsUnavailable("the limit is reached", "Raise it.")
    monkeypatch.setattr(Events, "attach", lambda *_: (_ for _ in ()).throw(refused))
    with following(settings, folder) as heard:
        (folder / "new.md").write_text("New.", "utf-8")
        wait_until(lambda: ("indexed", "new.md") in heard.told())
    assert heard.notices == [f"{folder} is polled: the limit is reached. Raise it."]


def test_network_drives_are_polled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def partition(mount: Path, kind: str, options: str = "rw") -> object:
        return type("Partition", (), {"mountpoint": str(mount), "fstype": kind, "opts": options})()

    real = Path(os.path.realpath(tmp_path))
    partitions = [partition(Path(real.anchor), "ext4"), partition(real / "nas", "nfs4"),
                  partition(real / "z", "NTFS", "rw,remote")]
    monkeypatch.setattr("assistant.watch.fs_events.psutil.disk_partitions", lambda **_: partitions)
    assert file_system_of(real / "nas" / "deep" / "er") == ("nfs4", "rw")
    assert "nfs4" in why_no_events(real / "nas") and "NTFS" in why_no_events(real / "z" / "a")
    assert why_no_events(real / "nasty") == ""


@needs_events
def test_this_machine_is_tested_for_events() -> None:
    assert events_arrive()


def test_embedding_waits_while_a_question_is_answered(settings: Settings, folder: Path) -> None:
    asked = threading.Event()
    asked.set()
    with following(settings, folder, always_poll=True, is_asked=asked.is_set) as heard:
        assert heard.standing.doing == "giving way"
        assert heard.standing.waiting == 1
        assert heard.told() == [("indexed", "lease.md")]  # it is found by keyword meanwhile
        asked.clear()
        wait_until(lambda: heard.standing.doing == "watching" and not heard.standing.waiting)
