"""The program's own JSON over HTTP is that of the command line."""

from __future__ import annotations

import pytest

from assistant import __version__
from assistant.app.assistant import Assistant
from assistant.config import Settings
from assistant.datatypes import as_json as to_json
from assistant.index.places import create_link
from assistant.server.http.guard import Access
from assistant.server.scope import Scope
from tests.server.serving import until
from tests.server.web import TOKEN, Web, serving_web


def without_times(fields: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if name != "timings"}


def test_a_search_and_an_answer_are_those_of_the_facade(web: Web, settings: Settings):
    question = "How much is the deposit?"
    with Assistant(settings) as assistant:
        found, answer = assistant.search(question, 2), assistant.ask(question).answer
    said = web.post("/ask", {"question": question}).json()
    searched = web.post("/search", {"question": question, "limit": 2}).json()
    assert without_times(searched) == without_times(to_json.search_result(found))
    assert without_times(said) == without_times(to_json.answer(answer))


def test_a_linked_shared_library_is_in_no_other_s_way(web: Web, settings: Settings):
    create_link(settings.libraries_folder / "team", "milvus://db.example/team")
    assert [held["name"] for held in web.get("/status").json()["libraries"]] == ["default"]
    assert web.post("/search", {"question": "deposit"}).json()["hits"]
    refused = web.post("/search", {"question": "deposit", "library": "team"})
    assert (refused.status_code, "'team' is a shared library" in refused.json()["error"]["message"]) == (400, True)


def test_half_characters_break_no_answer(web: Web):
    for path, body in (("/ask", b'{"question": "\\ud800 deposit"}'), ("/search", b'{"question": "\\u0000 NEAR(* deposit \\""}'),
                       ("/ask", b'{"question": "\\u0000"}'), ("/search", b'{"question": "x", "library": "\\ud800"}')):
        assert web.request("POST", path, content=body).status_code in {200, 404}


def test_a_conversation_and_a_filter(web: Web, settings: Settings):
    turns = [{"question": "How much is the deposit?", "answer": "15500 pounds"}]
    said = web.post("/ask", {"question": "What was my last question?", "turns": turns}).json()
    assert "How much is the deposit?" in said["answer"]
    assert web.post("/search", {"question": "deposit", "types": "pdf"}).status_code == 400
    assert web.post("/search", {"question": "deposit", "paths": ["lease*"], "since": "1y"}).json()["hits"]


@pytest.mark.parametrize("fields", [{"question": "x", "since": "yesterday"}, {"question": "x", "limit": 101},
                                    {"question": "x", "limit": "3"}, {"question": "x", "paths": ["a\0b"]},
                                    {"question": "x", "paths": {}}, {"question": "x", "limit": True}])
def test_what_is_no_search_is_refused(web: Web, fields: object):
    assert web.post("/search", fields).status_code == 400


@pytest.mark.parametrize(("path", "fields", "says"), [
    ("/search", {"question": "notice", "type": "docx"}, ("'type'", "types", "paths", "since")),
    ("/search", {"question": "notice", "libary": "default"}, ("'libary'", "library")),
    ("/search", {"question": "notice", "limit": -1}, ("limit", "from 1 to 100")),
    ("/search", {"question": "notice", "limit": 0}, ("limit", "from 1 to 100")),
    ("/ask", {"question": "notice", "strikt": True}, ("'strikt'", "strict", "turns")),
    ("/ask", {"question": "notice", "turns": [{"question": "x", "anwser": "y"}]}, ("'anwser'", "answer")),
])  # fmt: skip
def test_a_wrong_field_is_named_with_those_that_there_are(web: Web, path: str, fields: object, says: tuple[str, ...]):
    refused = web.post(path, fields)
    assert refused.status_code == 400
    for words in says:
        assert words in refused.json()["error"]["message"]


def test_openai_s_fields_that_mean_nothing_here_are_accepted(web: Web):
    question = "How much is the deposit?"
    requests = {"chat/completions": {"messages": [{"role": "user", "content": question}]}, "responses": {"input": question},
                "embeddings": {"input": question}}
    for name, fields in requests.items():
        assert web.post(f"/v1/{name}", {"model": "default", "temperature": 0.2, "metadata": {}, **fields}).status_code == 200


def test_status_and_health(web: Web, settings: Settings):
    held = web.get("/status").json()
    assert held["libraries"][0]["documents"] == 1
    assert held["libraries"][0]["roots"] == [str(settings.home / "files")]
    assert web.get("/healthz").json() == {"status": "ok", "version": __version__}


def test_a_damaged_library_is_a_finding_and_hides_no_other(web: Web, settings: Settings):
    broken = settings.libraries_folder / "broken"
    broken.mkdir()
    (broken / "library.sqlite").write_bytes(b"no database" * 200)
    held = web.get("/status").json()
    assert [each["name"] for each in held["libraries"]] == ["default"]
    assert held["findings"][0]["subject"] == "library broken"
    assert "not a readable library" in held["findings"][0]["detail"]


def test_unknown_addresses_and_methods(web: Web):
    assert web.get("/nothing").status_code == 404
    assert web.get("/ask").status_code == 405
    assert web.get("/nothing").json()["error"]["type"] == "not_found_error"


def test_a_bug_is_logged_by_its_place_and_not_by_its_words(web: Web, monkeypatch: pytest.MonkeyPatch,
                                                           caplog: pytest.LogCaptureFixture):
    monkeypatch.setattr(type(web.gateway), "waiting", property(lambda _: 1 / len("")))
    answer = web.get("/status")
    assert answer.status_code == 500
    assert "ZeroDivisionError" in answer.json()["error"]["message"]
    until(lambda: "ZeroDivisionError" in caplog.text)
    assert "division by zero" not in caplog.text + answer.text


def test_a_scope_hides_files_and_libraries(settings: Settings):
    (settings.home / "files" / "secret.txt").write_text("The deposit of the secret contract is 99 pounds.\n", "utf-8")
    with Assistant(settings) as assistant:
        assistant.add([settings.home / "files"])
    visible = str(settings.home / "files" / "lease.txt")
    with serving_web(Scope(("default",), (visible,)), access=Access(TOKEN)) as web:
        for fields in ({"question": "secret deposit"}, {"question": "secret deposit", "paths": ["*secret*"]}):
            found = web.post("/search", fields).json()
            assert {hit["path"] for hit in found["hits"]} <= {visible}
            assert "99 pounds" not in web.post("/ask", fields).text
        assert web.get("/status").json()["libraries"][0]["documents"] == 1
        assert web.get("/status").json()["libraries"][0]["roots"] == [visible]
    with serving_web(Scope(("other",))) as web:
        assert web.get("/v1/models").json()["data"] == []
        assert web.post("/search", {"question": "x", "library": "default"}).status_code == 404
