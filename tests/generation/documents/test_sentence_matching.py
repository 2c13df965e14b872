import random
from collections import Counter
from collections.abc import Sequence

import pytest

from assistant.generation.documents import alignment as pairing
from assistant.generation.documents.alignment import Numbering, match_sentences

Sentence = tuple[str, ...]


def nothing() -> None:
    """Report nothing."""


def by_all_pairs(old: Sequence[Sentence], new: Sequence[Sentence], least: float) -> dict[int, int]:
    """Return the partners by scoring every pair, which takes time and memory for all of them."""
    def likeness(one: Sentence, other: Sentence) -> float:
        return 2 * sum((Counter(one) & Counter(other)).values()) / (len(one) + len(other))

    scores = sorted((-likeness(was, now), first, second) for first, was in enumerate(old) for second, now in enumerate(new))
    found: dict[int, int] = {}
    for score, first, second in scores:
        if -score >= least and first not in found and second not in found.values():
            found[first] = second
    return found


def by_index(old: Sequence[Sentence], new: Sequence[Sentence], least: float) -> dict[int, int]:
    numbering = Numbering()
    return match_sentences([numbering.words(each) for each in old], [numbering.words(each) for each in new], least, nothing)


def sentences(chance: random.Random, words: int, most: int) -> list[Sentence]:
    return [tuple(f"w{chance.randrange(words)}" for _ in range(chance.randint(1, 7))) for _ in range(chance.randrange(most))]


@pytest.mark.parametrize("kept", [1, 2, 16])
@pytest.mark.parametrize("seed", range(6))
def test_the_partners_are_those_of_all_pairs(seed: int, kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairing, "MIN_CANDIDATES", kept)
    monkeypatch.setattr(pairing, "MAX_CANDIDATES", 2 * kept)
    chance = random.Random(seed)
    for _ in range(40):
        words, least = chance.choice((1, 3, 6, 40)), chance.choice((0.3, 0.5, 0.9))
        old, new = sentences(chance, words, 30), sentences(chance, words, 30)
        assert by_index(old, new, least) == by_all_pairs(old, new, least)


def test_a_word_that_stands_twice_counts_twice() -> None:
    assert by_index([("a", "a", "a", "b")], [("a", "c", "c", "c"), ("a", "a", "c", "c")], 0.5) == {0: 1}


def test_the_work_can_be_ended_between_two_sentences() -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    numbering = Numbering()
    with pytest.raises(KeyboardInterrupt):
        match_sentences([numbering.words(("a",))], [numbering.words(("a",))], 0.5, stop)
