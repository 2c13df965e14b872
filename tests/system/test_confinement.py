"""What a worker that a hostile file took over can do on this machine: the attempts are made inside real workers."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant.app.diagnostics import doctor
from assistant.datatypes import Document, Severity
from assistant.ingest import ReadOptions, WorkerLimits, probe_confinement
from assistant.ingest.workers.supervisor import WorkerSupervisor
from assistant.system import landlock
from assistant.system.confinement import Confinement

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="other systems offer no confinement")
ROOT = Path(__file__).parents[2]
READERS = """
import json
from assistant.datatypes import Extraction, Part
from assistant.ingest.extractors.registry import READERS
from assistant.system import confinement
confinement.refuse_network = lambda: None  # the audit hook would refuse before the kernel does, which is tested here
{before}

def attack(source):
    results = {{}}
    for name, code in json.loads(source.data).items():
        try:
            exec(code, {{}})
            results[name] = "done"
        except Exception as error:
            results[name] = f"{{type(error).__name__}}: {{error}}"
    text = json.dumps(results)
    return Extraction(text, (Part(0, len(text)),))

READERS[".attack"] = attack
"""
NO_LANDLOCK = "from assistant.system import landlock; landlock.version = lambda: 0"
NO_SECCOMP = "from assistant.system import seccomp; seccomp.syscalls_here = lambda: None"


@pytest.fixture
def attempt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., dict[str, str]]]:
    """Return a function that runs pieces of code inside a worker and returns what came of each by its name."""
    wardens: list[WorkerSupervisor] = []

    def run(codes: dict[str, str], before: str = "") -> dict[str, str]:
        (tmp_path / "site").mkdir(exist_ok=True)
        (tmp_path / "site" / "sitecustomize.py").write_text(READERS.format(before=before), "utf-8")
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "site"), str(ROOT)]))
        file = tmp_path / "added" / "file.attack"
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(codes), "utf-8")
        wardens.append(WorkerSupervisor(ReadOptions(10**6), WorkerLimits(30, 10**9)))
        [reading] = wardens[-1].read(file, "", lambda _: None)
        assert isinstance(reading.outcome, Document), reading.outcome
        return dict(json.loads(reading.outcome.extraction.text))

    yield run
    for warden in wardens:
        warden.close()


@pytest.fixture
def port() -> Iterator[int]:
    """Give the number of a port of this machine on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def network_attempts(port: int) -> dict[str, str]:
    return {
        "TCP socket": "import socket; socket.socket(socket.AF_INET)",
        "TCP socket of IPv6": "import socket; socket.socket(socket.AF_INET6)",
        "UDP socket": "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
        "Unix socket": "import socket; socket.socket(socket.AF_UNIX)",
        "netlink socket": "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
        "connection to this machine": f"import socket; socket.create_connection(('127.0.0.1', {port}), 2)",
        "server": "import socket; socket.create_server(('127.0.0.1', 0))",
        "look-up of a name": "import socket; socket.getaddrinfo('localhost.example', 80)",
        "io_uring": "import ctypes, os; libc = ctypes.CDLL(None, use_errno=True)\n"
                    "if libc.syscall(425, 4, ctypes.create_string_buffer(256)) < 0: raise OSError(ctypes.get_errno(), '')",
    }  # fmt: skip


def file_attempts(folder: Path) -> dict[str, str]:
    victim = folder / "victim.txt"
    victim.write_text("untouched", "utf-8")
    return {
        f"new file in {folder}": f"open({str(folder / 'new')!r}, 'w')",
        f"append in {folder}": f"open({str(victim)!r}, 'a')",
        f"empty in {folder}": f"open({str(victim)!r}, 'w')",
        f"empty while reading in {folder}": f"import os; os.open({str(victim)!r}, os.O_RDONLY | os.O_TRUNC)",
        f"truncate in {folder}": f"import os; os.truncate({str(victim)!r}, 0)",
        f"remove in {folder}": f"import os; os.remove({str(victim)!r})",
        f"rename in {folder}": f"import os; os.rename({str(victim)!r}, {str(folder / 'other')!r})",
        f"move out of {folder}": f"import os; os.rename({str(victim)!r}, 'taken')",
        f"new folder in {folder}": f"import os; os.mkdir({str(folder / 'made')!r})",
        f"link in {folder}": f"import os; os.symlink('/etc/passwd', {str(folder / 'link')!r})",
        f"hard link in {folder}": f"import os; os.link({str(victim)!r}, {str(folder / 'hard')!r})",
        f"pipe in {folder}": f"import os; os.mkfifo({str(folder / 'pipe')!r})",
        f"permissions in {folder}": f"import os; os.chmod({str(victim)!r}, 0)",
        f"times in {folder}": f"import os; os.utime({str(victim)!r}, (0, 0))",
        f"attribute in {folder}": f"import os; os.setxattr({str(victim)!r}, 'user.x', b'x')",
        f"unnamed file in {folder}": f"import os; os.open({str(folder)!r}, os.O_TMPFILE | os.O_RDWR)",
    }


def process_attempts(parent: int) -> dict[str, str]:
    return {
        "program": "import subprocess; subprocess.run(['/bin/true'], check=True)",
        "shell": "import os\nif os.system('true') != 0: raise OSError('no shell')",
        "posix_spawn": "import os; os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)",
        "fork": "import os\nif os.fork() == 0: os._exit(0)",
        "exec": "import os; os.execv('/bin/true', ['true'])",
        "signal to the program": f"import os; os.kill({parent}, 0)",
        "memory of the program": f"open('/proc/{parent}/mem', 'rb+')",
        "limits of the program": f"import resource; resource.prlimit({parent}, resource.RLIMIT_NOFILE, (1, 1))",
        "32-bit number of a call": "import ctypes; libc = ctypes.CDLL(None, use_errno=True)\n"
                                   "if libc.syscall(0x40000000 + 41, 2, 1, 0) < 0: raise OSError(ctypes.get_errno(), 'x32')",
    }  # fmt: skip


def succeeded(results: dict[str, str]) -> set[str]:
    return {name for name, result in results.items() if result == "done"}


def places(tmp_path: Path) -> list[Path]:
    """Return folders outside of the worker's own: the added one, the home, the person's own, and one for temporary files."""
    folders = [tmp_path / "added", tmp_path / "home", Path(os.environ["HOME"]), Path("/tmp") / f"assistant-test-{os.getpid()}"]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    return folders


@pytest.fixture
def person_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HOME", str(tmp_path / "person"))
    yield
    shutil.rmtree(Path("/tmp") / f"assistant-test-{os.getpid()}", ignore_errors=True)


@linux_only
def test_a_worker_reaches_no_network(attempt, port):
    results = attempt(network_attempts(port))
    assert succeeded(results) == set()
    assert "PermissionError" in results["TCP socket"] and "PermissionError" in results["connection to this machine"]


@linux_only
@pytest.mark.parametrize("before", ["", NO_LANDLOCK], ids=["Landlock and seccomp", "seccomp alone"])
def test_a_worker_changes_no_file_outside_its_own_folder(attempt, tmp_path, person_home, before):
    for folder in places(tmp_path):
        results = attempt(file_attempts(folder), before)
        assert succeeded(results) == set()
        assert (folder / "victim.txt").read_text("utf-8") == "untouched"
        assert sorted(path.name for path in folder.iterdir() if path.name != "file.attack") == ["victim.txt"]


@linux_only
def test_a_worker_starts_no_process_and_reaches_none(attempt):
    assert succeeded(attempt(process_attempts(os.getpid()))) == set()


@linux_only
def test_without_confinement_the_attempts_succeed(attempt, tmp_path, port):
    """The attempts are real ones: without Landlock and seccomp, a worker can do nearly all of them."""
    free = f"{NO_LANDLOCK}\n{NO_SECCOMP}"
    folder = tmp_path / "added"
    folder.mkdir(exist_ok=True)
    codes = network_attempts(port) | process_attempts(os.getpid()) | {"new file": f"open({str(folder / 'new')!r}, 'w')"}
    for ends_the_worker in ("exec", "limits of the program"):
        del codes[ends_the_worker]
    assert succeeded(attempt(codes, free)) >= {
        "TCP socket", "UDP socket", "Unix socket", "connection to this machine", "server", "program", "shell", "fork",
        "signal to the program", "new file",
    }  # fmt: skip


@linux_only
def test_threads_that_run_already_are_confined_as_well(attempt, tmp_path, port):
    """A tool that watches every Python process may start a thread before the worker's own code runs."""
    early = """
import queue, threading
asked, answered = queue.Queue(), queue.Queue()
def serve():
    while True:
        try:
            answered.put(exec(asked.get(), {}))
        except Exception as error:
            answered.put(error)
threading.Thread(target=serve, daemon=True).start()
"""
    folder = tmp_path / "added"
    folder.mkdir()
    codes = network_attempts(port) | file_attempts(folder) | process_attempts(os.getpid())
    codes["reading"] = "open('/etc/passwd').read()"
    ask = "import sitecustomize as s\ns.asked.put({!r})\nif e := s.answered.get(): raise e"
    through = {f"thread: {name}": ask.format(code) for name, code in codes.items()}
    assert succeeded(attempt(codes | through, early)) == {"reading", "thread: reading"}
    assert (folder / "victim.txt").read_text("utf-8") == "untouched"


@linux_only
def test_a_worker_can_use_its_own_folder_and_threads(attempt):
    results = attempt({
        "temporary file": "import tempfile; tempfile.NamedTemporaryFile().write(b'x')",
        "named file": "open('own.txt', 'w').write('x'); import os; os.rename('own.txt', 'other.txt'); os.remove('other.txt')",
        "folder": "import tempfile; tempfile.TemporaryDirectory().cleanup()",
        "nothing": "open('/dev/null', 'w').write('x')",
        "threads": "import threading; t = threading.Thread(target=int); t.start(); t.join()",
        "many threads": "from concurrent.futures import ThreadPoolExecutor as P; assert sum(P(4).map(int, range(9))) == 36",
        "reading": "open('/etc/passwd').read()",
    })  # fmt: skip
    assert set(results.values()) == {"done"}, results


@linux_only
def test_the_folder_of_a_worker_goes_with_it(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("text", "utf-8")
    warden = WorkerSupervisor(ReadOptions(10**6), WorkerLimits(30, 10**9))
    warden.read(file, "", lambda _: None)
    scratch = warden.scratch
    assert scratch.is_dir()
    warden.close()
    assert not scratch.exists()


@linux_only
@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("", (True, True, True)), (NO_LANDLOCK, (True, True, True)), (NO_SECCOMP, (False, True, True)),
        (f"{NO_LANDLOCK}\n{NO_SECCOMP}", (False, False, False)),
    ],
)  # fmt: skip
def test_a_worker_says_what_it_is_kept_from(tmp_path, monkeypatch, before, expected):
    if before == NO_SECCOMP and not landlock.version():
        pytest.skip("the kernel has no Landlock")
    (tmp_path / "sitecustomize.py").write_text(before, "utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(ROOT)]))
    found = probe_confinement()
    assert (found.network, found.files, found.programs) == expected


@pytest.mark.parametrize(
    ("found", "system", "severity", "words"),
    [
        (Confinement(True, True, True, ("Landlock 7", "seccomp")), "linux", Severity.OK, "Landlock 7"),
        (Confinement(False, True, True, ("Landlock 3",)), "linux", Severity.WARNING, "can use the network"),
        (Confinement(), "linux", Severity.WARNING, "can use the network, write files and start programs"),
        (Confinement(), "darwin", Severity.OK, "can use the network, write files and start programs"),
    ],
)  # fmt: skip
def test_doctor_says_what_holds(monkeypatch, found, system, severity, words):
    monkeypatch.setattr(doctor.sys, "platform", system)
    monkeypatch.setattr(doctor, "probe_confinement", lambda: found)
    finding = doctor.examine_readers()
    assert finding.severity is severity and words in finding.detail
    assert bool(finding.remedy) is (severity is Severity.WARNING)
