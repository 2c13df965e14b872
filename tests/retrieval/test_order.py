from assistant.datatypes import Chunk, Hit, Location
from assistant.retrieval.postprocess import MOST_CONVERSATIONS, PromptOrder


def hit(name: str, start: int = 0, length: int = 10) -> Hit:
    return Hit(1, f"/{name}.txt", name, Chunk("x" * length, Location(1, 1, start, start + length)))


def test_what_was_read_for_the_last_question_comes_first_in_the_same_order() -> None:
    orders = PromptOrder()
    orders.keep(["a?"], [hit("one"), hit("two", 0, 100), hit("three")])
    new = [hit("four"), hit("three"), hit("two", 50), hit("five"), hit("one")]
    assert [each.path[1:-4] for each in orders.arrange(["a?"], new)] == ["one", "two", "three", "four", "five"]


def test_another_conversation_keeps_its_own_order() -> None:
    orders = PromptOrder()
    orders.keep(["a?"], [hit("one"), hit("two")])
    orders.keep(["a?", "b?"], [hit("two"), hit("one")])
    hits = (hit("one"), hit("two"))
    assert orders.arrange([], hits[::-1]) == hits[::-1]
    assert orders.arrange(["a?"], hits[::-1]) == hits
    assert orders.arrange(["a?", "b?"], hits) == hits[::-1]


def test_a_passage_elsewhere_in_the_same_file_was_not_read() -> None:
    orders = PromptOrder()
    orders.keep(["a?"], [hit("one", 0, 50)])
    hits = (hit("one", 50), hit("one", 10))
    assert orders.arrange(["a?"], hits) == hits[::-1]


def test_old_conversations_are_forgotten() -> None:
    orders = PromptOrder()
    for number in range(MOST_CONVERSATIONS + 1):
        orders.keep([str(number)], [hit("one")])
    assert orders.arrange(["0"], (hit("two"), hit("one")))[0].path == "/two.txt"
    assert orders.arrange(["1"], (hit("two"), hit("one")))[0].path == "/one.txt"
