import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from assistant.models.llama.chat_template import Run, shared_prefix
from assistant.models.llama.kv_cache import Vault, name_of

SHELF = "default/kv/0a1b"


@pytest.fixture
def root(tmp_path):
    (tmp_path / "default").mkdir()
    return tmp_path


def test_what_is_kept_comes_back_to_another_process(root):
    Vault(root, 1000).put(SHELF, "one", b"keys and values")
    assert Vault(root, 1000).get(SHELF, "one") == b"keys and values"
    (file,) = (root / "default" / "kv").iterdir()
    assert file.name.startswith("0a1b-")
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_what_is_not_there_is_nothing(root):
    assert Vault(root, 1000).get(SHELF, "one") == b""


@pytest.mark.parametrize("damage", [lambda kept: kept[:-1], lambda kept: kept[:-1] + b"?", lambda _: b"",
                                    lambda kept: b"xxxx" + kept[4:]])
def test_a_damaged_file_is_removed(root, damage):
    vault = Vault(root, 1000)
    vault.put(SHELF, "one", b"keys and values")
    (file,) = (root / "default" / "kv").iterdir()
    file.write_bytes(damage(file.read_bytes()))
    assert vault.get(SHELF, "one") == b""
    assert not file.exists()


def test_what_was_used_longest_ago_makes_room(root):
    vault = Vault(root, 350)
    for number, name in enumerate(("one", "two", "three")):
        vault.put(SHELF, name, bytes(100))
        for file in (root / "default" / "kv").glob(f"*-{name}.kv"):
            os.utime(file, (number, number))
    vault.get(SHELF, "one")
    vault.put(SHELF, "four", bytes(100))
    assert [bool(vault.get(SHELF, name)) for name in ("one", "two", "three", "four")] == [True, False, False, True]
    assert vault.size <= 350


def test_nothing_is_kept_for_a_library_that_is_gone_or_beyond_the_budget(root):
    vault = Vault(root, 50)
    vault.put("gone/kv/0a1b", "one", b"x")
    vault.put(SHELF, "one", bytes(100))
    assert not (root / "gone").exists()
    assert not (root / "default" / "kv").exists()


def test_a_name_says_which_model_and_which_tokens():
    names = {name_of("m", (1, 2), (3,)), name_of("n", (1, 2), (3,)), name_of("m", (1,), (2, 3)), name_of("m", (1, 2), (4,))}
    assert len(names) == 4


def test_the_shared_prefix_ends_where_a_person_begins():
    runs = [Run((1,)), Run((2, 3)), Run((4,)), Run((5,), by_person=True), Run((6,)), Run((7,), by_person=True)]
    assert shared_prefix(runs) == (1, 2, 3, 4)


@pytest.fixture
def vanishing(root, monkeypatch):
    """Keep four runs; let each second file vanish between the moment when it is found and the look at it."""
    vault = Vault(root, 10_000)
    for name in ("one", "two", "three", "four"):
        vault.put(SHELF, name, bytes(100))
    stat, seen = Path.stat, set()

    def stat_late(file, **how):
        if file.suffix == ".kv" and file not in seen:
            seen.add(file)
            if len(seen) % 2:
                file.unlink()
        return stat(file, **how)

    monkeypatch.setattr(Path, "stat", stat_late)
    return root


def test_files_that_another_process_removes_are_left_out_of_the_count(vanishing):
    assert Vault(vanishing, 10_000).size == 2 * (100 + 36)


def test_files_that_another_process_removes_make_room(vanishing):
    vault = Vault(vanishing, 10_000)
    vault._budget, vault._size = 150, 1000
    vault.put(SHELF, "five", bytes(100))
    assert vault.size <= 150


def test_a_folder_that_another_process_removes_holds_nothing(root, monkeypatch):
    Vault(root, 1000).put(SHELF, "one", bytes(100))
    scandir = os.scandir

    def scan_late(folder):
        if str(folder).endswith("kv"):
            shutil.rmtree(folder)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", scan_late)
    assert Vault(root, 1000).size == 0


def test_many_processes_at_once_keep_and_remove_without_a_word(root):
    def work(number):
        for turn in range(30):
            vault = Vault(root, 1000)
            vault.put(SHELF, f"{(number + turn) % 12}", bytes(200))
            vault.get(SHELF, f"{turn % 12}")
            vault._make_room()

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(work, range(4)))
