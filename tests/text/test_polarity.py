import pytest

from assistant.text.polarity import are_opposite, negations


@pytest.mark.parametrize(("text", "chinese", "words"), [
    ("Dogs are not allowed.", False, ["not"]), ("He cannot go without a permit.", False, ["cannot", "without"]),
    ("It takes no more than six hours.", False, []), ("无需许可。", True, ["无"]), ("不得超过六小时。", True, []),
])
def test_words_that_deny_are_found_and_bounds_are_not(text: str, chinese: bool, words: list[str]) -> None:
    assert [text[start:end] for start, end in negations(text, chinese)] == words


@pytest.mark.parametrize(("one", "two", "expected"), [
    ("open", "closed", True), ("available", "unavailable", True), ("open", "opened", False), ("red", "blue", False),
])
def test_opposites(one: str, two: str, expected: bool) -> None:
    assert are_opposite(one, two) is expected
