"""Commands `status`, `doctor` and `bench`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from assistant.app.assistant import Assistant
from assistant.app.diagnostics import benchmark, hardware
from assistant.app.diagnostics import doctor as examination
from assistant.app.diagnostics.offline_proof import Observer, OfflineProof
from assistant.app.diagnostics.offline_proof.proof import prove
from assistant.app.models import chat_spec, embedder_spec
from assistant.cli import json_output as to_json
from assistant.cli.console import counted, harmless, notices, output, size_in_words
from assistant.cli.options import As, Chat, Embed, Json, Library, refuse_beside, settings_of
from assistant.cli.render.answer import spinner
from assistant.cli.render.status import show_findings, show_ledger, show_metrics, show_sent, show_status
from assistant.config import Settings
from assistant.datatypes import FileState, Severity

Files = Annotated[bool, typer.Option("--files", help="List every file.")]
Failed = Annotated[bool, typer.Option("--failed", help="List the files that could not be read, and why.")]
Skipped = Annotated[bool, typer.Option("--skipped", help="List the files that were left out, and why.")]

Check = Annotated[bool, typer.Option("--check", help="Check the consistency of the library instead, and finish pending "
                                     "deletions.")]
Repair = Annotated[bool, typer.Option("--repair", help="Repair what --check finds: rebuild the indexes from the text, and read "
                                      "files with incomplete passages again.")]
Offline = Annotated[bool, typer.Option("--prove-offline", help="Instead, run every command on sample files in a temporary home, "
                                       "with your models, and report every attempt to use the network. Takes a few minutes.")]


def status(context: typer.Context, files: Files = False, failed: Failed = False, skipped: Skipped = False,
           library: Library = None, groups: As = None, json: Json = False) -> None:
    """Show what the library holds, and which files were left out and why."""
    asked = {FileState.INDEXED: files, FileState.FAILED: files or failed, FileState.SKIPPED: files or skipped}
    wanted = {state for state, is_asked in asked.items() if is_asked}
    with Assistant(settings_of(context, library, groups=groups)) as assistant:
        held, sent, measured = assistant.status(), assistant.sent(), assistant.metrics()
        entries = [entry for entry in assistant.ledger() if entry.state in wanted] if wanted else []
    if json:
        listing = {"files": [to_json.ledger_entry(entry) for entry in entries]} if wanted else {}
        shared = {"shared": asdict(measured)} if measured else {}
        to_json.print_json({**asdict(held), "sent": asdict(sent), **shared, **listing})
    else:
        show_status(output(), held)
        show_metrics(output(), measured)
        show_sent(output(), sent)
        show_ledger(output(), entries)


def doctor(context: typer.Context, check: Check = False, repair: Repair = False, prove: Offline = False, library: Library = None,
           groups: As = None, chat: Chat = None, embed: Embed = None, json: Json = False) -> None:
    """Check the installation, the models, the library and the machine for problems.

    Exits with code 1 if it finds an error, or if --prove-offline finds an attempt to use the network.
    """
    settings = settings_of(context, library, chat, embed, groups=groups)
    if prove:
        refuse_beside("--prove-offline", {"--check": check, "--repair": repair})
        raise typer.Exit(0 if prove_offline(settings, json=json) else 1)
    findings = examination.check_library(settings, repair=repair) if check or repair else examination.examine(settings)
    to_json.print_result(to_json.findings(findings), lambda: show_findings(output(), findings), json=json)
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise typer.Exit(1)


PROVES = {
    Observer.STRACE: "strace recorded the network system calls of every process, including those of C libraries.",
    Observer.UNSHARE: "Everything ran in a network namespace without a network, so nothing could leave this machine. Attempts "
                      "were detected with the kernel's counters (IPv4) and Python's audit events. An IPv6 attempt by a C "
                      "library, or a socket that it opens and does not use, would be missed; strace would detect it.",
    Observer.AUDIT: "Python's audit events recorded the network calls made through Python in every process. A C library that "
                    "makes its own system calls would be missed, so this is not a complete proof. "
                    "For one, install strace on Linux.",
}


def prove_offline(settings: Settings, *, json: bool) -> bool:
    """Run the offline proof, show it and return whether it holds."""
    console = notices()
    with console.status("Offline proof: preparing") as shown:
        proof = prove(settings, lambda name: shown.update(f"Offline proof: {name}"))
    to_json.print_result({"holds": proof.holds, "proves": PROVES[proof.way], **asdict(proof)},
                         lambda: show_proof(output(), proof), json=json)
    return proof.holds


def show_proof(console: Console, proof: OfflineProof) -> None:
    """Show the steps, the network calls observed and what that proves."""
    for step in proof.steps:
        mark = ("failed  ", "bold red") if step.failure else ("ran     ", "green")
        failure = f": {harmless(step.failure)}" if step.failure else ""
        console.print(Text.assemble(mark, f"{step.name} ({step.seconds:.1f} s){failure}"))
    for reason in proof.passed_over:
        console.print(Text(f"not used: {harmless(reason)}", "dim"))
    evidence = proof.evidence
    console.print(f"{counted(evidence.processes, 'process')} watched, "
                  f"{counted(evidence.calls, 'socket call')} seen, {counted(evidence.inet_sockets, 'network socket')}, "
                  f"{counted(evidence.names, 'name lookup')}")
    for name, count in evidence.apart.items():
        console.print(Text(f"  inside this machine: {harmless(name)} ({count:,})", "dim"))
    for gap in evidence.gaps:
        console.print(Text(f"  not seen: {harmless(gap)}", "yellow"))
    for attempt in evidence.attempts:
        console.print(Text.assemble(("attempt  ", "bold red"), harmless(attempt)))
    console.print(verdict(proof))
    console.print(Text(PROVES[proof.way], "dim"))


def verdict(proof: OfflineProof) -> Text:
    """Return the outcome in one line."""
    if proof.evidence.attempts:
        return Text(f"The program tried to use the network: {counted(len(proof.evidence.attempts), 'call')}.", "bold red")
    if not proof.holds:
        return Text("No attempt was seen, but some steps failed: nothing is proven.", "bold red")
    return Text("No attempt to use the network.", "bold green")


COUNTS = {"passages", "tokens"}  # units of whole numbers


def bench(context: typer.Context, library: Library = None, chat: Chat = None, embed: Embed = None, json: Json = False) -> None:
    """Measure the speed of this machine with the models in use. Takes a minute or two.

    Other busy programs slow it down, and so does an engine that has the models loaded.
    """
    settings = settings_of(context, library, chat, embed)
    about = subject(settings)
    figures: list[benchmark.Measurement] = []
    for figure in measure_with_spinner(settings):
        figures.append(figure)
        if not json:
            digits = 0 if figure.unit in COUNTS or figure.value >= 100 else 1 if figure.value >= 10 else 2
            value = size_in_words(int(figure.value)) if figure.unit == "bytes" else f"{figure.value:,.{digits}f} {figure.unit}"
            output().print(f"{figure.name:<64} {value:>16}", highlight=False)
    if json:
        to_json.print_json({**about, "figures": [asdict(figure) for figure in figures]})


def subject(settings: Settings) -> dict[str, str | int]:
    """Return the models and the machine being measured. Raises ModelMissing."""
    machine = hardware.inspect_machine(settings.home)
    graphics = ", ".join(gpu.name for gpu in machine.gpus) or "none that can be used"
    return {"chat": chat_spec(settings).name, "embedder": embedder_spec(settings).name, "processor": machine.processor,
            "cores": machine.cores, "memory": machine.memory_total, "graphics": graphics}


def measure_with_spinner(settings: Settings) -> Iterator[benchmark.Measurement]:
    """Yield the measurements, with a spinner while each is taken."""
    figures = benchmark.measure(settings)
    while True:
        with spinner("Measuring"):
            figure = next(figures, None)
        if figure is None:
            return
        yield figure
