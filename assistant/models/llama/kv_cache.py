"""Prefix cache: store the KV state of the shared prompt prefix on disk and restore it.

Each state is one file, named after the model, the build of llama.cpp and the tokens, so that a file of another model or
version is never read. A damaged file is removed. When all files together exceed the budget, the least recently used are removed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from assistant.models.llama.engine import Engine, common_prefix
from assistant.system.atomic_files import write_atomically

MAGIC = b"akv1"
SUFFIX = ".kv"
PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
MIN_PREFIX_TOKENS = 24  # a shorter prefix is computed faster than its file is read


class DiskKVCache:
    """KV states as files in one folder, within a budget of bytes. Several processes may use the folder at once."""

    def __init__(self, folder: Path, budget_bytes: int) -> None:
        self._folder, self._budget = folder, budget_bytes
        self._size = sum(stat.st_size for _, stat in self._files())

    @property
    def size(self) -> int:
        """The bytes of all files, as far as this process knows."""
        return self._size

    def get(self, name: str) -> bytes:
        """Return a stored state, or b"" if there is none or its file is damaged."""
        file = self._file(name)
        try:
            kept = file.read_bytes()
            os.utime(file)
        except OSError:
            return b""
        digest, payload = kept[len(MAGIC) : len(MAGIC) + 32], kept[len(MAGIC) + 32 :]
        if kept.startswith(MAGIC) and hashlib.sha256(payload).digest() == digest:
            return payload
        self._remove(file)
        return b""

    def put(self, name: str, payload: bytes) -> None:
        """Store a state, unless it exceeds the budget or the folder cannot be written."""
        if len(payload) > self._budget:
            return
        with suppress(OSError):
            write_atomically(self._file(name), MAGIC + hashlib.sha256(payload).digest() + payload, PRIVATE_FILE)
            self._size += len(payload)
            self._evict()

    def _evict(self) -> None:
        """Remove the least recently used files until the cache is within its budget."""
        if self._size <= self._budget:
            return
        known = sorted((stat.st_mtime_ns, stat.st_size, file) for file, stat in self._files())
        self._size = sum(size for _, size, _ in known)  # another process may have stored or removed some
        for _, _, file in known:
            if self._size <= self._budget * 0.9:
                return
            self._remove(file)

    def _remove(self, file: Path) -> None:
        try:
            size = file.stat().st_size
            file.unlink()
        except OSError:
            return
        self._size -= size

    def _files(self) -> list[tuple[Path, os.stat_result]]:
        """Return the files with their status, without those that another process removes meanwhile."""
        found: list[tuple[Path, os.stat_result]] = []
        for file in sorted(self._folder.glob(f"*{SUFFIX}")):
            with suppress(OSError):
                found.append((file, file.stat()))
        return found

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}{SUFFIX}"


def open_disk_cache(home: Path, budget_bytes: int) -> DiskKVCache | None:
    """Return the cache below a home folder; None if there is no home or no budget, or the folder cannot be made."""
    if home == Path() or not budget_bytes:
        return None
    folder = home / "cache" / "kv"
    try:
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    except OSError:
        return None
    return DiskKVCache(folder, budget_bytes)


def state_name(model: str, tokens: Sequence[int]) -> str:
    """Return the name of the KV state of tokens at the start of a prompt."""
    return hashlib.sha256(f"{model}|{','.join(map(str, tokens))}".encode()).hexdigest()[:32]


def build() -> str:
    """Return what else a KV state depends on: the build of llama.cpp, the types of keys and values, flash attention."""
    from importlib.metadata import version

    return f"llama-cpp-python {version('llama-cpp-python')} f16 f16 flash"


class PrefixCache:
    """Restores the KV state of prompt prefixes for one engine, from disk if there is a disk cache."""

    def __init__(self, engine: Engine, disk: DiskKVCache | None, model: str) -> None:
        self._engine, self._disk, self._model = engine, disk, model

    def restore(self, prefix: Sequence[int]) -> int:
        """Let the engine hold a prefix, or longer tokens that begin with it; return how many tokens had to be computed."""
        engine, size = self._engine, len(prefix)
        common = common_prefix(engine.cached_tokens, prefix)
        if common == size:
            return 0
        if self._disk is None or size < MIN_PREFIX_TOKENS:
            engine.truncate(common)
            engine.decode(prefix[common:])
            return size - common
        name = state_name(self._model, prefix)
        kept = self._disk.get(name)
        if kept and engine.restore(kept, prefix):
            return 0
        engine.truncate(0)
        engine.decode(prefix)
        self._disk.put(name, engine.save())
        return size
