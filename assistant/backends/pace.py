"""How long pairs took in, pairs a second out; kept beside the model, for one model, one machine and its libraries."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from contextlib import suppress
from pathlib import Path

from assistant.backends.encoder.memory import version, write_whole

PACE_FILE = ".pace.json"
DECIDING = ("sentence-transformers", "transformers", "torch")
MEMORY = 32  # pairs: what was seen of so many weighs as much as all before it
LEAST_SHARE = 0.125  # of what was seen last, however little
WORTH_WRITING = 0.1  # share by which it has changed


class Pace:
    """Pairs a second: what was kept, and what happens since."""

    def __init__(self, folder: Path, situation: str) -> None:
        self._situation = situation
        self._places = places(folder, situation)
        self._kept = self.pairs_per_second = recall(self._places, situation)

    @property
    def is_known(self) -> bool:
        """Whether anything was ever measured."""
        return self.pairs_per_second > 0

    def note(self, pairs: int, seconds: float) -> None:
        """Take in what one call took; the more pairs it had, the more it counts. Kept where it changes the picture."""
        measured, share = seconds / pairs, max(pairs / (pairs + MEMORY), LEAST_SHARE)
        before = 1 / self.pairs_per_second if self.is_known else measured
        self.pairs_per_second = 1 / max((1 - share) * before + share * measured, 1e-9)
        if abs(self.pairs_per_second - self._kept) > WORTH_WRITING * self._kept:
            self._kept = self.pairs_per_second
            remember(self._places, self._situation, self.pairs_per_second)


def situation(fingerprint: str, device: str) -> str:
    """Return a hash of all that decides how fast a model is."""
    parts = (fingerprint, device, platform.machine(), platform.processor(), str(os.cpu_count()),
             *(f"{package} {version(package)}" for package in DECIDING))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def places(folder: Path, situation: str) -> tuple[Path, Path]:
    """Return where a pace may lie: beside the model, or in the person's cache where that cannot be written."""
    import platformdirs

    return folder / PACE_FILE, Path(platformdirs.user_cache_dir("assistant", False)) / f"pace-{situation}.json"


def recall(places: tuple[Path, ...], situation: str) -> float:
    """Return the pairs a second that were kept for this situation; 0 where none were, or their file is damaged."""
    for place in places:
        with suppress(OSError, ValueError, TypeError, KeyError):
            kept = json.loads(place.read_text("utf-8"))
            if kept["situation"] == situation:
                return max(0.0, float(kept["pairs_per_second"]))
    return 0.0


def remember(places: tuple[Path, ...], situation: str, pairs_per_second: float) -> None:
    """Keep the pace, whole or not at all; a disk that cannot be written costs the next start some seconds."""
    content = json.dumps({"situation": situation, "pairs_per_second": round(pairs_per_second, 3)})
    for place in places:
        with suppress(OSError):
            place.parent.mkdir(parents=True, exist_ok=True)
            write_whole(place, content)
            return
