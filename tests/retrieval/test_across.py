import numpy as np

from assistant.retrieval.fusion import (
    Background,
    contrast_with_topic,
    cosine_z_scores,
    reassign_scores,
    sample_of_script,
    script_z_scores,
    unit_vectors,
    word_bonus,
)


def crowd(towards: int, seed: int) -> np.ndarray:
    """Vectors that crowd around one direction, as those of one language do."""
    noise = np.random.default_rng(seed).normal(0, 0.05, (60, 16))
    noise[:, towards] += 1
    return unit_vectors(noise.astype(np.float32))


def test_scores_are_dealt_out_in_another_order() -> None:
    assert reassign_scores({1: 0.9, 2: 0.5, 3: 0.1}, {1: 1.0, 2: 3.0, 3: 2.0}) == {2: 0.9, 3: 0.5, 1: 0.1}


def test_few_shared_words_give_next_to_nothing() -> None:
    bonus = word_bonus({1: 1.0, 2: 10.0}, 10.0)
    assert bonus[1] < 0.05 * bonus[2]
    assert word_bonus({1: 1.0}, 0.0) == {}


def test_the_right_passage_in_another_script_stands_out_more_than_any_in_the_own() -> None:
    own, other = crowd(0, 1), crowd(1, 2)
    scripts = {"latin": sample_of_script(own), "cjk": sample_of_script(other)}
    background = Background(sample_of_script(np.concatenate([own, other])), scripts)
    meaning = np.zeros(16, np.float32)
    meaning[5] = 1.0
    question, right = unit_vectors(own.mean(axis=0) + 0.5 * meaning), unit_vectors(other.mean(axis=0) + 0.5 * meaning)
    here = contrast_with_topic(script_z_scores(background, question, "latin", "latin", dict(enumerate(own))))
    others = {100: right, **{200 + at: vector for at, vector in enumerate(other)}}
    there = contrast_with_topic(script_z_scores(background, question, "latin", "cjk", others))
    assert float(right @ question) < min(float(vector @ question) for vector in own)
    assert there[100] > max(here.values())


def test_nothing_stands_out_of_nothing() -> None:
    assert contrast_with_topic({}) == {}


def test_deviations_are_measured_from_the_mean() -> None:
    vectors = np.eye(4, dtype=np.float32)
    above = cosine_z_scores(vectors, vectors[0], {1: 1.0, 2: 0.25})
    assert above[2] == 0.0
    assert above[1] > 1.0
    assert cosine_z_scores(np.zeros((0, 4), np.float32), vectors[0], {1: 0.5}) == {1: 0.5}
