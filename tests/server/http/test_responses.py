"""OpenAI's Responses API over the user's files."""

from __future__ import annotations

import json

import pytest

from assistant.server.http import responses
from tests.server.web import Web

ASKED = {"model": "default", "input": "How much is the deposit?"}


def test_an_answer_is_a_message_with_annotations(web: Web):
    done = web.post("/v1/responses", ASKED).json()
    [item] = done["output"]
    [part] = item["content"]
    assert done["status"] == "completed"
    assert part["text"].startswith("The deposit is 15500 pounds [1].")
    [annotation] = part["annotations"]
    assert annotation["filename"] == "lease.txt"
    assert part["text"][annotation["index"] :].startswith("[1]")
    assert done["usage"]["output_tokens"] > 0


def test_the_events_of_a_stream_are_numbered_and_end_with_the_whole(web: Web):
    whole = web.post("/v1/responses", ASKED).json()
    text = web.post("/v1/responses", {**ASKED, "stream": True}).text
    blocks = [block.split("\n") for block in text.strip().split("\n\n")]
    events = [json.loads(data.removeprefix("data: ")) for _, data in blocks]
    assert [name.removeprefix("event: ") for name, _ in blocks] == [event["type"] for event in events]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    written = "".join(event["delta"] for event in events if event["type"].endswith("text.delta"))
    assert written == whole["output"][0]["content"][0]["text"]
    assert [events[0]["type"], events[-1]["type"]] == ["response.created", "response.completed"]
    last = events[-1]["response"]
    assert {**last, "id": "", "created_at": 0, "output": []} == {**whole, "id": "", "created_at": 0, "output": []}
    assert sum(event["type"] == "response.output_text.annotation.added" for event in events) == 1


def test_a_conversation(web: Web):
    first = web.post("/v1/responses", ASKED).json()["output"][0]
    given = [{"role": "user", "content": ASKED["input"]}, first, {"role": "user", "content": "What was my last question?"}]
    done = web.post("/v1/responses", {"model": "default", "input": given}).json()
    assert ASKED["input"] in done["output"][0]["content"][0]["text"]


@pytest.mark.parametrize("fields", [{"model": "default"}, {**ASKED, "previous_response_id": "resp_1"}, {"input": "x"},
                                    {"model": "default", "input": 3}, {"model": "default", "input": " "}])
def test_what_cannot_be_done_is_refused(web: Web, fields: object):
    assert web.post("/v1/responses", fields).status_code == 400


def test_a_failure_ends_the_stream_with_its_reason(web: Web, monkeypatch: pytest.MonkeyPatch):
    asked = {**ASKED, "stream": True, "input": "x" * 30_000}
    events = [line for line in web.post("/v1/responses", asked).text.split("\n") if line.startswith("data: ")]
    failed = json.loads(events[-1].removeprefix("data: "))
    assert failed["type"] == "response.failed"
    assert "30,000 characters" in failed["response"]["error"]["message"]
    assert responses.PLACE["output_index"] == 0
