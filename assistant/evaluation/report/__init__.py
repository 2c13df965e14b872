"""An evaluation in; a report that a person can keep and pass on, Markdown or one self-contained page, out."""

from __future__ import annotations

from pathlib import Path

from assistant.errors import UsageError
from assistant.evaluation.report.html import page
from assistant.evaluation.report.markdown import markdown
from assistant.evaluation.run import Evaluation
from assistant.system.paths import expanded, write_file

WRITERS = {".md": markdown, ".html": page, ".htm": page}

__all__ = ["markdown", "page", "require_report", "write_report"]


def require_report(path: Path) -> None:
    """Raise UsageError where no report can be written there, before anything takes its time."""
    if path.suffix.lower() not in WRITERS:
        raise UsageError(f"{path.name} is neither Markdown nor HTML.", "Call the report FILE.md or FILE.html.")
    if expanded(path).is_dir() or not expanded(path).parent.is_dir():
        raise UsageError(f"{path} cannot be written: its folder is not there, or it is one.", "Give --report the name of a file.")


def write_report(path: Path, result: Evaluation) -> None:
    """Write the report. Raises UsageError where it cannot be written."""
    require_report(path)
    try:
        write_file(expanded(path), WRITERS[path.suffix.lower()](result).encode("utf-8", "replace"))
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.", "Give --report the name of a file.") from error
