"""What is read from a log of audit events."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from assistant.app.diagnostics.offline_proof import NetworkEvidence, audit

ROOT = Path(__file__).parents[3]


def watched(log: Path, program: str) -> NetworkEvidence:
    subprocess.run([sys.executable, "-c", "import assistant, socket, subprocess, sys\n" + program], cwd=ROOT, check=True,
                   env={**os.environ, audit.VARIABLE: str(log)})
    return audit.read_audit_log(log)


def test_each_kind_of_call_is_seen(tmp_path: Path) -> None:
    found = watched(tmp_path / "log", "made = socket.socket(type=socket.SOCK_DGRAM)\nmade.connect(('192.0.2.1', 9))\n"
                    "made.close()\nsocket.getaddrinfo('127.0.0.1', 80)\n")
    assert (found.processes, found.inet_sockets, found.names) == (1, 1, 1)
    assert [attempt.partition(": ")[2].split()[0] for attempt in found.attempts] == [
        "socket.__new__", "socket.connect", "socket.getaddrinfo"]


def test_every_process_of_the_program_is_watched(tmp_path: Path) -> None:
    inner = "import assistant, socket; socket.socket().close()"
    found = watched(tmp_path / "log", f"subprocess.run([sys.executable, '-c', {inner!r}], check=True)")
    assert (found.processes, found.inet_sockets) == (2, 1)


def test_a_program_that_is_no_python_is_named(tmp_path: Path) -> None:
    found = watched(tmp_path / "log", "subprocess.run(['true'], check=True)")
    assert found.gaps == ("the program true was started and could not be observed",)


def test_a_call_that_is_refused_is_no_attempt(tmp_path: Path) -> None:
    found = watched(tmp_path / "log", "from assistant.system.confinement import refuse_network\nrefuse_network()\n"
                    "try: socket.socket(socket.AF_INET6)\nexcept OSError: pass")
    assert found.attempts == ()
    assert [name.partition(":")[0] for name in found.apart] == ["refused by the program before any system call"]


def test_nothing_is_recorded_where_nobody_asks(tmp_path: Path) -> None:
    program = "import assistant, sys; print('assistant.app.diagnostics.offline_proof' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
