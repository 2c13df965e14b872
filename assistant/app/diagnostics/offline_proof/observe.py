"""Run a command under one of the three ways of observing and return what was seen of it and of all that it started."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from assistant.app.diagnostics.offline_proof import audit, namespace, strace
from assistant.app.diagnostics.offline_proof.evidence import NetworkEvidence, Observer
from assistant.app.diagnostics.offline_proof.trial import TrialHome
from assistant.errors import AssistantError
from assistant.system.children import interpreter, start_lines

CONTROL = """
import subprocess, sys
program = "import assistant, socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('192.0.2.1', 9))"
subprocess.Popen([*sys.argv[1:], "-c", program], start_new_session=True, stderr=subprocess.DEVNULL).wait()
"""
"""Starts a process that starts one that connects a UDP socket, which sends nothing (192.0.2.1: RFC 5737)."""

ERRORS = "errors.log"
OnLine = Callable[[str], None]


def observe(way: Observer, command: Sequence[str], trial: TrialHome, on_line: OnLine) -> NetworkEvidence:
    """Run a command, pass on each line that it prints, and return what was observed. Raises AssistantError, OSError."""
    traced, counters, events = (trial.folder / name for name in ("strace.log", "counters.json", "events.log"))
    for log in (traced, counters, events):
        log.unlink(missing_ok=True)
    if way is Observer.STRACE:
        run_observed([*strace.strace_command(traced), *command], trial.environment, trial.folder, on_line)
        require_record(traced, trial)
        return strace.read_strace_log(traced, trial.home)
    environment = {**trial.environment, audit.VARIABLE: str(events)}
    if way is Observer.AUDIT:
        run_observed(command, environment, trial.folder, on_line)
        return audit.read_audit_log(events)
    run_observed([*namespace.namespace_command(counters), *command], environment, trial.folder, on_line)
    require_record(counters, trial)
    found = audit.read_audit_log(events)
    return replace(found, attempts=(*namespace.counted_attempts(counters), *found.attempts))


def run_observed(command: Sequence[str], environment: Mapping[str, str], folder: Path, on_line: OnLine) -> None:
    """Run a command out of reach of the terminal's Ctrl-C. Raises AssistantError with what it said where it is refused."""
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
    """Raise AssistantError with what the tool said where it left no record: the system did not let it do its work."""
    if not record.exists():
        raise AssistantError(last_words(trial.folder / ERRORS) or "it recorded nothing")


def last_words(errors: Path) -> str:
    """Return the end of what a command wrote on stderr, on one line."""
    return " ".join(errors.read_text("utf-8", "replace").split())[-300:]


def why_unusable(way: Observer, trial: TrialHome) -> str:
    """Return why a way of observing cannot be used on this machine; nothing where it sees a control that uses the network."""
    try:
        evidence = observe(way, [*interpreter(), "-c", CONTROL, *interpreter()], trial, lambda line: None)
    except FileNotFoundError as error:
        return f"{Path(str(error.filename)).name} is not installed"
    except (AssistantError, OSError, ValueError) as error:
        return str(error)
    if evidence.attempts:
        return ""
    said = last_words(trial.folder / ERRORS)
    return f"it does not see a process that does use the network{f': {said}' if said else ''}"
