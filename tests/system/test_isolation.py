"""Processes that need no network are refused one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from assistant.system.confinement import block_network_event

ROOT = Path(__file__).parents[2]
TRIES = {
    "a socket": "socket.socket()",
    "an IPv6 socket": "socket.socket(socket.AF_INET6)",
    "a socket of the C module": "_socket.socket()",
    "a name": "socket.getaddrinfo('localhost', 80)",
    "a name, the old way": "socket.gethostbyname('localhost')",
    "a web page": "urllib.request.urlopen('http://127.0.0.1:9/')",
}


def run(program: str) -> str:
    start = "import _socket, socket, sys, urllib.request\n"
    start += "from assistant.system.confinement import refuse_network\nrefuse_network()\n"
    done = subprocess.run([sys.executable, "-c", start + program], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize("attempt", TRIES.values(), ids=TRIES)
def test_the_network_is_refused_as_if_there_were_none(attempt: str) -> None:
    said = run(attempt)
    assert "this process uses no network" in said.splitlines()[-1]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no Unix sockets in Python")
def test_what_stays_on_the_machine_is_not_refused() -> None:
    program = ("import multiprocessing.connection as c, tempfile, os\n"
               "place = os.path.join(tempfile.mkdtemp(), 's')\n"
               "listener = c.Listener(place, 'AF_UNIX'); client = c.Client(place, 'AF_UNIX'); server = listener.accept()\n"
               "client.send('heard'); print(server.recv(), len(socket.socketpair()))")
    assert run(program) == "heard 2\n"


def test_other_events_pass() -> None:
    assert block_network_event("open", ("file", "r", 0)) is None


def test_readers_and_the_engine_refuse_it() -> None:
    for module, entry in (("assistant.ingest.workers.worker", "_take_pipes"), ("assistant.server.__main__", "load_settings")):
        program = (f"import {module} as module, socket\n"
                   f"module.{entry} = lambda *_: (None, None)\n"
                   "try: module.main()\n"
                   "except Exception: pass\n"
                   "try: socket.socket()\n"
                   "except OSError as error: print(error)")
        done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
        assert "this process uses no network" in done.stdout, module
