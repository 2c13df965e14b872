"""watch, as a person or a script sees it."""

from __future__ import annotations

import json
import os
import plistlib
import sys
import threading
import time
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from assistant.cli.commands import watch as command
from assistant.cli.render.watch import LiveView, StatusRecorder, change_line
from assistant.datatypes import Change
from assistant.errors import LibraryBusy
from assistant.watch import WatchedRoot, WatchStatus, ask_to_stop, claim_watch, is_watched, read_status, write_status

PATIENCE = 60


@pytest.fixture
def state(own_home: Path) -> Path:
    return own_home / "libraries" / "default"


def test_a_library_that_nobody_watches(run, library):
    for option in ("--status", "--stop"):
        result = run("watch", option)
        assert result.exit_code == 1
        assert "This library is not being watched." in result.output
    assert json.loads(run("watch", "--status", "--json").stdout) == {"running": False}


def test_nothing_to_follow(run):
    result = run("watch")
    assert result.exit_code == 2
    assert "assistant watch FOLDER" in result.stderr


@pytest.mark.parametrize("arguments", ["--poll -1", "--poll 0", "--poll nan", "--stop --status", "nowhere"])
def test_what_makes_no_sense(run, library, arguments):
    assert run("watch", *arguments.split()).exit_code == 2


def test_it_follows_until_it_is_asked_to_stop(run, folder, state):
    def stop() -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and not (is_watched(state) and read_status(state).doing == "watching"):
            time.sleep(0.05)
        try:
            with claim_watch(state):  # not a second command: both would write to one stdout
                pass
        except LibraryBusy as error:
            said.append(f"{error} {error.hint}")
        time.sleep(1)  # polls that find nothing are no events
        ask_to_stop(state, PATIENCE)

    said: list[str] = []
    stopping = threading.Thread(target=stop)
    stopping.start()
    result = run("watch", folder, "--poll", "0.2", "--json")
    stopping.join()
    assert result.exit_code == 0
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert [event["event"] for event in events] == ["working", "indexed", "indexed", "watching"]
    assert events[-1]["followed"] == [{"path": str(folder), "method": "polling", "reason": "as asked"}]
    assert said == ["This library is already being watched. See its status: assistant watch --status"]
    assert not is_watched(state)


@pytest.mark.skipif(sys.platform == "win32", reason="ends the process by a signal")
def test_in_the_background(run, library, folder, state):
    started = run("watch", "--daemon")
    try:
        assert started.exit_code == 0 and "in the background" in started.stdout
        again = run("watch", "--daemon")
        assert (again.exit_code, again.stderr) == (1, "Error: This library is already being watched.\n"
                                                      "See its status: assistant watch --status\n")
        standing = json.loads(run("watch", "--status", "--json").stdout)
        assert standing["running"] and standing["process"] != os.getpid()
        assert str(folder) in run("watch", "--status").stdout
    finally:
        assert "The watch has stopped." in run("watch", "--stop").stdout
    assert not (state / "watch.json").exists()


def test_a_daemon_that_does_not_start_says_why(run, library, monkeypatch):
    monkeypatch.setenv("ASSISTANT_EMBED", "no-such-model")
    result = run("watch", "--daemon")
    assert result.exit_code == 1
    assert "no-such-model" in result.stderr


@pytest.mark.parametrize(("system", "expected"), [("linux", "ExecStart="), ("darwin", "<key>ProgramArguments</key>")])
def test_service_files(run, library, folder, monkeypatch, system, expected):
    monkeypatch.setattr(command.sys, "platform", system)
    result = run("watch", folder, "--install-service")
    assert result.exit_code == 0
    assert expected in result.stdout and str(folder) in result.stdout and "--library=default" in result.stdout
    if system == "darwin":
        assert plistlib.loads(result.stdout.encode())["ProgramArguments"][3:5] == ["assistant", "watch"]


def test_a_service_file_quotes_what_is_special():
    unit = command.systemd_unit(["/a b/python", "100%", "$HOME", 'say "no"'], {"NAME": "$5 and 5%"}, Path("/home/a b/100%"))
    assert "WorkingDirectory=-/home/a b/100%%\n" in unit
    assert 'ExecStart="/a b/python" "100%%" "$$HOME" "say \\"no\\""\n' in unit
    assert 'Environment="NAME=$5 and 5%%"\n' in unit


def test_a_reason_is_told_as_add_tells_it():
    assert change_line(Change("failed", "/x/bad.pdf", "it is damaged")).plain == "failed  /x/bad.pdf: it is damaged"


def test_the_live_view_shows_what_happened_what_waits_and_what_failed(tmp_path):
    drawn = StringIO()
    view = LiveView(Console(file=drawn, force_terminal=True, width=120))
    heard = StatusRecorder(view, tmp_path)
    heard.changed(Change("indexed", str(tmp_path / "good.md"), chunks=3))
    heard.changed(Change("failed", str(tmp_path / "bad.pdf"), "it is \x1b[31mdamaged"))
    heard.changed(Change("skipped", str(tmp_path / "a.xyz"), "no reader for .xyz files"))
    heard.noticed("A drive is away.")
    heard.stands(WatchStatus(doing="embedding", queued=5, waiting=17, indexed=1, current="pump.md",
                          followed=(WatchedRoot(str(tmp_path), "polling", "it lies on nfs4"),)))
    view.live.console.print(view._draw())
    text = drawn.getvalue()
    for words in ("Embedding", "5 queued", "17 passages to embed", "good.md", "3 passages", "bad.pdf", "A drive is away.",
                  "pump.md", "polling: it lies on nfs4"):
        assert words in text
    assert "a.xyz" not in text and "\x1b[31mdamaged" not in text
    assert read_status(tmp_path).waiting == 17
    heard.changed(Change("indexed", str(tmp_path / "bad.pdf"), chunks=1))
    assert "Failed" not in [getattr(line, "plain", "") for line in view._draw().renderables]


def test_a_state_that_cannot_be_read_is_a_start(tmp_path):
    (tmp_path / "watch.json").write_text("{")
    assert read_status(tmp_path) == WatchStatus()
    write_status(tmp_path / "nowhere", WatchStatus())
    with claim_watch(tmp_path):
        assert is_watched(tmp_path)
    assert not is_watched(tmp_path) and not (tmp_path / "watch.json").exists()
