"""A chat model on another machine, against servers on this one: what is sent, what comes back, and how a server can fail."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import time

import pytest
from openai_server import (
    FakeServer,
    dies_after,
    fails,
    is_silent,
    running,
    says,
    sends,
    talks_without_text,
)

from assistant.datatypes import Message
from assistant.errors import ContextOverflow, ServerUnavailable
from assistant.models.remote.chat import RemoteChat
from assistant.models.remote.spec import ServerSpec
from assistant.system.atomic_files import read_records
from assistant.system.credentials import use_chat_key

ASKED = (Message("system", "Answer briefly."), Message("user", "Who is anna@example.com?"))
SECONDS = 1.0
WHOLE = (b'{"choices": [{"message": {"content": "whole"}, "finish_reason": "stop"}], '
         b'"usage": {"prompt_tokens": 5, "completion_tokens": 1}}')


def chat_at(server: FakeServer, **changes) -> RemoteChat:
    stop = changes.pop("should_stop", lambda: False)
    return RemoteChat("qwen3", ServerSpec(server.address, "lan", seconds=SECONDS, **changes), 4096, stop, pauses=(0.01, 0.01))


def reply_of(server: FakeServer, **changes):
    return chat_at(server, **changes).reply(ASKED, 50)


def test_a_reply_is_streamed_with_its_counts_and_placeholders_are_put_back(tmp_path):
    with running(says("It is [EM", "AIL_1].", usage=(33, 4))) as server, use_chat_key("sk-1"):
        reply = reply_of(server, record=tmp_path / "sent.jsonl")
        assert "".join(reply) == "It is anna@example.com."
    assert (reply.prompt_tokens, reply.generated_tokens, reply.has_estimated_counts, reply.finished) == (33, 4, False, True)
    [body] = server.bodies
    assert body["messages"][1] == {"role": "user", "content": "Who is [EMAIL_1]?"}
    assert (body["model"], body["max_tokens"], body["temperature"], body["stream"]) == ("qwen3", 50, 0, True)
    assert server.headers[0]["authorization"] == "Bearer sk-1"
    [record] = read_records(tmp_path / "sent.jsonl")
    assert (record["server"], record["model"], record["bytes"]) == (f"127.0.0.1:{server.port}", "qwen3", len(server.raw[0]))
    assert "anna" not in (tmp_path / "sent.jsonl").read_text()


def test_without_redaction_and_without_a_key_the_text_is_sent_as_it_is():
    with running(says("ok")) as server:
        assert "".join(reply_of(server, redact=False)) == "ok"
    assert server.bodies[0]["messages"][1]["content"] == "Who is anna@example.com?"
    assert "authorization" not in server.headers[0]


def test_counts_are_estimates_where_the_server_gives_none():
    with running(says("one ", "two", usage=None)) as server:
        reply = reply_of(server)
        list(reply)
    assert reply.has_estimated_counts
    assert reply.generated_tokens == 2
    assert reply.prompt_tokens > 5


def test_a_server_is_not_asked_for_probabilities():
    with running(says("Yes", role_first=True)) as server:
        reply = reply_of(server)
        assert reply.likelihood("Yes") == 0
        assert "".join(reply) == "Yes"  # the first step is not lost
        assert reply.log_likelihoods() == ()
    assert len(server.bodies) == 1
    assert not {"logprobs", "top_logprobs"} & set(server.bodies[0])


def test_an_error_in_the_form_of_fastapi_is_shown_in_its_words():
    with running(lambda handler: handler.send(418, b'{"detail": "This model is loading."}')) as server, \
            pytest.raises(ServerUnavailable, match=r"status 418: This model is loading\."):
        "".join(reply_of(server))


def test_a_reply_that_is_not_streamed_is_read_too():
    with running(sends(WHOLE, "application/json")) as server:
        reply = reply_of(server)
        assert ("".join(reply), reply.prompt_tokens) == ("whole", 5)


@pytest.mark.parametrize("pieces", [("<thi", "nk>maybe", " no</think>\n\n", "Yes."), ("<think>x</think>Yes.",), ("Yes.",)])
def test_what_a_model_thinks_before_its_reply_is_left_out(pieces):
    with running(says(*pieces)) as server:
        assert "".join(reply_of(server)) == "Yes."


@pytest.mark.parametrize("name", ["stream_options", "temperature", "max_tokens"])
def test_a_parameter_that_the_server_does_not_know_is_left_out_from_then_on(name):
    with running(fails(400, f"Unsupported parameter: {name}"), says("ok")) as server:
        chat = chat_at(server)
        assert "".join(chat.reply(ASKED, 50)) == "ok"
        assert "".join(chat.reply(ASKED, 50)) == "ok"
    assert [name in body for body in server.bodies] == [True, False, False]
    assert ("max_completion_tokens" in server.bodies[1]) is (name == "max_tokens")


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_busy_server_is_asked_again(status):
    with running(fails(status), fails(status, Retry_After="0.05"), says("ok")) as server:
        assert "".join(reply_of(server)) == "ok"
    assert len(server.bodies) == 3


FAILURES = {
    "dies mid-stream": (dies_after("The rent", " is"), "broke off in the middle"),
    "answers HTML": (sends(b"<html>hello</html>", "text/html"), "no stream of events: <html>hello"),
    "answers broken JSON": (sends(b"data: {bad\n\n"), "no JSON"),
    "answers other JSON": (sends(b'data: {"a": 1}\n\n'), "no chat completion"),
    "answers an unknown form": (sends(b'data: {"choices": [[1]]}\n\n'), "unknown form"),
    "answers binary": (sends(bytes(range(256)) * 9000), "no stream of events"),
    "answers nothing": (sends(b""), "broke off"),
    "reports an error in the stream": (sends(b'data: {"error": {"message": "out of memory"}}\n\n'), "out of memory"),
    "429": (fails(429, "slow down"), "status 429: slow down"),
    "429 for long": (fails(429, Retry_After="3600"), "asks to wait 3600 seconds"),
    "500": (fails(500, "boom"), "status 500: boom"),
    "401": (fails(401), "refuses the key"),
    "404": (fails(404, "no such model"), "no such model"),
    "redirects": (fails(302, Location="http://127.0.0.1:9/"), "redirects to another address"),
    "never answers": (is_silent, "sent no text for 1 seconds"),
    "never says anything": (talks_without_text, "sent no text for 1 seconds"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_every_failure_is_a_clear_error_with_a_hint_and_an_exit_code(case):
    answer, reason = FAILURES[case]
    with running(answer) as server, pytest.raises(ServerUnavailable, match=reason) as caught:
        started = time.monotonic()
        "".join(reply_of(server))
    assert time.monotonic() - started < SECONDS + 3
    assert f"127.0.0.1:{server.port}" in str(caught.value)
    assert "remote_fallback" in caught.value.hint
    assert caught.value.exit_code == 6


def test_what_came_before_a_break_is_given():
    with running(dies_after("The rent", " is")) as server:
        pieces: list[str] = []
        with contextlib.suppress(ServerUnavailable):
            pieces.extend(iter(reply_of(server)))
        reply, pieces = reply_of(server), []
        with pytest.raises(ServerUnavailable):
            for piece in reply:
                pieces.append(piece)
    assert "".join(pieces) == "The rent is"


def test_a_server_that_is_not_there_is_a_clear_error():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    chat = RemoteChat("m", ServerSpec(f"http://127.0.0.1:{port}/v1", "lan"), 4096, pauses=(0.01,))
    with pytest.raises(ServerUnavailable, match="cannot be reached"):
        "".join(chat.reply(ASKED, 50))


def test_a_prompt_that_is_too_long_is_refused_here_or_by_the_server():
    with running(fails(400, "This model's maximum context length is 10 tokens")) as server:
        with pytest.raises(ContextOverflow, match="maximum context length"):
            "".join(reply_of(server))
        with pytest.raises(ContextOverflow, match="more than the context"):
            chat_at(server).reply(ASKED, 5000)
    assert len(server.bodies) == 1


def test_a_server_that_ignores_the_limit_is_cut_off():
    with running(says(*["word " * 100] * 1000)) as server:
        reply = reply_of(server)
        text = "".join(reply)
    assert len(text) == 50 * 40
    assert not reply.finished


def test_waiting_is_stopped_at_once_and_the_server_sees_it():
    stop = threading.Event()
    with running(is_silent) as server:
        threading.Timer(0.2, stop.set).start()
        started = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            "".join(reply_of(server, should_stop=stop.is_set))
        assert time.monotonic() - started < 0.8


def slow_headers(handler) -> None:
    """Send a header every 50 ms, and never the end of them."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while not handler.fake.stopping.wait(0.05):
        try:
            handler.wfile.write(b"X-A: b\r\n")
            handler.wfile.flush()
        except OSError:
            handler.fake.headers.append({"gone": "yes"})
            return


def test_an_exchange_that_is_given_up_leaves_no_thread_and_no_connection():
    with running(slow_headers) as server:
        with pytest.raises(ServerUnavailable, match="sent no text"):
            "".join(reply_of(server))
        until = time.monotonic() + 3
        while time.monotonic() < until and (asking() or {"gone": "yes"} not in server.headers):
            time.sleep(0.05)
        assert not asking()
        assert {"gone": "yes"} in server.headers


def asking() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "ask-server"]


@pytest.mark.parametrize("events", [
    b'data:{"choices":[{"delta":{"content":"ok"}}]}\r\n\r\ndata:[DONE]',
    b'\xef\xbb\xbfdata: {"choices":[{"delta":{"content":"ok"}}]}\n\ndata: [DONE]',
    b'data: {"choices":[{"delta":null}]}\n\ndata: {"choices":[{"delta":{"content":"ok"}}],"usage":{"prompt_tokens":"x"}}\n\n'
    b'data: [DONE]',
    b'event: x\n: hello\ndata: {"choices":[{"delta":{"content":"ok"},"logprobs":{"content":[{"token":"a"}]}}]}\n\ndata: [DONE]',
    b'data: {"choices":[{"delta":{"content":"ok"},"finish_reason":"stop"}]}\n\n',
])
def test_streams_of_other_servers_are_understood(events):
    with running(sends(events)) as server:
        assert "".join(reply_of(server)) == "ok"


def test_half_a_character_in_a_reply_does_no_harm():
    with running(sends(b'data: {"choices":[{"delta":{"content":"a\\ud800b"}}]}\n\ndata: [DONE]')) as server:
        assert "".join(reply_of(server)) == "a?b"


def test_proxies_of_the_environment_are_ignored(monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with running(says("ok")) as server:
        assert "".join(reply_of(server)) == "ok"


def test_the_connection_goes_to_the_checked_address_even_if_the_name_leads_elsewhere_later(monkeypatch):
    """The first lookup gives this machine, every later one a public address (DNS rebinding)."""
    answers = iter([["127.0.0.1"]])
    usual = socket.getaddrinfo

    def look_up(host, port, *more, **named):
        if host == "gpu.lan":
            host = next(answers, ["93.184.216.34"])[0]
        return usual(host, port, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    connected: list[object] = []
    sys.addaudithook(lambda event, arguments: connected.append(arguments[1]) if event == "socket.connect" else None)
    with running(says("ok")) as server:
        chat = RemoteChat("m", ServerSpec(f"http://gpu.lan:{server.port}/v1", "lan", seconds=5), 4096)
        assert "".join(chat.reply(ASKED, 50)) == "ok"
        assert server.headers[0]["host"] == f"gpu.lan:{server.port}"
    assert connected == [("127.0.0.1", server.port)]
