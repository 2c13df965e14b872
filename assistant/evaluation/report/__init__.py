"""Write an evaluation report as Markdown or as one self-contained HTML page."""

from __future__ import annotations

from pathlib import Path

from assistant.errors import UsageError
from assistant.evaluation.report.html import page
from assistant.evaluation.report.markdown import markdown
from assistant.evaluation.run import Evaluation
from assistant.system.paths import expand_user, write_file

WRITERS = {".md": markdown, ".html": page, ".htm": page}

__all__ = ["markdown", "page", "require_report", "write_report"]


def require_report(path: Path) -> None:
    """Raise UsageError if no report can be written to the path, before any long work."""
    if path.suffix.lower() not in WRITERS:
        raise UsageError(f"{path.name} is neither Markdown nor HTML.", "Call the report FILE.md or FILE.html.")
    if expand_user(path).is_dir() or not expand_user(path).parent.is_dir():
        raise UsageError(f"{path} cannot be written: it is a folder, or its folder does not exist.", "Give --report a file name.")


def write_report(path: Path, result: Evaluation) -> None:
    """Write the report. Raises UsageError if it cannot be written."""
    require_report(path)
    try:
        write_file(expand_user(path), WRITERS[path.suffix.lower()](result).encode("utf-8", "replace"))
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.", "Give --report the name of a file.") from error
