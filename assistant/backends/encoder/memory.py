"""A Choice in, a small file out that keeps it for the next start; it holds for one model, one machine and its libraries."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import tempfile
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from assistant.backends.encoder.calibration import Choice

CHOICE_FILE = ".engine.json"
RULES = "1"  # a new number makes every machine choose anew
DECIDING = ("openvino", "tokenizers", "sentence-transformers", "transformers", "torch")


def situation(fingerprint: str, processor: str) -> str:
    """Return a hash of all that a choice depends on."""
    versions = [f"{package} {version(package)}" for package in DECIDING]
    parts = (RULES, fingerprint, processor, str(os.cpu_count()), *versions)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def version(package: str) -> str:
    """Return the version of a package; nothing where it is not installed."""
    with suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.version(package)
    return ""


def places(folder: Path, situation: str) -> tuple[Path, Path]:
    """Return where a choice may lie: beside the model, or in the person's cache where that cannot be written."""
    import platformdirs

    return folder / CHOICE_FILE, Path(platformdirs.user_cache_dir("assistant", False)) / f"engine-{situation}.json"


def recall(folder: Path, situation: str) -> Choice | None:
    """Return the choice made for this situation; None where none was, or its file is damaged."""
    for place in places(folder, situation):
        with suppress(OSError, ValueError, TypeError, KeyError):
            kept = json.loads(place.read_text("utf-8"))
            if kept.pop("situation") == situation and kept["variant"] in (None, "f32", "bf16", "int8"):
                return Choice(**kept)
    return None


def remember(folder: Path, situation: str, choice: Choice) -> None:
    """Keep the choice, whole or not at all; a disk that cannot be written costs the next start a calibration."""
    content = json.dumps({"situation": situation, **asdict(choice)}, indent=1)
    for place in places(folder, situation):
        with suppress(OSError):
            place.parent.mkdir(parents=True, exist_ok=True)
            write_whole(place, content)
            return


def write_whole(place: Path, content: str) -> None:
    """Write the file beside its place and move it there, so that two at once cannot mix."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=place.parent, prefix=place.name, delete=False) as file:
        file.write(content)
    try:
        Path(file.name).replace(place)
    except OSError:
        Path(file.name).unlink(missing_ok=True)
        raise
