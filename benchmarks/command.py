"""Run the installed `assistant` command on a library and measure how long it takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import IO, Any

from questions import Question

DONE = 0
ABSTAINED = 3
Result = dict[str, Any]


class CommandFailed(Exception):
    """The command ended with an error. It has said why on stderr."""


@dataclass(frozen=True, slots=True)
class Library:
    """One library of the assistant; state folder and models are the user's own where nothing else is named."""

    name: str
    home: Path | None = None
    embed: str = ""
    chat: str = ""

    def add(self, folder: Path) -> float:
        """Bring a folder in and return the seconds it took. Files that are in already cost next to nothing."""
        begin = time.perf_counter()
        arguments = self.arguments("add", str(folder.resolve()))
        done = subprocess.run(arguments, env=self.environment(), stdout=subprocess.DEVNULL, check=False)
        require_success(arguments, done.returncode)
        return time.perf_counter() - begin

    def ask_all(
        self, command: Sequence[str], questions: Sequence[Question], notice: Callable[[Result], None] = lambda _: None
    ) -> dict[str, Result]:
        """Return the results of one batch by the id of their question; `notice` sees each as it arrives.

        A batch that breaks off keeps what it had: the scores count the questions without a result.
        """
        arguments = self.arguments(*command, "--batch", "-", "--json")
        results: dict[str, Result] = {}
        with (
            lines_of(questions) as lines,
            subprocess.Popen(
                arguments, env=self.environment(), stdin=lines, stdout=subprocess.PIPE, encoding="utf-8"
            ) as process,
        ):
            for result in parse_lines(process.stdout or ()):
                results[result["id"]] = result
                notice(result)
        if not results:
            require_success(arguments, process.returncode)
        return results

    def arguments(self, *command: str) -> list[str]:
        """Return the command line; options stand after the command."""
        return [sys.executable, "-m", "assistant", *command, "-L", self.name]

    def environment(self) -> Mapping[str, str]:
        """Return the environment of the command."""
        home = str(self.home.resolve()) if self.home else ""
        settings = {"ASSISTANT_HOME": home, "ASSISTANT_EMBED": self.embed, "ASSISTANT_CHAT": self.chat}
        return os.environ | {"PYTHONUTF8": "1"} | {name: value for name, value in settings.items() if value}


def require_success(arguments: Sequence[str], code: int) -> None:
    """Raise CommandFailed unless the command did its work; to abstain is to do it."""
    if code not in (DONE, ABSTAINED):
        raise CommandFailed(f"assistant {' '.join(arguments[3:])} ended with exit code {code}")


def lines_of(questions: Sequence[Question]) -> IO[str]:
    """Return an open file that holds the questions as JSON lines; it is gone when it is closed."""
    lines = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  the caller closes it
    lines.writelines(
        json.dumps({"id": question.id, "question": question.text}, ensure_ascii=False) + "\n" for question in questions
    )
    lines.seek(0)
    return lines


def parse_lines(lines: Iterator[str] | Sequence[str] | IO[str]) -> Iterator[Result]:
    """Yield the JSON object of every line that holds one."""
    return (json.loads(line) for line in lines if line.startswith("{"))


def median_time(results: Mapping[str, Result], name: str) -> float | None:
    """Return the median of one of the timings, None where no result has it."""
    times = [result["timings"][name] for result in results.values() if result.get("timings", {}).get(name)]
    return median(times) if times else None
