"""Cases of running the program: threads, disks, memory, settings, the terminal, watching (F6, F6b, F16, F18, F19)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import checkout

from assistant.models.llama.thread_tuning import Threads, load_threads, store_threads
from faults.harness import Cases
from faults.program import Program, expect, expect_absent, expect_part

cases = Cases()

# F6


class BusyEngine:
    """A model that is fastest with one thread, since another program uses the other cores."""

    def __init__(self) -> None:
        self.threads, self.cached_tokens = Threads(1, 1), list[int]()

    def set_threads(self, threads: Threads) -> None:
        """Set the numbers of threads."""
        self.threads = threads

    def try_tokens(self, tokens: Sequence[int]) -> None:
        """Take longer with more threads."""
        time.sleep(0.001 * self.threads.reading * max(1, len(tokens) // 8))

    def grow_context(self, _tokens: int) -> None:
        """Do nothing."""


@contextmanager
def busy_machine() -> Iterator[None]:
    """Let every measure of the load say that all cores are busy."""
    with mock.patch("os.getloadavg", lambda: (99.0, 99.0, 99.0)), mock.patch("psutil.getloadavg", lambda: (99.0, 99.0, 99.0)), \
            mock.patch("psutil.cpu_percent", lambda *_, **__: 100.0):
        yield


@cases.add("F6", "threads measured on a busy machine are not kept")
def busy_threads(program: Program) -> None:
    """Check that a measurement below the cores is not stored while the machine is busy."""
    from assistant.models.llama.chat import LlamaChat

    chat, place = LlamaChat.__new__(LlamaChat), program.home / "threads.json"
    chat._engine, chat._identity = BusyEngine(), "a"  # type: ignore[assignment]
    cores = mock.patch("assistant.models.llama.chat.usable_cores", lambda: (4, 4))
    with busy_machine(), cores, mock.patch.object(LlamaChat, "context_tokens", 4096):
        chat.tune(place)
    kept = list(json.loads(place.read_text("utf-8")).values()) if place.exists() else []
    assert all(min(each["reading"], each["writing"]) >= 4 for each in kept), f"kept: {kept}"


@cases.add("F6", "an old measurement is forgotten")
def old_threads(program: Program) -> None:
    """Check that what was measured a year ago is measured again."""
    place, then = program.home / "threads.json", time.time() - 365 * 86_400
    with mock.patch("time.time", lambda: then):
        store_threads(place, "key", Threads(1, 1))
    os.utime(place, (then, then))
    expect(load_threads(place, "key"), None)


# F6b


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let every look below a folder fail as for a user without privileges."""
    plain = os.stat

    def stat(path: os.PathLike[str] | str | int, *arguments: object, **named: object) -> os.stat_result:
        if not isinstance(path, int) and str(os.fspath(path)).startswith(f"{folder}{os.sep}"):
            raise PermissionError(13, "Permission denied", str(path))
        return plain(path, *arguments, **named)  # type: ignore[arg-type]

    with mock.patch("os.stat", stat):
        yield


def locked_folder(program: Program, *command: str) -> None:
    """Check that a command works although a folder cannot be opened."""
    program.write({"locked/b.txt": "The lamp is green.\n", "a.txt": "The lamp of the yard is red.\n"})
    program.command("add", program.files)
    with locked(program.files / "locked"):
        found = program.command(*command)
    expect((found.code, "b.txt" in found.out), (0, True))


@cases.add("F6b", "search with a folder that cannot be opened")
def locked_search(program: Program) -> None:
    """Check `search`."""
    locked_folder(program, "search", "lamp")


@cases.add("F6b", "status --files with a folder that cannot be opened")
def locked_status(program: Program) -> None:
    """Check `status --files`."""
    locked_folder(program, "status", "--files")


# F16

PEAK = ("import resource, sys; from assistant.cli.app import app; sys.argv = ['assistant', 'add', sys.argv[1]]\n"
        "try:\n    app()\nfinally:\n    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)")


def peak_megabytes(program: Program, rows: int) -> int:
    """Return the peak memory of the main process that adds a CSV of so many rows."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.csv"
        file.write_text("code,part,count\n" + "".join(f"R{n:07},part number {n % 997},{n % 90}\n" for n in range(rows)), "utf-8")
        environment = {**os.environ, "ASSISTANT_HOME": str(Path(folder) / "home"), "PYTHONPATH": str(checkout.ROOT)}
        command = [sys.executable, "-c", PEAK, str(file)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, cwd=program.folder)
    return int(done.stdout.split()[-1])


@cases.add("F16", "memory of adding a larger file")
def memory(program: Program) -> None:
    """Check that the main process needs less than 5 bytes more for each byte by which a file is larger (2 and 8 MB)."""
    small, large = peak_megabytes(program, 66_000), peak_megabytes(program, 264_000)
    assert large - small < 30, f"{large - small} MB more for 6 MB"


# F18


@cases.add("F18", "the guide does not promise the same results")
def guide_says_so(_program: Program) -> None:
    """Check the sentence about --no-engine, as long as near-ties flip with what was read before."""
    guide = " ".join((checkout.ROOT / "docs" / "guide.md").read_text("utf-8").split())
    expect_absent(guide, "makes a command do everything itself, with the same results;")


# F19


@cases.add("F19", "library create checks the settings first")
def create_twice(program: Program) -> None:
    """Check that a refused `library create` leaves no library behind."""
    program.command("library", "create", "y1", "chunk_tokens=none")
    expect_absent(program.command("library", "list").both, "y1")


@cases.add("F19", "readers = -4")
def negative_readers(program: Program) -> None:
    """Check that an impossible number is refused with a sentence."""
    (program.home / "config.toml").write_text("reader_processes = -4\n", "utf-8")
    program.write({"a.md": "The rent is 900 euros.\n"})
    found = program.command("add", program.files)
    assert found.code == 2 and "reader_processes" in found.both, f"exit code {found.code}: {found.both[:160]}"


@cases.add("F19", "refusal_threshold = 900")
def threshold_out_of_bounds(program: Program) -> None:
    """Check that the threshold has bounds."""
    (program.home / "config.toml").write_text("refusal_threshold = 900\n", "utf-8")
    expect(program.command("status").code, 2)


@cases.add("F19", "a config file with a byte order mark")
def byte_order_mark(program: Program) -> None:
    """Check that the mark is skipped."""
    (program.home / "config.toml").write_text("\ufefftop_k = 5\n", "utf-8")
    found = program.command("library", "list")
    assert found.code == 0 and "config" not in found.both, f"exit code {found.code}: {found.both[:160]}"


@cases.add("F19", "a line break in a file name")
def name_on_one_line(program: Program) -> None:
    """Check that a name is on one line and without direction controls."""
    program.write({"in\nvoice\u202etxt.md": "The rent is 900 euros.\n"})
    program.command("add", program.files)
    for command in (("status", "--files"), ("search", "rent"), ("search", "rent", "--explain")):
        out = program.command(*command).out
        expect_absent(out, "in\nvoice")
        expect_absent(out, "\u202e")


@cases.add("F19", "a deadline without a date is listed or counted")
def dateless_deadline(program: Program) -> None:
    """Check that a list of all deadlines holds one without a date, or says that some are missing."""
    text = "Reports are handed in no later than every second Monday.\n\nThe plan is due on 4 March 2026.\n"
    found = program.ask({"rules.md": text}, "List all deadlines in rules.md", "NOT STATED").text
    expect_part(found, "4 March 2026")
    assert "second Monday" in found or "1 " in found.replace("2026", ""), f"neither listed nor counted: {found[:160]!r}"


@cases.add("F19", "watch --json does not repeat its state at each poll")
def quiet_watch(_program: Program) -> None:
    """Check that a poll that finds nothing prints nothing."""
    from contextlib import redirect_stdout
    from io import StringIO

    from assistant.cli.render.watch import JsonPrinter
    from assistant.watch.service import WatchStatus

    printer, out = JsonPrinter(), StringIO()
    with redirect_stdout(out):
        for doing in ("watching", "looking") * 5:
            printer.stands(standing(WatchStatus, doing))
    assert len(out.getvalue().splitlines()) <= 1, f"{len(out.getvalue().splitlines())} lines for 5 polls"


def standing(kind: Any, doing: str) -> Any:  # noqa: ANN401 - the fields are looked up
    """Return a status of a watch, with values of the right types for what it must have."""
    import dataclasses

    empty = {"int": 0, "float": 0.0, "str": "", "bool": False}
    needed = {each.name: empty.get(str(each.type), ()) for each in dataclasses.fields(kind)
              if each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING}
    return kind(**{**needed, "doing": doing})


@cases.add("F19", "an answer that names a file rightly")
def names_file(program: Program) -> None:
    """Check that the name of the source's file supports the claim."""
    answer = program.ask({"harbour-fees-2026.md": "The mooring fee is 14 euros a day.\n"}, "Which file tells the mooring fee?",
                         "The mooring fee is told in harbour-fees-2026.md [1].")
    expect([sentence.support for sentence in answer.sentences], ["full"])


@cases.add("F19", "a long passage of deep JSON on the terminal")
def blank_lines(program: Program) -> None:
    """Check that a hit is not shown as a hundred lines."""
    deep: object = "lamp"
    for level in range(60):
        deep = {f"l{level}": deep}
    program.write({"deep.json": json.dumps(deep, indent=2)})
    program.command("add", program.files)
    lines = program.command("search", "lamp").out.splitlines()
    assert len(lines) < 40, f"{len(lines)} lines"


@cases.add("F19", "a greeting gets a hint")
def greeting(program: Program) -> None:
    """Check that "hello" is not refused as a question about the files."""
    program.write({"a.md": "The rent is 900 euros.\n"})
    program.command("add", program.files)
    expect_absent(program.command("ask", "hello", reply="NOT STATED").both, "do not say")


@cases.add("F19", "which files do I have?")
def which_files(program: Program) -> None:
    """Check that the question gets a hint or the files."""
    program.write({"a.md": "The rent is 900 euros.\n"})
    program.command("add", program.files)
    found = program.command("ask", "Which files do I have?", reply="NOT STATED").both
    assert "a.md" in found or "status --files" in found, found[:160]


@cases.add("F19", "a folder above the home leaves the home out")
def own_notes(program: Program) -> None:
    """Check that the program's own files are not added."""
    program.write({"a.md": "The rent is 900 euros.\n"})
    (program.home / "notes").mkdir()
    (program.home / "notes" / "own.md").write_text("A kept conversation about the rent.\n", "utf-8")
    program.command("add", program.folder)
    expect_absent(program.command("status", "--files").out, "own.md")

