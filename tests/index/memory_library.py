"""A library in dictionaries: the plainest implementation of `LibraryStore`, which the contract tests hold the others to."""

from __future__ import annotations

import math
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from copy import deepcopy
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from assistant.datatypes import EVERY_FILE, Chunk, FileState, Filter, Finding, LedgerEntry, LibraryMetrics, Vectors
from assistant.errors import UsageError
from assistant.index.change_log import Ids
from assistant.index.chunks import StoredChunk, quoted_words
from assistant.index.file_text import FileCount
from assistant.index.fts_text import body_text
from assistant.index.interfaces import Nearest, Phrases
from assistant.index.store import vector_key
from assistant.system.paths import is_pattern

WORD = re.compile(r"[^\W_]+")
K1, B = 1.2, 0.75


@dataclass
class Content:
    """Everything that a transaction can undo."""

    files: dict[str, tuple[LedgerEntry, str]] = field(default_factory=dict)
    chunks: dict[int, tuple[str, Chunk]] = field(default_factory=dict)
    vectors: dict[bytes, Vectors] = field(default_factory=dict)
    roots: set[str] = field(default_factory=set)
    excluded: set[str] = field(default_factory=set)
    meta: dict[str, str] = field(default_factory=dict)
    next_id: int = 1
    generation: int = 0


class MemoryView:
    """All vectors, compared one by one."""

    def __init__(self, stamp: object, vectors: Mapping[int, Vectors], dimension: int) -> None:
        self.stamp = stamp
        self.ids = np.array(sorted(vectors), np.int64)
        self._of, self._dimension = vectors, dimension

    def search(self, vector: Vectors, limit: int, among: Ids | None = None) -> list[tuple[int, float]]:
        found = self.cosines(vector, self.ids if among is None else among)
        return sorted(found.items(), key=lambda each: (-each[1], each[0]))[:limit]

    def vectors(self, ids: Sequence[int] | Ids) -> tuple[Ids, Vectors]:
        known = [int(number) for number in ids if int(number) in self._of]
        return np.array(known, np.int64), np.array([self._of[number] for number in known]).reshape(-1, self._dimension)

    def cosines(self, vector: Vectors, ids: Sequence[int] | Ids) -> dict[int, float]:
        known, rows = self.vectors(ids)
        return dict(zip(known.tolist(), (rows @ vector).tolist(), strict=True))


class MemoryLibrary:
    """A library in memory. Words are split at every sign and not stemmed; everything else is as in the other stores."""

    is_shared, place = False, "memory"

    def __init__(self, folder: Path) -> None:
        self.folder, self._of, self._depth = folder, Content(), 0

    def close(self) -> None:
        pass

    def size(self) -> int:
        return sum(len(chunk.text) for _, chunk in self._of.chunks.values())

    # values and transactions

    @property
    def generation(self) -> int:
        return self._of.generation

    @contextmanager
    def transaction(self) -> Iterator[None]:
        before = deepcopy(self._of) if not self._depth else None
        self._depth += 1
        try:
            yield
        except BaseException:
            self._of = before or self._of
            raise
        finally:
            self._depth -= 1

    def reading(self) -> nullcontext[None]:
        return nullcontext()

    def meta(self, key: str) -> str:
        return self._of.meta.get(key, "")

    def set_meta(self, key: str, value: str) -> None:
        self._of.meta[key] = value

    def meta_with_prefix(self, prefix: str) -> dict[str, str]:
        return {key: value for key, value in self._of.meta.items() if key.startswith(prefix)}

    def drop_meta(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._of.meta.pop(key, None)

    # ledger

    def roots(self) -> tuple[str, ...]:
        return tuple(sorted(self._of.roots))

    own_roots = roots

    def name_root(self, path: str, name: str) -> None:
        raise UsageError("This library has no names.")

    def root_names(self) -> dict[str, str]:
        return {}

    def hold(self, roots: Iterable[str]) -> dict[str, str]:
        return {}

    def renew(self) -> None:
        pass

    def release(self) -> None:
        pass

    def root_groups(self) -> dict[str, tuple[str, ...]]:
        return dict.fromkeys(self.roots(), ())

    def record_sync(self) -> None:
        pass

    def metrics(self) -> LibraryMetrics | None:
        return None

    def set_groups(self, path: str, groups: Iterable[str]) -> None:
        raise UsageError("Only the folders of a shared library have groups.")

    def add_root(self, path: str) -> None:
        self._of.roots.add(path)

    def drop_root(self, path: str) -> None:
        self._of.roots.discard(path)

    def excluded(self) -> tuple[str, ...]:
        return tuple(sorted(self._of.excluded))

    def exclude(self, path: str) -> None:
        self._of.excluded.add(path)

    def include(self, path: str) -> None:
        self._of.excluded = {each for each in self._of.excluded if not is_below(each, path)}

    def ledger(self) -> dict[str, LedgerEntry]:
        return {path: self._of.files[path][0] for path in sorted(self._of.files)}

    def entry(self, path: str) -> LedgerEntry | None:
        return self.ledger().get(path)

    def entries_under(self, paths: Iterable[str]) -> dict[str, LedgerEntry]:
        folders = list(paths)
        return {path: entry for path, entry in self.ledger().items() if any(is_below(path, folder) for folder in folders)}

    def count(self, state: FileState) -> int:
        return sum(entry.state is state for entry in self.ledger().values())

    def count_files(self, state: FileState, filter: Filter) -> FileCount:
        found = [entry for entry in self.ledger().values() if entry.state is state and passes(entry, filter)]
        return FileCount(len(found), sum(entry.chunks for entry in found), sum(entry.size for entry in found))

    def indexed_files(self, filter: Filter, after: str, limit: int) -> list[LedgerEntry]:
        return [entry for path, entry in self.ledger().items()
                if path > after and entry.state is FileState.INDEXED and passes(entry, filter)][:limit]

    def filtered_files(self, filter: Filter) -> list[tuple[str, str, str, int]]:
        return [(path, self._of.files[path][1], entry.content_hash, entry.mtime_ns) for path, entry in self.ledger().items()
                if entry.chunks and entry.state is FileState.INDEXED and passes(entry, filter)]

    def passes(self, path: str, filter: Filter) -> bool:
        entry = self.entry(path)
        return entry is not None and passes(entry, filter)

    def modified_ns(self, paths: Sequence[str]) -> dict[str, int]:
        return {path: changed for path, _, _, changed in self.filtered_files(EVERY_FILE) if path in paths}

    def touch(self, path: str, size: int, mtime_ns: int) -> None:
        for each, (entry, title) in self._of.files.items():
            if each == path:
                self._of.files[each] = replace(entry, size=size, mtime_ns=mtime_ns), title
            elif entry.container == path:
                self._of.files[each] = replace(entry, mtime_ns=mtime_ns), title

    # documents

    def put_document(self, entry: LedgerEntry, title: str, chunks: Iterable[Chunk]) -> int:
        with self.transaction():
            self._drop_chunks(entry.path)
            given = list(chunks)
            self._of.chunks.update((number, (entry.path, chunk)) for number, chunk in enumerate(given, self._of.next_id))
            self._of.next_id += len(given)
            self._of.files[entry.path] = replace(entry, chunks=len(given)), title
            self._of.generation += 1
        return len(given)

    def put_entry(self, entry: LedgerEntry) -> None:
        self._drop_chunks(entry.path)
        self._of.files[entry.path] = entry, ""
        self._of.generation += 1

    def move_file(self, old: str, entry: LedgerEntry) -> None:
        self.drop_files(self.entries_under([entry.path]))
        for path, known in self.entries_under([old]).items():
            place, title = entry.path + path[len(old):], self._of.files.pop(path)[1]
            self._of.files[place] = replace(known, path=place, root=entry.root, mtime_ns=entry.mtime_ns,
                                            container=entry.path if known.container else ""), title
            self._of.chunks = {number: (place if of == path else of, chunk) for number, (of, chunk) in self._of.chunks.items()}
        self._of.generation += 1

    def drop_files(self, paths: Iterable[str]) -> int:
        gone = [path for path in paths if path in self._of.files]
        for path in gone:
            self._drop_chunks(path)
            del self._of.files[path]
        self._of.generation += bool(gone)
        return len(gone)

    def clear(self, paths: Iterable[str], reason: str) -> None:
        for path in paths:
            entry, title = self._of.files[path]
            if entry.state is FileState.INDEXED:
                self._drop_chunks(path)
                self._of.files[path] = replace(entry, state=FileState.SKIPPED, reason=reason, mtime_ns=0, content_hash="",
                                               chunks=0), title
        self.drop_orphaned_vectors(0)
        self._of.generation += 1

    def _drop_chunks(self, path: str) -> None:
        self._of.chunks = {number: each for number, each in self._of.chunks.items() if each[0] != path}

    # chunks

    def _stored(self, number: int) -> StoredChunk:
        path, chunk = self._of.chunks[number]
        return StoredChunk(number, path, self._of.files[path][1], chunk)

    def count_chunks(self) -> int:
        return len(self._of.chunks)

    def spans(self) -> tuple[Ids, Ids]:
        of_files: dict[str, list[int]] = {}
        for number, (path, _) in sorted(self._of.chunks.items()):
            of_files.setdefault(path, []).append(number)
        runs = list(of_files.values())
        return np.array([run[0] for run in runs], np.int64), np.array([len(run) for run in runs], np.int64)

    def chunks(self, ids: Sequence[int]) -> dict[int, StoredChunk]:
        return {number: self._stored(number) for number in ids if number in self._of.chunks}

    def chunks_of_file(self, path: str) -> list[StoredChunk]:
        return [self._stored(number) for number, (of, _) in sorted(self._of.chunks.items()) if of == path]

    def chunks_around(self, path: str, character: int, neighbours: int) -> list[StoredChunk]:
        stored = self.chunks_of_file(path)
        places = [place for place, each in enumerate(stored)
                  if each.chunk.location.char_start <= character < each.chunk.location.char_end]
        if not places:
            return []
        at = max(places, key=lambda place: stored[place].chunk.location.char_start)
        return stored[max(0, at - neighbours) : at + neighbours + 1]

    def chunk_at(self, path: str, character: int) -> dict[int, StoredChunk]:
        return {each.chunk_id: each for each in self.chunks_around(path, character, 0)}

    def chunks_from(self, path: str, character: int, limit: int) -> list[StoredChunk]:
        return [each for each in self.chunks_of_file(path) if each.chunk.location.char_end > character][:limit]

    def adjacent_chunks(self, path: str, start: int, end: int) -> list[Chunk]:
        chunks = [each.chunk for each in self.chunks_of_file(path)]
        after = [chunk for chunk in chunks if chunk.location.char_start >= end][:1]
        return after + [chunk for chunk in chunks if chunk.location.char_end <= start][-1:]

    def beside_each(self, spans: Sequence[tuple[str, int, int]]) -> list[list[Chunk]]:
        return [self.adjacent_chunks(*span) for span in spans]

    def paths_of_chunks(self) -> list[tuple[int, str]]:
        return [(number, path) for number, (path, _) in sorted(self._of.chunks.items())]

    def ids_of(self, filter: Filter) -> Ids:
        return np.array([number for number, (path, _) in sorted(self._of.chunks.items()) if self.passes(path, filter)], np.int64)

    # keywords

    def _words(self, number: int) -> list[str]:
        path, chunk = self._of.chunks[number]
        return WORD.findall(body_text(path, chunk.searchable).lower())

    def _frequency(self, number: int, phrase: str) -> int:
        words, wanted = self._words(number), phrase.split()
        return sum(words[at : at + len(wanted)] == wanted for at in range(len(words)))

    def _holding(self, phrases: Phrases) -> list[int]:
        return [number for number in sorted(self._of.chunks) if all(self._frequency(number, phrase) for phrase in phrases)]

    def holding_each(self, terms: Sequence[Phrases], limit: int) -> list[list[int]]:
        return [self._holding(phrases)[:limit] for phrases in terms]

    def count_holding_each(self, terms: Sequence[Phrases], limit: int) -> list[int]:
        return [len(rows) for rows in self.holding_each(terms, limit)]

    def match(self, terms: Sequence[Phrases], limit: int, filter: Filter = EVERY_FILE) -> list[tuple[int, float]]:
        lengths = {number: len(self._words(number)) for number in self._of.chunks}
        mean, scores = sum(lengths.values()) / max(1, len(lengths)), Counter[int]()
        for phrases in terms:
            for number in self._holding(phrases):
                for phrase in phrases:
                    held, frequency = len(self._holding((phrase,))), self._frequency(number, phrase)
                    rarity = max(1e-6, math.log((len(lengths) - held + 0.5) / (held + 0.5)))
                    scores[number] += rarity * frequency * (K1 + 1) / (frequency + K1 * (1 - B + B * lengths[number] / mean))
        passing = set(self.ids_of(filter).tolist())
        found = [(number, score) for number, score in scores.items() if number in passing]
        return sorted(found, key=lambda each: (-each[1], each[0]))[:limit]

    def says(self, quote: str) -> bool:
        words = quoted_words(quote)
        return bool(words) and bool(self._holding((words,)))

    # vectors

    def view(self, dimension: int, held: Nearest | None) -> MemoryView:
        keys = {number: vector_key(chunk.searchable) for number, (_, chunk) in self._of.chunks.items()}
        return MemoryView((self.generation, dimension), {number: self._of.vectors[key] for number, key in keys.items()
                                                         if key in self._of.vectors}, dimension)

    def dimension(self) -> int:
        return next((len(vector) for vector in self._of.vectors.values()), 0)

    def known_vectors(self, keys: Iterable[bytes]) -> set[bytes]:
        return self._of.vectors.keys() & set(keys)

    def pending_embeddings(self) -> list[int]:
        pending = [number for number, (_, chunk) in self._of.chunks.items()
                   if vector_key(chunk.searchable) not in self._of.vectors]

        def order(number: int) -> tuple[int, int, int]:
            entry = self._of.files[self._of.chunks[number][0]][0]
            return -(entry.mtime_ns // (86_400 * 10**9)), entry.size, number

        return sorted(pending, key=order)

    def count_pending_embeddings(self) -> int:
        return len(self.pending_embeddings())

    def embedded_share(self) -> float:
        return 1 - self.count_pending_embeddings() / max(1, self.count_chunks())

    def put_vectors(self, vectors: Mapping[bytes, Vectors], settled: Iterable[int] = ()) -> None:
        self._of.vectors |= {key: vector.astype(np.float16).astype(np.float32) for key, vector in vectors.items()}
        self._of.generation += 1

    def drop_orphaned_vectors(self, kept_seconds: float) -> int:
        used = {vector_key(chunk.searchable) for _, chunk in self._of.chunks.values()}
        orphaned = self._of.vectors.keys() - used if not kept_seconds else set()
        self._of.vectors = {key: vector for key, vector in self._of.vectors.items() if key not in orphaned}
        return len(orphaned)

    # upkeep

    def integrity(self) -> str:
        return "ok"

    def inspect(self, *, repair: bool) -> tuple[Finding, ...]:
        return ()

    def prepare(self, dimension: int) -> None:
        pass

    def erase_removed(self, *, thorough: bool) -> bool:
        return True


def is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def passes(entry: LedgerEntry, filter: Filter) -> bool:
    def is_among(paths: Sequence[str]) -> bool:
        return not paths or any(matches(entry.path, path) for path in paths)

    types = {kind.lower().lstrip(".") for kind in filter.types}
    has_type = not types or Path(entry.path).suffix.lower().lstrip(".") in types
    return is_among(filter.paths) and is_among(filter.within) and has_type and (
        filter.since_ns is None or entry.mtime_ns >= filter.since_ns)


def matches(path: str, wanted: str) -> bool:
    if not is_pattern(wanted):
        return is_below(path, wanted)
    pattern = wanted if wanted.startswith((os.sep, "*")) else f"*{os.sep}{wanted}"
    return fnmatchcase(path, pattern) or fnmatchcase(path, f"{pattern}{os.sep}*")
