import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from assistant.datatypes import Chunk, Hit, Location
from assistant.retrieval.expand_context import (
    are_neighbours,
    drop_contained,
    estimate_tokens,
    merge_overlapping,
    merge_touching,
    widen,
)

TEXT = "One is first.\nTwo is next. Three is after.\n\nFour is last."


def chunk(part: str, text: str = TEXT, context: str = "", page: int | None = None) -> Chunk:
    start = text.index(part)
    first = text.count("\n", 0, start) + 1
    location = Location(first, first + part.count("\n"), start, start + len(part), page=page)
    return Chunk(part, location, context)


ONE, TWO, THREE, FOUR = (chunk(part) for part in ("One is first.", "Two is next.", "Three is after.", "Four is last."))


def hit(number: int, part: Chunk, path: str = "/a.txt") -> Hit:
    return Hit(number, path, "", part, score=float(-number))


def widened(hits: Sequence[Hit], beside: Callable[[Hit], Sequence[Chunk]], tokens: int) -> tuple[Hit, ...]:
    joined = merge_touching(hits)
    return widen(joined, [beside(one) for one in joined], tokens)


def alone(_hit: Hit) -> Sequence[Chunk]:
    return ()


def test_hits_that_touch_become_one_at_the_place_of_the_better() -> None:
    [best, other] = widened([hit(1, THREE), hit(2, ONE), hit(3, TWO), hit(4, FOUR, "/b.txt")], alone, 1_000)
    assert (best.chunk_id, other.chunk) == (1, FOUR)
    assert best.chunk.text == TEXT[: TEXT.index("\n\n")]


def test_a_wider_hit_is_verbatim_and_knows_its_place() -> None:
    [found] = widened([hit(1, THREE)], lambda _: (TWO, FOUR), 1_000)
    location = found.chunk.location
    assert found.chunk.text == TEXT[location.char_start : location.char_end] == "Two is next. Three is after.\n\nFour is last."
    assert (location.line_start, location.line_end) == (2, 4)


def test_what_another_hit_holds_is_not_said_twice() -> None:
    apart = replace(FOUR, context="another section")
    found = widened([hit(1, THREE), hit(2, apart)], lambda one: (TWO, FOUR) if one.chunk_id == 1 else (), 1_000)
    assert [one.chunk.text for one in found] == ["Two is next. Three is after.", "Four is last."]


def test_the_best_grow_first_and_only_as_far_as_there_is_room() -> None:
    both = [hit(1, ONE), hit(2, FOUR, "/b.txt")]
    assert [one.chunk.text for one in widened(both, lambda one: [TWO] if one.path == "/a.txt" else [THREE], 85)] == [
        "One is first.\nTwo is next.", "Four is last.",
    ]
    assert widened(both, lambda _: [TWO], 40) == tuple(both)


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
    assert widened([hit(1, first), hit(2, second)], alone, 1_000)[0].chunk.text == text


def test_chinese_sentences_stand_side_by_side() -> None:
    text = "租期两年。月租五千元。"
    found = widened([hit(1, chunk("月租五千元。", text))], lambda _: [chunk("租期两年。", text)], 1_000)
    assert found[0].chunk.text == text


def some_text(chance: random.Random) -> str:
    return "".join(chance.choice(("apple", "pear", "fig")) + str(place) + chance.choice((" ", ". ", "\n", ".\n\n"))
                   for place in range(120)).strip()


def part(text: str, start: int, end: int) -> Chunk:
    first = text.count("\n", 0, start) + 1
    return Chunk(text[start:end], Location(first, first + text.count("\n", start, end), start, end))


def passages_of(text: str, chance: random.Random) -> list[Chunk]:
    """Return the text cut into passages, none with white space at its ends."""
    words = [place for place in range(1, len(text)) if text[place].isalpha() and text[place - 1].isspace()]
    starts = [0, *sorted(chance.sample(words, 20))]
    cuts = [(start, start + len(text[start:end].rstrip())) for start, end in pairwise([*starts, len(text)])]
    return [part(text, start, end) for start, end in cuts]


def random_hits(text: str, chance: random.Random) -> list[Hit]:
    """Return hits of a file, of which many overlap or hold one another."""
    whole = passages_of(text, chance)
    found = chance.sample(whole, 6)
    for _ in range(4):
        start = chance.randrange(len(text) - 1)
        found.append(part(text, start, min(len(text), start + chance.randrange(1, 150))))
    chance.shuffle(found)
    return [hit(number, each) for number, each in enumerate(found, 1)]


def places(hits: Sequence[Hit]) -> list[int]:
    return [place for one in hits for place in range(one.chunk.location.char_start, one.chunk.location.char_end)]


def assert_disjoint_and_verbatim(text: str, hits: Sequence[Hit]) -> None:
    read = places(hits)
    assert len(read) == len(set(read))
    for one in hits:
        here = one.chunk.location
        assert one.chunk == part(text, here.char_start, here.char_end)


@pytest.mark.parametrize("seed", range(60))
def test_what_is_read_of_a_file_are_disjoint_spans_that_cover_the_hits(seed: int) -> None:
    chance = random.Random(seed)
    text = some_text(chance)
    hits, whole = random_hits(text, chance), passages_of(text, chance)

    def beside(one: Hit) -> list[Chunk]:
        here = one.chunk.location
        after = [each for each in whole if each.location.char_start >= here.char_end][:1]
        return after + [each for each in whole if each.location.char_end <= here.char_start][-1:]

    apart = merge_overlapping(hits)
    assert_disjoint_and_verbatim(text, apart)
    assert set(places(apart)) == set(places(hits))
    tokens = chance.choice((0, 300, 2_000))
    chosen = apart[:5]
    read = widened(chosen, beside, tokens)
    assert_disjoint_and_verbatim(text, read)
    assert set(places(chosen)) <= set(places(read))
    assert sum(estimate_tokens(one.chunk) for one in read) <= max(tokens, sum(estimate_tokens(one.chunk) for one in chosen))
    shown = (*read, *drop_contained(apart, read))
    assert set(places(shown)) >= set(places(hits))
    assert all(one in read or not set(places([one])) <= set(places(read)) for one in shown)


def test_a_hit_in_another_is_not_read_twice_and_the_next_takes_its_place() -> None:
    both = chunk("Two is next. Three is after.")
    found = merge_overlapping([hit(1, TWO), hit(2, both), hit(3, ONE), hit(4, FOUR, "/b.txt")])
    assert [(one.chunk_id, one.chunk.text) for one in found[:3]] == [(1, both.text), (3, ONE.text), (4, FOUR.text)]


def test_two_states_of_a_file_are_both_read() -> None:
    newer = replace(TWO, text="Two is last.")
    assert len(merge_overlapping([hit(1, TWO), hit(2, newer)])) == 2
    assert drop_contained([hit(2, newer)], [hit(1, TWO)]) == (hit(2, newer),)


def test_what_has_no_place_in_a_file_is_shown_once() -> None:
    fact = Hit(1, "memory:3", "", Chunk("The office closes at six.", Location(0, 0, 0, 0)), kind="memory")
    assert drop_contained([fact], [fact]) == ()
    assert merge_overlapping([fact, replace(fact, path="memory:4")]) == (fact, replace(fact, path="memory:4"))
