"""Choose and download the models that `setup` configures: by name, by path, or by what suits the machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from assistant import catalog
from assistant.app.models import is_gguf
from assistant.catalog import Model, ModelStore
from assistant.cli.console import notice
from assistant.cli.progress import download_progress
from assistant.datatypes import Machine
from assistant.errors import FetchFailed, ModelUnusable, UsageError
from assistant.system.paths import is_fake, user_path

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
