"""Commands `setup` and `models ...`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from assistant.app.diagnostics import hardware
from assistant.catalog import Model, ModelStore, find, load_catalog
from assistant.cli import json_output as to_json
from assistant.cli.console import is_terminal, notice, on_one_line, output, say_error, size_in_words
from assistant.cli.model_choice import ModelChoice, choose_models, fetch_choice
from assistant.cli.model_choice import fetch_model as pull_model
from assistant.cli.options import Chat, Embed, Json, settings_of
from assistant.cli.render.status import show_machine, show_models, show_proposal
from assistant.config import save_choice
from assistant.errors import ModelUnusable, UsageError

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Download without asking.")]
Starter = Annotated[bool, typer.Option("--starter", help="Choose small models that run on every machine.")]


def setup(context: typer.Context, yes: Yes = False, starter: Starter = False, chat: Chat = None, embed: Embed = None) -> None:
    """Choose models that suit this machine, download them and verify them.

    Only this command and `models pull` use the network. Run it again at any time to choose other models.
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
    """Return the models named before or after the command."""
    return chat or getattr(context.obj, "chat", None), embed or getattr(context.obj, "embed", None)


def ask_consent(missing: Sequence[Model], *, yes: bool) -> None:
    """Ask before anything is downloaded. Raises UsageError if there is no terminal to ask on."""
    if yes or not missing:
        return
    size = size_in_words(sum(model.size for model in missing))
    if not is_terminal():
        raise UsageError(f"Setup needs to download {size} and cannot ask without a terminal.", "Run: assistant setup --yes")
    if not typer.confirm(f"Download {size}?", default=True, err=True):
        notice("Nothing was changed.")
        raise typer.Exit(1)


def confirm(chosen: Sequence[ModelChoice]) -> None:
    """Print the models that are now in use."""
    words = ", ".join(f"{choice.setting} = {choice.value}" for choice in chosen)
    output().print(on_one_line(f"Ready: {words}."))
    output().print('Next: assistant add FOLDER, then assistant ask "..."')


Names = Annotated[list[str], typer.Argument(metavar="NAME", help="Names from the catalog.", show_default=False)]
OptionalNames = Annotated[list[str] | None, typer.Argument(metavar="NAME", show_default=False,
                                                           help="Names from the catalog; default: all models on this disk.")]


def list_models(context: typer.Context, json: Json = False) -> None:
    """List the models in the catalog and show which of them are on this disk."""
    settings = settings_of(context)
    store, chosen = ModelStore(settings.models_folder), frozenset({settings.chat, settings.embed, settings.rerank})
    if not json:
        show_models(output(), load_catalog(), store, chosen)
        return
    entries = [to_json.model(model, present=store.is_present(model), chosen=model.name in chosen, path=str(store.path(model)))
               for model in load_catalog()]
    to_json.print_json({"models": entries})


def pull(context: typer.Context, names: Names) -> None:
    """Download models and verify them. Interrupted downloads resume."""
    settings = settings_of(context)
    store = ModelStore(settings.models_folder)
    for model in [find(name) for name in names]:
        pull_model(model, store, settings.hub)
        output().print(on_one_line(f"{model.name}: {store.path(model)}"))


def verify(context: typer.Context, names: OptionalNames = None) -> None:
    """Verify models on this disk byte by byte. Damaged files are removed."""
    store = ModelStore(settings_of(context).models_folder)
    models = [find(name) for name in names] if names else [model for model in load_catalog() if has_files(model, store)]
    if not models:
        notice("No model of the catalog is on this disk.")
    if not all([is_whole(model, store) for model in models]):
        raise typer.Exit(1)


def remove(context: typer.Context, names: Names) -> None:
    """Remove models from this disk."""
    store = ModelStore(settings_of(context).models_folder)
    for model in [find(name) for name in names]:
        freed = store.remove(model)
        output().print(f"{model.name}: {size_in_words(freed)} freed" if freed else f"{model.name} was not on this disk.")


def has_files(model: Model, store: ModelStore) -> bool:
    """Return whether any file of the model is on this disk."""
    return any(store.place(model, file).exists() for file in model.files)


def is_whole(model: Model, store: ModelStore) -> bool:
    """Verify a model, print the result and return whether it is intact."""
    try:
        store.verify(model)
    except ModelUnusable as error:
        say_error(str(error), error.hint)
        return False
    output().print(f"{model.name}: intact, {size_in_words(model.size)}")
    return True
