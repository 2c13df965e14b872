"""Recommend a chat model and an embedding model of the catalog for a machine."""

from __future__ import annotations

from collections.abc import Iterable

from assistant.catalog.entries import Model, ModelKind
from assistant.datatypes import Machine

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
    return choose(machine, models, "chat"), choose(machine, models, "embedding")


def starter(catalog: Iterable[Model]) -> tuple[Model, Model]:
    """Return the chat and the embedding model that run on every machine."""
    models = tuple(catalog)
    return starter_of(models, "chat"), starter_of(models, "embedding")


def choose(machine: Machine, models: tuple[Model, ...], kind: ModelKind) -> Model:
    """Return the model of one kind to propose; see `recommend`."""
    fitting = [model for model in models if model.kind == kind and model.recommended and fits(machine, model)]
    return max(fitting, key=lambda model: model.memory, default=starter_of(models, kind))


def starter_of(models: tuple[Model, ...], kind: ModelKind) -> Model:
    """Return the starter model of one kind."""
    return next(model for model in models if model.kind == kind and model.starter)


def fits(machine: Machine, model: Model) -> bool:
    """Return True if the model fits the machine; see `recommend`."""
    if machine.disk_free < model.size + DISK_MARGIN:
        return False
    if any(gpu.memory_free >= model.memory * GPU_COMFORT for gpu in machine.gpus):
        return True
    return machine.cores >= CORES and machine.memory_available >= model.memory * MEMORY_COMFORT
