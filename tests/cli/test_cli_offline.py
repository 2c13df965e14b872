"""doctor --prove-offline, as a person or a script sees it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from assistant.app.diagnostics.offline_proof import NetworkEvidence, Observer, OfflineProof, TrialStep
from assistant.cli.commands import status as offline

ROOT = Path(__file__).parents[2]
SEEN = NetworkEvidence(processes=21, calls=44, apart={"the engine's own Unix socket": 11})
ATTEMPT = "python -m assistant ask (17): socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3"


def proof(way: Observer = Observer.STRACE, failure: str = "", evidence: NetworkEvidence = SEEN) -> OfflineProof:
    return OfflineProof(way, (), (TrialStep("ask in one process", 2.5, failure),), evidence)


def test_nothing_was_attempted(run, monkeypatch):
    monkeypatch.setattr(offline, "prove", lambda settings, on_step: proof())
    said = run("doctor", "--prove-offline")
    assert said.exit_code == 0
    assert "ran     ask in one process (2.5 s)" in said.stdout
    assert "21 processes watched, 44 socket calls seen, 0 network sockets, 0 name lookups" in said.stdout
    assert "inside this machine: the engine's own Unix socket (11)" in said.stdout
    assert "No attempt to use the network." in said.stdout


def test_what_was_attempted_is_listed(run, monkeypatch):
    found = NetworkEvidence(processes=21, calls=45, inet_sockets=1, attempts=(ATTEMPT,))
    monkeypatch.setattr(offline, "prove", lambda settings, on_step: proof(evidence=found))
    said = run("doctor", "--prove-offline")
    assert said.exit_code == 1
    assert f"attempt  {ATTEMPT}" in said.stdout and "No attempt to use the network" not in said.stdout
    as_json = json.loads(run("doctor", "--prove-offline", "--json").stdout)
    assert (as_json["holds"], as_json["evidence"]["attempts"]) == (False, [ATTEMPT])


def test_a_command_that_failed_proves_nothing(run, monkeypatch):
    monkeypatch.setattr(offline, "prove", lambda settings, on_step: proof(failure="exit code 5: no model"))
    said = run("doctor", "--prove-offline")
    assert said.exit_code == 1
    assert "failed  ask in one process (2.5 s): exit code 5: no model" in said.stdout
    assert "nothing is proven" in said.stdout


@pytest.mark.parametrize(("way", "words"), [(Observer.STRACE, "including those of C libraries"), (Observer.UNSHARE, "IPv6"),
                                            (Observer.AUDIT, "not a complete proof")])
def test_it_says_what_each_way_can_prove(run, monkeypatch, way, words):
    monkeypatch.setattr(offline, "prove", lambda settings, on_step: proof(way))
    assert words in run("doctor", "--prove-offline").stdout
    as_json = json.loads(run("doctor", "--prove-offline", "--json").stdout)
    assert (as_json["way"], as_json["holds"]) == (way, True) and words in as_json["proves"]


def test_a_model_that_is_missing_has_its_own_exit_code(run, no_models):
    assert run("doctor", "--prove-offline").exit_code == 5


@pytest.mark.skipif(sys.platform == "win32", reason="stops the command by a signal")
def test_ctrl_c_leaves_no_process_and_no_folder(tmp_path):
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts background jobs deaf to Ctrl-C
    command = subprocess.Popen([sys.executable, "-m", "assistant", "doctor", "--prove-offline"], env=environment,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    signal.signal(signal.SIGINT, before)
    try:
        wait_for(lambda: any(tmp_path.glob("assistant-offline-*/home/libraries")))  # the first step is at work
        command.send_signal(signal.SIGINT)
        said = command.communicate(timeout=60)[1]
    finally:
        command.kill()
    assert command.returncode == 130 and b"Stopped." in said
    assert list(tmp_path.glob("assistant-offline-*")) == []
    wait_for(lambda: not started_below(tmp_path))


def started_below(folder: Path) -> list[int]:
    """Return the processes that run for a home below the folder, or in it."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("ASSISTANT_HOME", "").startswith(str(folder / "assistant-offline-")):
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def wait_for(is_so) -> None:
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.05)
