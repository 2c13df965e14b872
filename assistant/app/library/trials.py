"""The log of a library's calibration trials, so that a stopped calibration can continue."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path

from assistant.system.atomic_files import PRIVATE_FILE, append_record, parse_record, read_records, write_atomically


@dataclass(frozen=True, slots=True)
class TrialLog:
    """A file of trials, one line each. Those of other chat models, prompts or kinds than `by` names are passed over."""

    file: Path
    by: str

    def trials(self) -> dict[str, object]:
        """Return the trials by the chunk that they are about. Damaged lines are skipped."""
        records = read_records(self.file) if self.file.exists() else ()
        return {str(record.get("passage")): record.get("trial") for record in records if record.get("by") == self.by}

    def keep(self, passage: str, trial: Mapping[str, object]) -> None:
        """Append one trial."""
        append_record(self.file, {"by": self.by, "passage": passage, "trial": trial})

    def keep_only(self, paths: Container[str]) -> None:
        """Delete the trials about chunks of all other files, for every model."""
        lines = [line for line in self.file.read_bytes().split(b"\n") if line.strip()]
        kept = [line for line in lines if document_of(line) in paths]
        if len(kept) < len(lines):
            write_atomically(self.file, b"".join(line + b"\n" for line in kept), PRIVATE_FILE)


def passage_name(path: str, chunk: int) -> str:
    """Return the name of a chunk in the log."""
    return f"{path}#{chunk}"


def path_of(passage: str) -> str:
    """Return the path of the file that a name in the log is about."""
    return passage.rpartition("#")[0]


def document_of(line: bytes) -> str:
    """Return the path of the file that a line is about; an empty string for a damaged line."""
    return path_of(str((parse_record(line) or {}).get("passage", "")))
