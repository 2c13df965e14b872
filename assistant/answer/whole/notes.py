"""What a model has written about a part of a file in; the same out the next time, as long as the file is in the library."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from assistant.datatypes import Message

BUDGET = 64 * 2**20  # bytes
PACE = "pace.json"
WEIGHT = 0.3  # of the newest measurement


class Notes:
    """A folder of notes, one below it for each file's content. What cannot be written is only not remembered."""

    def __init__(self, folder: Path, budget: int = BUDGET, elsewhere: Mapping[str, Path] | None = None) -> None:
        """Keep notes in the folder; those on the contents that `elsewhere` names, by hash, in folders of their own."""
        self._folder, self._budget, self._elsewhere = folder, budget, elsewhere or {}

    def get(self, content_hash: str, key: str) -> str:
        """Return a note; empty where there is none."""
        try:
            return self._file(content_hash, key).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            return ""

    def put(self, content_hash: str, key: str, text: str) -> None:
        """Keep a note, and let the oldest ones go where there are too many."""
        file = self._file(content_hash, key)
        with suppress(OSError):  # a full or closed disk costs the note, not the answer
            file.parent.mkdir(parents=True, exist_ok=True)
            partial = file.with_suffix(".partial")
            partial.write_text(text, "utf-8")
            partial.replace(file)
            self._keep_to_budget()

    def keep_only(self, content_hashes: Collection[str]) -> None:
        """Remove the notes of all other contents."""
        kept = {shortened(each) for each in content_hashes}
        for folder in self._folder.glob("*/"):
            if folder.name not in kept:
                shutil.rmtree(folder)

    def pace(self, model: str) -> float:
        """Return how many seconds a character has taken this model on this machine lately; 0 where that is not known."""
        return float(self._paces().get(model, 0.0))

    def note_pace(self, model: str, seconds: float) -> None:
        """Remember how long a character took."""
        paces = self._paces()
        before = paces.get(model, seconds)
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / PACE).write_text(json.dumps(paces | {model: before + WEIGHT * (seconds - before)}), "utf-8")

    def _paces(self) -> dict[str, float]:
        try:
            held = json.loads((self._folder / PACE).read_text("utf-8"))
            return {str(name): float(seconds) for name, seconds in held.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            return {}

    def _file(self, content_hash: str, key: str) -> Path:
        return self._elsewhere.get(content_hash, self._folder) / shortened(content_hash) / f"{key}.txt"

    def _keep_to_budget(self) -> None:
        files = [(file, file.stat()) for file in self._folder.glob("*/*.txt")]
        over = sum(status.st_size for _, status in files) - self._budget
        for file, status in sorted(files, key=lambda pair: pair[1].st_mtime_ns):
            if over <= 0:
                return
            file.unlink(missing_ok=True)
            over -= status.st_size


def shortened(content_hash: str) -> str:
    """Return the name of the folder of a content's notes. A library from elsewhere may hold anything in place of a hash."""
    return content_hash[:32] if content_hash.isascii() and content_hash.isalnum() else "unknown"


def key_of(model: str, messages: Sequence[Message], max_tokens: int) -> str:
    """Return what a note is known by: the model, and every word that it was sent."""
    said = json.dumps([model, max_tokens, *((message.role, message.content) for message in messages)], ensure_ascii=False)
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:32]
