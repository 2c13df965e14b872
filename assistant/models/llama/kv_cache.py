"""What a model computed of a run of tokens in; the same bytes out another time, from disk, as long as nobody has touched them.

One file for each run, in a folder of the library whose file it comes from, named after the content of that file: what is
removed from a library takes its files along. A file of another model, program or format has another name and is never read; one
that is damaged is removed. Where all of them together grow over the budget, those that were used longest ago leave.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from assistant.models.llama.engine import Engine, common_prefix

MAGIC = b"akv1"
SUFFIX = ".kv"
FOLDER, FILE = 0o700, 0o600
BEGINNINGS_BYTES = 256 * 2**20


class Vault:
    """Keys and values on disk, below one folder, within a budget of bytes."""

    def __init__(self, root: Path, budget_bytes: int) -> None:
        self._root, self._budget = root, budget_bytes
        self._size = sum(stat.st_size for _, stat in self._known())

    @property
    def size(self) -> int:
        """The bytes that are kept."""
        return self._size

    def get(self, shelf: str, name: str) -> bytes:
        """Return what was kept; empty where it is not, or not any more."""
        file = self._file(shelf, name)
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

    def has(self, shelf: str, name: str) -> bool:
        """Return whether something is kept by this name."""
        return self._file(shelf, name).is_file()

    def put(self, shelf: str, name: str, payload: bytes) -> None:
        """Keep bytes; on a full disk, or below a folder that is not there any more, nothing is kept."""
        file = self._file(shelf, name)
        if not file.parent.parent.is_dir() or len(payload) > self._budget:
            return
        aside = file.with_suffix(".partial")
        try:
            file.parent.mkdir(mode=FOLDER, exist_ok=True)
            with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE), "wb") as opened:
                opened.write(MAGIC + hashlib.sha256(payload).digest() + payload)
            aside.replace(file)
        except OSError:
            with suppress(OSError):
                aside.unlink()
            return
        self._size += len(payload)
        self._make_room()

    def _make_room(self) -> None:
        if self._size <= self._budget:
            return
        known = sorted((stat.st_mtime_ns, stat.st_size, file) for file, stat in self._known())
        self._size = sum(size for _, size, _ in known)  # another process may have kept or removed some
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

    def _known(self) -> list[tuple[Path, os.stat_result]]:
        """Return the files that are kept. What another process removes meanwhile is left out."""
        kept = [entry for library in entries(self._root) for entry in entries(Path(library.path, "kv"))]
        known: list[tuple[Path, os.stat_result]] = []
        for file in (Path(entry.path) for entry in kept if entry.name.endswith(SUFFIX)):
            with suppress(OSError):
                known.append((file, file.stat()))
        return known

    def _file(self, shelf: str, name: str) -> Path:
        return self._root / f"{shelf}-{name}{SUFFIX}"


def entries(folder: Path) -> list[os.DirEntry[str]]:
    """Return what is in a folder; nothing where there is none, or none any more."""
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:
        return []


def beginnings_in(home: Path) -> Vault | None:
    """Return where the beginnings of prompts are kept; nothing where there is no such folder, or it cannot be written."""
    try:
        if home == Path():
            return None
        (home / "cache" / "kv").mkdir(mode=FOLDER, parents=True, exist_ok=True)
    except OSError:
        return None
    return Vault(home, BEGINNINGS_BYTES)


def name_of(model: str, prefix: Sequence[int], tokens: Sequence[int]) -> str:
    """Return the name of what a model computes of tokens behind a prefix."""
    said = f"{model}|{','.join(map(str, prefix))}|{','.join(map(str, tokens))}"
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def build() -> str:
    """Return what else key/values depend on: the build of llama.cpp, the types of keys and values, flash attention."""
    from importlib.metadata import version

    return f"llama-cpp-python {version('llama-cpp-python')} f16 f16 flash"


SHELF = "cache/kv/begin"
FEWEST = 24  # tokens: what is shorter is read faster than a file


class Beginnings:
    """What prompts begin with, kept on disk, for one engine."""

    def __init__(self, engine: Engine, vault: Vault | None, model: str) -> None:
        """Keep them in the vault; without one, in this process alone."""
        self._engine, self._vault, self._model = engine, vault, model

    def hold(self, beginning: Sequence[int]) -> int:
        """Let the cache begin so; return how many tokens of it needed no computing. What else was held stays where it fits."""
        engine, size = self._engine, len(beginning)
        common = common_prefix(engine.held, beginning)
        if common == size:
            return size
        if self._vault is None or size < FEWEST or not engine.can_join:
            engine.keep(common)
            engine.read(beginning[common:])
            return common
        name = name_of(self._model, (), beginning)
        engine.keep(0)
        kept = self._vault.get(SHELF, name)
        is_back = bool(kept) and engine.bring_back(kept)
        if not is_back:
            self._vault.put(SHELF, name, engine.compute_apart(0, beginning))
        engine.join(0, beginning)
        return size if is_back else 0
