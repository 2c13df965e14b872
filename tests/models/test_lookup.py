"""Drafts copied from what was said before."""

from assistant.models.llama.generate import Lookup


def test_what_followed_the_last_three_tokens_is_drafted() -> None:
    assert Lookup([1, 2, 3, 4, 5, 6, 7, 1, 2, 3]).draft() == [4, 5, 6]


def test_the_last_place_counts() -> None:
    assert Lookup([1, 2, 3, 4, 9, 1, 2, 3, 5, 9, 1, 2, 3]).draft(1) == [5]


def test_new_runs_and_short_prompts_have_no_draft() -> None:
    assert Lookup([1, 2, 3, 4, 5]).draft() == []
    assert Lookup([1, 2]).draft() == []
    assert Lookup([]).draft() == []


def test_a_run_does_not_find_itself_but_what_the_reply_says_counts() -> None:
    lookup = Lookup([1, 2, 3])
    assert lookup.draft() == []
    for token in (4, 1, 2, 3):
        lookup.add(token)
    assert lookup.draft() == [4, 1, 2]


def test_no_more_than_wanted() -> None:
    assert Lookup([1, 2, 3, 4, 5, 6, 1, 2, 3]).draft(0) == []
    assert Lookup([1, 2, 3, 4, 1, 2, 3]).draft() == [4, 1, 2]
