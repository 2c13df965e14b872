"""Manage the model files on this disk: find, verify and remove them.

A stamp file records size and modification time of the files whose hash was right, so that a check costs a few stat calls instead
of reading gigabytes.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path

from filelock import FileLock

from assistant.catalog.entries import Model, ModelFile
from assistant.errors import ModelMissing, ModelUnusable

ENGINE = ".engine.json"  # the measured choice of the OpenVINO backend
STAMP = ".verified.json"
SCRATCH = ".wheels"  # wheels while they are unpacked
PARTIAL = ".partial"  # a file that is being downloaded
PARTS = ".parts"  # the ends of the complete parts of a partial file


class ModelStore:
    """The folder of installed models, with a subfolder for each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, model: Model) -> Path:
        """Return the path for the backend: the GGUF file of a chat model, else the model's folder."""
        return self.place(model, model.files[0]) if model.kind == "chat" else self.folder / model.name

    def place(self, model: Model, file: ModelFile) -> Path:
        """Return the path of a file of the model."""
        return self.folder / model.name / file.path

    def lock(self, model: Model) -> FileLock:
        """Return the lock for changes of the model's files."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return FileLock(self.folder / f".{model.name}.lock")

    def is_present(self, model: Model) -> bool:
        """Return True if every file is present and unchanged since it was verified. Reads only the stamp."""
        stamp = self._read_stamp(model)
        with suppress(OSError):
            return all(stamp.get(file.path) == stamp_entry(self.place(model, file), file) for file in model.files)
        return False

    def require(self, model: Model) -> Path:
        """Return the model's path. Raises ModelMissing if it is not installed, ModelUnusable if it is damaged."""
        if not self.is_present(model):
            if any(not has_size(self.place(model, file), file) for file in model.files):
                raise not_installed(model)
            self.verify(model)  # copied by hand or moved: complete, but not verified yet
        return self.path(model)

    def verify(self, model: Model) -> None:
        """Hash every file; remove those that do not match the catalog and raise ModelUnusable. Raises ModelMissing."""
        if not any(self.place(model, file).exists() for file in model.files):
            raise not_installed(model)
        absent = [file.path for file in model.files if not self.place(model, file).exists()]
        wrong = [file.path for file in model.files if file.path not in absent and not self.keep(model, file)]
        if wrong or absent:
            faults = [f"{path} is damaged and was removed" for path in wrong]
            faults += [f"{path} is not there" for path in absent]
            raise ModelUnusable(f"The model {model.name} is not whole: {'; '.join(faults)}.",
                                f"Run: assistant models pull {model.name}")
        with suppress(OSError):  # an unwritable folder only costs another verification
            self.stamp(model)

    def keep(self, model: Model, file: ModelFile) -> bool:
        """Return True if the file is present and has the right hash; remove it if its hash is wrong."""
        place = self.place(model, file)
        if not place.exists():
            return False
        if has_size(place, file) and sha256(place) == file.sha256:
            return True
        place.unlink()
        self._stamp_path(model).unlink(missing_ok=True)
        return False

    def stamp(self, model: Model) -> None:
        """Record that the files in their present state are verified."""
        entries = {file.path: stamp_entry(self.place(model, file), file) for file in model.files}
        self._stamp_path(model).write_text(json.dumps(entries, indent=1), "utf-8")

    def remove(self, model: Model) -> int:
        """Remove the model and the files of an interrupted download; return the freed bytes."""
        folder = self.folder / model.name
        with self.lock(model):
            places = [self.place(model, file) for file in model.files]
            ours = [place.with_name(place.name + end) for place in places for end in ("", PARTIAL, PARTIAL + PARTS)]
            ours += [self._stamp_path(model), folder / ENGINE, *(folder / SCRATCH).glob("*")]
            freed = sum(remove_file(path) for path in ours)
            for directory in sorted({path.parent for path in ours} | {folder}, reverse=True):  # deepest first
                with suppress(OSError):
                    directory.rmdir()
        return freed

    def _stamp_path(self, model: Model) -> Path:
        return self.folder / model.name / STAMP

    def _read_stamp(self, model: Model) -> dict[str, object]:
        try:
            stamp = json.loads(self._stamp_path(model).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return stamp if isinstance(stamp, dict) else {}


def not_installed(model: Model) -> ModelMissing:
    """Return the error for a model that is not installed."""
    return ModelMissing(f"The model {model.name} is not on this disk.", f"Run: assistant models pull {model.name}")


def stamp_entry(place: Path, file: ModelFile) -> list[object]:
    """Return the stamp's entry for a verified file in its present state."""
    status = place.stat()
    return [file.sha256, status.st_size, status.st_mtime_ns]


def has_size(place: Path, file: ModelFile) -> bool:
    """Return True if the file is present with the right size."""
    return place.is_file() and place.stat().st_size == file.size


def sha256(place: Path) -> str:
    """Return the SHA-256 of a file in hex."""
    with place.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def remove_file(path: Path) -> int:
    """Remove a file if it exists; return its size."""
    if not path.is_file():
        return 0
    size = path.stat().st_size
    path.unlink()
    return size
