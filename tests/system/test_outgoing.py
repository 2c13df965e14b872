"""A server process receives from this machine and connects to no other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from assistant.system.confinement import is_loopback

PROGRAM = """
import asyncio, socket
from assistant.system.confinement import refuse_outgoing_network
refuse_outgoing_network()

def attempt(name, action):
    try:
        action()
        print(name, "done")
    except OSError as error:
        print(name, "refused" if "no other machine" in str(error) else f"failed {error}")

listening = socket.create_server(("127.0.0.1", 0))
attempt("here", lambda: socket.create_connection(listening.getsockname()).close())
attempt("loop", lambda: asyncio.run(asyncio.sleep(0)))
attempt("away", lambda: socket.socket().connect(("192.0.2.1", 9)))
attempt("away by 6", lambda: socket.socket(socket.AF_INET6).connect(("2001:db8::1", 9)))
attempt("datagram", lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 9)))
attempt("name", lambda: socket.getaddrinfo("example.org", 80))
attempt("old name", lambda: socket.gethostbyname("example.org"))
"""


def test_what_a_server_can_reach():
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=Path(__file__).parents[2], capture_output=True, encoding="utf-8",
                          check=True)
    assert done.stdout.splitlines() == ["here done", "loop done", "away refused", "away by 6 refused", "datagram refused",
                                        "name refused", "old name refused"]


@pytest.mark.parametrize(("host", "expected"), [("127.0.0.1", True), ("127.9.9.9", True), (b"localhost", True), (None, True),
                                                ("127.0.0.1.example.org", False), ("10.0.0.1", False), ("example.org", False)])
def test_loopback_hosts(host: object, expected: bool):
    assert is_loopback(host) is expected
