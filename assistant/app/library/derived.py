"""Files that models wrote beside a library: calibration trials, and notes on whole documents."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from assistant.app.library.library import Library
from assistant.generation import GENERATED_QUESTION_OFFSET, PROMPT_VERSION, CalibrationTrial
from assistant.generation.documents import NotesCache
from assistant.system.records import append_record, open_private, parse_record, read_records


@dataclass(frozen=True, slots=True)
class TrialLog:
    """File of a library's calibration trials, so that a stopped calibration can continue."""

    file: Path
    model: str

    def trials(self) -> dict[str, CalibrationTrial]:
        """Return the trials with this model and prompt version, by chunk. Damaged lines are skipped."""
        found: dict[str, CalibrationTrial] = {}
        for record in read_records(self.file) if self.file.exists() else ():
            if record.get("by") == self._by and (trial := trial_of(record.get("trial"))):
                found[str(record.get("passage"))] = trial
        return found

    def keep(self, passage: str, trial: CalibrationTrial) -> None:
        """Append one trial."""
        append_record(self.file, {"by": self._by, "passage": passage, "trial": asdict(trial)})

    def keep_only(self, paths: Container[str]) -> None:
        """Delete the trials about chunks of all other files, for every model."""
        lines = [line for line in self.file.read_bytes().split(b"\n") if line.strip()]
        kept = [line for line in lines if document_of(line) in paths]
        if len(kept) < len(lines):
            aside = self.file.with_suffix(".partial")
            aside.unlink(missing_ok=True)
            with open(aside, "wb", opener=open_private) as file:
                file.write(b"".join(line + b"\n" for line in kept))
            aside.replace(self.file)

    @property
    def _by(self) -> str:
        return f"{self.model} {PROMPT_VERSION} {GENERATED_QUESTION_OFFSET}"


def trial_log(library: Path, model: str) -> TrialLog:
    """Return the trial file in a library's folder."""
    return TrialLog(library.parent / "calibration.jsonl", model)


def trial_of(value: object) -> CalibrationTrial | None:
    """Parse a trial; return None if the value is not one."""
    if not isinstance(value, dict):
        return None
    question, answered, held_out = (value.get(name) for name in ("question", "answered", "held_out"))
    if isinstance(question, str) and isinstance(answered, int | float) and isinstance(held_out, int | float):
        return CalibrationTrial(question, float(answered), float(held_out))
    return None


def document_of(line: bytes) -> str:
    """Return the path of the file that a line is about; an empty string for a damaged line."""
    return str((parse_record(line) or {}).get("passage", "")).rpartition("#")[0]


def document_notes(library: Library, elsewhere: Mapping[str, Path] | None = None) -> NotesCache:
    """Return the models' notes on a library's documents; `elsewhere` maps content hashes to folders of other libraries."""
    return NotesCache(notes_folder(library), elsewhere=elsewhere)


def notes_folder(library: Library) -> Path:
    """Return the folder of the notes on a library's documents."""
    return library.file.parent / "notes"
