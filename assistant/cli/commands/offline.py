"""Run the proof that the program uses no network, and show what came of it."""

from __future__ import annotations

from dataclasses import asdict

from rich.console import Console
from rich.text import Text

from assistant.app.diagnostics.offline_proof.evidence import Observer, OfflineProof, TrialStep
from assistant.app.diagnostics.offline_proof.proof import prove
from assistant.cli import json_output as to_json
from assistant.cli.console import counted, harmless, notices, output
from assistant.config import Settings

PROVES = {
    Observer.STRACE: "strace recorded the system calls for the network of every process, those of C libraries included.",
    Observer.UNSHARE: "Everything ran in a network namespace without any network, so nothing could leave this machine. Attempts "
                 "are known from the kernel's counters (IPv4) and from Python's audit events. An attempt by a C library over "
                 "IPv6, or a socket that it opens and does not use, would not be seen; strace would see it.",
    Observer.AUDIT: "Python's audit events recorded the network calls that go through Python, in every process of the program. A "
               "C library that makes system calls of its own would not be seen, so this is no full proof. "
               "On Linux, install strace for one.",
}


def prove_offline(settings: Settings, *, json: bool) -> bool:
    """Run the proof, show it, and return whether it holds."""
    console = notices()
    with console.status("Offline proof: preparing") as shown:
        proof = prove(settings, lambda name: shown.update(f"Offline proof: {name}"))
    if json:
        to_json.print_json({"holds": proof.holds, "proves": PROVES[proof.way], **asdict(proof)})
    else:
        show_proof(output(), proof)
    return proof.holds


def show_proof(console: Console, proof: OfflineProof) -> None:
    """Show what was run, what was seen, and what that proves."""
    for step in proof.steps:
        show_step(console, step)
    for reason in proof.passed_over:
        console.print(Text(f"not used: {harmless(reason)}", "dim"))
    evidence = proof.evidence
    console.print(f"{evidence.processes:,} {'process' if evidence.processes == 1 else 'processes'} watched, "
                  f"{counted(evidence.calls, 'socket call')} seen, {counted(evidence.inet_sockets, 'network socket')}, "
                  f"{counted(evidence.names, 'name look-up')}")
    for name, count in evidence.apart.items():
        console.print(Text(f"  inside this machine: {harmless(name)} ({count:,})", "dim"))
    for gap in evidence.gaps:
        console.print(Text(f"  not seen: {harmless(gap)}", "yellow"))
    for attempt in evidence.attempts:
        console.print(Text.assemble(("attempt  ", "bold red"), harmless(attempt)))
    console.print(verdict(proof))
    console.print(Text(PROVES[proof.way], "dim"))


def show_step(console: Console, step: TrialStep) -> None:
    """Show one command of the trial run."""
    mark = ("failed  ", "bold red") if step.failure else ("ran     ", "green")
    failure = f": {harmless(step.failure)}" if step.failure else ""
    console.print(Text.assemble(mark, f"{step.name} ({step.seconds:.1f} s){failure}"))


def verdict(proof: OfflineProof) -> Text:
    """Return the outcome in one line."""
    if proof.evidence.attempts:
        return Text(f"The network was attempted: {counted(len(proof.evidence.attempts), 'call')}.", "bold red")
    if not proof.holds:
        return Text("No attempt was seen, but not everything ran: nothing is proven.", "bold red")
    return Text("Nothing was attempted.", "bold green")
