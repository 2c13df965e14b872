"""Answer a question: every step from the question to the finished answer, in the order in which they happen."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from assistant.app.ask.computed import answer_computed
from assistant.app.ask.delegation import DelegatedAnswer, OpenChat
from assistant.app.ask.reading_ahead import ReadingAhead
from assistant.app.ask.retrieval import EvidenceRetrieval, milliseconds_since, questions_of, validate_question
from assistant.app.library.library import Library
from assistant.app.models import ModelProvider
from assistant.config import Settings
from assistant.datatypes import (
    EVERY_FILE,
    QUERY_SEPARATOR,
    Answer,
    AnswerStreaming,
    ChatModel,
    Filter,
    Hit,
    OutgoingRequest,
    Sentence,
    StreamedAnswer,
    Timings,
    Turn,
)
from assistant.generation import (
    NO_PROMPT,
    PROMPT_VERSION,
    AnswerStream,
    FollowUpKind,
    Limits,
    MetaAnswerStream,
    Prompt,
    Rewriting,
    SmallTalkStream,
    add_conflicts,
    compose,
    detect_meta_question,
    detect_small_talk,
    find_conflicts,
    history_messages,
    needs_all_rows,
    needs_several_passages,
    refuse_to_compute,
    refuse_without_evidence,
    rewrite,
    tables_named,
)
from assistant.generation.documents import (
    File,
    NotesCache,
    SourceFile,
    TaskKind,
    WholeDocumentStream,
    parse_item_kinds,
    recognize_task,
    resolve_files,
    shown_names,
)
from assistant.index import LibraryStore
from assistant.models.llama.kv_cache import document_mark
from assistant.models.remote.preview import PreviewChat
from assistant.retrieval import drop_contained
from assistant.system.paths import escape_pattern
from assistant.text.calculations import recognize_aggregate

TABLE_HITS = 20  # passages that say which tables a question may be about


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was retrieved for a question: all hits, and the passages that the model reads, numbered as the answer cites them."""

    rewriting: Rewriting
    hits: tuple[Hit, ...]
    passages: tuple[Hit, ...]
    retrieve_ms: float
    wanted: Filter = EVERY_FILE  # the filter that the user set


class QuestionAnswering:
    """Answers questions from the libraries. `retrieval` finds the evidence; the stream that `ask` returns writes the answer."""

    def __init__(self, settings: Settings, models: ModelProvider, libraries: Sequence[Library]) -> None:
        self._settings, self._models, self._libraries = settings, models, libraries
        self.retrieval = EvidenceRetrieval(settings, models, libraries)
        self.reading_ahead = ReadingAhead(settings, models, self.document_mark)

    def ask(self, question: str, turns: Sequence[Turn] = (), wanted: Filter = EVERY_FILE,
            strict: bool = False) -> AnswerStreaming:
        """Return an answer to come; see Assistant.ask."""
        question = validate_question(question)
        libraries = self.retrieval.searchable_libraries(question, wanted)
        if talk := detect_small_talk(question):
            return SmallTalkStream(question, talk, file_names(self._libraries, wanted), self._settings.embed)
        if turns and (meta := detect_meta_question(question)).intent:
            loading = self._models.start_chat()
            return self._delegated(lambda chat: MetaAnswerStream(question, meta, turns, chat, self._settings.answer_tokens),
                                   loading.result)
        if make := self._computed(question, turns, wanted) or self._about_files(question, wanted):
            return self._delegated(make, lambda: self._models.chat)
        loading = self._models.start_chat()  # it loads while the evidence is retrieved
        started = time.perf_counter()
        evidence = self._retrieve(question, turns, wanted, libraries)
        return self._delegated(lambda chat: QuestionAnswerStream(self, question, turns, evidence, chat, strict, started),
                               loading.result)

    def _delegated(self, make: Callable[[OpenChat], AnswerStreaming], open_chat: OpenChat) -> AnswerStreaming:
        """Return the answer of the chat model, or of one on another machine if the settings name one."""
        return DelegatedAnswer(make, self._models, self._settings) if self._models.uses_remote else make(open_chat)

    def _about_files(self, question: str, wanted: Filter, *,
                     keep: bool = True) -> Callable[[OpenChat], WholeDocumentStream] | None:
        """Return a function that begins the answer to a question about whole files; None for an ordinary question."""
        return answer_about_files(question, self._libraries, wanted, self._settings.embed, keep=keep)

    def preview(self, question: str, wanted: Filter = EVERY_FILE) -> tuple[OutgoingRequest, ...]:
        """Return the first requests that a question sends to another machine, and send nothing; see Assistant.preview."""
        question = validate_question(question)
        libraries = self.retrieval.searchable_libraries(question, wanted)
        chat = PreviewChat(self._models.remote_chat)
        if computed := self._computed(question, (), wanted):
            "".join(computed(lambda: chat))
        elif whole := self._about_files(question, wanted, keep=False):
            whole(lambda: chat).prepare(lambda _: None)
        else:
            evidence = self._retrieve(question, (), wanted, libraries)
            stream = QuestionAnswerStream(self, question, (), evidence, lambda: chat, strict=False, started=time.perf_counter())
            "".join(stream)
        return tuple(chat.requests)

    def _computed(self, question: str, turns: Sequence[Turn], wanted: Filter) -> Callable[[OpenChat], AnswerStreaming] | None:
        """Return a function that begins the answer computed over a table of the files; None for an ordinary question."""
        task = recognize_task(question)
        if task is not None and task.certain:
            return None
        standalone = rewrite(question, turns).queries[0] if turns else question

        def find_hits(words: str) -> Sequence[Hit]:
            return self.retrieval.search(words, TABLE_HITS, wanted).hits

        return answer_computed(standalone, self._libraries, wanted, find_hits, self._settings.embed)

    def _retrieve(self, question: str, turns: Sequence[Turn], wanted: Filter, libraries: Sequence[Library]) -> Evidence:
        """Retrieve the evidence for a question; its time does not include the loading of models."""
        searchers = self.retrieval.open(libraries)
        searching = time.perf_counter()
        rewriting = self.retrieval.rewrite_question(question, turns)
        hits = self.retrieval.find(searchers, rewriting, turns, wanted)
        if not wanted:
            hits = self.retrieval.merge_facts(rewriting, hits)
        passages = self.retrieval.passages_to_read(hits, turns)
        self._models.orders.keep((*questions_of(turns), question), passages)
        return Evidence(rewriting, hits, passages, milliseconds_since(searching), wanted)

    @property
    def asks_shared_library(self) -> bool:
        """Whether one of the libraries is shared: those keep no tables."""
        return any(library.is_shared for library in self._libraries)

    def needs_computation(self, question: str, evidence: Evidence) -> bool:
        """Return whether a question needs a count, sum, average or extreme over all rows of a table or over many files."""
        asked = recognize_aggregate(question)
        if asked is None:
            return False
        if evidence.wanted:
            return needs_all_rows(question, asked, evidence.hits)
        paths = [path for library in self._libraries if library.exists()
                 for path, _, _, _ in library.store.filtered_files(EVERY_FILE)]
        named = tuple(escape_pattern(path) for path in tables_named(asked, paths))
        rows = self.retrieval.search(question, wanted=Filter(paths=named)).hits if named else ()
        return needs_all_rows(question, asked, (*evidence.hits, *rows))

    def compose_prompt(self, chat: ChatModel, question: str, turns: Sequence[Turn], evidence: Evidence) -> Prompt:
        """Return the prompt: with the widened passages, or the narrow ones if the model counts more tokens than was estimated."""
        settings, history = self._settings, history_messages(turns)
        prompt = compose(chat, question, evidence.passages, history, settings.context_chunk_tokens, settings.answer_tokens)
        if len(prompt.passages) < len(evidence.passages):
            narrow = self.retrieval.narrow_passages(evidence.hits, turns)
            prompt = compose(chat, question, narrow, history, settings.context_chunk_tokens, settings.answer_tokens)
        return prompt

    def compose_best(self, chat: ChatModel, question: str, turns: Sequence[Turn], evidence: Evidence) -> Prompt:
        """Return the prompt with the best passage alone, as it was found; NO_PROMPT if all passages are to be read at once.

        In a conversation they are, since the model has most of them in its cache; and another machine is asked only once.
        """
        if not self._settings.best_first or turns or chat.machine or needs_several_passages(question):
            return NO_PROMPT
        best = self.retrieval.narrow_passages(evidence.hits, turns)[:1]
        prompt = compose(chat, question, best, (), self._settings.context_chunk_tokens, self._settings.answer_tokens)
        return prompt.quoting(self.document_mark(best[0]))

    def document_mark(self, hit: Hit) -> str:
        """Return how the document of a hit is marked where something of it is stored elsewhere; "" if it is not a file."""
        entries = ((library.name, library.store.entry(hit.path)) for library in self._libraries if library.exists())
        return next((document_mark(name, entry.content_hash) for name, entry in entries if entry), "")

    def draft(self, question: str, evidence: Evidence) -> Answer:
        """Return the answer as far as it is known before a model is asked; its hits are the passages, then all other hits."""
        hits = (*evidence.passages, *drop_contained(evidence.hits, evidence.passages))
        searched = evidence.rewriting.display_text if evidence.rewriting.kind != FollowUpKind.NONE else ""
        return Answer(question, "", False, (), hits, "", self._models.embedder.name, PROMPT_VERSION,
                      Timings(evidence.retrieve_ms), searched)

    def limits(self, chat: ChatModel, strict: bool) -> Limits:
        """Return the limits of an answer of a chat model, with what was fitted to it."""
        threshold = self._settings.refusal_threshold / 100
        return Limits(self._settings.answer_tokens, threshold, strict, self.retrieval.calibration_offset(chat),
                      self.retrieval.gate(chat))

    def compared_with_other_files(self, answer: Answer, hits: Sequence[Hit], passages: Sequence[Hit]) -> Answer:
        """Return the answer with the places where other hits contradict its citations, which are numbered by `passages`."""
        others = self.retrieval.with_duplicates(hits)
        files = self.retrieval.file_dates((*answer.hits, *others))
        asked = answer.searched.split(QUERY_SEPARATOR)[0] or answer.question
        return add_conflicts(answer, find_conflicts(asked, answer.text, answer.citations, passages, others, files))

    def anticipate(self, question: str, turns: Sequence[Turn], should_stop: Callable[[], bool]) -> None:
        """Retrieve the evidence of a question that is being typed and let the model read it; see Assistant.anticipate."""
        question = validate_question(question)
        if self._models.asks_remote_first:
            return  # a question that is not asked yet must not leave this machine
        if should_stop() or recognize_task(question) is not None or detect_small_talk(question) or (
                turns and detect_meta_question(question).intent):
            return
        loading = self._models.start_chat()
        searchers = self.retrieval.open(self.retrieval.searchable_libraries(question, EVERY_FILE))
        rewriting = rewrite(question, turns)
        hits = self.retrieval.merge_facts(rewriting, self.retrieval.find(searchers, rewriting, turns, EVERY_FILE))
        if should_stop() or not hits:
            return
        evidence = Evidence(rewriting, hits, self.retrieval.passages_to_read(hits, turns), 0.0)
        chat = loading.result()
        prompt = self.compose_best(chat, question, turns, evidence)
        prompt = prompt if prompt.passages else self.compose_prompt(chat, question, turns, evidence)
        reply = chat.reply(prompt.messages, 1)
        if not should_stop():  # from here on the model itself is told to stop
            reply.likelihood("A")


class QuestionAnswerStream(StreamedAnswer):
    """An answer whose evidence is there at once. Iterating composes the prompt, writes the text and compares it with others."""

    def __init__(self, answering: QuestionAnswering, question: str, turns: Sequence[Turn], evidence: Evidence,
                 open_chat: OpenChat, strict: bool, started: float) -> None:
        self._draft, self._strict = answering.draft(question, evidence), strict
        self.question, self.hits = question, self._draft.hits
        self._answering, self._turns, self._evidence = answering, turns, evidence
        self._open_chat, self._started = open_chat, started
        self._standalone = evidence.rewriting.queries[0]
        self._generation: AnswerStream | None = None

    @property
    def sentences(self) -> Sequence[Sentence]:
        """The finished sentences, each with its citations."""
        return self._generation.sentences if self._generation else ()

    def __iter__(self) -> Iterator[str]:
        """Return the text piece by piece, then the contradictions in other files. The pieces join to `answer.text`."""
        if not self.hits:
            return self._finish_with(refuse_without_evidence(self._draft, self._started))
        if self._answering.needs_computation(self._standalone, self._evidence):
            return self._finish_with(refuse_to_compute(self._draft, self._started, is_shared=self._answering.asks_shared_library))
        chat = self._open_chat()
        prompt = self._answering.compose_prompt(chat, self.question, self._turns, self._evidence)
        several = len(prompt.passages) > 1
        best = self._answering.compose_best(chat, self.question, self._turns, self._evidence) if several else NO_PROMPT
        limits = self._answering.limits(chat, self._strict)
        self._generation = AnswerStream(self._draft, chat, prompt, limits, self._started, best)
        self._generation.prepare(self._on_progress)
        found = self._answering.retrieval.narrow_passages(self._evidence.hits, ())
        self._answering.reading_ahead.note(found, best.passages)
        return chain(self._written(self._generation, best), self._conflicts(self._generation))

    def _written(self, generation: AnswerStream, best: Prompt) -> Iterator[str]:
        """Yield the text that the model writes; of a file that is removed meanwhile, no KV state stays on disk."""
        try:
            yield from generation
        finally:
            self._answering.reading_ahead.forget_if_removed(best)

    def _finish_with(self, answer: Answer) -> Iterator[str]:
        """Finish with an answer that no model writes."""
        self._finished = (answer,)
        return iter((answer.text,))

    def _conflicts(self, generated: AnswerStream) -> Iterator[str]:
        """Compare the finished answer with other files; yield what contradicts it, if anything does."""
        answer = generated.answer
        if answer.citations:
            answer = self._answering.compared_with_other_files(answer, self._evidence.hits, generated.passages)
        self._finished = (answer,)
        if answer.conflicts:
            yield answer.text.removeprefix(generated.answer.text)


def file_names(libraries: Sequence[Library], wanted: Filter) -> list[str]:
    """Return the names of the files in these libraries."""
    paths = [path for library in libraries if library.exists() for path, _, _, _ in library.store.filtered_files(wanted)]
    names = shown_names(paths)
    return [names[path] for path in paths]


def answer_about_files(question: str, libraries: Sequence[Library], wanted: Filter, embedder: str, *,
                       keep: bool = True) -> Callable[[OpenChat], WholeDocumentStream] | None:
    """Return a function that begins the answer, with a chat model, to a question about whole files; None for an ordinary one.

    The model's replies are kept on the disk unless `keep` is False.
    Raises UsageError if it is unclear which files are meant, NothingIndexed if a library is missing.
    """
    task = recognize_task(question)
    if task is None:
        return None
    for library in libraries:
        library.require()
    owners = {SourceFile(*row): library for library in libraries for row in library.store.filtered_files(wanted)}
    chosen = resolve_files(task, question, tuple(owners), narrowed=bool(wanted))
    # a list whose items only the model can find needs a file that is named
    is_vague = task.kind is TaskKind.LISTING and not parse_item_kinds(task.wanted) and not task.certain
    if not chosen or (is_vague and len(chosen) == len(owners) and not wanted):
        return None
    files = [file_of(owners[source].store, source) for source in chosen]
    elsewhere = {source.content_hash: library.notes_folder for source, library in owners.items()}
    notes = NotesCache(libraries[0].notes_folder, elsewhere=elsewhere, is_read_only=not keep)
    return lambda open_chat: WholeDocumentStream(question, task, files, open_chat, notes, embedder)


def file_of(store: LibraryStore, source: SourceFile) -> File:
    """Return a file with all its chunks."""
    return File(source, tuple(Hit(stored.chunk_id, stored.path, stored.title, stored.chunk)
                              for stored in store.chunks_of_file(source.path)))
