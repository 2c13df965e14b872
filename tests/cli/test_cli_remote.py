"""A chat model on another machine as a person uses it: off by default, what leaves, what is said, what happens if it fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "models"))

from openai_server import FakeServer, dies_after, fails, is_silent, running, says, sends

LEASE = """# Old mill

The lease ends on 31 December 2027. The landlord is Ms Abbott, anna.abbott@example.com, phone +44 20 7946 0018.

The yearly rent is 46500 pounds.
"""
QUESTION = "Who is the landlord of the old mill, and what is the e-mail address?"
ANSWER = ("The landlord is Ms Abbott, [EM", "AIL_1] [1].")
ROOT = Path(__file__).parents[2]
CONNECTIONS: list[object] = []


def note_connections(event: str, arguments: tuple[object, ...]) -> None:
    if event in {"socket.connect", "socket.sendto", "socket.getaddrinfo"}:
        CONNECTIONS.append(arguments[1] if event != "socket.getaddrinfo" else arguments[0])


sys.addaudithook(note_connections)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "lease.md").write_text(LEASE, "utf-8")
    return folder


@pytest.fixture
def server(library: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    with running(says(*ANSWER)) as fake:
        point_to(fake, monkeypatch)
        yield fake


def point_to(fake: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the settings name a server, which is allowed on this network."""
    monkeypatch.setenv("ASSISTANT_CHAT", fake.address)
    monkeypatch.setenv("ASSISTANT_CHAT_MODEL", "qwen3-32b")
    monkeypatch.setenv("ASSISTANT_REMOTE", "lan")
    monkeypatch.setattr("assistant.models.remote.chat.PAUSES", (0.01,))


def test_remote_is_off_by_default_and_nothing_is_sent(run, server, monkeypatch):
    monkeypatch.delenv("ASSISTANT_REMOTE")
    CONNECTIONS.clear()
    result = run("ask", QUESTION)
    assert result.exit_code == 2
    assert "remote is off. Nothing was sent." in result.stderr
    assert (server.bodies, CONNECTIONS) == ([], [])


@pytest.mark.parametrize("address", ["http://93.184.216.34/v1", "https://93.184.216.34/v1", "https://[2606:2800:220:1::1]/v1",
                                     "http://100.64.0.1/v1", "http://0.0.0.0/v1"])
def test_a_public_address_is_refused_with_lan_before_anything_connects(run, server, monkeypatch, address):
    monkeypatch.setenv("ASSISTANT_CHAT", address)
    CONNECTIONS.clear()
    result = run("ask", QUESTION)
    assert result.exit_code == 2
    assert "allows private addresses only. Nothing was sent." in result.stderr
    assert CONNECTIONS == []


def test_an_answer_names_the_model_and_the_machine_and_is_checked_here(run, server):
    result = run("ask", QUESTION)
    assert result.exit_code == 0
    assert result.stdout.startswith("The landlord is Ms Abbott, anna.abbott@example.com [1].\n\nSources\n[1] Old mill")
    assert result.stderr == f"Written by qwen3-32b on 127.0.0.1:{server.port}.\n"
    answer = json.loads(run("ask", QUESTION, "--json").stdout)
    assert (answer["model"], answer["machine"]) == ("qwen3-32b", f"127.0.0.1:{server.port}")
    assert answer["sentences"][0]["support"] == "full"
    assert (answer["timings"]["prompt_tokens"], answer["timings"]["estimated_tokens"]) == (123, False)


def test_show_sent_prints_exactly_what_is_sent_and_sends_nothing(run, server):
    CONNECTIONS.clear()
    shown = run("ask", QUESTION, "--show-sent")
    assert shown.exit_code == 0
    assert (server.bodies, CONNECTIONS) == ([], [])
    assert "anna.abbott" not in shown.stdout
    assert "[EMAIL_1], phone [PHONE_1]" in shown.stdout
    run("ask", QUESTION)
    assert shown.stdout.splitlines()[-1].encode() == server.raw[0]
    again = json.loads(run("ask", QUESTION, "--show-sent", "--json").stdout)
    assert [request["body"].encode() for request in again["requests"]] == server.raw
    assert len(server.raw) == 1


def test_show_sent_shows_what_is_sent_about_the_paths_that_the_question_adds(run, server, tmp_path):
    (tmp_path / "new mill.md").write_text("The landlord of the new mill is Ms Brown. The mill has an e-mail address.\n", "utf-8")
    shown = run("ask", QUESTION, tmp_path / "new mill.md", "--show-sent")
    assert shown.exit_code == 0 and server.bodies == []
    assert "Ms Brown" in shown.stdout and "Ms Abbott" not in shown.stdout
    run("ask", QUESTION, tmp_path / "new mill.md")
    assert shown.stdout.splitlines()[-1].encode() == server.raw[0]


def test_show_sent_needs_a_server(run, library):
    result = run("ask", QUESTION, "--show-sent")
    assert result.exit_code == 2
    assert "nothing leaves" in result.stderr


def test_show_sent_shows_a_summary_too_and_keeps_no_empty_reply(run, server):
    shown = run("ask", "Summarise lease.md", "--show-sent")
    assert "[EMAIL_1]" in shown.stdout
    assert "anna.abbott@example.com" in run("ask", "Summarise lease.md").stdout
    assert shown.stdout.splitlines()[-1].encode() == server.raw[0]


FAILURES = {"dies": dies_after("The landlord is"), "garbage": sends(b"<html>"), "429": fails(429), "500": fails(500),
            "silent": is_silent}


@pytest.mark.parametrize("case", FAILURES)
def test_a_server_that_fails_is_a_clear_error_or_the_local_model_answers_and_says_so(run, library, monkeypatch, case):
    monkeypatch.setenv("ASSISTANT_REMOTE_TIMEOUT", "1")
    with running(FAILURES[case]) as fake:
        point_to(fake, monkeypatch)
        failed = run("ask", QUESTION)
        assert failed.exit_code == 6
        assert f"Error: The server 127.0.0.1:{fake.port}" in failed.stderr
        assert "remote_fallback = true" in failed.stderr
        assert failed.stdout == ("The landlord is\n" if case == "dies" else "")
        monkeypatch.setenv("ASSISTANT_REMOTE_FALLBACK", "true")
        monkeypatch.setenv("ASSISTANT_LOCAL_CHAT", "fake:")
        local = run("ask", QUESTION)
        assert local.exit_code == 0
        assert "Ms Abbott" in local.stdout
        assert "The model of this machine answered instead." in local.stderr
        assert "Written by fake: on this machine." in local.stderr
        answer = json.loads(run("ask", QUESTION, "--json").stdout)
        assert answer["machine"] == "this machine"
        assert f"127.0.0.1:{fake.port}" in answer["fallback"]


def test_a_failure_does_not_end_a_chat_or_a_batch(run, server, monkeypatch):
    server.script[:] = [fails(404), says(*ANSWER)]
    chat = run("chat", stdin=f"{QUESTION}\n{QUESTION}\n")
    assert chat.exit_code == 0
    assert "Error: The server" in chat.stderr
    assert "anna.abbott@example.com" in chat.stdout
    server.bodies.clear()
    lines = "".join(json.dumps({"id": number, "question": QUESTION}) + "\n" for number in (1, 2))
    batch = run("ask", "--batch", "-", stdin=lines)
    first, second = map(json.loads, batch.stdout.splitlines())
    assert "error" in first
    assert "anna.abbott@example.com" in second["answer"]


def test_with_unsure_only_questions_that_the_local_model_refuses_leave_and_status_counts_them(run, server, monkeypatch):
    monkeypatch.setenv("ASSISTANT_REMOTE_WHEN", "unsure")
    monkeypatch.setenv("ASSISTANT_LOCAL_CHAT", "fake:")
    kept = run("ask", "When does the lease end?")
    assert "31 December 2027" in kept.stdout
    assert "Written by fake: on this machine." in kept.stderr
    assert server.bodies == []
    server.script[:] = [says("NOT STATED")]
    from assistant.models import fake

    monkeypatch.setattr(fake, "nearest_sentence", lambda said: "I do not know.")
    left = run("ask", "What about the xylophone quota?")
    assert left.exit_code == 3
    assert len(server.bodies) == 1
    assert f"Written by qwen3-32b on 127.0.0.1:{server.port}." in left.stderr
    assert "1 of 2 questions left this machine for 127.0.0.1" in run("status").stdout
    assert json.loads(run("status", "--json").stdout)["sent"]["left"] == 1


def test_a_question_without_evidence_does_not_leave(run, server):
    assert run("ask", QUESTION, "--type", "pdf").exit_code != 0
    assert server.bodies == []


def test_the_local_model_must_be_named_where_it_is_needed(run, server, monkeypatch):
    monkeypatch.setenv("ASSISTANT_REMOTE_WHEN", "unsure")
    result = run("ask", QUESTION)
    assert result.exit_code == 2
    assert "local_chat" in result.stderr


def test_a_library_cannot_choose_where_text_goes(run, server, library, monkeypatch):
    monkeypatch.delenv("ASSISTANT_CHAT")
    for line in ('chat = "http://127.0.0.1:1/v1"', 'remote = "any"', 'chat_model = "x"', "remote_redact = false"):
        library.with_name("settings.toml").write_text(line, "utf-8")
        result = run("ask", QUESTION)
        assert result.exit_code == 2
        assert "a library cannot choose" in result.stderr
    assert server.bodies == []


def test_a_library_with_a_model_of_its_own_is_not_asked_together_with_others_through_a_server(
        run, server, library, folder, own_home, monkeypatch):
    assert run("add", folder, "-L", "other").exit_code == 0
    (own_home / "config.toml").write_text(f'chat = "{server.address}"', "utf-8")
    monkeypatch.delenv("ASSISTANT_CHAT")
    library.with_name("settings.toml").write_text('chat = "fake:"', "utf-8")
    alone = json.loads(run("ask", QUESTION, "--json").stdout)
    assert (alone["model"], alone["machine"]) == ("fake:", "this machine")
    together = run("ask", QUESTION, "-L", "default,other")
    assert together.exit_code == 2
    assert "has a chat model of its own" in together.stderr
    assert server.bodies == []


def test_the_key_is_no_setting_and_no_child_process_gets_it(run, own_home, monkeypatch):
    from assistant.system.children import environment_with

    monkeypatch.setenv("ASSISTANT_CHAT_KEY", "sk-1")
    assert "ASSISTANT_CHAT_KEY" not in environment_with({})
    own_home.mkdir()
    (own_home / "config.toml").write_text('chat_key = "sk-1"', "utf-8")
    result = run("status")
    assert result.exit_code == 2
    assert "sk-1" not in result.stderr


def test_doctor_and_the_offline_proof_speak_of_the_server(run, server):
    assert f"qwen3-32b at {server.address} (remote = lan); identifiers are replaced" in run("doctor").stdout
    proof = run("doctor", "--prove-offline")
    assert proof.exit_code == 2
    assert "there is no offline proof" in proof.stderr


def test_calibration_needs_a_model_of_this_machine(run, server):
    result = run("calibrate")
    assert result.exit_code == 2
    assert "cannot be calibrated" in result.stderr


def test_the_engine_connects_to_the_server_and_nowhere_else(own_engine, run, folder, monkeypatch):
    """The engine process refuses the network but for the address of the server; it gets the key with the call."""
    monkeypatch.setenv("ASSISTANT_CHAT", "fake:")
    assert run("add", folder).exit_code == 0
    assert run("engine", "start").exit_code == 0  # without a key in its environment
    monkeypatch.setenv("ASSISTANT_CHAT_KEY", "sk-engine")
    with running(says(*ANSWER)) as fake:
        point_to(fake, monkeypatch)
        result = run("ask", QUESTION)
        assert "anna.abbott@example.com [1]" in result.stdout
        assert fake.headers[0]["authorization"] == "Bearer sk-engine"
        assert json.loads(run("engine", "status", "--json").stdout)["answers"] == 1


NETWORK = """
import socket, sys
from assistant.system.confinement import permit_network, refuse_network
listening = socket.create_server(("127.0.0.1", 0))
other = socket.create_server(("127.0.0.2", 0))
port, port2 = listening.getsockname()[1], other.getsockname()[1]
refuse_network()
def outcome(action):
    try:
        action()
        return "done"
    except OSError as error:
        return error.strerror
def connect(host, port): socket.create_connection((host, port), timeout=2).close()
results = [outcome(lambda: connect("127.0.0.1", port))]
with permit_network({"127.0.0.1"}):
    results.append(outcome(lambda: connect("127.0.0.1", port)))
    results.append(outcome(lambda: connect("127.0.0.2", port2)))
    results.append(outcome(lambda: socket.getaddrinfo("localhost", 80)))
    kept = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    results.append(outcome(lambda: datagram.sendto(b"x", ("127.0.0.2", port2))))
    import threading
    there = []
    thread = threading.Thread(target=lambda: there.append(outcome(lambda: connect("127.0.0.1", port))))
    thread.start(); thread.join()
    results += there
results.append(outcome(lambda: kept.connect(("127.0.0.1", port))))
print(results)
"""


def test_the_permission_covers_one_address_one_thread_and_one_block():
    done = subprocess.run([sys.executable, "-c", NETWORK], capture_output=True, encoding="utf-8", check=True, cwd=ROOT,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})
    refused = "this process uses no network"
    assert done.stdout.strip() == str([refused, "done", refused, refused, refused, refused, refused])


SERVING = """
from assistant.system.confinement import permit_network, refuse_outgoing_network
import socket, sys
refuse_outgoing_network()
def outcome(*address):
    try:
        sys.audit("socket.connect", socket.socket(socket.AF_INET), address)
        return "permitted"
    except OSError as error:
        return error.strerror
results = [outcome("127.0.0.1", 80), outcome("192.168.1.9", 80)]
with permit_network({"192.168.1.9"}):
    results += [outcome("192.168.1.9", 80), outcome("192.168.1.10", 80)]
print(results)
"""


def test_a_server_of_other_programs_reaches_the_chat_model_and_no_other_machine():
    done = subprocess.run([sys.executable, "-c", SERVING], capture_output=True, encoding="utf-8", check=True, cwd=ROOT,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})
    refused = "this process connects to no other machine"
    assert done.stdout.strip() == str(["permitted", refused, "permitted", refused])
