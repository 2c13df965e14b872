"""Render the result of a calibration in plain words."""

from __future__ import annotations

from rich.console import Console

from assistant.cli.console import counted
from assistant.datatypes import Calibration, ProbeCalibration


def show_calibration(console: Console, found: Calibration | ProbeCalibration) -> None:
    """Show how many questions were asked and what would be refused."""
    if isinstance(found, Calibration):
        show_offset(console, found)
    else:
        show_probe(console, found)


def show_offset(console: Console, found: Calibration) -> None:
    """Show what an offset changes."""
    console.print(f"{found.questions} questions; refused if the confidence is below {1 - found.threshold:.0%}")
    for name, (before, after) in {"answerable": found.answerable_refused, "unanswerable": found.unanswerable_refused}.items():
        console.print(f"  {name:12} refused {before:.0%} before, {after:.0%} now")


def show_probe(console: Console, found: ProbeCalibration) -> None:
    """Show how well a probe tells the questions apart, and whether it was stored."""
    console.print(f"{found.questions} questions about {counted(found.files, 'file')}, each with its file and without it")
    console.print(f"  told apart: area under the curve {found.area:.2f} (95 % interval {found.area_low:.2f} to "
                  f"{found.area_high:.2f}; .50 is chance), each question judged without its file")
    if not found.is_stored:
        console.print("  That is not clearly better than chance, so nothing was stored: the model refuses nothing before it has "
                      "written an answer. More questions may help: --questions 60")
        return
    console.print(f"  answerable   refused {found.answerable_refused:.0%} before an answer is written")
    console.print(f"  unanswerable refused {found.unanswerable_refused:.0%} before an answer is written")
    console.print("  Stored with the library for this model.")
