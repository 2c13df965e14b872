from collections.abc import Sequence
from dataclasses import replace

from assistant.datatypes import Chunk, Hit, Location
from assistant.retrieve.widen import are_neighbours, widen

TEXT = "One is first.\nTwo is next. Three is after.\n\nFour is last."


def chunk(part: str, text: str = TEXT, context: str = "", page: int | None = None) -> Chunk:
    start = text.index(part)
    first = text.count("\n", 0, start) + 1
    location = Location(first, first + part.count("\n"), start, start + len(part), page=page)
    return Chunk(part, location, context)


ONE, TWO, THREE, FOUR = (chunk(part) for part in ("One is first.", "Two is next.", "Three is after.", "Four is last."))


def hit(number: int, part: Chunk, path: str = "/a.txt") -> Hit:
    return Hit(number, path, "", part, score=float(-number))


def alone(_hit: Hit) -> Sequence[Chunk]:
    return ()


def test_hits_that_touch_become_one_at_the_place_of_the_better() -> None:
    [best, other] = widen([hit(1, THREE), hit(2, ONE), hit(3, TWO), hit(4, FOUR, "/b.txt")], alone, 1_000)
    assert (best.chunk_id, other.chunk) == (1, FOUR)
    assert best.chunk.text == TEXT[: TEXT.index("\n\n")]


def test_a_wider_hit_is_verbatim_and_knows_its_place() -> None:
    [found] = widen([hit(1, THREE)], lambda _: (TWO, FOUR), 1_000)
    location = found.chunk.location
    assert found.chunk.text == TEXT[location.char_start : location.char_end] == "Two is next. Three is after.\n\nFour is last."
    assert (location.line_start, location.line_end) == (2, 4)


def test_what_another_hit_holds_is_not_said_twice() -> None:
    apart = replace(FOUR, context="another section")
    found = widen([hit(1, THREE), hit(2, apart)], lambda one: (TWO, FOUR) if one.chunk_id == 1 else (), 1_000)
    assert [one.chunk.text for one in found] == ["Two is next. Three is after.", "Four is last."]


def test_the_best_grow_first_and_only_as_far_as_there_is_room() -> None:
    both = [hit(1, ONE), hit(2, FOUR, "/b.txt")]
    assert [one.chunk.text for one in widen(both, lambda one: [TWO] if one.path == "/a.txt" else [THREE], 85)] == [
        "One is first.\nTwo is next.", "Four is last.",
    ]
    assert widen(both, lambda _: [TWO], 40) == tuple(both)


def test_nothing_is_joined_across_pages_sections_cells_or_unknown_gaps() -> None:
    assert are_neighbours(ONE, TWO)
    assert are_neighbours(TWO, ONE)
    assert not are_neighbours(chunk("One is first.", page=1), chunk("Two is next.", page=2))
    assert not are_neighbours(ONE, replace(TWO, context="Another heading"))
    assert not are_neighbours(replace(ONE, location=replace(ONE.location, cells="A1:B2")), TWO)
    assert not are_neighbours(ONE, THREE)
    indented = "First.\n   Second."
    assert not are_neighbours(chunk("First.", indented), chunk("Second.", indented))


def test_line_ends_of_windows_stay_what_they_are() -> None:
    text = "First\r\nand more.\r\nSecond."
    first, second = chunk("First\r\nand more.", text), chunk("Second.", text)
    assert widen([hit(1, first), hit(2, second)], alone, 1_000)[0].chunk.text == text


def test_chinese_sentences_stand_side_by_side() -> None:
    text = "租期两年。月租五千元。"
    found = widen([hit(1, chunk("月租五千元。", text))], lambda _: [chunk("租期两年。", text)], 1_000)
    assert found[0].chunk.text == text
