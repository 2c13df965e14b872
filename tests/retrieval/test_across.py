import numpy as np

from assistant.retrieval.cross_script import above_own_script, in_order_of, standing_out, word_bonus
from assistant.retrieval.score_background import Background, deviations, script_from, unit


def crowd(towards: int, seed: int) -> np.ndarray:
    """Vectors that crowd around one direction, as those of one language do."""
    noise = np.random.default_rng(seed).normal(0, 0.05, (60, 16))
    noise[:, towards] += 1
    return unit(noise.astype(np.float32))


def test_scores_are_dealt_out_in_another_order() -> None:
    assert in_order_of({1: 0.9, 2: 0.5, 3: 0.1}, {1: 1.0, 2: 3.0, 3: 2.0}) == {2: 0.9, 3: 0.5, 1: 0.1}


def test_few_shared_words_give_next_to_nothing() -> None:
    bonus = word_bonus({1: 1.0, 2: 10.0}, 10.0)
    assert bonus[1] < 0.05 * bonus[2]
    assert word_bonus({1: 1.0}, 0.0) == {}


def test_the_right_passage_in_another_script_stands_out_more_than_any_in_the_own() -> None:
    own, other = crowd(0, 1), crowd(1, 2)
    background = Background(script_from(np.concatenate([own, other])), {"latin": script_from(own), "cjk": script_from(other)})
    meaning = np.zeros(16, np.float32)
    meaning[5] = 1.0
    question, right = unit(own.mean(axis=0) + 0.5 * meaning), unit(other.mean(axis=0) + 0.5 * meaning)
    here = standing_out(above_own_script(background, question, "latin", "latin", dict(enumerate(own))))
    others = {100: right, **{200 + at: vector for at, vector in enumerate(other)}}
    there = standing_out(above_own_script(background, question, "latin", "cjk", others))
    assert float(right @ question) < min(float(vector @ question) for vector in own)
    assert there[100] > max(here.values())


def test_nothing_stands_out_of_nothing() -> None:
    assert standing_out({}) == {}


def test_deviations_are_measured_from_the_mean() -> None:
    vectors = np.eye(4, dtype=np.float32)
    above = deviations(vectors, vectors[0], {1: 1.0, 2: 0.25})
    assert above[2] == 0.0
    assert above[1] > 1.0
    assert deviations(np.zeros((0, 4), np.float32), vectors[0], {1: 0.5}) == {1: 0.5}
