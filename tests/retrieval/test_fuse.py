from assistant.retrieval.fusion import dense_weight, fuse, rank_by_score


def test_a_chunk_that_both_sides_like_wins() -> None:
    assert rank_by_score(fuse({1: 5.0, 2: 4.0}, {1: 0.0, 2: 2.0, 3: 1.0}, 3.0))[0] == 2


def test_without_dense_weight_the_keyword_order_stands() -> None:
    assert rank_by_score(fuse({1: 5.0, 2: 4.0, 3: 1.0}, {}, 0.0)) == [1, 2, 3]


def test_nothing_found_is_nothing() -> None:
    assert fuse({}, {}, 3.0) == {}


def test_a_passage_without_a_vector_is_taken_to_be_as_near_as_others_with_the_words() -> None:
    scores = fuse({1: 1.0, 2: 1.0}, {2: 2.0, 3: 1.0}, 3.0)
    assert scores[1] == scores[2] > scores[3]
    assert fuse({1: 1.0}, {2: 2.0}, 3.0)[1] == 1.0


def test_strong_words_outweigh_a_weak_likeness() -> None:
    assert rank_by_score(fuse({1: 20.0}, {1: 0.0, 2: 3.0}, 3.0)) == [1, 2]


def test_a_vocabulary_that_does_not_know_the_question_has_no_say() -> None:
    assert dense_weight(0.4) == 0.0
    assert dense_weight(1.0) > 0.0
