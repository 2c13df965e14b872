"""OpenAI's chat API over the user's files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from assistant.app.assistant import Assistant
from assistant.config import Settings
from assistant.datatypes import Citation, Location, Turn
from assistant.models import fake
from assistant.server.http.citations import distinct_titles
from assistant.server.http.conversation import conversation_of, without_sources
from tests.server.web import Web

DEPOSIT = {"role": "user", "content": "How much is the deposit?"}


def events_of(text: str) -> list[dict[str, object]]:
    lines = [line.removeprefix("data: ") for line in text.split("\n") if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


def test_each_library_is_a_model(web: Web, settings: Settings):
    assert [model["id"] for model in web.get("/v1/models").json()["data"]] == ["default"]
    assert web.get("/v1/models/default").json()["object"] == "model"
    missing = web.get("/v1/models/nothing")
    assert missing.status_code == 404
    assert "Libraries: default." in missing.json()["error"]["message"]


def test_an_answer_has_its_citations_as_annotations_and_as_text(web: Web, settings: Settings):
    done = web.post("/v1/chat/completions", {"model": "default", "messages": [DEPOSIT]}).json()
    message = done["choices"][0]["message"]
    assert message["content"].startswith("The deposit is 15500 pounds [1].")
    assert message["content"].endswith("Sources:\n[1] lease.txt, line 3: “The deposit is 15500 pounds.”")
    [annotation] = message["annotations"]
    place = annotation["url_citation"]
    assert message["content"][place["start_index"] : place["end_index"]] == "[1]"
    assert place["url"] == (settings.home / "files" / "lease.txt").as_uri() + "#char=37,65"
    assert place["title"] == "lease.txt, line 3"
    assert done["sentences"] == [{"text": "The deposit is 15500 pounds.", "numbers": [1], "support": "full"}]
    usage = done["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > usage["completion_tokens"] > 0


def test_a_stream_says_the_same(web: Web):
    asked = {"model": "default", "messages": [DEPOSIT]}
    whole = web.post("/v1/chat/completions", asked).json()
    answer = web.post("/v1/chat/completions", {**asked, "stream": True, "stream_options": {"include_usage": True}})
    assert answer.headers["content-type"].startswith("text/event-stream")
    *chunks, counted = events_of(answer.text)
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]  # type: ignore[index]
    assert len(deltas) > 4
    assert "".join(delta.get("content", "") for delta in deltas) == whole["choices"][0]["message"]["content"]
    assert deltas[-1]["annotations"] == whole["choices"][0]["message"]["annotations"]
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"  # type: ignore[index]
    assert counted["choices"] == []
    assert counted["usage"] == whole["usage"]
    assert len({chunk["id"] for chunk in chunks}) == 1


def test_a_stream_without_a_wish_for_counts_has_none(web: Web):
    said = events_of(web.post("/v1/chat/completions", {"model": "default", "messages": [DEPOSIT], "stream": True}).text)
    assert not any("usage" in chunk for chunk in said)


def test_what_the_files_do_not_say_is_refused_without_sources(web: Web):
    asked = {"model": "default", "messages": [{"role": "user", "content": "Quel vin boire avec du fromage?"}]}
    done = web.post("/v1/chat/completions", asked).json()
    assert done["abstained"] is True
    assert done["citations"] == []
    assert "Sources" not in done["choices"][0]["message"]["content"]


def test_earlier_messages_are_the_conversation(web: Web):
    first = web.post("/v1/chat/completions", {"model": "default", "messages": [DEPOSIT]}).json()["choices"][0]["message"]
    follow_up = {"role": "user", "content": "What was my last question?"}
    messages = [{"role": "system", "content": "Be a pirate."}, DEPOSIT,
                {"role": "assistant", "content": first["content"]}, follow_up]
    done = web.post("/v1/chat/completions", {"model": "default", "messages": messages}).json()
    assert "How much is the deposit?" in done["choices"][0]["message"]["content"]


def test_an_own_answer_that_comes_back_has_its_citations_again(web: Web, settings: Settings, monkeypatch: pytest.MonkeyPatch):
    first = web.post("/v1/chat/completions", {"model": "default", "messages": [DEPOSIT]}).json()["choices"][0]["message"]
    seen: list[Turn] = []
    ask = Assistant.ask

    def note(self: Assistant, question: str, turns: Sequence[Turn] = (), *rest: Any) -> Any:
        seen.extend(turns)
        return ask(self, question, turns, *rest)

    monkeypatch.setattr(Assistant, "ask", note)
    messages = [DEPOSIT, first, {"role": "user", "content": "And the mill?"}]
    web.post("/v1/chat/completions", {"model": "default", "messages": messages})
    [turn] = seen
    assert turn.answer == "The deposit is 15500 pounds [1]."
    assert [cited.quote for cited in turn.citations] == ["The deposit is 15500 pounds."]


OPEN_WEBUI_TASK = """### Task:
Generate a concise title summarizing the chat history.
### Output:
JSON format: { "title": "your concise title here" }
### Chat History:
<chat_history>
USER: How much is the deposit?
ASSISTANT: The deposit is 15500 pounds [1].

Sources:
[1] lease.txt, line 3: “The deposit is 15500 pounds.”
</chat_history>"""


def test_a_side_task_of_a_chat_program_is_answered_without_the_engine(web: Web, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Assistant, "ask", lambda *_: pytest.fail("the engine was asked"))
    asked = {"model": "default", "messages": [{"role": "user", "content": OPEN_WEBUI_TASK}]}
    done = web.post("/v1/chat/completions", asked).json()
    assert json.loads(done["choices"][0]["message"]["content"]) == {"title": "How much is the deposit?"}
    chunks = events_of(web.post("/v1/chat/completions", {**asked, "stream": True}).text)
    assert chunks[0]["choices"][0]["delta"]["content"] == '{"title": "How much is the deposit?"}'  # type: ignore[index]
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"  # type: ignore[index]
    assert web.post("/v1/chat/completions", {**asked, "model": "nothing"}).status_code == 404


@pytest.mark.parametrize("fields", [
    {}, {"model": "default"}, {"model": "default", "messages": []}, {"model": "default", "messages": "x"},
    {"model": 3, "messages": [DEPOSIT]}, {"model": "default", "messages": [DEPOSIT], "n": 2},
    {"model": "default", "messages": [DEPOSIT], "stream": "yes"},
    {"model": "default", "messages": [{"role": "assistant", "content": "x"}]},
    {"model": "default", "messages": [{"role": "user", "content": ""}]},
    {"model": "default", "messages": [{"role": "robot", "content": "x"}]},
    {"model": "default", "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
    {"model": "default", "messages": [{"role": "user", "content": "x" * 20_001}]},
    [], "x", None, 3,
])  # fmt: skip
def test_what_is_no_question_is_refused_with_a_reason(web: Web, fields: object):
    answer = web.post("/v1/chat/completions", fields)
    assert answer.status_code == 400
    assert len(answer.json()["error"]["message"]) > 20


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"model": 1' + b"9" * 5000 + b"}", b"NaN"])
def test_what_is_no_json_is_refused(web: Web, body: bytes):
    assert web.request("POST", "/v1/chat/completions", content=body).status_code == 400


def test_an_unknown_library_is_an_error_before_a_stream_begins(web: Web):
    answer = web.post("/v1/chat/completions", {"model": "../default", "messages": [DEPOSIT], "stream": True})
    assert answer.status_code == 404


def test_text_parts_are_joined_and_what_has_no_answer_is_left_out():
    parts = [{"type": "text", "text": "one"}, {"type": "input_text", "text": "two"}]
    said = conversation_of([{"role": "user", "content": "unanswered"}, {"role": "user", "content": "asked"},
                            {"role": "assistant", "content": "said\n\nSources:\n[1] a.txt: “x”"},
                            {"role": "tool", "content": "x"}, {"role": "user", "content": parts}])
    assert said.question == "one\ntwo"
    assert [(turn.question, turn.answer) for turn in said.turns] == [("asked", "said")]


def test_only_a_list_of_sources_is_taken_away():
    assert without_sources("Sources:\n[1] x") == "Sources:\n[1] x"
    assert without_sources("a\n\nSources:\nnone") == "a\n\nSources:\nnone"


def last_ranked_first(said: Sequence[str]) -> str:
    """Return the first sentences of the first two passages of a prompt, each with its number, the second one first."""
    passages = [passage for prompt in said for passage in fake.PASSAGE.findall(prompt)][:2]
    return " ".join(f"{fake.SENTENCE.findall(body)[0].strip(' .')} [{number}]." for number, body in reversed(passages))


def test_citations_are_numbered_in_the_order_of_the_text(web: Web, settings: Settings, monkeypatch: pytest.MonkeyPatch):
    """Open WebUI takes [n] for the n-th source; the engine numbers by the rank of the passage."""
    monkeypatch.setattr(fake, "nearest_sentence", last_ranked_first)
    (settings.home / "files" / "dam.txt").write_text("The dam of the mill was built in 1890.", "utf-8")
    with Assistant(settings) as assistant:
        assistant.add([settings.home / "files"])
    question = "Which is older, the dam of the mill or its wheel?"  # all passages are read for a comparison
    ranked = web.post("/ask", {"question": question}).json()
    assert ranked["answer"].index("[2]") < ranked["answer"].index("[1]")
    asked = {"model": "default", "messages": [{"role": "user", "content": question}]}
    done = web.post("/v1/chat/completions", asked).json()
    text = done["choices"][0]["message"]["content"]
    assert text.index("[1]") < text.index("[2]")
    assert [cited["path"] for cited in done["citations"]] == [cited["path"] for cited in reversed(ranked["citations"])]
    places = [each["url_citation"] for each in done["choices"][0]["message"]["annotations"]]
    assert [text[place["start_index"] : place["end_index"]] for place in places] == ["[1]", "[2]"]
    streamed = events_of(web.post("/v1/chat/completions", {**asked, "stream": True}).text)
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in streamed) == text  # type: ignore[index]
    answered = web.post("/v1/responses", {"model": "default", "input": question}).json()
    assert answered["output"][0]["content"][0]["text"] == text


def test_two_citations_of_one_place_have_titles_of_their_own():
    cited = [Citation(number, "/a/lease.txt", "", Location(3, 3, 0, 5), "quote") for number in (1, 2)]
    assert distinct_titles(cited) == {1: f"lease.txt, {cited[0].location.words}", 2: f"lease.txt, {cited[0].location.words} (2)"}
