"""The command that measures how fast this machine answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from assistant.app.diagnostics import hardware
from assistant.app.diagnostics.benchmark import Measurement, measure
from assistant.app.models.cache import chat_spec, embedder_spec
from assistant.cli.console import notice, on_one_line, output, size_in_words
from assistant.cli.json_output import print_json
from assistant.cli.options import Chat, Embed, Json, Library, settings_of
from assistant.cli.render.answer import spinner
from assistant.cli.render.speed_page import page
from assistant.config import Settings
from assistant.errors import UsageError
from assistant.system.paths import absolute, expanded, write_file

Report = Annotated[Path | None, typer.Option("--report", metavar="FILE.html", help="Also write a page with drawings.")]


def bench(context: typer.Context, report: Report = None, library: Library = None, chat: Chat = None, embed: Embed = None,
          json: Json = False) -> None:
    """Measure how fast this machine reads, writes, embeds and searches, with the models in use. Takes a minute or two.

    Other programs that are busy meanwhile slow it down; an engine that has the models loaded does too.
    """
    if report is not None and (report.suffix != ".html" or not absolute(report).parent.is_dir()):
        raise UsageError(f"{report} cannot be written.", "Give --report the name of an .html file in a folder that is there.")
    settings = settings_of(context, library, chat, embed)
    about = subject(settings)
    figures: list[Measurement] = []
    for figure in measure_with_spinner(settings):
        figures.append(figure)
        if not json:
            output().print(f"{figure.name:<64} {measurement_text(figure):>16}", highlight=False)
    if json:
        print_json({**about, "figures": [{"name": each.name, "value": each.value, "unit": each.unit} for each in figures]})
    if report is not None:
        write_page(report, page(about, shown(figures)))
        notice(on_one_line(f"Report: {report}"))


def write_page(report: Path, text: str) -> None:
    """Write the page. Raises UsageError where it cannot be written."""
    try:
        write_file(expanded(report), text.encode("utf-8", "replace"))
    except OSError as error:
        raise UsageError(f"{report} cannot be written: {error.strerror}.", "Give --report the name of another file.") from error


def subject(settings: Settings) -> dict[str, str | int]:
    """Return what is measured: models and machine. Raises ModelMissing."""
    machine = hardware.inspect_machine(settings.home)
    graphics = ", ".join(gpu.name for gpu in machine.gpus) or "none that can be used"
    return {"chat": chat_spec(settings).name, "embedder": embedder_spec(settings).name, "processor": machine.processor,
            "cores": machine.cores, "memory": machine.memory_total, "graphics": graphics}


def measure_with_spinner(settings: Settings) -> Iterator[Measurement]:
    """Yield the figures, with a sign of life between them."""
    figures = measure(settings)
    while True:
        with spinner("Measuring"):
            figure = next(figures, None)
        if figure is None:
            return
        yield figure


def shown(figures: Sequence[Measurement]) -> list[tuple[str, str, float, str]]:
    """Return name, value in words, value and unit of each figure."""
    return [(figure.name, measurement_text(figure), figure.value, figure.unit) for figure in figures]


def measurement_text(figure: Measurement) -> str:
    """Return a figure with its unit."""
    if figure.unit == "bytes":
        return size_in_words(int(figure.value))
    return f"{figure.value:,.{0 if figure.value >= 100 else 1 if figure.value >= 10 else 2}f} {figure.unit}"
