"""Register cases, run each in a folder and a home of its own, and report which are right."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from faults.program import Program


@dataclass(frozen=True, slots=True)
class Case:
    """A case: the kind of fault it shows ("F3"), its name, and a function that raises AssertionError if the result is wrong."""

    fault: str
    name: str
    run: Callable[[Program], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a case: "right", "wrong" (an assertion failed) or "error" (anything else was raised)."""

    fault: str
    name: str
    outcome: str
    detail: str
    seconds: float


Register = Callable[[Callable[[Program], None]], Callable[[Program], None]]


class Cases:
    """A list of cases, filled by decorating their functions."""

    def __init__(self) -> None:
        self.all: list[Case] = []

    def add(self, fault: str, name: str) -> Register:
        """Return a decorator that registers a function as a case."""
        def register(run: Callable[[Program], None]) -> Callable[[Program], None]:
            self.all.append(Case(fault, name, run))
            return run

        return register

    def check(self, fault: str, name: str, run: Callable[[Program], None]) -> None:
        """Register a function as a case, for tables of cases."""
        self.all.append(Case(fault, name, run))


@contextmanager
def own_environment(home: Path) -> Iterator[None]:
    """Set the program's environment to a home of its own without an engine; restore the old one at the end."""
    old = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("ASSISTANT_")]:
        del os.environ[name]
    os.environ.update({"ASSISTANT_HOME": str(home), "ASSISTANT_ENGINE": "off", "ASSISTANT_CHAT": "fake:", "NO_COLOR": "1",
                       "ASSISTANT_EMBED": "fake:", "COLUMNS": "200", "PYTHONUTF8": "1"})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(old)


def run_case(case: Case, embed: str) -> Outcome:
    """Run one case in a temporary folder."""
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    started, outcome, detail = time.perf_counter(), "right", ""
    try:
        with own_environment(folder / "home"):
            case.run(Program(folder, embed))
    except AssertionError as error:
        outcome, detail = "wrong", str(error)
    except Exception as error:
        outcome, detail = "error", f"{type(error).__name__}: {error}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Outcome(case.fault, case.name, outcome, " ".join(detail.split())[:240], round(time.perf_counter() - started, 2))


def main(cases: Sequence[Case], description: str | None, arguments: Sequence[str]) -> int:
    """Run the cases that the arguments choose and print their outcomes; return the number of cases that are not right."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=[], metavar="FAULT", help="kinds of fault, such as F3")
    parser.add_argument("--embed", default="fake:", help="embedding model of the cases that search (default fake:)")
    parser.add_argument("--json", action="store_true", help="print one JSON line per case")
    said = parser.parse_args(arguments)
    outcomes = []
    for case in cases:
        if not said.only or case.fault in said.only:
            outcomes.append(run_case(case, said.embed))
            print(json.dumps(asdict(outcomes[-1]), ensure_ascii=False) if said.json else line_of(outcomes[-1]), flush=True)
    wrong = sum(outcome.outcome != "right" for outcome in outcomes)
    if not said.json:
        print(f"\n{len(outcomes) - wrong} of {len(outcomes)} right")
    return min(wrong, 100)


def line_of(found: Outcome) -> str:
    """Return an outcome as a line."""
    return f"{found.fault:4} {found.outcome:5} {found.name}" + (f"  ({found.detail})" if found.detail else "")
