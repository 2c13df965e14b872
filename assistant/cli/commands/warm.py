"""The command that lets the chat model read passages beforehand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assistant.app.assistant import Assistant
from assistant.app.models.cache import chat_spec
from assistant.cli import json_output as to_json
from assistant.cli.console import counted, notice, output
from assistant.cli.error_boundary import INTERRUPTED
from assistant.cli.options import Chat, Embed, Json, Library, settings_of
from assistant.cli.progress import passage_progress
from assistant.datatypes import Warmed

Paths = Annotated[list[Path] | None,
                  typer.Argument(metavar="[PATH]...", help="Files or folders of the library; all of it without.")]


def warm(context: typer.Context, paths: Paths = None, library: Library = None, chat: Chat = None, embed: Embed = None,
         json: Json = False) -> None:
    """Let the chat model read passages beforehand: the first word then comes at once.

    What it computes is kept with the library, within kv_cache_bytes. Can be stopped, and goes on there.
    """
    settings = settings_of(context, library, chat, embed)
    chat_spec(settings)
    with Assistant(settings) as assistant:
        try:
            with passage_progress() as on_progress:
                done = assistant.warm(paths or (), on_progress)
        except KeyboardInterrupt as stopped:
            notice("Stopped; run the same command to go on.")
            raise typer.Exit(INTERRUPTED) from stopped
    if json:
        to_json.print_json(to_json.warmed(done))
    else:
        show(done)


def show(done: Warmed) -> None:
    """Show what has been read."""
    output().print(f"{done.ready:,} of {counted(done.passages, 'passage')} are read; {done.tokens:,} tokens were new.")
    if done.is_full:
        notice("There is no room for more. Allow more: kv_cache_bytes in config.toml")
