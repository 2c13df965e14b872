"""Fetching from a hub: whole, broken off, resumed, refused."""

import pytest
from catalog_fakes import BASE, model_of, pattern

from assistant.catalog import pull
from assistant.catalog import sources as arrival_module
from assistant.catalog.entries import HubSource
from assistant.catalog.sources import HubConnection, SourceFailed
from assistant.errors import FetchFailed

DATA = pattern(300_000)
FILE = "small.gguf"
URL = BASE + FILE


def fetch(hub, store, model=None, reports=None):
    on_progress = [].append if reports is None else reports.append
    return pull(model or model_of({FILE: DATA}), store, hub=hub.address, on_progress=on_progress)


def failing(hub, store, model=None):
    with pytest.raises(FetchFailed) as failure:
        fetch(hub, store, model)
    return str(failure.value)


def partial(store):
    return store.folder / "small" / f"{FILE}.partial"


def test_plain(hub, store):
    hub.files[URL] = DATA
    reports = []
    path = fetch(hub, store, reports=reports)
    assert path == store.folder / "small" / FILE and path.read_bytes() == DATA
    assert not partial(store).exists()
    assert (reports[-1].done, reports[-1].total, reports[-1].current) == (len(DATA), len(DATA), FILE)
    assert hub.requests == [(URL, "")]


def test_what_is_there_is_not_fetched_again(hub, store):
    hub.files[URL] = DATA
    assert fetch(hub, store) == fetch(hub, store)
    assert len(hub.requests) == 1


def test_a_break_is_resumed_in_the_same_run(hub, store):
    hub.files[URL] = DATA
    hub.cuts = [100_000, 50_000]
    assert fetch(hub, store).read_bytes() == DATA
    assert [span for _, span in hub.requests] == ["", "bytes=100000-", "bytes=150000-"]


def test_a_break_is_resumed_by_the_next_run(hub, store):
    hub.files[URL] = DATA
    hub.cuts = [100_000, 0, 0, 0, 0]
    assert "broke off" in failing(hub, store)
    assert partial(store).read_bytes() == DATA[:100_000]
    hub.requests.clear()
    assert fetch(hub, store).read_bytes() == DATA
    assert hub.requests == [(URL, "bytes=100000-")]


def test_a_server_that_ignores_ranges_begins_again(hub, store):
    hub.files[URL] = DATA
    hub.ranges = False
    hub.cuts = [100_000]
    assert fetch(hub, store).read_bytes() == DATA


def test_a_partial_that_is_whole_needs_no_request(hub, store):
    partial(store).parent.mkdir(parents=True)
    partial(store).write_bytes(DATA)
    assert fetch(hub, store).read_bytes() == DATA
    assert hub.requests == []


def test_a_range_that_the_server_does_not_have_begins_again(hub, store):
    hub.files[URL] = DATA
    hub.statuses = [416]
    partial(store).parent.mkdir(parents=True)
    partial(store).write_bytes(DATA[:10])
    assert fetch(hub, store).read_bytes() == DATA
    assert hub.requests[-1] == (URL, "")


@pytest.mark.parametrize("left", [b"x" * 1000, b"x" * len(DATA), b"x" * (len(DATA) + 5)])
def test_a_bad_partial_is_thrown_away(hub, store, left):
    hub.files[URL] = DATA
    partial(store).parent.mkdir(parents=True)
    partial(store).write_bytes(left)
    assert fetch(hub, store).read_bytes() == DATA


def test_redirects_are_followed(hub, store):
    hub.redirects[URL] = "/elsewhere"
    hub.files["/elsewhere"] = DATA
    hub.cuts = [1000]
    assert fetch(hub, store).read_bytes() == DATA


def test_a_redirect_to_an_unencrypted_address_is_refused(monkeypatch, hub, store):
    import httpx

    def answer(transport, request):
        return httpx.Response(302, headers={"Location": f"{hub.address}/plain"})

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", answer)
    meter = arrival_module.DownloadMeter(model_of({FILE: DATA}), lambda report: None)
    opened = HubConnection("https://hub.invalid", HubSource("a/b", "main"))
    with opened as connection, pytest.raises(SourceFailed, match="unencrypted"):
        connection.fetch(arrival_module.FileDownload(store.folder / FILE, model_of({FILE: DATA}).files[0], meter))
    assert hub.requests == []


def test_wrong_bytes_are_refused_and_removed(hub, store):
    hub.files[URL] = pattern(len(DATA), seed=2)
    assert "refused" in failing(hub, store)
    assert not partial(store).exists() and not (store.folder / "small" / FILE).exists()


@pytest.mark.parametrize("served", [DATA[:-1], DATA + b"more", b"<html>log in here</html>"])
def test_a_file_of_another_size_is_refused(hub, store, served):
    hub.files[URL] = served
    assert "another size" in failing(hub, store)
    assert hub.sent == 0 or not (store.folder / "small" / FILE).exists()


def test_a_mirror_with_a_path_and_a_slash(hub, store):
    hub.files["/mirror" + URL] = DATA
    model = model_of({FILE: DATA})
    assert pull(model, store, hub=hub.address + "/mirror/", on_progress=lambda report: None).read_bytes() == DATA


def test_an_overloaded_server_is_asked_again(hub, store):
    hub.files[URL] = DATA
    hub.statuses = [503, 429]
    assert fetch(hub, store).read_bytes() == DATA


def test_a_server_that_stays_overloaded_is_given_up(hub, store):
    hub.statuses = [503] * 10
    assert "error 503" in failing(hub, store)
    assert len(hub.requests) == 4


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_is_not_asked_again(hub, store, status):
    hub.statuses = [status]
    assert f"error {status}" in failing(hub, store)
    assert len(hub.requests) == 1


def test_an_unreachable_hub_is_given_up_at_once(store, hub):
    with pytest.raises(FetchFailed, match="cannot be reached"):
        pull(model_of({FILE: DATA}), store, hub="http://127.0.0.1:9", on_progress=lambda report: None)


@pytest.mark.parametrize("address", ["not an address", "ftp://somewhere", "http://[", ""])
def test_an_address_that_is_none(store, address):
    with pytest.raises(FetchFailed):
        pull(model_of({FILE: DATA}), store, hub=address, on_progress=lambda report: None)


def test_a_folder_of_files(hub, store):
    contents = {"config.json": b"{}", "1_Pooling/config.json": b"[]", "model.safetensors": DATA}
    hub.files = {BASE + path: data for path, data in contents.items()}
    reports = []
    path = fetch(hub, store, model_of(contents, kind="embedding"), reports)
    assert path == store.folder / "small"
    assert {file: (path / file).read_bytes() for file in contents} == contents
    assert reports[-1].done == reports[-1].total == len(DATA) + 4


def test_files_that_arrived_before_a_failure_are_kept(hub, store):
    contents = {"config.json": b"{}", "model.safetensors": DATA}
    hub.files[BASE + "config.json"] = b"{}"
    model = model_of(contents, kind="embedding")
    failing(hub, store, model)
    hub.files[BASE + "model.safetensors"] = DATA
    hub.requests.clear()
    fetch(hub, store, model)
    assert [path for path, _ in hub.requests] == [BASE + "model.safetensors"]


def test_ctrl_c_leaves_what_the_next_run_resumes(hub, store):
    hub.files[URL] = DATA

    def interrupt(report):
        if report.done > 50_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(model_of({FILE: DATA}), store, hub=hub.address, on_progress=interrupt)
    left = partial(store).stat().st_size
    assert 50_000 < left <= len(DATA)
    assert fetch(hub, store).read_bytes() == DATA
    assert left == len(DATA) or hub.requests[-1] == (URL, f"bytes={left}-")


def test_empty_bodies_without_a_length_are_given_up(hub, store):
    hub.files[URL] = DATA
    hub.empty = 100
    assert "broke off" in failing(hub, store)
    assert len(hub.requests) == 4


def test_an_empty_body_without_a_length_is_asked_for_again(hub, store):
    hub.files[URL] = DATA
    hub.empty = 2
    assert fetch(hub, store).read_bytes() == DATA


def test_a_server_that_refuses_every_resumption_is_given_up(hub, store):
    hub.files[URL] = DATA
    hub.cuts = [1000] * 100
    hub.statuses = [200, 416] * 50
    assert "broke off" in failing(hub, store)
    assert len(hub.requests) < 10
