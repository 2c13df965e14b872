"""The KV states on disk: kept, evicted, damaged, and shared by several processes."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from assistant.models.llama import kv_cache
from assistant.models.llama.kv_cache import (
    Beginning,
    DiskKVCache,
    PrefixCache,
    document_mark,
    keep_documents,
    list_folder,
    open_disk_cache,
    state_name,
)
from assistant.system import atomic_files


def test_a_state_comes_back_to_another_process(tmp_path):
    opened = open_disk_cache(tmp_path, 1000)
    assert opened is not None
    opened.put("one", b"keys and values")
    folder = tmp_path / "cache" / "kv"
    assert DiskKVCache(folder, 1000).get("one") == b"keys and values"
    (file,) = folder.iterdir()
    assert (file.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)


def test_no_home_or_no_budget_means_no_cache(tmp_path):
    assert open_disk_cache(Path(), 1000) is None
    assert open_disk_cache(tmp_path, 0) is None
    assert not (tmp_path / "cache").exists()


def test_an_unknown_name_returns_nothing(tmp_path):
    assert DiskKVCache(tmp_path, 1000).get("one") == b""


@pytest.mark.parametrize("damage", [lambda kept: kept[:-1], lambda kept: kept[:-1] + b"?", lambda _: b"",
                                    lambda kept: b"xxxx" + kept[4:]])
def test_a_damaged_file_is_removed(tmp_path, damage):
    cache = DiskKVCache(tmp_path, 1000)
    cache.put("one", b"keys and values")
    (file,) = tmp_path.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    assert cache.get("one") == b""
    assert not file.exists()


def test_the_least_recently_used_is_evicted(tmp_path):
    cache = DiskKVCache(tmp_path, 3 * 136)
    for number, name in enumerate(("one", "two", "three")):
        cache.put(name, bytes(100))
        os.utime(tmp_path / f"{name}.kv", (number, number))
    cache.get("one")
    cache.put("four", bytes(100))
    assert [bool(cache.get(name)) for name in ("one", "two", "three", "four")] == [True, False, False, True]
    assert cache.size == 2 * 136


def test_nothing_is_stored_in_a_folder_that_is_gone_or_beyond_the_budget(tmp_path):
    DiskKVCache(tmp_path / "gone", 50).put("one", b"x")
    DiskKVCache(tmp_path, 50).put("one", bytes(100))
    assert not list(tmp_path.iterdir())


def test_a_name_identifies_model_tokens_and_parts():
    named = [("m", (1, 2), (2,)), ("n", (1, 2), (2,)), ("m", (12,), (1,)), ("m", (1, 2, 3), (3,)), ("m", (1, 2), (1, 2))]
    assert len({state_name(*each) for each in named}) == 5


@pytest.fixture
def vanishing(tmp_path, monkeypatch):
    """Store four states; remove each second file between listing the folder and looking at the file."""
    cache = DiskKVCache(tmp_path, 10_000)
    for name in ("one", "two", "three", "four"):
        cache.put(name, bytes(100))
    def list_late(folder):
        found = list_folder(folder)
        for entry in found[::2]:
            Path(entry).unlink()
        monkeypatch.setattr(kv_cache, "list_folder", list_folder)
        return found

    monkeypatch.setattr(kv_cache, "list_folder", list_late)
    return tmp_path


def test_files_that_another_process_removes_are_left_out_of_the_count(vanishing):
    assert DiskKVCache(vanishing, 10_000).size == 2 * (100 + 36)


def test_eviction_goes_on_where_another_process_removes_files(vanishing):
    cache = DiskKVCache(vanishing, 150)
    cache.put("five", bytes(100))
    assert cache.size == 136


def test_a_folder_that_another_process_removes_holds_nothing(tmp_path):
    cache = DiskKVCache(tmp_path / "kv", 1000)
    assert (cache.size, cache.get("one")) == (0, b"")


def test_many_processes_at_once_store_and_remove(tmp_path):
    def work(number):
        for turn in range(30):
            cache = DiskKVCache(tmp_path, 1000)
            cache.put(f"{(number + turn) % 12}", bytes(200))
            cache.get(f"{turn % 12}")

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(work, range(4)))


def total(folder):
    return sum(file.stat().st_size for file in folder.iterdir())


def test_ten_thousand_states_stay_within_the_budget_and_nothing_is_left_of_removed_documents(tmp_path, monkeypatch):
    budget, random = 60_000, Random(1)
    cache, folder = open_disk_cache(tmp_path, budget), tmp_path / "cache" / "kv"
    totals = []
    monkeypatch.setattr(atomic_files, "sync_file", lambda _: totals.append(total(folder)))  # where a state is partly there
    monkeypatch.setattr(atomic_files, "sync_folder", lambda _: None)
    kept = {f"hash{number}" for number in range(8)}
    for turn in range(10_000):
        document, size = f"hash{random.randrange(8)}", random.randrange(400, 5000)
        if document in kept:
            name = state_name("m", (random.randrange(20), 7), (1, 2), document_mark("default", document))
            cache.get(name) or cache.put(name, bytes(size))
        if turn % 500 == 499:
            kept = {f"hash{number}" for number in range(8) if random.random() < 0.7}
            keep_documents(tmp_path, "default", lambda now=kept: now, ["default"])
            marks = {file.stem.partition("-")[2] for file in folder.iterdir()}
            assert marks <= {document_mark("default", each) for each in kept}
            totals.append(total(folder))
    assert len(totals) > 1000
    assert budget / 2 < max(totals) <= budget


def test_a_state_is_replaced_within_the_budget(tmp_path):
    cache = DiskKVCache(tmp_path, 200)
    for payload in (b"one", bytes(100), b"two"):
        cache.put("name", payload)
        assert cache.get("name") == payload
    assert cache.size == 36 + 3


def test_a_state_that_takes_the_whole_budget_is_stored_alone(tmp_path):
    cache = DiskKVCache(tmp_path, 236)
    cache.put("small", bytes(10))
    cache.put("large", bytes(200))
    assert [file.name for file in tmp_path.iterdir()] == ["large.kv"]
    cache.put("beyond", bytes(201))
    assert [file.name for file in tmp_path.iterdir()] == ["large.kv"]


def test_another_process_counts_too(tmp_path):
    one, other = DiskKVCache(tmp_path, 4 * 136), DiskKVCache(tmp_path, 4 * 136)
    for number in range(20):
        (one if number % 2 else other).put(f"{number}", bytes(100))
        assert total(tmp_path) <= 4 * 136


def test_what_a_killed_process_left_half_written_is_removed(tmp_path):
    old, new = (tmp_path / f"{name}.kv.17-18.partial" for name in ("old", "new"))
    for file in (old, new):
        file.write_bytes(b"half")
    os.utime(old, (1, 1))
    DiskKVCache(tmp_path, 1000).put("one", b"x")
    assert {file.name for file in tmp_path.iterdir()} == {new.name, "one.kv"}


def test_what_is_being_written_of_a_removed_document_is_removed(tmp_path):
    folder = tmp_path / "cache" / "kv"
    folder.mkdir(parents=True)
    for content in ("old", "hash"):
        (folder / f"c-{document_mark('default', content)}.kv.17-18.partial").write_bytes(b"half")
    keep_documents(tmp_path, "default", lambda: {"hash"}, ["default"])
    assert [file.name for file in folder.iterdir()] == [f"c-{document_mark('default', 'hash')}.kv.17-18.partial"]


def test_what_is_stored_ahead_evicts_nothing_and_is_evicted_first(tmp_path):
    cache = DiskKVCache(tmp_path, 5 * 136)
    cache.put("used", bytes(100))
    assert cache.put_ahead("ahead", bytes(100)) and cache.put_ahead("taken", bytes(100)) and cache.put_ahead("more", bytes(100))
    assert not cache.put_ahead("too much", bytes(100))  # a tenth of the budget stays free
    assert cache.get("taken")
    cache.put("new", bytes(100))
    cache.put("newer", bytes(100))
    assert {file.stem for file in tmp_path.iterdir()} == {"used", "taken", "new", "newer"}


def test_a_large_state_is_not_stored_ahead(tmp_path):
    cache = DiskKVCache(tmp_path, 200)
    assert not cache.put_ahead("one", bytes(150))
    assert not list(tmp_path.iterdir())


class CountingEngine:
    """Holds tokens and the borders of their parts, and counts those that it computes; its state is their text."""

    def __init__(self, tokens=(), borders=()):
        self.cached_tokens, self.borders = list(tokens), tuple(borders)
        self.computed = 0

    def truncate(self, count):
        del self.cached_tokens[count:]
        self.borders = tuple(border for border in self.borders if border <= count)

    def keep_parts(self, tokens, borders):
        if self.cached_tokens[: len(tokens)] != list(tokens) or self.borders[: len(borders)] != tuple(borders):
            return False
        if len(self.borders) > len(borders):
            self.truncate(len(tokens))
        return True

    def extend_parts(self, part):
        self.truncate(self.borders[-1] if self.borders else 0)
        self.cached_tokens += part
        self.borders = (*self.borders, len(self.cached_tokens))
        self.computed += len(part)

    def save(self):
        return repr(self.cached_tokens).encode()

    def restore(self, kept, tokens, borders):
        fits = kept == repr(list(tokens)).encode()
        self.cached_tokens, self.borders = (list(tokens), tuple(borders)) if fits else ([], ())
        return fits


    @contextmanager
    def set_aside(self):
        tokens, borders = [*self.cached_tokens], self.borders
        self.truncate(0)
        yield
        self.cached_tokens, self.borders = tokens, borders


PREFIX = list(range(40))
SHARED = Beginning((40,))
PASSAGE, QUOTED = [*PREFIX, *range(100, 130)], Beginning((40, 70), document_mark("default", "hash"))


def restore(engine, folder, prompt, beginning):
    return PrefixCache(engine, DiskKVCache(folder, 100_000) if folder else None, "m").restore(prompt, beginning)


def test_a_prefix_is_computed_once_for_all_processes(tmp_path):
    for computed in (40, 0):
        engine = CountingEngine([0, 1, 99])
        assert restore(engine, tmp_path, PREFIX, SHARED) == engine.computed == computed
        assert engine.cached_tokens == PREFIX


def test_a_prefix_that_is_held_already_needs_no_file(tmp_path):
    engine = CountingEngine([*PREFIX, 7], [40])
    assert restore(engine, tmp_path, PREFIX, SHARED) == 0
    assert engine.cached_tokens == [*PREFIX, 7]


def test_the_first_passage_is_computed_once_for_all_processes(tmp_path):
    for computed in (70, 0):
        assert restore(engine := CountingEngine(), tmp_path, [*PASSAGE, 7], QUOTED) == engine.computed == computed
        assert (engine.cached_tokens, engine.borders) == (PASSAGE, (40, 70))


def test_another_passage_behind_the_same_prefix_costs_only_itself(tmp_path):
    engine, other = CountingEngine(PASSAGE, [40, 70]), [*PREFIX, *range(200, 230)]
    assert restore(engine, tmp_path, other, QUOTED) == 30
    assert engine.cached_tokens == other


def test_a_passage_of_no_document_is_not_stored(tmp_path):
    assert restore(CountingEngine(), tmp_path, PASSAGE, Beginning((40, 70))) == 70
    assert restore(CountingEngine(), tmp_path, PASSAGE, Beginning((40, 70))) == 30
    assert len(list(tmp_path.iterdir())) == 1


def test_a_passage_that_was_read_ahead_is_not_computed_again(tmp_path):
    engine = CountingEngine([*PREFIX, 1, 2], [40])
    cache = PrefixCache(engine, DiskKVCache(tmp_path, 100_000), "m")
    assert cache.store_ahead(PASSAGE, QUOTED) and cache.store_ahead(PASSAGE, QUOTED)
    assert (engine.cached_tokens, engine.borders, engine.computed) == ([*PREFIX, 1, 2], (40,), 70)
    asked = CountingEngine()
    assert restore(asked, tmp_path, [*PASSAGE, 7], QUOTED) == 0
    assert asked.cached_tokens == PASSAGE


@pytest.mark.parametrize("budget", [0, 300])
def test_nothing_is_read_ahead_where_it_cannot_be_stored(tmp_path, budget):
    engine, disk = CountingEngine(), DiskKVCache(tmp_path, budget) if budget else None
    if disk:
        disk.put("other", bytes(250))
    assert not PrefixCache(engine, disk, "m").store_ahead(PASSAGE, QUOTED)
    assert engine.computed == 0


def test_the_states_of_removed_documents_and_libraries_are_deleted(tmp_path):
    folder = tmp_path / "cache" / "kv"
    folder.mkdir(parents=True)
    for library, content in (("default", "hash"), ("default", "old"), ("team", "old"), ("gone", "old")):
        restore(CountingEngine(), folder, PASSAGE, Beginning((40, 70), document_mark(library, content)))
    keep_documents(tmp_path, "default", lambda: {"hash"}, ["default", "team"])
    marks = {file.stem.partition("-")[2] for file in folder.iterdir()}
    assert marks == {"", document_mark("default", "hash"), document_mark("team", "old")}


def test_the_end_of_a_beginning_can_be_cut():
    assert QUOTED.up_to(69).borders == (40,)
    assert QUOTED.up_to(30).borders == (30,)


def test_a_state_that_does_not_fit_the_engine_is_computed_again(tmp_path):
    cache, name = DiskKVCache(tmp_path, 1000), state_name("m", PREFIX, (40,))
    cache.put(name, b"of another shape")
    assert PrefixCache(CountingEngine(), cache, "m").restore(PREFIX, SHARED) == 40
    assert cache.get(name) == repr(PREFIX).encode()


@pytest.mark.parametrize(("tokens", "computed"), [(PREFIX, 40), (PREFIX[:20], 20)])
def test_without_a_disk_or_for_a_short_prefix_it_is_computed_as_a_whole(tmp_path, tokens, computed):
    engine = CountingEngine([0, 1])
    assert restore(engine, tmp_path if computed < 24 else None, tokens, Beginning((computed,))) == engine.computed == computed
    assert not list(tmp_path.iterdir())
