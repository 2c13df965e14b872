"""Answer stream for a task on whole documents."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from assistant.datatypes import Answer, ChatModel, Citation, Hit, OnProgress, StreamedAnswer, Timings
from assistant.generation.documents.cached_llm import WHOLE_VERSION, CachedLLM, NotesCache
from assistant.generation.documents.cited_lines import CitedLine, File, localized, number_lines
from assistant.generation.documents.compare import compare_files
from assistant.generation.documents.listing import item_kind_names, list_items, list_with_model, parse_item_kinds
from assistant.generation.documents.summarize import summarize
from assistant.generation.documents.task import Task, TaskKind, shown_names
from assistant.generation.untrusted_text import count_masked
from assistant.text.languages import language

MAX_NAMES = 5  # file names in a sentence


class WholeDocumentStream(StreamedAnswer):
    """Answer stream with work before its first token: `prepare` does it and reports progress."""

    def __init__(self, question: str, task: Task, files: Sequence[File], open_chat: Callable[[], ChatModel], notes: NotesCache,
                 embedder: str) -> None:
        self.question = question
        self._started = time.perf_counter()
        self._answer = Answer(question, "", False, (), (), "", embedder, WHOLE_VERSION, Timings(0.0))
        self._task, self._files, self._open_chat, self._notes = task, files, open_chat, notes
        self._language = language(question)
        self._lines: list[CitedLine] | None = None

    def prepare(self, on_progress: OnProgress) -> None:
        """Process the files. If it is interrupted, replies of the model so far stay in the cache."""
        if self._lines is None:
            writer = CachedLLM(self._open_chat, self._notes, on_progress)
            self._lines = self._drafted(writer)
            timings = replace(self._answer.timings, prompt_tokens=writer.prompt_tokens, read_tokens=writer.prompt_tokens,
                              generated_tokens=writer.generated_tokens)
            read = [hit for file in self._files for hit in file.passages] if writer.name else []
            self._answer = replace(self._answer, model=writer.name, machine=writer.machine, timings=timings,
                                   masked=count_masked(read))

    def __iter__(self) -> Iterator[str]:
        """Yield the text line by line."""
        self.prepare(lambda _: None)
        assert self._lines is not None
        text, citations = number_lines(self._lines or [CitedLine(self._nothing())])
        hits = cited_hits(self._files, citations)
        taken = (time.perf_counter() - self._started) * 1000
        timings = replace(self._answer.timings, first_token_ms=taken, total_ms=taken)
        self._answer = replace(self._answer, text=text, citations=citations, hits=hits, timings=timings,
                               abstained=not self._lines)
        self._finished = (self._answer,)
        yield from text.splitlines(keepends=True)

    def _drafted(self, writer: CachedLLM) -> list[CitedLine]:
        task, files, language = self._task, self._files, self._language
        if task.kind is TaskKind.SUMMARY:
            return summarize(files, language, writer)
        if task.kind is TaskKind.DIFFERENCES:
            return compare_files(files[0], files[1], language, writer.on_progress)
        wanted = parse_item_kinds(task.wanted)
        return list_items(files, wanted, language, writer) if wanted else list_with_model(files, task.wanted, language, writer)

    def _nothing(self) -> str:
        """Return the sentence that says that nothing was found."""
        names = list(shown_names(file.source.path for file in self._files).values())
        files = ", ".join(names) if len(names) <= MAX_NAMES else localized("files", self._language, count=len(names))
        wanted = parse_item_kinds(self._task.wanted)
        return localized("none", self._language, files=files,
                   what=item_kind_names(wanted, self._language) if wanted else self._task.wanted)


def cited_hits(files: Sequence[File], citations: Sequence[Citation]) -> tuple[Hit, ...]:
    """Return the hits that contain a citation, in order."""
    starts: dict[str, list[int]] = {}
    for each in citations:
        starts.setdefault(each.path, []).append(each.location.char_start)
    return tuple(
        hit for file in files for hit in file.passages
        if any(hit.chunk.location.char_start <= start < hit.chunk.location.char_end for start in starts.get(hit.path, ()))
    )
