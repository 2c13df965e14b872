"""Machines, models and findings in, what a person reads out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from assistant.catalog import HubSource, Model, ModelStore
from assistant.cli.console import on_one_line, size_in_words
from assistant.cli.model_choice import ModelChoice
from assistant.datatypes import Finding, Machine, Severity

SEVERITY_MARKS = {Severity.OK: ("ok     ", "green"), Severity.WARNING: ("warning", "yellow"), Severity.ERROR: ("error  ", "bold red")}


def show_machine(console: Console, machine: Machine) -> None:
    """Show what a machine has."""
    console.print(Text("This machine", "bold"))
    console.print(f"  {machine.processor}, {machine.cores} cores, {machine.system}")
    console.print(f"  features: {', '.join(machine.features) or 'none that matter here'}")
    console.print(f"  memory: {size_in_words(machine.memory_available)} free of {size_in_words(machine.memory_total)}; "
                  f"disk: {size_in_words(machine.disk_free)} free")
    for gpu in machine.gpus:
        console.print(f"  graphics: {gpu.name}, {size_in_words(gpu.memory_free)} free of {size_in_words(gpu.memory_total)}")
    if not machine.gpus:
        console.print("  graphics: none that can be used")


def show_proposal(console: Console, choices: Sequence[ModelChoice], store: ModelStore) -> None:
    """Show which models are proposed and where they come from."""
    console.print(Text("Models", "bold"))
    for choice in choices:
        if not choice.model:
            console.print(Text.assemble(f"  {choice.setting:9} ", (on_one_line(choice.value), "bold"), "  as you named it"))
    for model in (model for choice in choices for model in choice.model):
        state = "already on this disk" if store.is_present(model) else f"{size_in_words(model.size)} to fetch"
        console.print(Text.assemble(f"  {model.kind:9} ", (model.name, "bold"), f"  {state}, licence {model.licence}"))
        console.print(f"            {model.summary}")
        console.print(f"            from {' or '.join(map(source_in_words, model.sources))}")


def source_in_words(source: object) -> str:
    """Return where a model comes from."""
    return f"the hub ({source.repo})" if isinstance(source, HubSource) else "the package index"


def show_models(console: Console, models: Iterable[Model], store: ModelStore, chosen: frozenset[str]) -> None:
    """Show the catalog, and what of it is on this disk."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("", "name", "kind", "size", "memory", "licence", "languages"):
        table.add_column(column, no_wrap=column in {"name", "size", "memory"})
    for model in models:
        mark = "in use" if model.name in chosen else "here" if store.is_present(model) else ""
        table.add_row(mark, model.name, model.kind, size_in_words(model.size), size_in_words(model.memory), model.licence,
                      ", ".join(model.languages))
    console.print(table)


def show_findings(console: Console, findings: Iterable[Finding]) -> None:
    """Show what `doctor` looked at."""
    for finding in findings:
        word, style = SEVERITY_MARKS[finding.severity]
        subject = (on_one_line(f"{finding.subject}: "), "bold")
        console.print(Text.assemble((word, style), "  ", subject, on_one_line(finding.detail)))
        if finding.remedy:
            console.print(Text(f"         {on_one_line(finding.remedy)}", "dim"))
