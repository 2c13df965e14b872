"""Side tasks of Open WebUI are recognised by the form of their prompts, and nothing else is."""

from __future__ import annotations

import json

import pytest

from assistant.server.http.client_tasks import side_task_reply

CHAT = "USER: When does the lease end?\nASSISTANT: It ends on 31 December 2027 [1]."


def prompt(form: str, chat: str = CHAT) -> str:
    return f"### Task:\nDo it.\n### Output:\nJSON format: {form}\n### Chat History:\n<chat_history>\n{chat}\n</chat_history>"


@pytest.mark.parametrize(("form", "expected"), [
    ('{ "title": "your concise title here" }', {"title": "When does the lease end?"}),
    ('{ "tags": ["tag1", "tag2", "tag3"] }', {"tags": []}), ('{ "follow_ups": ["Question 1?"] }', {"follow_ups": []}),
    ('\n{\n  "queries": ["query1", "query2"]\n}', {"queries": []}), ('`{ "text": "<your_completion>" }`', {"text": ""}),
])
def test_a_side_task_has_an_object_of_its_form(form: str, expected: dict[str, object]):
    assert json.loads(side_task_reply(prompt(form)) or "") == expected


@pytest.mark.parametrize("asked", [
    "When does the lease end?", "### Task:\nWhat is the title of the lease?", 'What does { "title": "x" } mean?',
    prompt('{ "answer": "x" }'), prompt('{ "title": "x" }').removeprefix("### Task:\n"),
    prompt('{ "title": "x" }').replace("</chat_history>", ""),
])
def test_a_question_is_no_side_task(asked: str):
    assert side_task_reply(asked) is None


@pytest.mark.parametrize(("chat", "title"), [
    ("", "New chat"), ("ASSISTANT: Hello.", "New chat"), ("USER: 租约何时结束？\nASSISTANT: 2027年。", "租约何时结束？"),
    ("USER: What is the tightening torque of the water connections of the HP40, please?\nASSISTANT: 35 Nm",
     "What is the tightening torque of the water connections of…"),
    ("USER: a  b\nASSISTANT: c\n\nSources:\n[1] a.txt: “x”\nUSER: d", "a b"),
])
def test_the_title_is_the_first_question(chat: str, title: str):
    assert json.loads(side_task_reply(prompt('{ "title": "x" }', chat)) or "") == {"title": title}
