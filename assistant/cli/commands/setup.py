"""The command that looks at the machine, and fetches and chooses models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from assistant.app.diagnostics import hardware
from assistant.catalog import Model, ModelStore
from assistant.cli.console import is_terminal, notice, on_one_line, output, size_in_words
from assistant.cli.model_choice import ModelChoice, choose_models, fetch_choice
from assistant.cli.options import Chat, Embed, settings_of
from assistant.cli.render.machine import show_machine, show_proposal
from assistant.config import save_choice
from assistant.errors import UsageError

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Fetch without asking.")]
Starter = Annotated[bool, typer.Option("--starter", help="Take the small models that every machine runs.")]


def setup(context: typer.Context, yes: Yes = False, starter: Starter = False, chat: Chat = None, embed: Embed = None) -> None:
    """Look at this machine, propose models that suit it, fetch and verify them.

    The only command, beside models pull, that uses the network. Run it again at any time to choose anew.
    """
    settings = settings_of(context)
    machine = hardware.inspect_machine(settings.home)
    choices = choose_models(machine, *named_models(context, chat, embed), starter=starter)
    store = ModelStore(settings.models_folder)
    show_machine(output(), machine)
    show_proposal(output(), choices, store)
    ask_consent([model for choice in choices for model in choice.model if not store.is_present(model)], yes=yes)
    fetched = [fetch_choice(choice, store, settings.hub) for choice in choices]
    save_choice(settings.config_file, {choice.setting: choice.value for choice in fetched})
    confirm(fetched)


def named_models(context: typer.Context, chat: str | None, embed: str | None) -> tuple[str | None, str | None]:
    """Return the models that were named, before or after the command."""
    return chat or getattr(context.obj, "chat", None), embed or getattr(context.obj, "embed", None)


def ask_consent(missing: Sequence[Model], *, yes: bool) -> None:
    """Ask before anything is fetched. Raises UsageError where there is nobody to ask."""
    if yes or not missing:
        return
    size = size_in_words(sum(model.size for model in missing))
    if not is_terminal():
        raise UsageError(f"Setup would fetch {size}, and there is no terminal to ask on.", "Run: assistant setup --yes")
    if not typer.confirm(f"Fetch {size}?", default=True, err=True):
        notice("Nothing was changed.")
        raise typer.Exit(1)


def confirm(chosen: Sequence[ModelChoice]) -> None:
    """Say what is in use now."""
    words = ", ".join(f"{choice.setting} = {choice.value}" for choice in chosen)
    output().print(on_one_line(f"Ready: {words}."))
    output().print('Next: assistant add FOLDER, then assistant ask "..."')
