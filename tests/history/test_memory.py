import errno
import stat
from pathlib import Path

import pytest

from assistant.datatypes import Chunk, Fact, Hit, Location
from assistant.errors import MemoryUnusable, UsageError
from assistant.history.facts import Facts, merge_facts, relevant_facts
from assistant.models.fake import FakeEmbedder

WIFI = Fact(3, "2024-03-14T10:00:00+00:00", "The wifi password of the guest network is heron-42.")
DESK = Fact(4, "2024-03-15T10:00:00+00:00", "My desk is beside the window on the third floor.")


@pytest.fixture
def facts(tmp_path: Path) -> Facts:
    return Facts(tmp_path / "home" / "memory.sqlite")


def passage(number: int, cosine: float) -> Hit:
    return Hit(number, "/a.txt", "A", Chunk("text", Location(1, 1, number, number + 4)), cosine=cosine)


def test_facts_are_kept_in_order_and_only_for_their_owner(facts: Facts) -> None:
    assert facts.all() == ()
    first, second = facts.add("One.  \n Two."), facts.add("三号楼的门禁密码是 4711。")
    assert facts.all() == (first, second)
    assert (first.number, first.text, second.number) == (1, "One. Two.", 2)
    assert stat.S_IMODE(facts.file.stat().st_mode) == 0o600


def test_what_is_forgotten_leaves_no_bytes_and_its_number_is_not_used_again(facts: Facts) -> None:
    number = facts.add("The code is heron-forty-two.").number
    facts.vectors(facts.all(), FakeEmbedder())
    assert facts.forget([number]) == 1
    assert facts.all() == ()
    for file in facts.file.parent.iterdir():
        assert b"heron" not in file.read_bytes()
    assert facts.add("Another.").number == number + 1


def test_nothing_is_forgotten_where_one_number_is_wrong(facts: Facts) -> None:
    facts.add("One.")
    with pytest.raises(UsageError, match="no memory 7"):
        facts.forget([1, 7])
    assert len(facts.all()) == 1


@pytest.mark.parametrize("words", ["", " \n", "x" * 1001])
def test_what_is_empty_or_too_long_is_refused(facts: Facts, words: str) -> None:
    with pytest.raises(UsageError):
        facts.add(words)


def test_there_is_a_limit(facts: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.history.facts.MAX_FACTS", 1)
    facts.add("One.")
    with pytest.raises(UsageError, match="kept already"):
        facts.add("Two.")


def test_a_vector_is_made_once_for_each_model(facts: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    facts.add("One.")
    facts.add("Two.")
    first = facts.vectors(facts.all(), FakeEmbedder())
    monkeypatch.setattr(FakeEmbedder, "embed_passages", lambda *_: pytest.fail("made again"))
    assert (facts.vectors(facts.all(), FakeEmbedder()) == first).all()


def test_a_damaged_file_is_said_to_be_one(facts: Facts) -> None:
    facts.file.parent.mkdir()
    facts.file.write_bytes(b"nonsense" * 1000)
    with pytest.raises(MemoryUnusable, match="cannot be used"):
        facts.all()


def test_a_folder_that_cannot_be_written_is_told_without_an_error_number(facts: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: object, *_: object) -> int:
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr("assistant.history.facts.os.open", refuse)
    with pytest.raises(MemoryUnusable) as raised:
        facts.add("The office closes at 18:00.")
    assert str(raised.value) == f"The folder {facts.file.parent} cannot be written: Read-only file system."
    assert "set ASSISTANT_HOME" in raised.value.hint


def test_a_fact_is_found_by_its_words_or_by_its_meaning() -> None:
    hits = [passage(1, 0.6), passage(2, 0.5), passage(3, 0.4)]
    assert [hit.path for hit in relevant_facts("What is the wifi password?", [WIFI, DESK], [0.3, 0.1], hits)] == ["memory:3"]
    assert [hit.path for hit in relevant_facts("How do I get online?", [WIFI, DESK], [0.7, 0.1], hits)] == ["memory:3"]
    assert relevant_facts("When does the lease of the flat end?", [WIFI, DESK], [0.3, 0.1], hits) == ()
    assert relevant_facts("When does the lease of the flat end?", [WIFI, DESK], [], []) == ()


def test_a_found_fact_says_that_it_is_memory() -> None:
    (hit,) = relevant_facts("What is the wifi password?", [WIFI], [0.9], [])
    assert (hit.kind, hit.path, hit.title) == ("memory", "memory:3", "Memory 3, which you asked to keep on 2024-03-14")
    assert hit.chunk.text == WIFI.text
    assert "asked on 2024-03-14 to remember" in hit.chunk.context


def test_facts_stand_among_the_passages_by_their_nearness_and_never_low() -> None:
    hits = [passage(number, 1 - number / 10) for number in range(1, 8)]
    (near,) = relevant_facts("wifi password", [WIFI], [0.85], hits)
    (far,) = relevant_facts("wifi password", [WIFI], [0.0], hits)
    assert merge_facts(hits, [near])[1] is near
    assert merge_facts(hits, [far])[3] is far
    assert merge_facts([], [far]) == (far,)
