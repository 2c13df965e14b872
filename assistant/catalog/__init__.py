"""The model catalog: the known models, the installed ones, their download, and recommendations for a machine."""

from __future__ import annotations

from assistant.catalog.download import pull
from assistant.catalog.entries import (
    HubSource,
    Model,
    ModelFile,
    ModelKind,
    WheelPart,
    WheelSource,
    find,
    load_catalog,
    recommend,
    starter,
)
from assistant.catalog.installed import ModelStore

__all__ = [
    "HubSource", "Model", "ModelFile", "ModelKind", "ModelStore", "WheelPart", "WheelSource", "find", "load_catalog", "pull",
    "recommend", "starter",
]
