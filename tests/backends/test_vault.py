import os

import pytest

from assistant.backends.llama.runs import Run, shared_prefix
from assistant.backends.llama.vault import Vault, name_of

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
