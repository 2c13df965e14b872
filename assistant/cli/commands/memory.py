"""The commands about facts that the person asks to keep: add, list, forget."""

from __future__ import annotations

from typing import Annotated

import typer

from assistant.app.assistant import Assistant
from assistant.cli import json_output as to_json
from assistant.cli.console import counted, notice, on_one_line, output
from assistant.cli.options import Json, settings_of
from assistant.errors import UsageError

FactText = Annotated[str, typer.Argument(metavar="TEXT", help="One fact, in a sentence; quote it.", show_default=False)]
FactNumbers = Annotated[list[int] | None, typer.Argument(metavar="NUMBER", help="Their numbers.", show_default=False)]
EveryFact = Annotated[bool, typer.Option("--all", help="All of them.")]


def add_fact(context: typer.Context, text: FactText, json: Json = False) -> None:
    """Keep a fact. Answers use it like a passage, and name it as their source."""
    with Assistant(settings_of(context)) as assistant:
        fact = assistant.memory.add(text)
    if json:
        to_json.print_json(to_json.fact(fact))
    else:
        notice(f"Kept as memory {fact.number}.")


def list_facts(context: typer.Context, json: Json = False) -> None:
    """List the facts that are kept."""
    with Assistant(settings_of(context)) as assistant:
        facts = assistant.memory.all()
    if json:
        to_json.print_json({"facts": [to_json.fact(fact) for fact in facts]})
        return
    for fact in facts:
        output().print(f"{fact.number:4}  {fact.said[:10]}  {on_one_line(fact.text)}")
    if not facts:
        output().print("Nothing is kept.")


def delete_facts(context: typer.Context, numbers: FactNumbers = None, every: EveryFact = False) -> None:
    """Remove facts for good."""
    if bool(numbers) == every:
        raise UsageError("Name the facts to forget by number, or say --all, and not both.", "See them: assistant memory list")
    with Assistant(settings_of(context)) as assistant:
        chosen = [fact.number for fact in assistant.memory.all()] if every else list(numbers or [])
        count = assistant.memory.forget(chosen)
    notice(f"{counted(count, 'fact')} forgotten.")
