"""Display a watch as lines, JSON lines or a live view, and show its saved status."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import asdict
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from assistant.cli import json_output as to_json
from assistant.cli.console import counted, linked, notice, on_one_line, output
from assistant.datatypes import Change
from assistant.watch import WatchListener, WatchStatus, write_status

STYLES = {"indexed": "green", "moved": "cyan", "removed": "yellow", "skipped": "dim", "failed": "red"}
DOING = {"starting": "Starting", "looking": "Looking", "reading": "Reading", "keeping": "Reading", "embedding": "Embedding",
         "watching": "Watching", "giving way": "Embedding is paused for a question",
         "waiting": "Waiting: another program is writing to this library"}
RECENT, FAILURES = 12, 5
UNREADABLE = "no reader for"  # not shown: there may be thousands of such files


def change_line(change: Change) -> Text:
    """Return one line about a changed file."""
    line = Text.assemble((f"{change.kind:8}", STYLES[change.kind]), linked(change.path, change.path))
    if change.chunks:
        line.append(f"  {counted(change.chunks, 'passage')}", "dim")
    if change.reason:
        line.append(f": {on_one_line(change.reason)}")
    if change.old_path:
        line.append(f"  from {on_one_line(change.old_path)}", "dim")
    return line


def is_worth_a_line(change: Change) -> bool:
    """Return whether a change should be shown."""
    return not change.reason.startswith(UNREADABLE)


def status_line(standing: WatchStatus) -> str:
    """Return the current activity, what is pending and what was done, in one line."""
    parts = [DOING.get(standing.doing, standing.doing)]
    parts += [f"{standing.queued:,} queued"] if standing.queued else []
    parts += [f"{counted(standing.waiting, 'passage')} to embed"] if standing.waiting else []
    counts = {word: int(getattr(standing, word)) for word in ("indexed", "moved", "removed", "failed")}
    return "  ·  ".join([*parts, *(f"{count:,} {word}" for word, count in counts.items() if count)])


class LinePrinter:
    """Print a line for each change."""

    def changed(self, change: Change) -> None:
        """Print the change."""
        if is_worth_a_line(change):
            output().print(change_line(change))

    def noticed(self, words: str) -> None:
        """Print the notice on stderr."""
        notice(words)

    def stands(self, standing: WatchStatus) -> None:
        """Print nothing."""


class JsonPrinter:
    """Print a JSON object for each change and notice, and when the watch starts or finishes work."""

    def __init__(self) -> None:
        self._doing = ""

    def changed(self, change: Change) -> None:
        """Print the change."""
        to_json.print_json({"event": change.kind, **to_json.change(change)})

    def noticed(self, words: str) -> None:
        """Print the notice."""
        to_json.print_json({"event": "notice", "text": words})

    def stands(self, standing: WatchStatus) -> None:
        """Print the status when it turns idle or busy. A scan that finds nothing counts as idle."""
        waits = standing.queued + standing.waiting
        is_at_rest = standing.doing in ({"watching", "looking"} if self._doing == "watching" else {"watching"})
        doing = "watching" if is_at_rest and not waits else "working"
        if doing != self._doing:
            self._doing = doing
            to_json.print_json({"event": doing, **asdict(standing)})


class LiveView:
    """Show the current activity, the latest changes and the failures, redrawn in place."""

    def __init__(self, console: Console) -> None:
        self._standing = WatchStatus()
        self._recent: deque[Text] = deque(maxlen=RECENT)
        self._failures: dict[str, Text] = {}
        self.live = Live(console=console, get_renderable=self._draw, refresh_per_second=4)

    def changed(self, change: Change) -> None:
        """Show the change. A failure stays until the file changes again."""
        failures = {path: line for path, line in self._failures.items() if path != change.path}
        if change.kind == "failed":
            failures[change.path] = timestamped(change_line(change))
        elif is_worth_a_line(change):
            self._recent.append(timestamped(change_line(change)))
        self._failures = failures  # replaced as a whole: another thread draws it

    def noticed(self, words: str) -> None:
        """Show the notice among the latest changes."""
        self._recent.append(timestamped(Text(on_one_line(words), "yellow")))

    def stands(self, standing: WatchStatus) -> None:
        """Show the status."""
        self._standing = standing

    def _draw(self) -> Group:
        lines = [Text(status_line(self._standing), "bold", no_wrap=True, overflow="ellipsis"), *followed_folders(self._standing)]
        if self._standing.current:
            lines.append(Text(on_one_line(self._standing.current), "dim", no_wrap=True, overflow="ellipsis"))
        lines += tuple(self._recent)
        failures = tuple(self._failures.values())
        lines += [Text("Failed", "bold red"), *failures[-FAILURES:]] if failures else []
        return Group(*lines)


def timestamped(line: Text) -> Text:
    """Return a line prefixed with the time of day."""
    line.no_wrap, line.overflow = True, "ellipsis"
    return Text.assemble((time.strftime("%H:%M:%S "), "dim"), line, no_wrap=True, overflow="ellipsis")


def followed_folders(standing: WatchStatus) -> list[Text]:
    """Return a line for each watched folder."""
    return [Text.assemble("  ", linked(each.path, each.path), "" if each.method == "events" else
                          (f"  {each.method}: {on_one_line(each.reason)}", "yellow")) for each in standing.followed]


def show_standing(console: Console, standing: WatchStatus) -> None:
    """Show the status of a watch in another process."""
    console.print(Text(status_line(standing), "bold"))
    for line in followed_folders(standing):
        console.print(line)
    if standing.problem:
        console.print(Text(f"  {on_one_line(standing.problem)}", "red"))
    since = time.strftime("%Y-%m-%d %H:%M", time.localtime(standing.since)) if standing.since else "now"
    console.print(Text(f"  process {standing.process}, since {since}", "dim"))


class StatusRecorder:
    """Forward every event to a display, and save the status for other processes."""

    def __init__(self, audience: WatchListener, folder: Path) -> None:
        self._audience, self._folder = audience, folder
        self._saved, self._last = WatchStatus(), 0.0

    def changed(self, change: Change) -> None:
        """Forward the event."""
        self._audience.changed(change)

    def noticed(self, words: str) -> None:
        """Forward the event."""
        self._audience.noticed(words)

    def stands(self, standing: WatchStatus) -> None:
        """Forward the status; save it at most once a second, and whenever the watch turns idle."""
        self._audience.stands(standing)
        is_news = standing != self._saved and (time.monotonic() - self._last > 1 or standing.doing == "watching")
        if is_news:
            write_status(self._folder, standing)
            self._saved, self._last = standing, time.monotonic()
