"""Drafts copied from what was said before."""

from assistant.models.llama.generate import PromptLookup


def test_what_followed_the_last_three_tokens_is_drafted() -> None:
    assert PromptLookup([1, 2, 3, 4, 5, 6, 7, 1, 2, 3]).propose() == [4, 5, 6]


def test_the_last_place_counts() -> None:
    assert PromptLookup([1, 2, 3, 4, 9, 1, 2, 3, 5, 9, 1, 2, 3]).propose(1) == [5]


def test_new_runs_and_short_prompts_have_no_draft() -> None:
    assert PromptLookup([1, 2, 3, 4, 5]).propose() == []
    assert PromptLookup([1, 2]).propose() == []
    assert PromptLookup([]).propose() == []


def test_a_run_does_not_find_itself_but_what_the_reply_says_counts() -> None:
    lookup = PromptLookup([1, 2, 3])
    assert lookup.propose() == []
    for token in (4, 1, 2, 3):
        lookup.add(token)
    assert lookup.propose() == [4, 1, 2]


def test_no_more_than_wanted() -> None:
    assert PromptLookup([1, 2, 3, 4, 5, 6, 1, 2, 3]).propose(0) == []
    assert PromptLookup([1, 2, 3, 4, 1, 2, 3]).propose() == [4, 1, 2]
