"""Run random command lines with hostile values against homes with hostile files, and count tracebacks and wrong exit codes.

    python benchmarks/hostile.py 20000 --seed 1

Every command and option is taken from the program itself, so that a new one is tried without a change here. Each line runs in
this process through `assistant.__main__.main`, in a folder of its own that holds the home, hostile files and the current folder.
No line may end with an exception, print a character that acts on a terminal, end with an exit code that docs/cli.md does not
name, or take longer than LONGEST_SECONDS. Nothing leaves the folder: no value names another, name look-ups and connections are
refused, the package index and the engine are replaced by failures, and commands that run until they are stopped are stopped soon.
"""

from __future__ import annotations

import argparse
import gc
import io
import os
import random
import re
import shutil
import signal
import socket
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import typer
import typer.rich_utils  # reads the environment once, when it is imported: before any line has one of its own
from hostile_values import CONFIGS, HUBS, LIBRARIES, LINES, MODELS, NUMBERS, PATHS, PLAIN, TEXTS

from assistant.__main__ import main as run_program
from assistant.catalog import sources
from assistant.cli.app import app
from assistant.cli.commands import watch
from assistant.cli.lazy_command import LazyCommand
from assistant.config import ALLOWED
from assistant.errors import EngineUnavailable
from assistant.server import endpoint as launch

SETTINGS = (*NUMBERS, *TEXTS, *LIBRARIES, "auto", "on", "off")
KEPT = ("memory.sqlite", "history", "threads.json", "sessions/20240314-2.jsonl",
        *(f"libraries/default/{name}" for name in ("library.sqlite", "calibration.jsonl", "library.view", "watch.json")))
DAMAGE = (b"", b"\x00" * 5000, b"nonsense\n", b'{"half', b"[1]\n" * 5, b"\xff\xfe\n", b"[" * 9000,
          b'{"format": 1, "library": 5, "started": []}\n{"question": "x\\ud800", "answer": "\\u202e\\u001b[2J", "citations": '
          b'[{"number": 1e999, "path": 5, "location": {"page": "x", "line_start": -1}}, 7]}\n{"question": [], "answer": {}}\n')
EXIT_CODES = frozenset({0, 1, 2, 3, 4, 5, 6, 130})
LONGEST_SECONDS = 60
IN_MEMORY = "/dev/shm"
MODELS_WITHOUT_WEIGHTS = {"ASSISTANT_CHAT": "fake:", "ASSISTANT_EMBED": "fake:"}
LEASE = """# The mill\x1b[31m \u202eesael

The lease ends on 31 December 2027. The notice period is nine months.

## Money

The rent is 46500 pounds.
"""
QUESTIONS = r"""{"id": "1", "question": "When does the lease end?", "answers": ["2027"], "gold_docs": ["lease.md"]}
{"question": "two\u2028lines"}
"""
ODD_QUESTIONS = r"""{"question": "\ud800 lease", "id": "\u202e", "answers": ["\udfff"], "kind": "\u001b[2J", "lang": "\n"}
{"question": "\u0000", "answers": [""], "gold_docs": ["\ud800", ""]}
{"question": "rent", "answers": [""], "spans": [{"doc": "\n", "start": 0, "end": 9999999999999999999999}]}
{"question": "lease?", "answer_groups": [[]], "qrels": {"lease.md": 1e308}, "pages": [{"doc": "lease.md", "page": -1}]}
"""
RECORDS = r"""{"id": {}, "question": "x", "qrels": {"a": 1e999}, "spans": [{"start": -1}]}
{"question": "\ud800"}
"""
ACTS_ON_TERMINAL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]")
OF_RICH = re.compile("\x1b\\[[0-9;?]*[A-Za-z]|\x1b\\]8;[^\x1b]*\x1b\\\\|\r")
"""What the library that draws on a terminal writes itself: colours, the movements of its cursor, links."""
SLOW = {"bench": 0.02, "add": 0.25, "sync": 0.25, "watch": 0.25, "doctor": 0.4, "setup": 0.4, "calibrate": 0.5}
"""How often a command is drawn, beside 1 for the others: these start processes or compute for seconds."""



@dataclass(slots=True)
class Line:
    """One run: the arguments, the variables, the settings files by name and what is typed."""

    arguments: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    typed: bytes = b""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a line. `fault` is empty where nothing is wrong; `trace` tells where an exception came from."""

    code: int
    output: str
    fault: str = ""
    trace: str = ""


def commands() -> list[tuple[list[str], list[Any]]]:
    """Return the words of every command with its options and arguments, as the program itself has them."""
    return list(commands_of([], typer.main.get_command(app)))


def commands_of(words: list[str], group: Any) -> Iterator[tuple[list[str], list[Any]]]:  # noqa: ANN401 - typer's own
    """Yield the commands of a group and of the groups in it."""
    for word, listed in group.commands.items():
        command = listed.loaded() if isinstance(listed, LazyCommand) else listed
        if hasattr(command, "commands"):
            yield from commands_of([*words, word], command)
        else:
            yield [*words, word], list(command.params)


def draw_line(chance: random.Random, known: list[tuple[list[str], list[Any]]]) -> Line:
    """Return a random line."""
    words, parameters = chance.choices(known, [SLOW.get(words[0], 1.0) for words, _ in known])[0]
    arguments = [*(before_command(chance) if chance.random() < 0.1 else []), *words]
    for parameter in parameters:
        arguments += draw_parameter(chance, parameter)
    if chance.random() < 0.03:
        arguments.append(chance.choice((*TEXTS, "--nosuch", "-Z", "--json=1")))
    return Line(arguments, draw_environment(chance), draw_files(chance), draw_typed(chance))


def before_command(chance: random.Random) -> list[str]:
    """Return options that stand before the command."""
    name = chance.choice(("--library", "--chat", "--embed", "--nosuch", "-h"))
    return [name] if name == "-h" else [name, pick(chance, LIBRARIES if name == "--library" else MODELS)]


def draw_parameter(chance: random.Random, parameter: Any) -> list[str]:  # noqa: ANN401
    """Return an option or argument with a value, or nothing."""
    is_argument = parameter.param_type_name == "argument"
    if chance.random() > (0.9 if is_argument else 0.15):
        return []
    if not is_argument and parameter.is_flag:
        return [chance.choice([*parameter.opts, *parameter.secondary_opts])]
    count = chance.randint(1, 2) if parameter.nargs == -1 else max(1, parameter.nargs)
    values = [pick(chance, values_for(chance, parameter)) for _ in range(count)]
    return values if is_argument else [chance.choice(parameter.opts), *values]


def values_for(chance: random.Random, parameter: Any) -> tuple[str, ...]:  # noqa: ANN401
    """Return the values to choose from: most often those of the parameter's own sort."""
    if chance.random() < 0.15:
        return (*NUMBERS, *TEXTS, *LIBRARIES, *PATHS, text_of(chance))
    metavar, name = str(parameter.metavar).strip("[].").upper(), str(parameter.name)
    if metavar in {"N", "NUMBER", "SECONDS"}:
        return NUMBERS
    if "MODEL" in metavar or "NAME_OR_PATH" in metavar or name == "names":
        return MODELS
    if name in {"library", "name", "new"}:
        return LIBRARIES
    if metavar in {"QUESTION", "TEXT", "SESSION", "SUFFIX", "WHEN", "SETTING=VALUE"}:
        return (*TEXTS, text_of(chance))
    return PATHS


def pick(chance: random.Random, values: tuple[str, ...]) -> str:
    """Return one of the values, in every other draw an ordinary one."""
    return chance.choice(values[:PLAIN] if chance.random() < 0.55 else values)


def text_of(chance: random.Random) -> str:
    """Return random characters from all of Unicode but NUL and what leads out of the folder."""
    blocks = ((1, 0x2FF), (0x2000, 0x20FF), (0xDC80, 0xDCFF), (0xE000, 0xFFFF), (0x10000, 0x10FFFF))
    picked = (chr(chance.randint(*chance.choice(blocks))) for _ in range(chance.randint(1, 12)))
    return "".join(character for character in picked if character not in "/~.")


def draw_environment(chance: random.Random) -> dict[str, str]:
    """Return variables: mostly models without weights, and now and then a setting with any value."""
    drawn = {} if chance.random() < 0.05 else dict(MODELS_WITHOUT_WEIGHTS)
    while chance.random() < 0.1:
        name = chance.choice(list(ALLOWED))
        drawn[f"ASSISTANT_{name.upper()}"] = chance.choice(HUBS if name == "hub" else SETTINGS)
    if chance.random() < 0.05:
        drawn["ASSISTANT_HOME"] = chance.choice(PATHS)
    if chance.random() < 0.15:
        drawn |= {"FORCE_COLOR": "1", "TERM": "xterm-256color"}  # the output looks like a terminal
    if chance.random() < 0.05:
        drawn["HF_ENDPOINT"] = chance.choice(HUBS)
    return {name: value for name, value in drawn.items() if "\0" not in value}


def draw_files(chance: random.Random) -> dict[str, bytes]:
    """Return settings files, and now and then damage to what the program keeps."""
    files = {}
    if chance.random() < 0.08:
        files["home/config.toml"] = setting_of(chance)
    if chance.random() < 0.05:
        files["home/libraries/default/settings.toml"] = setting_of(chance)
    if chance.random() < 0.05:
        files[f"home/{chance.choice(KEPT)}"] = chance.choice(DAMAGE)
    return files


def setting_of(chance: random.Random) -> bytes:
    """Return the text of a settings file."""
    if chance.random() < 0.5:
        return chance.choice(CONFIGS)
    name = chance.choice([each for each in ALLOWED if each != "hub"])
    value = chance.choice((*NUMBERS[:16], "'x'", "true", "[]", "{}", "''", '"\\u001b"', "1979-05-27"))
    return f"{name} = {value}\n".encode("utf-8", "replace")


def draw_typed(chance: random.Random) -> bytes:
    """Return what comes in on stdin: lines, and now and then bytes that are no text."""
    if chance.random() < 0.1:
        return chance.randbytes(chance.randint(0, 50))
    lines = [chance.choice(LINES) for _ in range(chance.randint(0, 4))]
    return "\n".join(lines).encode("utf-8", "surrogateescape")


class Hang(BaseException):
    """A line has taken too long."""


class Grounds:
    """The folder in which lines run, made once and copied for each: a home with two libraries, and files with hostile names."""

    def __init__(self) -> None:
        self.top = Path(tempfile.mkdtemp(prefix="hostile", dir=IN_MEMORY if Path(IN_MEMORY).is_dir() else None))
        self._pattern = self.top / "pattern"
        self._count = 0
        build(self._pattern)

    def close(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.top, ignore_errors=True)

    def run(self, line: Line) -> Outcome:
        """Run a line in a fresh copy of the folder."""
        self._count += 1
        place = self.top / f"run{self._count}"
        copy_folder(self._pattern, place)
        try:
            for name, content in line.files.items():
                with suppress(OSError):
                    (place / name).parent.mkdir(parents=True, exist_ok=True)
                    (place / name).write_bytes(content)
            return run_in(place, line)
        finally:
            shutil.rmtree(place, ignore_errors=True)


def copy_folder(source: Path, target: Path) -> None:
    """Copy a folder with its links and pipes; what is no plain file is made anew."""
    target.mkdir()
    for entry in os.scandir(source):
        place = target / entry.name
        if entry.is_symlink():
            place.symlink_to(os.readlink(entry.path))  # noqa: PTH115
        elif entry.is_dir():
            copy_folder(Path(entry.path), place)
        elif entry.is_file():
            shutil.copy2(entry.path, place)
        else:
            os.mkfifo(place)


def build(place: Path) -> None:
    """Make the folder that all runs begin with."""
    files = place / "files"
    (files / "[2024]").mkdir(parents=True)
    (place / "home").mkdir()
    for name in ("lease.md", "[2024]/lease.md", "what?.md", "st*r.md", "two\nlines.md", "\x1b[31mred.md", "\u202egnp.md",
                 "c1\x9b.md", "\udcff.md"):
        (files / name).write_text(f"{LEASE}\nThis is {name!r}.\n", "utf-8")
    (files / "empty.txt").write_text("")
    (files / "broken.gguf").write_bytes(b"GGUF\x03\x00\x00\x00")
    os.mkfifo(files / "pipe")
    (files / "loop").symlink_to("loop")
    (files / "dangling").symlink_to("nothing")
    (place / "questions.jsonl").write_text(QUESTIONS)
    (place / "bad.jsonl").write_bytes(b'{"question": 5}\n[]\n\xff\n' + b"[" * 20000)
    (place / "records.jsonl").write_text(RECORDS)
    (place / "odd.jsonl").write_text(ODD_QUESTIONS)
    (place / "bad.json").write_bytes(b'{"rows": ' + b"[" * 20000)
    (place / "passwords.txt").write_bytes(b"\xef\xbb\xbfopen\r\nsesame\n")
    (place / "bytes.bin").write_bytes(bytes(range(256)))
    begin = [["add", "files"], ["add", "-L", "work", "files/lease.md"], ["library", "create", "empty"],
             ["library", "create", "broken"], ["memory", "add", "The office closes at 18:00."], ["chat", "--keep"],
             ["library", "export", "work", "work.library"],
             ["eval", "questions.jsonl", "--out", "result.json"]]
    for arguments in begin:
        outcome = run_in(place, Line(arguments, MODELS_WITHOUT_WEIGHTS, typed=b"When does the lease end?\n"))
        if outcome.fault:
            raise RuntimeError(f"{arguments}: {outcome}")
    (place / "home/libraries/broken/library.sqlite").write_bytes(b"no database" * 900)
    damage_bundles(place)


def damage_bundles(place: Path) -> None:
    """Make exported libraries that are cut off, changed, or say that they are encrypted or packed in a way that nobody knows."""
    whole = (place / "work.library").read_bytes()
    (place / "cut.library").write_bytes(whole[: len(whole) // 2])
    (place / "not.library").write_bytes(b"PK\x03\x04" + b"\x00" * 100)
    changed = bytearray(whole)
    changed[len(whole) // 3] ^= 0xFF
    (place / "odd.library").write_bytes(changed)
    locked = bytearray(whole)
    for start in (found.start() for found in re.finditer(b"PK\x01\x02", whole)):
        locked[start + 8] |= 1
    (place / "locked.library").write_bytes(locked)
    with zipfile.ZipFile(place / "strange.library", "w") as archive:
        archive.writestr("manifest.json", "[" * 20000)


def run_in(place: Path, line: Line) -> Outcome:
    """Run a line in a folder, as the program's entry does."""
    written = io.BytesIO()
    typed = io.TextIOWrapper(io.BytesIO(line.typed), "utf-8", "surrogateescape")
    shown = io.TextIOWrapper(written, "utf-8", write_through=True)
    with confined(place, line.environment), replaced_streams(typed, shown), limited(LONGEST_SECONDS):
        sys.argv = ["assistant", *line.arguments]
        code, fault, trace = ended(run_program)
    gc.collect(0)
    output = written.getvalue().decode("utf-8", "replace")
    if not fault and code not in EXIT_CODES:
        fault = f"exit code {code}"
    shown_text = OF_RICH.sub("", output) if "FORCE_COLOR" in line.environment else output
    if not fault and (found := ACTS_ON_TERMINAL.search(shown_text)):
        fault = f"prints {found.group()!r}"
        trace = shown_text[max(0, found.start() - 200) : found.end() + 100]
    return Outcome(code, output, fault, trace)


def ended(program: Callable[[], None]) -> tuple[int, str, str]:
    """Run the program; return its exit code, and what it raised, in short and with where it came from."""
    try:
        program()
    except SystemExit as end:
        return (end.code if isinstance(end.code, int) else int(end.code is not None)), "", ""
    except BaseException as error:
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if "/assistant/" in frame.filename] or list(frames)
        where = f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else "?"
        return -1, f"{type(error).__name__} at {where}", traceback.format_exc()[-6000:]
    return 0, "", ""


@contextmanager
def confined(place: Path, environment: dict[str, str]) -> Iterator[None]:
    """Let a line see this folder, these variables and no network, and start nothing that outlives it."""
    before, variables = Path.cwd(), dict(os.environ)
    kept = {name: value for name, value in variables.items() if not name.startswith(("ASSISTANT_", "XDG_", "HF_"))}
    own = {"HOME": str(place), "XDG_DATA_HOME": str(place / "data"), "ASSISTANT_HOME": str(place / "home"),
           "ASSISTANT_ENGINE": "off", "COLUMNS": "100"}
    os.environ.clear()
    os.environ.update({**kept, **own, **environment})
    os.chdir(place)
    try:
        with patch.object(launch, "spawn", no_engine), patch.object(watch, "is_asked_to_stop", asked_after(3)), \
                patch.object(watch, "start_lasting", nothing_launched), patch.object(sources, "download", no_package), \
                patch.object(socket, "getaddrinfo", no_names), patch.object(socket.socket, "connect", no_connection):
            yield
    finally:
        os.chdir(before)
        os.environ.clear()
        os.environ.update(variables)


def no_engine(*_: object) -> None:
    """Stand for the start of an engine."""
    raise EngineUnavailable("The engine does not start here.", "Use --no-engine.")


def no_package(*_: object) -> None:
    """Stand for the download from a package index."""
    raise sources.SourceFailed("there is no package index here.")


def no_names(*_: object, **__: object) -> None:
    """Stand for the look-up of a name."""
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def no_connection(*_: object) -> None:
    """Stand for a connection."""
    raise ConnectionRefusedError(111, "Connection refused")


def asked_after(steps: int) -> Callable[[Path], bool]:
    """Return a function that lets a watch take some steps, and then asks it to stop."""
    left = iter(range(steps))
    return lambda _folder: next(left, None) is None


def nothing_launched(_command: object, _folder: object, output: Any, errors: Any, _changes: object) -> Any:  # noqa: ANN401
    """Stand for a watch in the background: a process that ends at once."""
    import subprocess

    command = [sys.executable, "-I", "-c", "print('no watch here')"]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors)


@contextmanager
def replaced_streams(typed: io.TextIOWrapper, written: io.TextIOWrapper) -> Iterator[None]:
    """Let the program read and write these."""
    before = sys.stdin, sys.stdout, sys.stderr, sys.argv
    sys.stdin, sys.stdout, sys.stderr = typed, written, written
    try:
        yield
    finally:
        sys.stdin, sys.stdout, sys.stderr, sys.argv = before


@contextmanager
def limited(seconds: int) -> Iterator[None]:
    """Raise Hang in a line that takes too long."""
    def rang(*_: object) -> None:
        raise Hang(f"longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, rang)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def main() -> int:
    """Run lines and print what is wrong, each kind once with its first line; return 1 where anything is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lines", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="only commands that begin with this word")
    options = parser.parse_args()
    known = [each for each in commands() if each[0][0].startswith(options.only)]
    found, begun = Tally(), time.monotonic()
    grounds = Grounds()
    try:
        for number in range(options.lines):
            line, start = draw_line(random.Random(f"{options.seed} {number}"), known), time.monotonic()
            found.note(number, line, grounds.run(line), time.monotonic() - start)
            if (number + 1) % 1000 == 0:
                print(f"{number + 1} lines, {time.monotonic() - begun:.0f} s, faults: {dict(found.faults)}", flush=True)
    finally:
        grounds.close()
    print(f"{options.lines} lines in {time.monotonic() - begun:.0f} s; exit codes {dict(sorted(found.codes.items()))}; "
          f"faults {dict(found.faults)}")
    print("slowest:", *(f"{seconds:.1f} s {arguments[:200]}" for seconds, arguments in found.slowest), sep="\n  ")
    return int(bool(found.faults))


@dataclass(slots=True)
class Tally:
    """What came of all lines."""

    faults: Counter[str] = field(default_factory=Counter)
    codes: Counter[int] = field(default_factory=Counter)
    slowest: list[tuple[float, str]] = field(default_factory=list)

    def note(self, number: int, line: Line, outcome: Outcome, seconds: float) -> None:
        """Count a line; print a fault the first time that it comes."""
        self.slowest = sorted([*self.slowest, (seconds, ascii(line.arguments))], reverse=True)[:5]
        self.codes[outcome.code] += 1
        if outcome.fault:
            self.faults[outcome.fault] += 1
        if self.faults[outcome.fault] == 1:
            trace = ascii(outcome.trace) if outcome.fault.startswith("prints") else outcome.trace
            print(f"--- line {number}: {outcome.fault}\n{line!a}\n{trace}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
