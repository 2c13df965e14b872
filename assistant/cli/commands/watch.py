"""Command `watch`: follow the library's folders in the foreground, in the background or as a system service."""

from __future__ import annotations

import math
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.app.assistant import Assistant
from assistant.cli import json_output as to_json
from assistant.cli.console import notice, on_one_line, output
from assistant.cli.options import Embed, Json, Library, settings_of
from assistant.cli.render.watch import JsonPrinter, LinePrinter, LiveView, StatusRecorder, show_standing
from assistant.config import Settings
from assistant.errors import AssistantError, UsageError
from assistant.server.client import EngineClient
from assistant.system.children import module_command, start_lasting
from assistant.system.paths import absolute, user_path
from assistant.watch import (
    SETTLE_SECONDS,
    Timing,
    Watcher,
    WatchListener,
    already_watched,
    ask_to_stop,
    claim_watch,
    is_asked_to_stop,
    is_watched,
    launchd_agent,
    read_status,
    systemd_unit,
)

if TYPE_CHECKING:
    import subprocess

START_SECONDS, STOP_SECONDS = 60.0, 60.0
LABEL = "private-assistant.watch"
LOG = "watch.log"

Paths = Annotated[list[Path] | None, typer.Argument(metavar="[PATH]...", help="Files and folders to add and watch; "
                                                    "default: everything that was added.", show_default=False)]
Poll = Annotated[float | None, typer.Option("--poll", metavar="SECONDS", show_default=False,
                                            help="Scan every SECONDS instead of relying on file events.")]
Daemon = Annotated[bool, typer.Option("--daemon", help="Run in the background.")]
Status = Annotated[bool, typer.Option("--status", help="Show the status of this library's watch.")]
Stop = Annotated[bool, typer.Option("--stop", help="Stop this library's watch.")]
Service = Annotated[bool, typer.Option("--install-service", help="Print a service file that starts the watch at login.")]


def watch(context: typer.Context, paths: Paths = None, poll: Poll = None, daemon: Daemon = False, status: Status = False,
          stop: Stop = False, install_service: Service = False, library: Library = None, embed: Embed = None,
          json: Json = False) -> None:
    """Watch the library's folders and index changes as they happen.

    Picks up new, changed, renamed and deleted files once they stop changing. Ctrl-C stops it without losing anything.
    """
    if poll is not None and not 0 < poll < math.inf:
        raise UsageError("--poll must be a number of seconds above 0.", "For example: assistant watch --poll 60")
    if status + stop + daemon + install_service > 1:
        raise UsageError("Give only one of --daemon, --status, --stop and --install-service.", "See: assistant watch --help")
    settings = settings_of(context, library, embed=embed)
    with Assistant(settings) as assistant:
        folder = assistant.library_file.parent
        if status:
            report_status(folder, json=json)
        elif stop:
            stop_watch(folder)
        elif install_service:
            typer.echo(service_file(settings, watch_command(settings, paths or (), poll)), nl=False)
        elif daemon:
            start_daemon(settings, folder, watch_command(settings, paths or (), poll))
        else:
            follow(assistant, folder, paths or [], poll, json=json)


def follow(assistant: Assistant, folder: Path, paths: Sequence[Path], poll: float | None, *, json: bool) -> None:
    """Watch until Ctrl-C, SIGTERM or `watch --stop`. Raises UsageError if the library has no folders."""
    with claim_watch(folder), stop_on_sigterm():
        if not paths and not assistant.roots():
            raise UsageError("Nothing was added to this library yet.", "Give a folder: assistant watch FOLDER")
        assistant.include(paths)  # without paths, this checks the embedding model
        pace = Timing(settle=SETTLE_SECONDS, poll=poll or Timing().poll)
        with audience(json=json) as listening:
            only = [absolute(path) for path in paths]
            follower = Watcher(assistant, StatusRecorder(listening, folder), pace, only=only, always_poll=poll is not None,
                                is_asked=EngineClient(assistant.settings).is_busy)
            follower.follow(lambda: is_asked_to_stop(folder))


@contextmanager
def audience(*, json: bool) -> Iterator[WatchListener]:
    """Yield the display of the watch: JSON lines, a live view on a terminal, or plain lines."""
    if json:
        yield JsonPrinter()
    elif output().is_terminal:
        view = LiveView(output())
        with view.live:
            yield view
    else:
        notice("Watching. Press Ctrl-C to stop.")
        yield LinePrinter()


@contextmanager
def stop_on_sigterm() -> Iterator[None]:
    """Treat SIGTERM as a normal stop."""
    before = signal.signal(signal.SIGTERM, raise_terminated)
    try:
        yield
    except Terminated:
        notice("Stopped.")
    finally:
        signal.signal(signal.SIGTERM, before)


class Terminated(BaseException):
    """SIGTERM arrived."""


def raise_terminated(*_: object) -> None:
    """Raise Terminated."""
    raise Terminated


def report_status(folder: Path, *, json: bool) -> None:
    """Show the status of the watch; exit with code 1 if there is none."""
    is_running = is_watched(folder)
    if json:
        to_json.print_json({"running": is_running, **(asdict(read_status(folder)) if is_running else {})})
    elif is_running:
        show_standing(output(), read_status(folder))
    else:
        output().print("This library is not being watched.")
    if not is_running:
        raise typer.Exit(1)


def stop_watch(folder: Path) -> None:
    """Stop the watch. Raises AssistantError if there is none, or if it does not stop in time."""
    if not is_watched(folder):
        raise AssistantError("This library is not being watched.", "Start a watch: assistant watch")
    if not ask_to_stop(folder, STOP_SECONDS):
        raise AssistantError("The watch is still busy. It stops when the current files are stored.")
    output().print("The watch has stopped.")


def watch_command(settings: Settings, paths: Sequence[Path], poll: float | None) -> list[str]:
    """Return the command that watches this library."""
    embed = user_path(settings.embed) or settings.embed
    chosen = [f"--library={settings.library}", *([f"--embed={embed}"] if settings.embed else [])]
    polling = [f"--poll={poll:g}"] if poll else []
    return module_command("assistant", "watch", *chosen, *polling, *(str(absolute(path)) for path in paths))


def watch_environment(settings: Settings) -> dict[str, str]:
    """Return the environment of that command: the home folder, and a safe import path for its child processes."""
    return {"ASSISTANT_HOME": str(settings.home), "PYTHONSAFEPATH": "1"}


def service_file(settings: Settings, command: Sequence[str]) -> str:
    """Return the systemd or launchd service file. Raises UsageError on other systems, or if a path cannot be written in it."""
    for word in (*command, *watch_environment(settings).values()):
        if on_one_line(word) != word:
            raise UsageError(f"{word} contains a character that a service file cannot hold.", "Rename the file or folder.")
    if sys.platform == "darwin":
        notice(f"Save this as ~/Library/LaunchAgents/{LABEL}.plist, then run: launchctl load -w that file")
        return launchd_agent(LABEL, command, watch_environment(settings), settings.home)
    if sys.platform.startswith("linux"):
        notice("Save this as ~/.config/systemd/user/private-assistant-watch.service, then run: "
               "systemctl --user enable --now private-assistant-watch")
        return systemd_unit(command, watch_environment(settings), settings.home)
    raise UsageError("This system has neither systemd nor launchd.",
                     "Use the Task Scheduler to run at logon: assistant watch --daemon")


def start_daemon(settings: Settings, folder: Path, command: Sequence[str]) -> None:
    """Start the watch in its own process and wait until it runs. Raises AssistantError with its output if it exits."""
    if is_watched(folder):
        raise already_watched()
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / LOG
    with log.open("wb") as written:
        process = start_lasting(command, settings.home, written, written, watch_environment(settings))
    if not wait_until(lambda: is_watched(folder) and read_status(folder).process == process.pid, process):
        said = " ".join(log.read_text("utf-8", "replace").split())[-2000:]
        raise AssistantError(f"The watch did not start: {said}")
    process.returncode = 0  # it outlives this program: suppresses Popen's warning about an unfinished child
    output().print(on_one_line(f"Watching in the background, process {process.pid}. Its log: {log}"))


def wait_until(is_so: Callable[[], bool], process: subprocess.Popen[bytes]) -> bool:
    """Return whether a condition becomes true while the process runs, within START_SECONDS."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        if is_so():
            return True
        time.sleep(0.1)
    return False
