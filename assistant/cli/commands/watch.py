"""The command that lets the library follow its folders."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
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
from assistant.server.client import Line
from assistant.system.children import command_of, start_lasting
from assistant.system.paths import absolute, own_path
from assistant.watch import (
    SETTLE_SECONDS,
    Audience,
    Follower,
    Pace,
    ask_to_stop,
    claim,
    is_asked_to_stop,
    is_watched,
    launchd_agent,
    read,
    systemd_unit,
)

if TYPE_CHECKING:
    import subprocess

START_SECONDS, STOP_SECONDS = 60.0, 60.0
LABEL = "private-assistant.watch"
LOG = "watch.log"

Paths = Annotated[list[Path] | None, typer.Argument(metavar="[PATH]...", help="Files and folders to add and to follow; "
                                                    "without any, everything that was added.", show_default=False)]
Poll = Annotated[float, typer.Option("--poll", metavar="SECONDS", help="Look every so many seconds; do not rely on events.",
                                     show_default=False)]
Daemon = Annotated[bool, typer.Option("--daemon", help="Go on in the background.")]
Status = Annotated[bool, typer.Option("--status", help="Tell how the watch of this library stands.")]
Stop = Annotated[bool, typer.Option("--stop", help="End the watch of this library.")]
Service = Annotated[bool, typer.Option("--install-service", help="Print the file that lets the system start the watch at login.")]


def watch(context: typer.Context, paths: Paths = None, poll: Poll = 0.0, daemon: Daemon = False, status: Status = False,
          stop: Stop = False, install_service: Service = False, library: Library = None, embed: Embed = None,
          json: Json = False) -> None:
    """Let the library follow its folders until it is stopped: what is saved is found a moment later.

    New, changed, renamed and vanished files are taken in as they come to rest. Ctrl-C ends it; nothing is lost.
    """
    if poll < 0 or status + stop + daemon + install_service > 1:
        raise UsageError("These options do not go together." if poll >= 0 else "--poll must be more than 0.",
                         "See: assistant watch --help")
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


def follow(assistant: Assistant, folder: Path, paths: Sequence[Path], poll: float, *, json: bool) -> None:
    """Follow until Ctrl-C, a signal to end, or `watch --stop`. Raises UsageError where there is nothing to follow."""
    with claim(folder), stop_on_sigterm():
        if not paths and not assistant.roots():
            raise UsageError("Nothing was added to this library yet.", "Name a folder: assistant watch FOLDER")
        assistant.include(paths)  # without any, this sees that there is the right model
        pace = Pace(settle=SETTLE_SECONDS, poll=poll or Pace().poll)
        with audience(json=json) as listening:
            only = [absolute(path) for path in paths]
            follower = Follower(assistant, StatusRecorder(listening, folder), pace, only=only, always_poll=poll > 0,
                                is_asked=Line(assistant.settings).is_busy)
            follower.follow(lambda: is_asked_to_stop(folder))


@contextmanager
def audience(*, json: bool) -> Iterator[Audience]:
    """Give what shows the watch: a live view on a terminal, lines elsewhere."""
    if json:
        yield JsonPrinter()
    elif output().is_terminal:
        view = LiveView(output())
        with view.live:
            yield view
    else:
        notice("Watching; Ctrl-C ends it.")
        yield LinePrinter()


@contextmanager
def stop_on_sigterm() -> Iterator[None]:
    """Let the signal that asks a program to end be the end of a watch, and no failure."""
    before = signal.signal(signal.SIGTERM, raise_terminated)
    try:
        yield
    except Terminated:
        notice("Stopped.")
    finally:
        signal.signal(signal.SIGTERM, before)


class Terminated(BaseException):
    """The system asks the watch to end."""


def raise_terminated(*_: object) -> None:
    """Raise Ended."""
    raise Terminated


def report_status(folder: Path, *, json: bool) -> None:
    """Tell whether the library is watched, and how that stands; end with exit code 1 where it is not."""
    is_running = is_watched(folder)
    if json:
        to_json.print_json({"running": is_running, **(to_json.standing(read(folder)) if is_running else {})})
    elif is_running:
        show_standing(output(), read(folder))
    else:
        output().print("This library is not being watched.")
    if not is_running:
        raise typer.Exit(1)


def stop_watch(folder: Path) -> None:
    """End the watch. Raises AssistantError where there is none, or where it does not end."""
    if not is_watched(folder):
        raise AssistantError("This library is not being watched.", "Start it: assistant watch")
    if not ask_to_stop(folder, STOP_SECONDS):
        raise AssistantError("The watch is busy and has not ended yet; it ends when the files in hand are kept.")
    output().print("The watch has ended.")


def watch_command(settings: Settings, paths: Sequence[Path], poll: float) -> list[str]:
    """Return the command that watches this library."""
    embed = own_path(settings.embed) or settings.embed
    chosen = [f"--library={settings.library}", *([f"--embed={embed}"] if settings.embed else [])]
    polling = [f"--poll={poll:g}"] if poll else []
    return command_of("assistant", "watch", *chosen, *polling, *(str(absolute(path)) for path in paths))


def watch_environment(settings: Settings) -> dict[str, str]:
    """Return what such a command needs to know: the home, and that processes which it starts do not look into their folder."""
    return {"ASSISTANT_HOME": str(settings.home), "PYTHONSAFEPATH": "1"}


def service_file(settings: Settings, command: Sequence[str]) -> str:
    """Return the service file for this system. Raises UsageError where it has another way, or a path cannot stand in it."""
    for word in (*command, *watch_environment(settings).values()):
        if on_one_line(word) != word:
            raise UsageError(f"{word} has a character that a service file cannot hold.", "Rename the file or folder.")
    if sys.platform == "darwin":
        notice(f"Save it as ~/Library/LaunchAgents/{LABEL}.plist, then: launchctl load -w that file")
        return launchd_agent(LABEL, command, watch_environment(settings), settings.home)
    if sys.platform.startswith("linux"):
        notice("Save it as ~/.config/systemd/user/private-assistant-watch.service, then: "
               "systemctl --user enable --now private-assistant-watch")
        return systemd_unit(command, watch_environment(settings), settings.home)
    raise UsageError("This system has neither systemd nor launchd.",
                     "Let the Task Scheduler run at logon: assistant watch --daemon")


def start_daemon(settings: Settings, folder: Path, command: Sequence[str]) -> None:
    """Start the watch as a process of its own and wait until it runs. Raises AssistantError with what it says where it ends."""
    if is_watched(folder):
        raise AssistantError("This library is being watched already.", "See how it stands: assistant watch --status")
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / LOG
    with log.open("wb") as written:
        process = start_lasting(command, settings.home, written, written, watch_environment(settings))
    if not wait_until(lambda: is_watched(folder) and read(folder).process == process.pid, process):
        said = " ".join(log.read_text("utf-8", "replace").split())[-2000:]
        raise AssistantError(f"The watch does not start: {said}")
    process.returncode = 0  # it outlives this program, which need not wait for it
    output().print(on_one_line(f"Watching in the background, process {process.pid}. Its log: {log}"))


def wait_until(is_so: Callable[[], bool], process: subprocess.Popen[bytes]) -> bool:
    """Return whether something becomes true while a process runs, in the time that it has to start."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        if is_so():
            return True
        time.sleep(0.1)
    return False
