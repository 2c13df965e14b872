"""Run the program in a trial home under an observer, and return the network calls seen."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from assistant.app.diagnostics.offline_proof import NetworkEvidence, Observer, OfflineProof, TrialStep, audit, kernel
from assistant.app.diagnostics.offline_proof.trial import TrialHome, trial_home
from assistant.app.models import chat_spec, embedder_spec, reranker_spec
from assistant.config import Settings
from assistant.errors import AssistantError
from assistant.system.children import interpreter, module_command, start_lines

OnStep = Callable[[str], None]


def prove(settings: Settings, on_step: OnStep, ways: tuple[Observer, ...] = tuple(Observer)) -> OfflineProof:
    """Run the program in a temporary home under the strongest observer that this machine allows.

    Calls `on_step` with the name of each step as it begins. Raises ModelMissing if a model is not on this disk, and
    AssistantError if none of `ways` can be used.
    """
    require_models(settings)
    with trial_home(settings) as trial:
        on_step("choose how to observe processes on this machine")
        way, passed_over = choose_observer(ways, trial)
        steps: list[TrialStep] = []
        evidence = observe(way, module_command("assistant.app.diagnostics.offline_proof.trial", str(trial.files)), trial,
                           lambda line: record_step(line, steps, on_step))
    return OfflineProof(way, passed_over, tuple(steps), evidence)


def require_models(settings: Settings) -> None:
    """Raise ModelMissing or UsageError if a chosen model is not on this disk."""
    embedder_spec(settings)
    chat_spec(settings)
    if settings.rerank:
        reranker_spec(settings)


def choose_observer(ways: tuple[Observer, ...], trial: TrialHome) -> tuple[Observer, tuple[str, ...]]:
    """Return the first observer that works, and why those before it do not. Raises AssistantError if none does."""
    passed_over: list[str] = []
    for way in ways:
        refusal = why_unusable(way, trial)
        if not refusal:
            return way, tuple(passed_over)
        passed_over.append(f"{way}: {refusal}")
    raise AssistantError(f"Nothing on this machine can observe the program: {'; '.join(passed_over)}.", "Install strace.")


def record_step(line: str, steps: list[TrialStep], on_step: OnStep) -> None:
    """Handle one line of the trial run: the start of a step, or its result."""
    said = json.loads(line)
    if "begin" in said:
        on_step(said["begin"])
    else:
        steps.append(TrialStep(**said))


CONTROL = """
import subprocess, sys
program = "import assistant, socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('192.0.2.1', 9))"
subprocess.Popen([*sys.argv[1:], "-c", program], start_new_session=True, stderr=subprocess.DEVNULL).wait()
"""
"""A grandchild process connects a UDP socket, which sends nothing (192.0.2.1 is a documentation address, RFC 5737)."""

ERRORS = "errors.log"
OnLine = Callable[[str], None]


def observe(way: Observer, command: Sequence[str], trial: TrialHome, on_line: OnLine) -> NetworkEvidence:
    """Run a command under an observer, call `on_line` with each line it prints, and return the evidence.

    Raises AssistantError or OSError.
    """
    traced, counters, events = (trial.folder / name for name in ("strace.log", "counters.json", "events.log"))
    for log in (traced, counters, events):
        log.unlink(missing_ok=True)
    if way is Observer.STRACE:
        run_observed([*kernel.strace_command(traced), *command], trial.environment, trial.folder, on_line)
        require_record(traced, trial)
        return kernel.read_strace_log(traced, trial.home)
    environment = {**trial.environment, audit.VARIABLE: str(events)}
    if way is Observer.AUDIT:
        run_observed(command, environment, trial.folder, on_line)
        return audit.read_audit_log(events)
    run_observed([*kernel.namespace_command(counters), *command], environment, trial.folder, on_line)
    require_record(counters, trial)
    found = audit.read_audit_log(events)
    return replace(found, attempts=(*kernel.counted_attempts(counters), *found.attempts))


def run_observed(command: Sequence[str], environment: Mapping[str, str], folder: Path, on_line: OnLine) -> None:
    """Run a command in its own session (no Ctrl-C). Raises AssistantError with its last output if it is refused."""
    errors = folder / ERRORS
    with errors.open("wb") as log, start_lines(command, folder, log, environment) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                on_line(line)
        except BaseException:
            process.kill()
            raise
    if process.returncode not in {0, 1}:
        raise AssistantError(f"{command[0]} ended with code {process.returncode}: {last_words(errors)}")


def require_record(record: Path, trial: TrialHome) -> None:
    """Raise AssistantError with the tool's last output if it wrote no record, since the system did not allow it."""
    if not record.exists():
        raise AssistantError(last_words(trial.folder / ERRORS) or "it recorded nothing")


def last_words(errors: Path) -> str:
    """Return the end of a command's stderr on one line."""
    return " ".join(errors.read_text("utf-8", "replace").split())[-300:]


def why_unusable(way: Observer, trial: TrialHome) -> str:
    """Return why an observer cannot be used on this machine; an empty string if it detects the control program."""
    try:
        evidence = observe(way, [*interpreter(), "-c", CONTROL, *interpreter()], trial, lambda line: None)
    except FileNotFoundError as error:
        return f"{Path(str(error.filename)).name} is not installed"
    except (AssistantError, OSError, ValueError) as error:
        return str(error)
    if evidence.attempts:
        return ""
    said = last_words(trial.folder / ERRORS)
    return f"it does not detect a control program that uses the network{f': {said}' if said else ''}"
