"""Models on this disk: a model in, its path out, and whether its files are the ones that the catalog names.

A stamp beside the files records that a file of this size and modification time had the right hash, so that asking
again costs a few stats and not a read of gigabytes.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path

from filelock import FileLock

from assistant.catalog.entries import Model, ModelFile
from assistant.errors import ModelMissing, ModelUnusable

ENGINE = ".engine.json"  # which engine runs the model fastest here: an embedding model's backend keeps it
STAMP = ".verified.json"
SCRATCH = ".wheels"  # wheels lie here while they are read
PARTIAL = ".partial"  # a file on its way
PARTS = ".parts"  # how much of a partial file is whole parts


class ModelStore:
    """The folder that holds models: a folder for each, with its files and the stamp."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, model: Model) -> Path:
        """Return what a backend opens: the GGUF file of a chat model, else the model's folder."""
        return self.place(model, model.files[0]) if model.kind == "chat" else self.folder / model.name

    def place(self, model: Model, file: ModelFile) -> Path:
        """Return where a file of the model lies."""
        return self.folder / model.name / file.path

    def lock(self, model: Model) -> FileLock:
        """Return the lock that whoever changes the model's files holds."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return FileLock(self.folder / f".{model.name}.lock")

    def is_present(self, model: Model) -> bool:
        """Return whether every file is there and was verified; reads no file but the stamp."""
        stamp = self._read_stamp(model)
        with suppress(OSError):
            return all(stamp.get(file.path) == mark(self.place(model, file), file) for file in model.files)
        return False

    def require(self, model: Model) -> Path:
        """Return the model's path. Raises ModelMissing where it was not fetched, ModelUnusable where it is damaged."""
        if not self.is_present(model):
            if any(not has_size(self.place(model, file), file) for file in model.files):
                raise missing(model)
            self.verify(model)  # copied here by hand, or moved: whole, but never looked at
        return self.path(model)

    def verify(self, model: Model) -> None:
        """Hash every file. Raises ModelUnusable, and removes what does not match, where bytes are not the catalog's."""
        if not any(self.place(model, file).exists() for file in model.files):
            raise missing(model)
        absent = [file.path for file in model.files if not self.place(model, file).exists()]
        wrong = [file.path for file in model.files if file.path not in absent and not self.keep(model, file)]
        if wrong or absent:
            faults = [f"{path} is damaged and was removed" for path in wrong]
            faults += [f"{path} is not there" for path in absent]
            raise ModelUnusable(f"The model {model.name} is not whole: {'; '.join(faults)}.",
                                f"Run: assistant models pull {model.name}")
        with suppress(OSError):  # a folder that cannot be written only costs another look next time
            self.stamp(model)

    def keep(self, model: Model, file: ModelFile) -> bool:
        """Return whether the file that lies there is the right one; one that is not is removed."""
        place = self.place(model, file)
        if not place.exists():
            return False
        if has_size(place, file) and sha256(place) == file.sha256:
            return True
        place.unlink()
        self._stamp_path(model).unlink(missing_ok=True)
        return False

    def stamp(self, model: Model) -> None:
        """Record that the files as they lie there are verified."""
        marks = {file.path: mark(self.place(model, file), file) for file in model.files}
        self._stamp_path(model).write_text(json.dumps(marks, indent=1), "utf-8")

    def remove(self, model: Model) -> int:
        """Remove the model and whatever a broken-off fetch left; return the bytes freed."""
        folder = self.folder / model.name
        with self.lock(model):
            places = [self.place(model, file) for file in model.files]
            ours = [place.with_name(place.name + end) for place in places for end in ("", PARTIAL, PARTIAL + PARTS)]
            ours += [self._stamp_path(model), folder / ENGINE, *(folder / SCRATCH).glob("*")]
            freed = sum(drop(path) for path in ours)
            for directory in sorted({path.parent for path in ours} | {folder}, reverse=True):  # the deepest first
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


def missing(model: Model) -> ModelMissing:
    """Return the failure of a model that was not fetched."""
    return ModelMissing(f"The model {model.name} is not on this disk.", f"Run: assistant models pull {model.name}")


def mark(place: Path, file: ModelFile) -> list[object]:
    """Return what the stamp says of a file that is verified and lies there unchanged."""
    status = place.stat()
    return [file.sha256, status.st_size, status.st_mtime_ns]


def has_size(place: Path, file: ModelFile) -> bool:
    """Return whether a file of the right size lies there."""
    return place.is_file() and place.stat().st_size == file.size


def sha256(place: Path) -> str:
    """Return the sha256 of a file as hex."""
    with place.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def drop(path: Path) -> int:
    """Remove a file that may be there; return its bytes."""
    if not path.is_file():
        return 0
    size = path.stat().st_size
    path.unlink()
    return size
