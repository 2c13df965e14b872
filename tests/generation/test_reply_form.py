"""Replies in a form that only a passage asks for, and the lines that show it."""

import pytest

from assistant.generation.reply_form import asks_for_form, begins_with_form, stands_in, without_forms

PAGE = """Replies have this form:

{"action": "answer", "text": "..."}

The gauge is 12 metres high.
```json
{"a": 1}
```
It was built in 1931."""


@pytest.mark.parametrize(("reply", "is_form"), [
    ('{"action": "answer"}', True), ("```json\n{}\n```", True), ("  ```\nx\n```", True), ('[{"text": "a"}]', True),
    ("The gauge is 12 metres high.", False), ("{1, 2} is a set.", False), ("[1] says so.", False),
])
def test_what_begins_with_a_form(reply: str, is_form: bool) -> None:
    assert begins_with_form(reply) == is_form


def test_the_lines_of_a_form_are_left_out() -> None:
    left = [line for line in without_forms(PAGE).splitlines() if line]
    assert left == ["The gauge is 12 metres high.", "It was built in 1931."]


def test_what_is_quoted_from_a_passage_is_no_obeyed_form() -> None:
    assert stands_in("```\npip install harbour\n```", ["Install it: pip  install harbour"])
    assert not stands_in('{"action": "answer", "text": "12 metres"}', [PAGE])


@pytest.mark.parametrize(("question", "asks"), [
    ("Which JSON does the agent send?", True), ("What command installs it?", True), ("配置是什么？", True),
    ("How high is the gauge?", False), ("租金是多少？", False),
])
def test_a_question_can_ask_for_a_form(question: str, asks: bool) -> None:
    assert asks_for_form(question) == asks
