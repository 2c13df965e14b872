"""Measure the time and memory that reader processes need per file."""

from __future__ import annotations

import threading
import time
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import checkout  # noqa: F401
import psutil

from assistant.datatypes import Document, Extraction
from assistant.errors import UnreadableFile
from assistant.ingest import ReaderPool, ReadOptions, ReadRequest, ReadResult, WorkerLimits

TERMS = ReadOptions(max_bytes=100 * 2**20)
BOUNDS = WorkerLimits(idle_timeout=120, memory=2 * 2**30)
IGNORED = dict.fromkeys(map(ord, "\u00ad\u200b\ufeff"))
GLANCE_SECONDS = 0.05


@dataclass(slots=True)
class MemoryWatch:
    """The most memory that a worker used, in bytes, sampled while the block runs."""

    peak: int = 0
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> MemoryWatch:
        """Begin to watch."""
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End watching."""
        self._ended.set()
        if self._thread:
            self._thread.join()

    def _watch(self) -> None:
        own = psutil.Process()
        while not self._ended.wait(GLANCE_SECONDS):
            for child in own.children():
                try:
                    self.peak = max(self.peak, child.memory_info().rss)
                except psutil.Error:
                    continue


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a file and of those inside it: texts, and the reasons of those refused; seconds and bytes of memory."""

    path: Path
    extractions: tuple[Extraction, ...]
    reason: str
    seconds: float
    peak: int

    @property
    def text(self) -> str:
        """Everything that was read."""
        return "\n".join(extraction.text for extraction in self.extractions)

    def page(self, number: int) -> str:
        """Return the text of a page or slide."""
        return "\n".join(
            extraction.text[part.char_start : part.char_end]
            for extraction in self.extractions for part in extraction.parts if number in (part.page, part.slide)
        )  # fmt: skip


def read_each(paths: Sequence[Path], passwords: Sequence[str] = ()) -> list[Result]:
    """Read files one after another in one worker, so that each one's time and memory are its own."""
    results = []
    with ReaderPool(1, ReadOptions(TERMS.max_bytes, tuple(passwords)), BOUNDS) as pool:
        for path in paths:
            begun = time.perf_counter()
            with MemoryWatch() as memory:
                [(_, readings)] = pool.read([ReadRequest(path)], lambda _: None)
            results.append(result_of(path, readings, time.perf_counter() - begun, memory.peak))
    return results


def result_of(path: Path, readings: Sequence[ReadResult], seconds: float, peak: int) -> Result:
    """Return the readings of one file as one result."""
    extractions = tuple(reading.outcome.extraction for reading in readings if isinstance(reading.outcome, Document))
    refused = [reading.outcome for reading in readings if isinstance(reading.outcome, UnreadableFile)]
    return Result(path, extractions, "; ".join(map(str, refused)), seconds, peak)


def squeezed(text: str) -> str:
    """Return the text as it is compared: NFKC, without white space and soft hyphens."""
    return "".join(unicodedata.normalize("NFKC", text).translate(IGNORED).split())
