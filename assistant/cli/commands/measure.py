"""Commands `bench` and `calibrate`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from assistant.app.assistant import Assistant
from assistant.app.diagnostics import hardware
from assistant.app.diagnostics.benchmark import Measurement, measure
from assistant.app.models import chat_spec, embedder_spec
from assistant.cli import json_output as to_json
from assistant.cli.console import notice, output, size_in_words
from assistant.cli.json_output import print_json
from assistant.cli.options import Chat, Embed, Json, Library, settings_of
from assistant.cli.progress import counting_progress
from assistant.cli.render.answer import spinner
from assistant.config import Settings
from assistant.datatypes import Calibration


def bench(context: typer.Context, library: Library = None, chat: Chat = None, embed: Embed = None, json: Json = False) -> None:
    """Measure the speed of this machine with the models in use. Takes a minute or two.

    Other busy programs slow it down, and so does an engine that has the models loaded.
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
    """Return the models and the machine being measured. Raises ModelMissing."""
    machine = hardware.inspect_machine(settings.home)
    graphics = ", ".join(gpu.name for gpu in machine.gpus) or "none that can be used"
    return {"chat": chat_spec(settings).name, "embedder": embedder_spec(settings).name, "processor": machine.processor,
            "cores": machine.cores, "memory": machine.memory_total, "graphics": graphics}


def measure_with_spinner(settings: Settings) -> Iterator[Measurement]:
    """Yield the measurements, with a spinner while each is taken."""
    figures = measure(settings)
    while True:
        with spinner("Measuring"):
            figure = next(figures, None)
        if figure is None:
            return
        yield figure


def measurement_text(figure: Measurement) -> str:
    """Return a measurement with its unit."""
    if figure.unit == "bytes":
        return size_in_words(int(figure.value))
    return f"{figure.value:,.{0 if figure.value >= 100 else 1 if figure.value >= 10 else 2}f} {figure.unit}"


QuestionCount = Annotated[int, typer.Option("--questions", metavar="N", min=6, help="Number of questions to generate.")]
Reset = Annotated[bool, typer.Option("--reset", help="Discard the calibration and use the default again.")]


def calibrate(context: typer.Context, count: QuestionCount = 20, reset: Reset = False, library: Library = None, chat: Chat = None,
              embed: Embed = None, json: Json = False) -> None:
    """Calibrate the refusal threshold to your library.

    The chat model writes questions about passages of your files and answers each twice: with the passages that a search finds,
    and with the file in question left out. If stopped, the next run continues. The setting refusal_threshold stays as it is.
    """
    settings = settings_of(context, library, chat, embed)
    with Assistant(settings) as assistant:
        if reset:
            assistant.forget_calibration()
            notice("The calibration was discarded; the default applies again.")
            return
        chat_spec(settings)
        with counting_progress("Asking", "questions") as on_progress:
            found = assistant.calibrate(count, on_progress)
    if json:
        to_json.print_json(to_json.calibration(found))
    else:
        show_calibration(found)


def show_calibration(found: Calibration) -> None:
    """Show what the calibration changes."""
    output().print(f"{found.questions} questions; refused if the confidence is below {1 - found.threshold:.0%}")
    for name, (before, after) in {"answerable": found.answerable_refused, "unanswerable": found.unanswerable_refused}.items():
        output().print(f"  {name:12} refused {before:.0%} before, {after:.0%} now")
