"""Check the installation, the models, the library and the machine. Loads no model and changes nothing."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

from assistant import catalog
from assistant.app.assistant import Assistant
from assistant.app.diagnostics import hardware
from assistant.app.models import embedder_spec, is_gguf, local_chat_spec, remote_chat_spec, reranker_spec
from assistant.config import Settings
from assistant.datatypes import Finding, Machine, Severity
from assistant.errors import AssistantError, NothingIndexed, UsageError
from assistant.ingest import probe_confinement
from assistant.system.confinement import Confinement
from assistant.system.paths import FAKE, is_address, is_fake, user_path

PACKAGES = {
    "bs4": "beautifulsoup4", "duckdb": "duckdb", "faiss": "faiss-cpu", "filelock": "filelock", "httpx": "httpx",
    "llama_cpp": "llama-cpp-python", "lxml": "lxml", "msoffcrypto": "msoffcrypto-tool", "numpy": "numpy", "olefile": "olefile",
    "onnxruntime": "onnxruntime", "openvino": "openvino", "PIL": "pillow", "prompt_toolkit": "prompt-toolkit",
    "psutil": "psutil", "pypdf": "pypdf", "pypdfium2": "pypdfium2", "python_calamine": "python-calamine", "rapidocr": "rapidocr",
    "rich": "rich", "sentence_transformers": "sentence-transformers", "tokenizers": "tokenizers", "torch": "torch",
    "typer": "typer",
}
LITTLE_DISK, NO_DISK = 2 * 2**30, 200 * 2**20
OWN_MODEL_OVERHEAD = 1.2  # bytes of memory per byte of a model file, including the context


def examine(settings: Settings) -> tuple[Finding, ...]:
    """Return the findings of all checks, good ones included."""
    machine = hardware.inspect_machine(settings.home)
    return (
        ok("Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"),
        examine_search(), examine_packages(), examine_readers(), examine_home(settings.home), examine_disk(machine),
        examine_model("embedding model", settings.embed, lambda: embedder_path(settings)),
        *examine_chat(settings),
        *([examine_model("reranker", settings.rerank, lambda: reranker_spec(settings).path)] if settings.rerank else []),
        examine_memory(settings, machine), examine_graphics(machine), *with_library(settings, examine_library),
    )


def ok(subject: str, detail: str) -> Finding:
    """Return a finding without a problem."""
    return Finding(subject, Severity.OK, detail)


def examine_search() -> Finding:
    """Check that SQLite has full-text search."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("CREATE VIRTUAL TABLE words USING fts5(body)")
    except sqlite3.OperationalError:
        return Finding("SQLite", Severity.ERROR, f"{sqlite3.sqlite_version} was built without full-text search (FTS5).",
                       "Use a Python with FTS5, such as the one from python.org.")
    finally:
        connection.close()
    return ok("SQLite", f"{sqlite3.sqlite_version} with full-text search")


def examine_packages() -> Finding:
    """Check that the packages are installed, without importing them."""
    absent = [package for module, package in PACKAGES.items() if importlib.util.find_spec(module) is None]
    if absent:
        return Finding("packages", Severity.ERROR, f"{', '.join(absent)} not found.", "Reinstall this program.")
    telling = ("llama-cpp-python", "openvino", "sentence-transformers", "torch", "faiss-cpu")
    return ok("packages", ", ".join(f"{package} {version(package)}" for package in telling))


def examine_readers() -> Finding:
    """Start a reader process and report how it is confined on this machine."""
    subject = "reading files"
    try:
        found = probe_confinement()
    except AssistantError as error:
        return Finding(subject, Severity.ERROR, str(error), error.hint)
    if found.is_whole:
        return ok(subject, "in a separate process that cannot use the network, write outside its own temporary folder or start "
                           f"programs ({' and '.join(found.means)})")
    detail = f"in a separate process that can {abilities(found)}"
    if not sys.platform.startswith("linux"):
        return ok(subject, f"{detail}, like any of your programs: this system has no simple way to prevent it")
    return Finding(subject, Severity.WARNING, f"{detail}: the kernel lacks Landlock (Linux 5.13) or seccomp.",
                   "Use a kernel or container settings that provide both.")


def abilities(found: Confinement) -> str:
    """Return what a process is not prevented from, as text."""
    each = ((found.network, "use the network"), (found.files, "write files"), (found.programs, "start programs"))
    *others, last = [words for is_kept, words in each if not is_kept]
    return f"{', '.join(others)} and {last}" if others else last


def version(package: str) -> str:
    """Return the version of an installed package."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "of unknown version"


def examine_home(home: Path) -> Finding:
    """Check that the home folder can be written."""
    existing = next((folder for folder in (home, *home.parents) if os.path.exists(folder)), home)  # noqa: PTH110 - never raises
    if existing.is_dir() and os.access(existing, os.W_OK | os.X_OK):
        return ok("home", str(home))
    return Finding("home", Severity.ERROR, f"{home} cannot be written.",
                   "Change its permissions, or set ASSISTANT_HOME to a folder of your own.")


def examine_disk(machine: Machine) -> Finding:
    """Check the free space on the disk."""
    detail = f"{in_gigabytes(machine.disk_free)} free"
    if machine.disk_free >= LITTLE_DISK:
        return ok("disk", detail)
    severity = Severity.ERROR if machine.disk_free < NO_DISK else Severity.WARNING
    return Finding("disk", severity, detail, "Free some space, or set ASSISTANT_HOME to a folder on another disk.")


def examine_model(subject: str, name: str, check: Callable[[], Path]) -> Finding:
    """Check that a model is chosen and on this disk."""
    try:
        path = check()
    except AssistantError as error:
        return Finding(subject, Severity.ERROR, str(error), error.hint)
    if is_fake(name):
        return Finding(subject, Severity.WARNING, "fake: is a test model without weights.", "Run: assistant setup")
    return ok(subject, f"{name} at {path}")


def examine_chat(settings: Settings) -> tuple[Finding, ...]:
    """Check the chat model of this machine, and the settings of one on another machine, to which nothing is sent."""
    if not is_address(settings.chat):
        return (examine_model("chat model", settings.chat, lambda: chat_path(settings)),)
    subject = "chat model on another machine"
    try:
        spec = remote_chat_spec(settings)
    except AssistantError as error:
        return (Finding(subject, Severity.ERROR, str(error), error.hint),)
    sent = "identifiers are replaced in what is sent" if settings.remote_redact else "text is sent as it is"
    found = ok(subject, f"{spec.name} at {settings.chat} (remote = {settings.remote}); {sent}")
    local = settings.local_chat
    return (found, *([examine_model("chat model", local, lambda: chat_path(settings))] if local else []))


def embedder_path(settings: Settings) -> Path:
    """Return the path of the embedding model. Raises AssistantError."""
    spec = embedder_spec(settings)
    if not is_fake(settings.embed) and not spec.path.is_dir():
        raise UsageError(f"There is no folder at {spec.path}.", "Run: assistant setup")
    return spec.path


def chat_path(settings: Settings) -> Path:
    """Return the path of the chat model. Raises AssistantError."""
    spec = local_chat_spec(settings)
    if spec.name != FAKE and not is_gguf(spec.path):
        raise UsageError(f"There is no GGUF file at {spec.path}.", "Run: assistant setup")
    return spec.path


def examine_memory(settings: Settings, machine: Machine) -> Finding:
    """Check that the chat model fits the free memory."""
    free, needed = machine.memory_available, memory_needed(settings)
    available = f"{in_gigabytes(free)} free of {in_gigabytes(machine.memory_total)}"
    if not needed:
        return ok("memory", available)
    detail = f"{available}; the chat model needs about {in_gigabytes(needed)}"
    if needed <= free or any(gpu.memory_free >= needed for gpu in machine.gpus):
        return ok("memory", detail)
    return Finding("memory", Severity.WARNING, detail, "Close other programs, or choose a smaller model: assistant models list")


def memory_needed(settings: Settings) -> int:
    """Return the memory that the chat model needs in bytes; 0 if there is no model."""
    try:
        name = settings.local_chat if is_address(settings.chat) else settings.chat
        path = user_path(name)
        return int(path.stat().st_size * OWN_MODEL_OVERHEAD) if path else catalog.find(name).memory
    except (OSError, UsageError):
        return 0


def examine_graphics(machine: Machine) -> Finding:
    """Report the GPUs in use, or a GPU that llama.cpp could be built for."""
    if machine.gpus:
        return ok("GPU", ", ".join(f"{gpu.name} through {gpu.interface}, {in_gigabytes(gpu.memory_free)} free"
                                   for gpu in machine.gpus))
    if not (idle := hardware.unused_gpus(machine)):
        return ok("GPU", "none that can be used; models run on the CPU")
    card, toolkit = idle[0], hardware.NEEDS[idle[0].interface]
    return Finding("GPU", Severity.WARNING,
                   f"{card.name} found, but llama-cpp-python was built without {card.interface}: models run on the CPU.",
                   f"Build it (needs {toolkit} and a C++ compiler): {hardware.install_line(card.interface)}")


def with_library(settings: Settings, examine: Callable[[Assistant, str], tuple[Finding, ...]]) -> tuple[Finding, ...]:
    """Return the findings about the opened library, or one that says why it cannot be opened or read."""
    subject = f"library {settings.library}"
    try:
        with Assistant(settings) as assistant:
            return examine(assistant, subject)
    except AssistantError as error:
        severity = Severity.WARNING if isinstance(error, NothingIndexed) else Severity.ERROR
        return (Finding(subject, severity, str(error), error.hint),)


def examine_library(assistant: Assistant, subject: str) -> tuple[Finding, ...]:
    """Check that the library is intact and was built with the chosen embedding model."""
    status, integrity = assistant.status(), assistant.integrity()
    if integrity != "ok":
        return (Finding(subject, Severity.ERROR, f"{status.path} is damaged: {integrity}.",
                        "Move the library file away and add your files again. Your files are not affected."),)
    counts = ok(subject, f"{status.documents:,} files, {status.chunks:,} passages, "
                         f"{status.skipped:,} skipped, {status.failed:,} failed")
    return (counts, *examine_embedder_match(subject, status.embedder, assistant.settings))


def check_library(settings: Settings, *, repair: bool) -> tuple[Finding, ...]:
    """Return the findings of a full consistency check of the library; one good finding if there is no problem."""
    consistent = "files, passages, vectors and indexes are consistent; no removed text is left"
    return with_library(settings, lambda assistant, subject: assistant.check(repair=repair) or (ok(subject, consistent),))


def examine_embedder_match(subject: str, built_with: str, settings: Settings) -> tuple[Finding, ...]:
    """Check that the library was built with the chosen embedding model."""
    path = user_path(settings.embed)
    name = path.name if path else settings.embed
    if not name or not built_with or name == built_with:
        return ()
    return (Finding(subject, Severity.ERROR, f"It was built with the embedding model {built_with}, but {name} is chosen.",
                    f"Use --embed {built_with}, or embed all files again: assistant sync --rebuild"),)


def in_gigabytes(count: int) -> str:
    """Return a number of bytes in gigabytes."""
    return f"{count / 1e9:.1f} GB"
