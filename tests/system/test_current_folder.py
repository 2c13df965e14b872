"""No code of the current folder or of an added folder runs, however a process is started: decoys of every module lie there."""

from __future__ import annotations

import os
import plistlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from decoys import plant, plant_program, ran

from assistant.config import Settings

ROOT = Path(os.environ.get("DECOYS_ROOT", Path(__file__).parents[2]))  # another checkout, to see what ran in it
PLAIN = f"import sys; sys.path.append({str(ROOT)!r})\n"
# Empty and relative entries, which mean the current folder. They are set when Python has started: it would obey them itself.
CARELESS = f"""
import os, sys
sys.path.append({str(ROOT)!r})
os.environ["PYTHONPATH"] = os.pathsep.join(["", os.environ.get("PYTHONPATH", ""), "."])
os.environ["PATH"] = os.pathsep.join(["", ".", os.environ["PATH"]])
os.environ["LD_LIBRARY_PATH"] = os.pathsep + os.environ.get("LD_LIBRARY_PATH", "")
os.environ["PYTHONSTARTUP"] = "json.py"
os.environ["PYTHONUSERBASE"] = "base"
"""
READ = """
import json
from pathlib import Path
from assistant.ingest import ReadOptions, WorkerLimits
from assistant.ingest.workers.supervisor import WorkerSupervisor
warden = WorkerSupervisor(ReadOptions(10**7), WorkerLimits(60, 2 * 10**9))
for path in sorted(Path(sys.argv[1]).glob("sample.*")):
    text = getattr(getattr(warden.read(path, "", lambda _: None)[-1].outcome, "extraction", None), "text", "")
    if path.suffix == ".zmodules":
        print(text)
for path in getattr(warden, "scratch", Path("nowhere")).glob("ran-*"):
    (Path(sys.argv[2]) / path.name).touch()
warden.close()
"""
PULL = """
from pathlib import Path
from assistant.catalog.entries import WheelPart
from assistant.catalog.sources import download
folder = Path(sys.argv[1])
folder.mkdir()
print(download(WheelPart("decoy-target", "1.0", "member"), folder).name)
"""
# what tells the modules of a process: a reader of its own in a worker, a thread and its end in processes that are not confined
OBSERVER = """
import sys
if any("worker" in word for word in sys.orig_argv):
    from assistant.datatypes import Extraction, Part
    from assistant.ingest.extractors.registry import READERS
    def modules(source):
        text = " ".join(sys.modules)
        return Extraction(text, (Part(0, len(text)),))
    READERS[".zmodules"] = modules
else:
    import atexit, os, threading, time
    def tell():
        with open(f"{folder}/{{os.getpid()}}", "a") as file:
            file.write(" " + " ".join(list(sys.modules)))
    def tell_often():
        while True:
            tell()
            time.sleep(0.1)
    threading.Thread(target=tell_often, daemon=True).start()
    atexit.register(tell)  # a process that is over before the thread has its turn
"""


class Place:
    """A hostile current folder, a hostile folder to add, a home, and the folder where decoys leave their marks."""

    def __init__(self, folder: Path) -> None:
        self.current, self.added, self.marks = folder / "current", folder / "added", folder / "marks"
        self.home = Path(tempfile.mkdtemp(prefix="decoys"))  # a socket's path must be short
        for each in (self.current, self.added, self.marks):
            each.mkdir()
        write_samples(self.added)
        write_wheel(folder / "wheels")
        self.variables = {
            "ASSISTANT_HOME": str(self.home), "ASSISTANT_EMBED": "fake:", "ASSISTANT_CHAT": "fake:", "ASSISTANT_ENGINE": "on",
            "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder / "wheels"), "PIP_CONFIG_FILE": os.devnull,
        }

    def run(self, program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run a program as an installed command runs: with the folder of the script, not the current one, on the import path."""
        script = self.marks.parent / "bin" / "assistant"
        script.parent.mkdir(exist_ok=True)
        script.write_text(program, "utf-8")
        command = [sys.executable, str(script), *map(str, arguments)]
        return subprocess.run(command, cwd=self.current, env={**os.environ, **self.variables}, capture_output=True,
                              encoding="utf-8", check=False, timeout=180)

    def plant(self, modules: set[str]) -> int:
        """Plant decoys in both folders; return how many there are in all."""
        for name in ("nvidia-smi", "uname", "sysctl", "ldconfig", "gcc"):
            plant_program(self.current, self.marks, name)
        return plant(self.current, self.marks, modules) + plant(self.added, self.marks, modules)


def write_samples(folder: Path) -> None:
    """Write a file for each family of readers, so that a worker imports all of its libraries. Some are damaged."""
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (600, 120), "white")
    ImageDraw.Draw(picture).text((20, 40), "INVOICE 4711", fill="black", font_size=40)
    picture.save(folder / "sample.png")
    picture.save(folder / "sample.pdf")
    for name, member, content in (("sample.docx", "word/document.xml", "<document/>"), ("sample.zip", "inside.txt", "inside"),
                                  ("sample.xlsx", "xl/workbook.xml", "<workbook/>"), ("sample.ods", "content.xml", "<a/>")):
        with zipfile.ZipFile(folder / name, "w") as archive:
            archive.writestr(member, content)
    (folder / "sample.html").write_text("<html><body><p>A page.</p></body></html>", "utf-8")
    (folder / "sample.eml").write_text("From: a@b.c\nSubject: mail\n\nHello.", "utf-8")
    (folder / "sample.txt").write_text("The lease ends on 31 December 2027.", "utf-8")
    for kind in "csv json yaml toml rtf xls doc ppt pptx msg epub ipynb srt ics zmodules".split():
        (folder / f"sample.{kind}").write_text("content", "utf-8")


def write_wheel(folder: Path) -> None:
    """Write a package that pip can find without an index."""
    folder.mkdir()
    with zipfile.ZipFile(folder / "decoy_target-1.0-py3-none-any.whl", "w") as archive:
        for name, text in (("METADATA", "Metadata-Version: 2.1\nName: decoy-target\nVersion: 1.0\n"),
                           ("WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"), ("RECORD", "")):
            archive.writestr(f"decoy_target-1.0.dist-info/{name}", text)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    shutil.rmtree(made.home, ignore_errors=True)


def read_files(place: Place, start: str) -> subprocess.CompletedProcess[str]:
    return place.run(start + READ, place.added, place.marks)


def ask_engine(place: Place, start: str) -> subprocess.CompletedProcess[str]:
    run = f"{start}\nfrom assistant.__main__ import main; main()"
    place.run(run, "add", place.added / "sample.txt")
    done = place.run(run, "ask", "When does the lease end?")
    time.sleep(0.3)
    place.run(run, "engine", "stop")
    return done


def watch_daemon(place: Place, start: str) -> subprocess.CompletedProcess[str]:
    run = f"{start}\nfrom assistant.__main__ import main; main()"
    done = place.run(run, "watch", "--daemon", place.added)
    time.sleep(0.3)
    place.run(run, "watch", "--stop")
    return done


def pull_wheel(place: Place, start: str) -> subprocess.CompletedProcess[str]:
    return place.run(start + PULL, place.home / "wheel")


WAYS: dict[str, tuple[Callable[[Place, str], subprocess.CompletedProcess[str]], str]] = {
    "worker": (read_files, ""), "engine": (ask_engine, "2027"), "watch": (watch_daemon, "in the background"),
    "pip": (pull_wheel, "decoy_target-1.0"),
}  # fmt: skip


@pytest.fixture(scope="session")
def modules(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Return the names of all modules that real children import, each kind of them doing its work."""
    folder = tmp_path_factory.mktemp("modules")
    place = Place(folder)
    seen = folder / "seen"
    for each in (seen, folder / "site"):
        each.mkdir()
    (folder / "site" / "sitecustomize.py").write_text(OBSERVER.format(folder=seen), "utf-8")
    place.variables["PYTHONPATH"] = os.pathsep.join([str(folder / "site"), str(ROOT)])
    found: set[str] = set()
    for way, _ in WAYS.values():
        done = way(place, PLAIN)
        found |= set(done.stdout.split()) if way is read_files else set()
    found |= {name for file in seen.iterdir() for name in file.read_text("utf-8").split()}
    shutil.rmtree(place.home, ignore_errors=True)
    return {name.partition(".")[0] for name in found}


def test_the_list_of_decoys_is_that_of_real_children(modules):
    assert modules >= {"numpy", "PIL", "onnxruntime", "rapidocr", "lxml", "bs4", "pypdfium2", "olefile", "python_calamine", "pip",
                       "psutil", "json", "threading", "filelock", "watchdog", "multiprocessing"}  # fmt: skip


@pytest.mark.parametrize("start", [PLAIN, CARELESS], ids=["command", "careless variables"])
@pytest.mark.parametrize("way", WAYS)
def test_no_decoy_runs(place, modules, way, start):
    act, expected = WAYS[way]
    assert place.plant(modules) > 2 * len(modules) > 400
    done = act(place, start)
    assert not done.returncode and expected in done.stdout, done.stderr
    assert ran(place.current, place.added, place.marks) == set()


def test_no_program_of_the_current_folder_runs(place, modules):
    place.plant(modules)
    looking = CARELESS + "from assistant.app.diagnostics import hardware; from pathlib import Path\n"
    looking += "print(hardware.inspect_machine(Path.cwd()).processor, hardware.present_gpus())"
    assert not place.run(looking).returncode
    assert not place.run(CARELESS + "from assistant.__main__ import main; main()", "doctor").stderr
    assert ran(place.marks) == set()


def test_started_as_a_module_the_program_imports_nothing_of_the_current_folder(place, modules):
    """Python itself looks into the current folder before any code of this program runs: a program of no lines shows how much."""
    place.plant(modules)
    (place.current / "nothing.py").touch()
    (place.current / "assistant.pth").touch()

    def decoys_of(*command: str) -> set[str]:
        variables = {**os.environ, **place.variables, "PYTHONPATH": str(ROOT)}
        done = subprocess.run([sys.executable, "-m", *command], cwd=place.current, env=variables, capture_output=True,
                              check=False)
        assert not done.returncode, done.stderr
        found = ran(place.current, place.marks)
        for mark in place.marks.iterdir():
            mark.unlink()
        return found

    assert decoys_of("assistant", "library", "list") <= decoys_of("nothing")


def test_the_service_files_start_a_safe_command(place):
    from assistant.cli.commands.watch import watch_command, watch_environment
    from assistant.watch import launchd_agent, systemd_unit

    settings = Settings(home=place.home)
    command, variables = watch_command(settings, [place.added], 0), watch_environment(settings)
    unit = systemd_unit(command, variables, place.home)
    assert command[1] == "-P" and "PYTHONPATH" not in variables and variables["PYTHONSAFEPATH"] == "1"
    assert f"\nWorkingDirectory=-{place.home}\n" in unit and shlex.quote("-P") in unit
    agent = plistlib.loads(launchd_agent("label", command, variables, place.home).encode())
    assert (agent["WorkingDirectory"], agent["ProgramArguments"]) == (str(place.home), command)
    assert agent["EnvironmentVariables"] == variables
