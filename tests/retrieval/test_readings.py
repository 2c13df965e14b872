from assistant.datatypes import Chunk, Hit, Location
from assistant.retrieval import insert_at, interleave


def hit(number: int) -> Hit:
    return Hit(number, "/a.txt", "A", Chunk("text", Location(1, 1, number, number + 4)))


def test_each_reading_keeps_its_best() -> None:
    found = interleave([[hit(1), hit(2), hit(3)], [hit(4), hit(1)]], 4)
    assert [each.chunk_id for each in found] == [1, 4, 2, 3]


def test_earlier_passages_come_in_once_and_push_nothing_out() -> None:
    hits = [hit(1), hit(2), hit(3)]
    assert [each.chunk_id for each in insert_at(hits, [hit(9)], 2)] == [1, 2, 9, 3]
    assert [each.chunk_id for each in insert_at(hits, [hit(1)], 2)] == [1, 2, 3]
    assert [each.chunk_id for each in insert_at(hits, [hit(3)], 0)] == [3, 1, 2]
