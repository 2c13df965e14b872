"""Which models suit a machine: the machine and the catalog in, a chat model and an embedding model out."""

from __future__ import annotations

from collections.abc import Iterable

from assistant.catalog.entries import Kind, Model
from assistant.datatypes import Machine

MEMORY_COMFORT = 1.5  # of what the model needs: the person's own programs go on running
GPU_COMFORT = 1.1
CORES = 4  # with fewer, and no graphics card, a large model answers too slowly to be used
DISK_MARGIN = 2 * 2**30


def recommend(machine: Machine, catalog: Iterable[Model]) -> tuple[Model, Model]:
    """Return the chat and the embedding model to propose.

    For each kind: the largest model that the catalog marks as recommended and that the machine holds comfortably, else
    the starter. Comfortably: the disk has room for the files and 2 GiB more; and either a graphics card has 1.1 times
    the model's memory free, or there are at least 4 cores and 1.5 times the model's memory is available.
    """
    models = tuple(catalog)
    return choose(machine, models, "chat"), choose(machine, models, "embedding")


def starter(catalog: Iterable[Model]) -> tuple[Model, Model]:
    """Return the chat and the embedding model that every machine runs."""
    models = tuple(catalog)
    return starter_of(models, "chat"), starter_of(models, "embedding")


def choose(machine: Machine, models: tuple[Model, ...], kind: Kind) -> Model:
    """Return the model of one kind to propose."""
    fitting = [model for model in models if model.kind == kind and model.recommended and fits(machine, model)]
    return max(fitting, key=lambda model: model.memory, default=starter_of(models, kind))


def starter_of(models: tuple[Model, ...], kind: Kind) -> Model:
    """Return the starter of one kind."""
    return next(model for model in models if model.kind == kind and model.starter)


def fits(machine: Machine, model: Model) -> bool:
    """Return whether the machine holds the model comfortably."""
    if machine.disk_free < model.size + DISK_MARGIN:
        return False
    if any(gpu.memory_free >= model.memory * GPU_COMFORT for gpu in machine.gpus):
        return True
    return machine.cores >= CORES and machine.memory_available >= model.memory * MEMORY_COMFORT
