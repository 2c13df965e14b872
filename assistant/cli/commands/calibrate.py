"""The command that fits the doubt to a library."""

from __future__ import annotations

from typing import Annotated

import typer

from assistant.app.assistant import Assistant
from assistant.app.models.cache import chat_spec
from assistant.cli import json_output as to_json
from assistant.cli.console import notice, output
from assistant.cli.options import Chat, Embed, Json, Library, settings_of
from assistant.cli.progress import asking_progress
from assistant.datatypes import Calibration

QuestionCount = Annotated[int, typer.Option("--questions", metavar="N", min=6, help="How many questions to make.")]
Reset = Annotated[bool, typer.Option("--reset", help="Return to the values that the program came with.")]


def calibrate(context: typer.Context, count: QuestionCount = 20, reset: Reset = False, library: Library = None, chat: Chat = None,
              embed: Embed = None, json: Json = False) -> None:
    """Fit the line between answering and refusing to your library.

    The chat model writes questions about passages of your files. Each is asked twice: with the passages that a search finds, and
    with those of its file held out. Can be stopped, and goes on there. refusal_threshold says how much doubt you allow.
    """
    settings = settings_of(context, library, chat, embed)
    with Assistant(settings) as assistant:
        if reset:
            assistant.forget_calibration()
            notice("The shipped values hold again.")
            return
        chat_spec(settings)
        with asking_progress() as on_progress:
            found = assistant.calibrate(count, on_progress)
    if json:
        to_json.print_json(to_json.calibration(found))
    else:
        show_calibration(found)


def show_calibration(found: Calibration) -> None:
    """Show what the calibration changes."""
    output().print(f"{found.questions} questions; refused where the doubt is above {found.most:.0%}")
    for name, (before, after) in {"answerable": found.answerable_refused, "unanswerable": found.unanswerable_refused}.items():
        output().print(f"  {name:12} refused {before:.0%} as shipped, {after:.0%} now")
