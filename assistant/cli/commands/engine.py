"""Commands `engine start`, `stop` and `status`; open the engine or this process for a question."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from assistant.cli.console import counted, notice, on_one_line, output, size_in_words
from assistant.cli.json_output import print_result
from assistant.cli.options import Json, settings_of
from assistant.cli.render.answer import spinner
from assistant.config import Settings
from assistant.errors import EngineNotRunning, EngineUnavailable
from assistant.server.client import EngineClient
from assistant.server.remote_assistant import Answerer, open_assistant, open_here

if TYPE_CHECKING:
    from assistant.server.protocol import Report

RESTARTING = ("Restarting the engine: the running one has another version. It finishes its answers first; to stop it now: "
              "assistant engine stop")


@contextmanager
def answering(settings: Settings, *, no_engine: bool) -> Iterator[Answerer]:
    """Yield the engine, or this process if the engine is unavailable (with a notice) or not wanted."""
    try:
        assistant = open_here(settings) if no_engine else open_assistant(settings, lambda: notice(RESTARTING))
    except EngineUnavailable as error:
        notice(f"{error} This command runs without it. {error.hint}")
        assistant = open_here(settings)
    with assistant:
        yield assistant


def start(context: typer.Context) -> None:
    """Start the engine so that the first question does not wait for it. Questions also start it automatically."""
    line = EngineClient(settings_of(context))
    with spinner("Starting"):
        line.connect()
    notice("The engine is running.")


def stop(context: typer.Context) -> None:
    """Stop the engine. An answer that is being written ends."""
    try:
        EngineClient(settings_of(context)).stop()
    except EngineNotRunning:
        notice("No engine is running.")
        return
    notice("The engine has stopped.")


def status(context: typer.Context, json: Json = False) -> None:
    """Show which models the engine has loaded and what it has done."""
    try:
        report = EngineClient(settings_of(context)).report()
    except EngineNotRunning as error:
        words = f"{error} {error.hint}"
        print_result({"running": False}, lambda: output().print(words), json=json)
        return
    print_result({"running": True, **asdict(report), "seconds": round(report.seconds, 1)}, lambda: show(report), json=json)


def show(report: Report) -> None:
    """Show the engine's report."""
    share = report.reused_tokens / report.prompt_tokens if report.prompt_tokens else 0.0
    output().print(f"Process {report.process}, up for {report.seconds:,.0f} s, using {size_in_words(report.memory)} of memory.")
    output().print(f"Models: {on_one_line(', '.join(filter(None, (report.chat, *report.embedders)))) or 'none loaded yet'}.")
    output().print(f"{counted(report.answers, 'answer')}, {counted(report.searches, 'search')}; {report.waiting:,} waiting.")
    output().print(f"{report.prompt_tokens:,} prompt tokens, {share:.0%} of them from the cache.")
    if report.leaving:
        output().print("It is shutting down: it finishes the questions that it has and takes no more.")
    elif report.other_version:
        output().print("It has another version than this program: the next question replaces it.")
    output().print(f"It stops after {report.idle_minutes} minutes without a question, or with: assistant engine stop")
