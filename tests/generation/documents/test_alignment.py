import difflib
import random

import numpy as np
import pytest

from assistant.generation.documents import alignment
from assistant.generation.documents.alignment import Ids, equal_pairs, gaps


def nothing() -> None:
    """Report nothing."""


def of_difflib(first: Ids, second: Ids) -> list[tuple[slice, slice]]:
    matcher = difflib.SequenceMatcher(None, first.tolist(), second.tolist(), autojunk=False)
    return [(slice(a, b), slice(c, d)) for tag, a, b, c, d in matcher.get_opcodes() if tag != "equal"]


def ids(chance: random.Random, kinds: int) -> Ids:
    return np.array([chance.randrange(kinds) for _ in range(chance.randrange(40))], np.intp)


@pytest.mark.parametrize("seed", range(8))
def test_the_gaps_are_those_that_difflib_finds(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(100):
        kinds = chance.choice((1, 2, 3, 8, 60))
        first, second = ids(chance, kinds), ids(chance, kinds)
        if chance.random() < 0.5:  # nearly the same
            second = np.delete(first, range(0, len(first), 7))
        assert list(gaps(first, second, nothing)) == of_difflib(first, second)


def test_elements_that_are_everywhere_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alignment, "MIN_PAIRS", 100)
    everywhere = np.zeros(2_000, np.intp)
    assert len(equal_pairs(everywhere, everywhere)[0]) == 0
    first = np.concatenate([everywhere, [1], everywhere]).astype(np.intp)
    second = np.concatenate([everywhere, [1], everywhere, [2]]).astype(np.intp)
    [gap] = gaps(first, second, nothing)  # the run around the rare one is found whole
    assert gap == (slice(4_001, 4_001), slice(4_001, 4_002))


def test_the_work_can_be_ended_between_two_runs() -> None:
    steps = 0

    def stop() -> None:
        nonlocal steps
        steps += 1
        if steps == 5:
            raise KeyboardInterrupt

    first = np.arange(1_000, dtype=np.intp)
    with pytest.raises(KeyboardInterrupt):
        list(gaps(first, np.delete(first, range(0, 1_000, 3)), stop))
    assert steps == 5
