"""Commands `setup` and `models ...`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from assistant import catalog
from assistant.app.diagnostics import hardware
from assistant.app.models import is_gguf
from assistant.catalog import HubSource, Model, ModelStore, find, load_catalog
from assistant.cli import json_output as to_json
from assistant.cli.console import is_terminal, notice, on_one_line, output, say_error, size_in_words
from assistant.cli.options import Chat, Embed, Json, settings_of
from assistant.cli.progress import download_progress
from assistant.config import save_choice
from assistant.datatypes import Machine
from assistant.errors import FetchFailed, ModelUnusable, UsageError
from assistant.system.paths import is_fake, user_path

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Download without asking.")]
Starter = Annotated[bool, typer.Option("--starter", help="Choose small models that run on every machine.")]


def setup(context: typer.Context, yes: Yes = False, starter: Starter = False, chat: Chat = None, embed: Embed = None) -> None:
    """Choose models that suit this machine, download them and verify them.

    Only this command and `models pull` use the network. Run it again at any time to choose other models.
    """
    settings = settings_of(context)
    machine = hardware.inspect_machine(settings.home)
    chat, embed = chat or getattr(context.obj, "chat", None), embed or getattr(context.obj, "embed", None)
    choices = choose_models(machine, chat, embed, starter=starter)
    store = ModelStore(settings.models_folder)
    show_machine(output(), machine)
    show_proposal(output(), choices, store)
    ask_consent([model for choice in choices for model in choice.model if not store.is_present(model)], yes=yes)
    fetched = [fetch_choice(choice, store, settings.hub) for choice in choices]
    save_choice(settings.config_file, {choice.setting: choice.value for choice in fetched})
    output().print(on_one_line(f"Ready: {', '.join(f'{choice.setting} = {choice.value}' for choice in fetched)}."))
    output().print('Next: assistant add FOLDER, then assistant ask "..."')


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
        fetch_model(model, store, settings.hub)
        output().print(on_one_line(f"{model.name}: {store.path(model)}"))


def verify(context: typer.Context, names: OptionalNames = None) -> None:
    """Verify models on this disk byte by byte. Damaged files are removed."""
    store = ModelStore(settings_of(context).models_folder)
    models = [find(name) for name in names] if names else [
        model for model in load_catalog() if any(store.place(model, file).exists() for file in model.files)]
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


def is_whole(model: Model, store: ModelStore) -> bool:
    """Verify a model, print the result and return whether it is intact."""
    try:
        store.verify(model)
    except ModelUnusable as error:
        say_error(str(error), error.hint)
        return False
    output().print(f"{model.name}: intact, {size_in_words(model.size)}")
    return True


MARKS_OF_FOLDER = ("modules.json", "config.json")


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A new value of a setting. `model` is empty for the user's own files, `fallback` for models the user named."""

    setting: str
    value: str
    model: tuple[Model, ...] = ()
    fallback: tuple[Model, ...] = ()


def choose_models(machine: Machine, chat: str | None, embed: str | None, *, starter: bool) -> tuple[ModelChoice, ModelChoice]:
    """Return the chat and the embedding model: as named, else recommended for the machine."""
    models = catalog.load_catalog()
    smallest = catalog.starter(models)
    suited = smallest if starter else catalog.recommend(machine, models)
    named = (choice_by_name("chat", chat, require_gguf), choice_by_name("embed", embed, require_embedder_folder))
    proposed = [
        ModelChoice(setting, model.name, (model,), () if model is small else (small,))
        for setting, model, small in zip(("chat", "embed"), suited, smallest, strict=True)
    ]
    return named[0] or proposed[0], named[1] or proposed[1]


def choice_by_name(setting: str, name: str | None, check: Callable[[Path], None]) -> ModelChoice | None:
    """Return the choice for a name or a path; None if neither is given."""
    if not name:
        return None
    if is_fake(name):
        return ModelChoice(setting, name)
    if path := user_path(name):
        check(path)
        return ModelChoice(setting, str(path))
    model = catalog.find(name)
    if model.kind != ("chat" if setting == "chat" else "embedding"):
        raise UsageError(f"{name} is a model of kind '{model.kind}'.", "See the kinds: assistant models list")
    return ModelChoice(setting, name, (model,))


def require_gguf(path: Path) -> None:
    """Raise UsageError or ModelUnusable if the path is not a GGUF file."""
    if not path.is_file():
        raise UsageError(f"There is no file at {path}.", "Give a GGUF file, or a name from: assistant models list")
    if not is_gguf(path):
        raise ModelUnusable(f"{path} is not a GGUF file.", "Give a GGUF file, or a name from: assistant models list")


def require_embedder_folder(path: Path) -> None:
    """Raise UsageError or ModelUnusable if the path is not a folder with an embedding model."""
    if not path.is_dir():
        raise UsageError(f"There is no folder at {path}.", "Give a folder, or a name from: assistant models list")
    if not any((path / name).is_file() for name in MARKS_OF_FOLDER):
        raise ModelUnusable(f"{path} holds no embedding model: it has neither {' nor '.join(MARKS_OF_FOLDER)}.",
                            "Give a folder saved by sentence-transformers, or a name from: assistant models list")


def fetch_choice(choice: ModelChoice, store: ModelStore, hub: str) -> ModelChoice:
    """Download the model of a choice; if that fails, download its smaller fallback with a notice."""
    for model in choice.model:
        try:
            fetch_model(model, store, hub)
        except FetchFailed as failure:
            for smaller in choice.fallback:
                notice(f"{failure} Using {smaller.name} instead.")
                return fetch_choice(ModelChoice(choice.setting, smaller.name, (smaller,)), store, hub)
            raise
    return choice


def fetch_model(model: Model, store: ModelStore, hub: str) -> None:
    """Download a model unless it is on this disk."""
    if not store.is_present(model):
        with download_progress(model.name) as on_progress:
            catalog.pull(model, store, hub=hub, on_progress=on_progress)


def show_machine(console: Console, machine: Machine) -> None:
    """Show a machine's processor, memory, disk and GPUs."""
    console.print(Text("This machine", "bold"))
    console.print(f"  {machine.processor}, {machine.cores} cores, {machine.system}")
    console.print(f"  CPU features: {', '.join(machine.features) or 'none that speed up models'}")
    console.print(f"  memory: {size_in_words(machine.memory_available)} free of {size_in_words(machine.memory_total)}; "
                  f"disk: {size_in_words(machine.disk_free)} free")
    for gpu in machine.gpus:
        console.print(f"  GPU: {gpu.name}, {size_in_words(gpu.memory_free)} free of {size_in_words(gpu.memory_total)}")
    if not machine.gpus:
        console.print("  GPU: none that can be used")


def show_proposal(console: Console, choices: Sequence[ModelChoice], store: ModelStore) -> None:
    """Show the proposed models and where they come from."""
    console.print(Text("Models", "bold"))
    for choice in choices:
        if not choice.model:
            console.print(Text.assemble(f"  {choice.setting:9} ", (on_one_line(choice.value), "bold"), "  your choice"))
    for model in (model for choice in choices for model in choice.model):
        state = "already on this disk" if store.is_present(model) else f"{size_in_words(model.size)} to download"
        console.print(Text.assemble(f"  {model.kind:9} ", (model.name, "bold"), f"  {state}, licence {model.licence}"))
        console.print(f"            {model.summary}")
        places = (f"the hub ({place.repo})" if isinstance(place, HubSource) else "the package index" for place in model.sources)
        console.print(f"            from {' or '.join(places)}")


def show_models(console: Console, models: Iterable[Model], store: ModelStore, chosen: frozenset[str]) -> None:
    """Show the models of the catalog, and which of them are on this disk or in use."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("", "name", "kind", "size", "memory", "licence", "languages"):
        table.add_column(column, no_wrap=column in {"name", "size", "memory"})
    for model in models:
        mark = "in use" if model.name in chosen else "on disk" if store.is_present(model) else ""
        table.add_row(mark, model.name, model.kind, size_in_words(model.size), size_in_words(model.memory), model.licence,
                      ", ".join(model.languages))
    console.print(table)
