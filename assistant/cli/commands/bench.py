"""The command that measures how fast this machine answers."""

from __future__ import annotations

from collections.abc import Iterator

import typer

from assistant.app.diagnostics import hardware
from assistant.app.diagnostics.benchmark import Measurement, measure
from assistant.app.models.cache import chat_spec, embedder_spec
from assistant.cli.console import output, size_in_words
from assistant.cli.json_output import print_json
from assistant.cli.options import Chat, Embed, Json, Library, settings_of
from assistant.cli.render.answer import spinner
from assistant.config import Settings


def bench(context: typer.Context, library: Library = None, chat: Chat = None, embed: Embed = None, json: Json = False) -> None:
    """Measure how fast this machine reads, writes, embeds and searches, with the models in use. Takes a minute or two.

    Other programs that are busy meanwhile slow it down; an engine that has the models loaded does too.
    """
    settings = settings_of(context, library, chat, embed)
    about = subject(settings)
    figures: list[Measurement] = []
    for figure in measure_with_spinner(settings):
        figures.append(figure)
        if not json:
            output().print(f"{figure.name:<64} {measurement_text(figure):>16}", highlight=False)
    if json:
        print_json({**about, "figures": [{"name": each.name, "value": each.value, "unit": each.unit} for each in figures]})


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


def measurement_text(figure: Measurement) -> str:
    """Return a figure with its unit."""
    if figure.unit == "bytes":
        return size_in_words(int(figure.value))
    return f"{figure.value:,.{0 if figure.value >= 100 else 1 if figure.value >= 10 else 2}f} {figure.unit}"
