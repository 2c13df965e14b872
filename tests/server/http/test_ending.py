"""Servers end in an orderly way, whatever they are doing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assistant.config import Settings
from assistant.server.http import uvicorn_server
from tests.server.endless import Endless
from tests.server.web import TOKEN, serving_web

ROOT = Path(__file__).parents[3]


def test_an_answer_that_does_not_end_is_stopped_after_a_grace(settings: Settings, endless: Endless,
                                                               monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(uvicorn_server, "GRACE_SECONDS", 1)
    with serving_web() as web:
        connection = web.connect()
        body = json.dumps({"model": "default", "input": "How much is the deposit?", "stream": True}).encode()
        head = f"POST /v1/responses HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        endless.wait_for_begin()
        started = time.monotonic()
    assert time.monotonic() - started < 15
    endless.wait_for_stop()
    connection.close()


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command_with_code_0(settings: Settings, number: signal.Signals):
    command = [sys.executable, "-m", "assistant", "serve", "--no-engine", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        said = process.stderr.readline() + process.stderr.readline()
        assert str(settings.home / "token").encode() in said
        process.send_signal(number)
        assert process.wait(30) == 0
        assert process.stdout.read() == b""
        assert process.stderr.read() == b"Stopped.\n"


def test_a_port_that_is_taken_is_said_in_a_sentence(settings: Settings):
    with serving_web() as web:
        command = [sys.executable, "-m", "assistant", "serve", "--no-engine", "--port", str(web.port)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 2
    assert done.stderr == f"Error: Port {web.port} is in use by another program.\nChoose another: --port N\n"
