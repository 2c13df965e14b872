"""Prefix cache: store the KV state of the beginning of prompts on disk and restore it.

What all prompts share is stored, and that with the first passage behind it. Each state is one file, named after the model, the
build of llama.cpp and the tokens, so that a file of another model or version is never read; that of a passage is marked with
its document and removed with it. A damaged file is removed. Before the files together would exceed the budget, the least
recently used are removed.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from assistant.models.llama.engine import Engine
from assistant.system.atomic_files import PARTIAL, write_atomically

MAGIC = b"akv1"
HEADER_BYTES = len(MAGIC) + 32  # with the SHA-256 of the state
SUFFIX = ".kv"
NEVER_USED = 0  # time of use, in seconds since 1970, of a state that no prompt has needed
ABANDONED_SECONDS = 600.0  # after which a file that is still partly written is one of a killed process
PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
MIN_PREFIX_TOKENS = 24  # a shorter prefix is computed faster than its file is read


class DiskKVCache:
    """KV states as files in one folder, within a budget of bytes. Several processes may use the folder at once.

    So the files are listed whenever one is stored: to list ten thousand takes a fraction of the time of computing one state.
    """

    def __init__(self, folder: Path, budget_bytes: int) -> None:
        self._folder, self._budget = folder, budget_bytes

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(size for _, size, _ in self._files())

    def get(self, name: str) -> bytes:
        """Return a stored state, or b"" if there is none or its file is damaged."""
        file = self._file(name)
        try:
            kept = file.read_bytes()
            os.utime(file)
        except OSError:
            return b""
        digest, payload = kept[len(MAGIC) : HEADER_BYTES], kept[HEADER_BYTES:]
        if kept.startswith(MAGIC) and hashlib.sha256(payload).digest() == digest:
            return payload
        remove(os.fspath(file))
        return b""

    def put(self, name: str, payload: bytes) -> None:
        """Store a state, unless it exceeds the budget or the folder cannot be written. Others are evicted before."""
        size = HEADER_BYTES + len(payload)
        if size <= self._budget and self._make_room(size):
            self._write(name, payload)

    def has(self, name: str) -> bool:
        """Return whether there is a file of a state, which does not count as its use."""
        return self._file(name).exists()

    def put_ahead(self, name: str, payload: bytes) -> bool:
        """Store a state that no prompt has needed yet; return False, without evicting any other, if there is no room.

        It is evicted before all states that a prompt has needed.
        """
        if not self.has_room(HEADER_BYTES + len(payload)):
            return False
        self._write(name, payload)
        with suppress(OSError):
            os.utime(self._file(name), (NEVER_USED, NEVER_USED))
        return True

    def has_room(self, size: int) -> bool:
        """Return whether so many bytes can be stored ahead: a tenth of the budget is left for what prompts need."""
        return self.size + size <= self._budget * 0.9

    def _write(self, name: str, payload: bytes) -> None:
        with suppress(OSError):
            write_atomically(self._file(name), MAGIC + hashlib.sha256(payload).digest() + payload, PRIVATE_FILE)

    def _make_room(self, size: int) -> bool:
        """Remove the least recently used files, a tenth of the budget at once; return whether `size` bytes more are within it."""
        known = self._files()
        total = sum(size for _, size, _ in known)
        if total + size <= self._budget:
            return True
        for _, freed, file in sorted(known):
            if total + size <= self._budget * 0.9:
                break
            if remove(file):
                total -= freed
        return total + size <= self._budget

    def _files(self) -> list[tuple[int, int, str]]:
        """Return time of use, size and path of each file; delete those that a killed process has left partly written."""
        known: list[tuple[int, int, str]] = []
        for entry in list_folder(self._folder):
            with suppress(OSError):  # another process removes it meanwhile
                stat = entry.stat()
                if entry.name.endswith(SUFFIX):
                    known.append((stat.st_mtime_ns, stat.st_size, entry.path))
                elif entry.name.endswith(PARTIAL) and time.time() - stat.st_mtime > ABANDONED_SECONDS:
                    remove(entry.path)
        return known

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}{SUFFIX}"


def remove(file: str) -> bool:
    """Remove a file; return False if it cannot be removed, as one that another process has open on Windows."""
    try:
        os.unlink(file)  # noqa: PTH108 - of thousands of files
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def list_folder(folder: Path) -> list[os.DirEntry[str]]:
    """Return the entries of a folder, an empty list if it is missing."""
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def state_folder(home: Path) -> Path:
    """Return the folder of the KV states below a home folder."""
    return home / "cache" / "kv"


def open_disk_cache(home: Path, budget_bytes: int) -> DiskKVCache | None:
    """Return the cache below a home folder; None if there is no home or no budget, or the folder cannot be made."""
    if home == Path() or not budget_bytes:
        return None
    folder = state_folder(home)
    try:
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    except OSError:
        return None
    return DiskKVCache(folder, budget_bytes)


def state_name(model: str, tokens: Sequence[int], borders: Sequence[int], document: str = "") -> str:
    """Return the name of the KV state of tokens at the start of a prompt; it ends with the mark of the document they quote."""
    digest = hashlib.sha256(f"{model}|{','.join(map(str, tokens))}|{borders}".encode()).hexdigest()[:32]
    return f"{digest}-{document}" if document else digest


def document_mark(library: str, content_hash: str) -> str:
    """Return how the KV states of a library's document are marked."""
    return f"{short_hash(library)}-{short_hash(content_hash)}"


def short_hash(text: str) -> str:
    """Return the beginning of a text's hash."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def keep_documents(home: Path, library: str, content_hashes: Callable[[], Iterable[str]], libraries: Iterable[str]) -> None:
    """Delete the KV states of a library's other documents, and those of libraries that there are no more."""
    files = list(state_folder(home).glob(f"*-*-*{SUFFIX}*"))  # with those that are written now, or that a killed process left
    if not files:
        return
    owner, others = short_hash(library), {short_hash(each) for each in libraries if each != library}
    kept = {document_mark(library, each) for each in content_hashes()}
    for file in files:
        mark = file.name.partition(SUFFIX)[0].partition("-")[2]
        if mark not in kept and (mark.startswith(owner) or mark.partition("-")[0] not in others):
            if file.suffix == PARTIAL:
                remove(os.fspath(file))  # fails on Windows while it is written
            else:
                file.unlink(missing_ok=True)


def delete_states(home: Path, document: str) -> None:
    """Delete the KV states of a document by its mark."""
    for file in state_folder(home).glob(f"*-{document}{SUFFIX}*"):
        file.unlink(missing_ok=True)


def build() -> str:
    """Return what else a KV state depends on: the build of llama.cpp, the types of keys and values, flash attention."""
    from importlib.metadata import version

    return f"llama-cpp-python {version('llama-cpp-python')} f16 f16 flash"


@dataclass(frozen=True, slots=True)
class Beginning:
    """The parts at the beginning of a prompt that other prompts share; what the second quotes is of one document."""

    borders: tuple[int, ...]  # where the parts end, in tokens, at least one
    document: str = ""  # its mark; "" if the second part is not stored on disk

    def up_to(self, border: int) -> Beginning:
        """Return the parts that end at a border or before it; a first part that is longer is cut there."""
        return Beginning(tuple(end for end in self.borders if end <= border) or (border,), self.document)

    def parts(self, count: int) -> Beginning:
        """Return the first parts."""
        return Beginning(self.borders[:count], self.document)


class PrefixCache:
    """Restores the KV state of the beginnings of prompts for one engine, from disk if there is a disk cache."""

    def __init__(self, engine: Engine, disk: DiskKVCache | None, model: str) -> None:
        self._engine, self._disk, self._model = engine, disk, model

    def restore(self, prompt: Sequence[int], beginning: Beginning) -> int:
        """Let the engine hold the beginning of a prompt, each part computed as a whole; return how many tokens it computed."""
        ends = (0, *beginning.borders)
        held = next((count for count in range(len(beginning.borders), 0, -1) if self._holds(prompt, beginning.parts(count))), 0)
        if not held:
            self._engine.truncate(0)
        for count in range(held + 1, len(ends)):
            self._engine.extend_parts(prompt[ends[count - 1] : ends[count]])
            name = self._name(prompt, beginning.parts(count))
            if self._disk and name:
                self._disk.put(name, self._engine.save())
        return ends[-1] - ends[held]

    def store_ahead(self, prompt: Sequence[int], beginning: Beginning) -> bool:
        """Store the KV state of the beginning of prompts to come, unless it is stored; return False if there is no room for it.

        The engine then caches what it cached before.
        """
        name = self._name(prompt, beginning)
        if not (self._disk and name and self._disk.has_room(0)):
            return False
        if self._disk.has(name):
            return True
        end, shared = beginning.borders[-1], beginning.parts(len(beginning.borders) - 1)
        with self._engine.set_aside():
            self.restore(prompt, shared)
            self._engine.extend_parts(prompt[shared.borders[-1] : end])
            return self._disk.put_ahead(name, self._engine.save())

    def _holds(self, prompt: Sequence[int], beginning: Beginning) -> bool:
        """Return whether the engine holds the beginning of a prompt, if need be from the disk."""
        tokens = prompt[: beginning.borders[-1]]
        if self._engine.keep_parts(tokens, beginning.borders):
            return True
        name = self._name(prompt, beginning)
        kept = self._disk.get(name) if self._disk and name else b""
        return bool(kept) and self._engine.restore(kept, tokens, beginning.borders)

    def _name(self, prompt: Sequence[int], beginning: Beginning) -> str:
        """Return the name of a state on disk, "" for one that is not stored."""
        is_shared, end = len(beginning.borders) == 1, beginning.borders[-1]
        if end < MIN_PREFIX_TOKENS or not (is_shared or beginning.document):
            return ""
        return state_name(self._model, prompt[:end], beginning.borders, "" if is_shared else beginning.document)
