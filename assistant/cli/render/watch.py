"""What a watch tells in; lines, JSON lines or a live view out."""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from assistant.cli import json_output as to_json
from assistant.cli.console import counted, linked, notice, on_one_line, output
from assistant.datatypes import Change
from assistant.watch import Audience, Standing, save

STYLES = {"indexed": "green", "moved": "cyan", "removed": "yellow", "skipped": "dim", "failed": "red"}
DOING = {"starting": "Starting", "looking": "Looking", "reading": "Reading", "keeping": "Reading", "embedding": "Embedding",
         "watching": "Watching", "giving way": "A question goes first: embedding waits",
         "waiting": "Waiting: another program is writing to this library"}
RECENT, FAILURES = 12, 5
UNREADABLE = "no reader for"  # of such files there may be thousands, and nothing is wrong


def change_line(change: Change) -> Text:
    """Return what became of a file, in one line."""
    line = Text.assemble((f"{change.kind:8}", STYLES[change.kind]), linked(change.path, change.path))
    if change.chunks:
        line.append(f"  {counted(change.chunks, 'passage')}", "dim")
    if change.reason:
        line.append(f"  {on_one_line(change.reason)}")
    if change.was:
        line.append(f"  was {on_one_line(change.was)}", "dim")
    return line


def is_worth_a_line(change: Change) -> bool:
    """Return whether a person wants to know it."""
    return not change.reason.startswith(UNREADABLE)


def status_line(standing: Standing) -> str:
    """Return what is going on, what waits and what was done, in one line."""
    parts = [DOING.get(standing.doing, standing.doing)]
    parts += [f"{standing.queued:,} queued"] if standing.queued else []
    parts += [f"{counted(standing.waiting, 'passage')} to embed"] if standing.waiting else []
    counts = {word: int(getattr(standing, word)) for word in ("indexed", "moved", "removed", "failed")}
    return "  ·  ".join([*parts, *(f"{count:,} {word}" for word, count in counts.items() if count)])


class LinePrinter:
    """A line for each change."""

    def changed(self, change: Change) -> None:
        """Print it."""
        if is_worth_a_line(change):
            output().print(change_line(change))

    def noticed(self, words: str) -> None:
        """Say it on stderr."""
        notice(words)

    def stands(self, standing: Standing) -> None:
        """Print nothing."""


class JsonPrinter:
    """A JSON object for each change and notice, and for each change of what is being done."""

    def __init__(self) -> None:
        self._doing = ""

    def changed(self, change: Change) -> None:
        """Print it."""
        to_json.print_json({"event": change.kind, **to_json.change(change)})

    def noticed(self, words: str) -> None:
        """Print it."""
        to_json.print_json({"event": "notice", "text": words})

    def stands(self, standing: Standing) -> None:
        """Print it where the watch comes to rest or begins to work; to look and find nothing new is no work."""
        waits = standing.queued + standing.waiting
        is_at_rest = standing.doing in ({"watching", "looking"} if self._doing == "watching" else {"watching"})
        doing = "watching" if is_at_rest and not waits else "working"
        if doing != self._doing:
            self._doing = doing
            to_json.print_json({"event": doing, **to_json.standing(standing)})


class LiveView:
    """What is going on, what happened last and what failed, drawn anew in place."""

    def __init__(self, console: Console) -> None:
        self._standing = Standing()
        self._recent: deque[Text] = deque(maxlen=RECENT)
        self._failures: dict[str, Text] = {}
        self.live = Live(console=console, get_renderable=self._draw, refresh_per_second=4)

    def changed(self, change: Change) -> None:
        """Show it; what failed is shown until something else became of it."""
        failures = {path: line for path, line in self._failures.items() if path != change.path}
        if change.kind == "failed":
            failures[change.path] = timestamped(change_line(change))
        elif is_worth_a_line(change):
            self._recent.append(timestamped(change_line(change)))
        self._failures = failures  # exchanged as a whole: another thread draws it

    def noticed(self, words: str) -> None:
        """Show it among what happened."""
        self._recent.append(timestamped(Text(on_one_line(words), "yellow")))

    def stands(self, standing: Standing) -> None:
        """Show it."""
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
    """Return a line with the time of day in front."""
    line.no_wrap, line.overflow = True, "ellipsis"
    return Text.assemble((time.strftime("%H:%M:%S "), "dim"), line, no_wrap=True, overflow="ellipsis")


def followed_folders(standing: Standing) -> list[Text]:
    """Return a line for each folder that is followed."""
    return [Text.assemble("  ", linked(each.path, each.path), "" if each.manner == "events" else
                          (f"  {each.manner}: {on_one_line(each.reason)}", "yellow")) for each in standing.followed]


def show_standing(console: Console, standing: Standing) -> None:
    """Show how a watch in another process stands."""
    console.print(Text(status_line(standing), "bold"))
    for line in followed_folders(standing):
        console.print(line)
    if standing.problem:
        console.print(Text(f"  {on_one_line(standing.problem)}", "red"))
    since = time.strftime("%Y-%m-%d %H:%M", time.localtime(standing.since)) if standing.since else "now"
    console.print(Text(f"  process {standing.process}, since {since}", "dim"))


class StatusRecorder:
    """Passes on what it hears, and lets other programs know how things stand."""

    def __init__(self, audience: Audience, folder: Path) -> None:
        self._audience, self._folder = audience, folder
        self._saved, self._last = Standing(), 0.0

    def changed(self, change: Change) -> None:
        """Pass it on."""
        self._audience.changed(change)

    def noticed(self, words: str) -> None:
        """Pass it on."""
        self._audience.noticed(words)

    def stands(self, standing: Standing) -> None:
        """Pass it on; write it down at most once a second, and when nothing is left to do."""
        self._audience.stands(standing)
        is_news = standing != self._saved and (time.monotonic() - self._last > 1 or standing.doing == "watching")
        if is_news:
            save(self._folder, standing)
            self._saved, self._last = standing, time.monotonic()
