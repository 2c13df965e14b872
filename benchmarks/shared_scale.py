"""Measure what a passage costs in a shared library in Milvus, and how searching grows, with each kind of vector index.

    python benchmarks/shared_scale.py [--passages 5000 20000] [--vectors 20000 100000] [--files 5000 20000] [--at PLACE]

Passages: one library grows to each size with documents of 50 passages, each of about 120 words drawn from a Zipf distribution,
with random unit vectors around random centres. Reported are passages written per second (the words counted, the rows of all
collections written, committed), bytes on the disk and memory of the server, the time in which another process opens the library,
and the time of a keyword search with two words of middling frequency and of a search for the ten nearest vectors. A library in
SQLite with the same passages and vectors is written and searched beside it. The first keyword search, for which milvus-lite
builds its index of words, is given by itself.

Vectors: a collection of vectors alone grows to each size. For each kind of index, reported are the time to build it, the median
and 95th percentile of a search for the ten nearest, and how many of them it finds (recall).

Files: a ledger alone grows to each number of files, in one root. Reported are the processor time in which another process opens
it and the memory that this takes there, the time in which it reads all of it again, and only what one change has changed, and the
time in which it takes the root over.

Times are given by the clock and, since other programs may use the same core, as seconds of the processor that this process and
the server used together. The place is milvus-lite in a process of its own, unless --at names an empty database, whose disk,
memory and processor are not measured. No size is begun after `--minutes`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from statistics import median

import checkout  # noqa: F401
import numpy as np
import psutil
from report import Cell, markdown_table
from shared_kills import fork, free_port, opened, serve

from assistant.datatypes import Chunk, FileState, LedgerEntry, Location, Vectors
from assistant.errors import ServerUnavailable
from assistant.index import LibraryStore, SqliteLibrary
from assistant.index.interfaces import Nearest
from assistant.index.milvus import canonical
from assistant.index.milvus.connection import ROWS_AT_ONCE
from assistant.index.milvus.library import MilvusLibrary
from assistant.index.milvus.schema import EXACT, GRAPH, VECTORS, VectorIndex, vectors_collection
from assistant.index.milvus.snapshot import Snapshot
from assistant.index.milvus.vectors import MilvusView
from assistant.index.milvus.writer import halved, vector_row
from assistant.index.store import vector_key

PASSAGES_OF_DOCUMENT, WORDS_OF_PASSAGE, VOCABULARY = 50, 120, 30_000
DOCUMENTS_AT_ONCE = 20  # of one transaction
CENTRES, SPREAD = 500, 0.6
TOP = 10
KINDS = {EXACT.kind: EXACT, "IVF_FLAT": VectorIndex("IVF_FLAT", (("nlist", 512),)), GRAPH.kind: GRAPH}
MIB = 2**20


class Synthetic:
    """Passages and vectors; the same seed gives the same."""

    def __init__(self, dimension: int, seed: int = 1) -> None:
        self._random = np.random.default_rng(seed)
        self._words = np.array([f"w{number:x}" for number in range(VOCABULARY)])
        weights = 1 / np.arange(1, VOCABULARY + 1)
        self._weights = weights / weights.sum()
        self._centres = unit(self._random.standard_normal((CENTRES, dimension)).astype(np.float32))

    def chunks(self, document: int) -> list[Chunk]:
        """Return the passages of a document."""
        drawn = self._random.choice(self._words, (PASSAGES_OF_DOCUMENT, WORDS_OF_PASSAGE), p=self._weights)
        texts = [f"{document} {number} {' '.join(row)}" for number, row in enumerate(drawn)]
        return [Chunk(text, Location(1, 1, 1000 * number, 1000 * number + len(text))) for number, text in enumerate(texts)]

    def vectors(self, count: int) -> Vectors:
        """Return so many unit vectors around the centres, shape (count, dimension)."""
        centres = self._centres[self._random.integers(0, CENTRES, count)]
        noise = self._random.standard_normal(centres.shape).astype(np.float32)
        return unit(centres + SPREAD * unit(noise))


def unit(vectors: Vectors) -> Vectors:
    """Return the vectors with length 1."""
    scaled: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled


def grow(store: LibraryStore, made: Synthetic, start: int, size: int) -> Iterator[Vectors]:
    """Write documents until the library has `size` passages; yield the vectors of each transaction."""
    step = DOCUMENTS_AT_ONCE * PASSAGES_OF_DOCUMENT
    for number in range(start, size, step):
        documents = range(number // PASSAGES_OF_DOCUMENT, (number + step) // PASSAGES_OF_DOCUMENT)
        chunks = {document: made.chunks(document) for document in documents}
        vectors = made.vectors(step)
        keys = [vector_key(chunk.searchable) for each in chunks.values() for chunk in each]
        with store.transaction():
            for document, each in chunks.items():
                entry = LedgerEntry(f"/docs/{document}.txt", "/docs", FileState.INDEXED, "", 40_000, 1, f"hash {document}")
                store.put_document(entry, f"Document {document}", each)
            store.put_vectors(dict(zip(keys, vectors, strict=True)))
        print(f"\r{number + step:,} passages", end="", file=sys.stderr)
        yield vectors


class Meter:
    """The processor time of this process and of a server, if that is on this machine."""

    def __init__(self, server: psutil.Process | None) -> None:
        self._server = server
        self.reset()

    def reset(self) -> None:
        """Begin again."""
        self._begun, self._used = time.perf_counter(), self._processor()

    def read(self) -> tuple[float, float]:
        """Return the seconds by the clock and of the processor since the beginning."""
        return time.perf_counter() - self._begun, self._processor() - self._used

    def _processor(self) -> float:
        times = self._server.cpu_times() if self._server else None
        return time.process_time() + (times.user + times.system if times else 0.0)


def timed(act: Callable[[int], object], count: int) -> tuple[float, float]:
    """Return the median and the 95th percentile of the milliseconds of an act with each number, after one to warm up."""
    act(0)
    times = []
    for number in range(count):
        begin = time.perf_counter()
        act(number)
        times.append(1000 * (time.perf_counter() - begin))
    return median(times), float(np.percentile(times, 95))


def measure_kind(store: MilvusLibrary, meter: Meter, kind: VectorIndex, vectors: Vectors, questions: Vectors) -> list[Cell]:
    """Build an index and return its row: seconds to build, search times, recall of the nearest."""
    meter.reset()
    store._connection.replace_index(VECTORS, "vector", kind)
    clock, built = meter.read()
    whole = Snapshot("", np.array([1]), np.array([len(vectors)]), 0)
    view = MilvusView(store._connection, whole, vectors.shape[1], np.empty(0, np.int64))
    view._breadth = GRAPH.breadth
    right = 0
    for question in questions:
        nearest = set(np.argpartition(-(vectors @ question), TOP)[:TOP].tolist())
        right += len(nearest & {chunk - 1 for chunk, _ in view.search(question, TOP)})
    meter.reset()
    middle, high = timed(lambda number: view.search(questions[number % len(questions)], TOP), len(questions))
    used = 1000 * meter.read()[1] / (len(questions) + 1)
    return [kind.kind, f"{clock:.1f}", f"{built:.1f}", f"{middle:.1f}", f"{high:.1f}", f"{used:.1f}",
            f"{right / (TOP * len(questions)):.3f}"]


def measure_vectors(store: MilvusLibrary, server: psutil.Process | None, options: argparse.Namespace, end: float) -> None:
    """Grow a collection of vectors alone, and print a table of the kinds of index."""
    made, vectors = Synthetic(options.dimension), np.empty((0, options.dimension), np.float32)
    rows, meter = list[list[Cell]](), Meter(server)
    store._connection.open(vectors_collection(options.dimension))
    for size in sorted(options.vectors):
        if time.monotonic() > end:
            break
        added = size - len(vectors)
        meter.reset()
        while len(vectors) < size:
            new = made.vectors(ROWS_AT_ONCE)
            start = len(vectors) + 1
            store._connection.upsert(VECTORS, [vector_row(start + number, 1, f"{start + number:064x}", halved(vector))
                                               for number, vector in enumerate(new)])
            vectors = np.concatenate([vectors, new])
            print(f"\r{len(vectors):,} vectors", end="", file=sys.stderr)
        store._connection.flush(VECTORS)
        clock, used = meter.read()
        questions = unit(vectors[:: len(vectors) // options.questions][: options.questions] + 0.3 * made.vectors(1))
        for kind in options.kinds:
            row = measure_kind(store, meter, KINDS[kind], vectors, questions)
            memory = server.memory_info().rss / MIB if server else 0
            rows.append([f"{size:,}", f"{added / clock:.0f}", f"{added / used:.0f}", *row, f"{memory:,.0f}"])
            print(markdown_table(["vectors", "written per s", "per processor s", "index", "s to build", "processor s",
                                  "ms to search", "p95", "processor ms", f"recall@{TOP}", "MiB of the server"], rows), flush=True)
        store._connection.replace_index(VECTORS, "vector", EXACT)  # or else growing would build graphs


def measure_size(store: MilvusLibrary, address: str, folder: Path, server: psutil.Process | None, beside: SqliteLibrary,
                 questions: Vectors) -> list[Cell]:
    """Return the row of a size: passages, bytes, memory, time to open, searches by keyword and by vector, and those of SQLite."""
    size = store.count_chunks()
    begin = time.perf_counter()
    opened(address, "another", folder).close()
    opening = time.perf_counter() - begin
    disk = sum(file.stat().st_size for file in (folder / "team.db").rglob("*") if file.is_file()) if server else 0
    memory = server.memory_info().rss if server else 0

    meter = Meter(server)
    search_words(store, 0)
    first = meter.read()[1]
    meter.reset()
    middle, high = timed(lambda number: search_words(store, number), 20)
    used = 1000 * meter.read()[1] / 21
    views = [each.view(questions.shape[1], None) for each in (store, beside)]
    near, near_beside = (timed(partial(search_near, view, questions), 20) for view in views)
    words_beside = timed(lambda number: search_words(beside, number), 20)
    return [f"{size:,}", f"{disk / size:,.0f}", f"{memory / MIB:,.0f}", f"{opening:.2f}", f"{first:.1f}", f"{used:.0f}",
            *(f"{middle:.0f} and {high:.0f}" for middle, high in ((middle, high), words_beside)),
            *(f"{middle:.1f} and {high:.1f}" for middle, high in (near, near_beside))]


def search_near(view: Nearest, questions: Vectors, number: int) -> None:
    """Search for what is nearest to one of the questions."""
    view.search(questions[number], TOP)


def search_words(store: MilvusLibrary | SqliteLibrary, number: int) -> None:
    """Search for two words of middling frequency."""
    if isinstance(store, MilvusLibrary):
        store._keywords = None  # the lists of the last question are not used
    store.match([(f"w{300 + number:x}",), (f"w{900 + number:x}",)], 50)


def measure_passages(store: MilvusLibrary, address: str, folder: Path, server: psutil.Process | None,
                     options: argparse.Namespace, end: float) -> None:
    """Grow a library of passages, and print a table."""
    made, also_made, rows = Synthetic(options.dimension), Synthetic(options.dimension), list[list[Cell]]()
    beside = SqliteLibrary(folder / "beside" / "library.sqlite")
    for size in sorted(options.passages):
        if time.monotonic() > end:
            break
        start, meter = store.count_chunks(), Meter(server)
        for _ in grow(store, made, start, size):
            if time.monotonic() > end:
                break
        added = store.count_chunks() - start
        store.prepare(options.dimension)
        clock, used = meter.read()
        meter.reset()
        for _ in grow(beside, also_made, start, store.count_chunks()):
            pass
        beside.prepare(options.dimension)
        rate = added / meter.read()[0]
        questions = Synthetic(options.dimension, 2).vectors(21)
        try:
            size_row = measure_size(store, address, folder, server, beside, questions)
        except ServerUnavailable as error:  # a request has taken longer than its time limit
            size_row = [f"{store.count_chunks():,}", str(error)]
        rows.append([size_row[0], f"{added / clock:.0f}", f"{added / used:.0f}", f"{rate:.0f}", *size_row[1:]])
        print(markdown_table(["passages", "written per s", "per processor s", "SQLite per s", "bytes on disk per passage",
                              "MiB of the server", "s to open", "processor s of the first keyword search",
                              "processor ms by keyword", "ms by keyword, median and p95",
                              "SQLite", "ms by vector, median and p95", "SQLite"], rows), flush=True)


def measure_files(store: MilvusLibrary, address: str, folder: Path, server: psutil.Process | None, options: argparse.Namespace
                  ) -> None:
    """Grow a ledger, and print a table of what it costs another machine, in seconds of the processor."""
    rows, meter = list[list[Cell]](), Meter(server)
    store._chosen["/docs"] = "docs"
    store.add_root("/docs")
    store.hold(["/docs"])
    done = 0
    for size in sorted(options.files):
        added = size - done
        meter.reset()
        while done < size:
            with store.transaction():
                for number in range(done, min(size, done + ROWS_AT_ONCE)):
                    path = f"/docs/{number % 97}/a document with a name of usual length {number}.pdf"
                    store.put_entry(LedgerEntry(path, "/docs", FileState.SKIPPED, "there is no text in it", 40_000, 1,
                                                f"{number:064x}"))
            done = min(size, done + ROWS_AT_ONCE)
            print(f"\r{done:,} files", end="", file=sys.stderr)
        rate = added / meter.read()[1]
        store.release()
        with fork.Pool(1) as pool:
            found = pool.apply(open_elsewhere, (address, folder, server.pid if server else 0))
        rows.append([f"{size:,}", f"{rate:.0f}", *found])
        store.hold(["/docs"])
        print(markdown_table(["files", "written per processor s", "s to open", "MiB of the reader", "s to read all again",
                              "s to read a change", "s to take over"], rows), flush=True)


def open_elsewhere(address: str, folder: Path, server: int) -> list[Cell]:
    """Open a library as another machine; return the seconds, the memory, and the seconds of three acts.

    These are reading all of the ledger again, reading what one change has changed, and taking the root over.
    """
    process, meter = psutil.Process(), Meter(psutil.Process(server) if server else None)
    before = process.memory_info().rss
    with closing(opened(address, "another", folder)) as store:
        opening, memory = meter.read()[1], process.memory_info().rss - before
        reading = []
        with closing(opened(address, "a third", folder)) as other:
            for number in range(2):  # the journal is read with the first change, together with everything
                other.put_entry(LedgerEntry(f"/elsewhere/{number}", "/elsewhere", FileState.SKIPPED, "", 1, 1, ""))
                meter.reset()
                with store.reading():
                    reading.append(meter.read()[1])
        meter.reset()
        store.hold(["docs"])
        return [f"{opening:.1f}", f"{memory / MIB:,.0f}", *(f"{seconds:.2f}" for seconds in reading), f"{meter.read()[1]:.1f}"]


def measure(what: str, options: argparse.Namespace) -> None:
    """Measure passages, vectors or files, with a new milvus-lite or at the place that was named."""
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        process = None if options.at else fork.Process(target=serve, args=(f"{folder}/team.db", port))
        if process:
            process.start()
        server = psutil.Process(process.pid) if process else None
        address, end = canonical(options.at or f"milvus://127.0.0.1:{port}"), time.monotonic() + 60 * options.minutes
        try:
            with closing(opened(address, "writer", folder)) as store:
                if what == "vectors":
                    measure_vectors(store, server, options, end)
                elif what == "files":
                    measure_files(store, address, folder, server, options)
                else:
                    measure_passages(store, address, folder, server, options, end)
        finally:
            if process:
                process.kill()


def main() -> int:
    """Measure at a new milvus-lite, or at the place that was named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", nargs="*", type=int, default=[5_000, 20_000])
    parser.add_argument("--files", nargs="*", type=int, default=[5_000, 20_000])
    parser.add_argument("--vectors", nargs="*", type=int, default=[20_000, 100_000])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--questions", type=int, default=40)
    parser.add_argument("--minutes", type=float, default=5.0, help="after which no part goes on growing")
    parser.add_argument("--at", default="")
    options = parser.parse_args()
    import pymilvus  # noqa: F401 - once, before the server is forked

    for what in ("files", "vectors", "passages"):
        if getattr(options, what):
            measure(what, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
