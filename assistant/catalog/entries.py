"""Read the models that the program knows from catalog.toml, and recommend one for a machine."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from assistant.datatypes import Machine
from assistant.errors import UsageError

ModelKind = Literal["chat", "embedding", "reranker"]

SHIPPED = Path(__file__).with_name("catalog.toml")
IN_CHECKOUT = Path(__file__).parents[2] / "models" / "catalog.toml"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model: its path in the model's folder, size and hash."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class HubSource:
    """A repository of a model hub, where the files have the same paths as on disk."""

    repo: str
    revision: str


@dataclass(frozen=True, slots=True)
class WheelPart:
    """A wheel of the package index and its member that is (a part of) a file, or a folder if it ends in '/'."""

    package: str
    version: str
    member: str


@dataclass(frozen=True, slots=True)
class WheelSource:
    """Wheels whose members, concatenated, are the model's only file; or one wheel with a folder of files."""

    parts: tuple[WheelPart, ...]

    @property
    def is_folder(self) -> bool:
        """Whether the files are in a folder of one wheel."""
        return self.parts[0].member.endswith("/")


ModelSource = HubSource | WheelSource


@dataclass(frozen=True, slots=True)
class Model:
    """A model that can be downloaded. `memory`: bytes needed to run it; `sources`: in order of preference."""

    name: str
    kind: ModelKind
    summary: str
    licence: str
    languages: tuple[str, ...]
    memory: int
    files: tuple[ModelFile, ...]
    sources: tuple[ModelSource, ...]
    query_prompt: str = ""
    passage_prompt: str = ""
    dimension: int = 0
    max_tokens: int = 0
    context_tokens: int = 0
    starter: bool = False
    recommended: bool = False

    @property
    def size(self) -> int:
        """The total bytes of its files."""
        return sum(file.size for file in self.files)


@cache
def load_catalog() -> tuple[Model, ...]:
    """Return all known models in the order of the catalog."""
    path = SHIPPED if SHIPPED.exists() else IN_CHECKOUT
    return tuple(read_model(entry) for entry in tomllib.loads(path.read_text("utf-8"))["model"])


def read_model(entry: dict[str, Any]) -> Model:
    """Return the model of one table of the catalog. Raises ValueError if a file is outside the model's folder."""
    files = tuple(ModelFile(**file) for file in entry.pop("files"))
    sources = tuple(read_source(source) for source in entry.pop("sources"))
    for file in files:
        if PurePosixPath(file.path).is_absolute() or ".." in PurePosixPath(file.path).parts:
            raise ValueError(f"the catalog places a file outside its model's folder: {file.path}")
    return Model(files=files, sources=sources, languages=tuple(entry.pop("languages")), **entry)


def read_source(entry: dict[str, Any]) -> ModelSource:
    """Return the source of one table of the catalog."""
    if entry["kind"] == "hub":
        return HubSource(entry["repo"], entry["revision"])
    return WheelSource(tuple(WheelPart(**part) for part in entry["parts"]))


def find(name: str) -> Model:
    """Return the model of this name. Raises UsageError with similar names if there is none."""
    models = {model.name: model for model in load_catalog()}
    if name in models:
        return models[name]
    close = difflib.get_close_matches(name.lower(), models, n=3, cutoff=0.4)
    hint = f"Did you mean {' or '.join(close)}?" if close else "See: assistant models list"
    raise UsageError(f"The catalog has no model '{name}'.", hint)


MEMORY_COMFORT = 1.5  # factor on the model's memory, for other programs
GPU_COMFORT = 1.1
CORES = 4  # with fewer and no graphics card, a large model is too slow
DISK_MARGIN = 2 * 2**30


def recommend(machine: Machine, catalog: Iterable[Model]) -> tuple[Model, Model]:
    """Return the chat and the embedding model to propose.

    For each kind: the largest recommended model of the catalog that fits the machine, else the starter. A model fits if the disk
    has room for its files and 2 GiB more, and either a graphics card has 1.1 times the model's memory free, or there are at least
    4 cores and 1.5 times the model's memory is available.
    """
    models = tuple(catalog)
    fitting = sorted((model for model in models if model.recommended and fits(machine, model)), key=lambda model: -model.memory)
    chat, embedding = starter(models)
    return (next((model for model in fitting if model.kind == "chat"), chat),
            next((model for model in fitting if model.kind == "embedding"), embedding))


def starter(catalog: Iterable[Model]) -> tuple[Model, Model]:
    """Return the chat and the embedding model that run on every machine."""
    by_kind = {model.kind: model for model in catalog if model.starter}
    return by_kind["chat"], by_kind["embedding"]


def fits(machine: Machine, model: Model) -> bool:
    """Return True if the model fits the machine; see `recommend`."""
    if machine.disk_free < model.size + DISK_MARGIN:
        return False
    if any(gpu.memory_free >= model.memory * GPU_COMFORT for gpu in machine.gpus):
        return True
    return machine.cores >= CORES and machine.memory_available >= model.memory * MEMORY_COMFORT
