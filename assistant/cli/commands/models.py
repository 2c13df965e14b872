"""The commands about the catalog and the models on this disk."""

from __future__ import annotations

from typing import Annotated

import typer

from assistant.catalog import Model, ModelStore, find, load_catalog
from assistant.cli import json_output as to_json
from assistant.cli.console import notice, on_one_line, output, say_error, size_in_words
from assistant.cli.model_choice import fetch_model as pull_model
from assistant.cli.options import Json, settings_of
from assistant.cli.render.machine import show_models
from assistant.errors import ModelUnusable

Names = Annotated[list[str], typer.Argument(metavar="NAME", help="Names of the catalog.", show_default=False)]
OptionalNames = Annotated[list[str] | None, typer.Argument(metavar="NAME", help="Names of the catalog; all that are here where "
                                                  "none is given.", show_default=False)]


def list_models(context: typer.Context, json: Json = False) -> None:
    """List the models that this program knows, and which of them are here."""
    settings = settings_of(context)
    store, chosen = ModelStore(settings.models_folder), frozenset({settings.chat, settings.embed, settings.rerank})
    if not json:
        show_models(output(), load_catalog(), store, chosen)
        return
    entries = [to_json.model(model, present=store.is_present(model), chosen=model.name in chosen, path=str(store.path(model)))
               for model in load_catalog()]
    to_json.print_json({"models": entries})


def pull(context: typer.Context, names: Names) -> None:
    """Fetch models and verify them. What was broken off is gone on with."""
    settings = settings_of(context)
    store = ModelStore(settings.models_folder)
    for model in [find(name) for name in names]:
        pull_model(model, store, settings.hub)
        output().print(on_one_line(f"{model.name}: {store.path(model)}"))


def verify(context: typer.Context, names: OptionalNames = None) -> None:
    """Read models on this disk byte by byte; what is damaged is removed."""
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
    """Return whether something of the model lies on this disk."""
    return any(store.place(model, file).exists() for file in model.files)


def is_whole(model: Model, store: ModelStore) -> bool:
    """Say whether a model is whole; return it."""
    try:
        store.verify(model)
    except ModelUnusable as error:
        say_error(str(error), error.hint)
        return False
    output().print(f"{model.name}: whole, {size_in_words(model.size)}")
    return True
