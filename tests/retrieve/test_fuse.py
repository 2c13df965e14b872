from assistant.retrieve.fuse import dense_weight, fuse


def test_a_chunk_that_both_sides_like_wins() -> None:
    assert fuse({1: 5.0, 2: 4.0}, {2: 0.9, 3: 0.5}, 0.5)[0][0] == 2


def test_without_dense_weight_the_keyword_order_stands() -> None:
    assert [chunk for chunk, _ in fuse({1: 5.0, 2: 4.0, 3: 1.0}, {}, 0.0)] == [1, 2, 3]


def test_nothing_found_is_nothing() -> None:
    assert fuse({}, {}, 0.5) == []


def test_a_vocabulary_that_does_not_know_the_question_has_no_say() -> None:
    assert dense_weight(0.4) == 0.0
    assert dense_weight(1.0) > 0.0
