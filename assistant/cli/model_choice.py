"""Names and paths that a person gives in, models to fetch or to use out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from assistant import catalog
from assistant.app.models.cache import is_gguf
from assistant.catalog import Model, ModelStore
from assistant.cli.console import notice
from assistant.cli.progress import download_progress
from assistant.datatypes import Machine
from assistant.errors import FetchFailed, ModelUnusable, UsageError
from assistant.system.paths import is_fake, own_path

MARKS_OF_FOLDER = ("modules.json", "config.json")


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """What a setting is to become. `model` is empty for files of the person's own; `fallback` for what they named."""

    setting: str
    value: str
    model: tuple[Model, ...] = ()
    fallback: tuple[Model, ...] = ()


def choose_models(machine: Machine, chat: str | None, embed: str | None, *, starter: bool) -> tuple[ModelChoice, ModelChoice]:
    """Return the chat and the embedding model: what was named, else what suits the machine."""
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
    """Return the choice that a name or a path is; None where none was given."""
    if not name:
        return None
    if is_fake(name):
        return ModelChoice(setting, name)
    if path := own_path(name):
        check(path)
        return ModelChoice(setting, str(path))
    model = catalog.find(name)
    if model.kind != ("chat" if setting == "chat" else "embedding"):
        raise UsageError(f"{name} is a model of the kind '{model.kind}'.", "See: assistant models list")
    return ModelChoice(setting, name, (model,))


def require_gguf(path: Path) -> None:
    """Raise UsageError or ModelUnusable where a path is no GGUF file."""
    if not path.is_file():
        raise UsageError(f"There is no file at {path}.", "Name a GGUF file, or a model of: assistant models list")
    if not is_gguf(path):
        raise ModelUnusable(f"{path} is not a GGUF file.", "Name a GGUF file, or a model of: assistant models list")


def require_embedder_folder(path: Path) -> None:
    """Raise UsageError or ModelUnusable where a path is no folder with an embedding model."""
    if not path.is_dir():
        raise UsageError(f"There is no folder at {path}.", "Name a folder, or a model of: assistant models list")
    if not any((path / name).is_file() for name in MARKS_OF_FOLDER):
        raise ModelUnusable(f"{path} holds no embedding model: it has neither {' nor '.join(MARKS_OF_FOLDER)}.",
                            "Name a folder as sentence-transformers saves it, or a model of: assistant models list")


def fetch_choice(choice: ModelChoice, store: ModelStore, hub: str) -> ModelChoice:
    """Fetch what a choice needs; where no source has a proposal, say so and fetch its smaller fallback."""
    for model in choice.model:
        try:
            fetch_model(model, store, hub)
        except FetchFailed as failure:
            for smaller in choice.fallback:
                notice(f"{failure} Going on with {smaller.name} instead.")
                return fetch_choice(ModelChoice(choice.setting, smaller.name, (smaller,)), store, hub)
            raise
    return choice


def fetch_model(model: Model, store: ModelStore, hub: str) -> None:
    """Fetch one model unless it is here already."""
    if not store.is_present(model):
        with download_progress(model.name) as on_progress:
            catalog.pull(model, store, hub=hub, on_progress=on_progress)
