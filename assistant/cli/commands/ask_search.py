"""Commands `search` and `ask`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.app.ask.filters import filter_of
from assistant.cli import json_output as to_json
from assistant.cli.batch import run_batch
from assistant.cli.commands.engine import answering
from assistant.cli.console import notice, notices, output, write
from assistant.cli.error_boundary import INTERRUPTED
from assistant.cli.options import (
    As,
    Batch,
    Chat,
    Embed,
    Json,
    Libraries,
    NoEngine,
    Paths,
    Rerank,
    Since,
    Types,
    refuse_beside,
    settings_of,
)
from assistant.cli.render.answer import (
    ReadingStatus,
    prepare,
    show_confidence,
    show_explanation,
    show_model,
    show_notes,
    show_passages,
    show_requests,
    show_search,
    show_sources,
    spinner,
    stream_answer,
    warn_outdated,
)
from assistant.cli.render.formats import Format, format_of, formatted
from assistant.cli.render.tables import show_statement
from assistant.errors import UsageError
from assistant.system.paths import absolute, escape_pattern, is_address

if TYPE_CHECKING:
    from assistant.config import Settings
    from assistant.datatypes import Answer, AnswerStreaming, Filter, Hit
    from assistant.server.remote_assistant import Answerer

ABSTAINED = 3
LONGEST_STDIN = 2**20  # bytes
QUOTED = 12  # sources: with more, the answer is a list that already quotes them, so only their locations are shown

Question = Annotated[str | None, typer.Argument(metavar="QUESTION", help="The question, in quotes; - reads it from stdin.",
                                                show_default=False)]
Extra = Annotated[list[Path] | None, typer.Argument(metavar="PATH", show_default=False,
                                                 help="Files and folders to add first. The answer comes from them only.")]
Explain = Annotated[bool, typer.Option("--explain", help="Show every candidate with ranks and scores, and why it was dropped.")]
ShowSql = Annotated[bool, typer.Option("--explain", help="Show the SQL of an answer that is computed over a table.")]
Strict = Annotated[bool, typer.Option("--strict", help="Leave out every sentence that no passage supports.")]
Fast = Annotated[bool, typer.Option("--fast", help="Quote the sentence that most likely answers, at once and without a language "
                                    "model.")]
ShowConfidence = Annotated[bool, typer.Option("--show-confidence", help="Show the confidence that your files answer this.")]
Form = Annotated[str, typer.Option("--format", metavar="FORM", help="Print text, paths, lines (path:line:text), json or csv.")]
ShowSent = Annotated[bool, typer.Option("--show-sent", help="Print exactly what would leave this machine for a chat model on "
                                        "another one, and send nothing.")]
Count = Annotated[int | None, typer.Option("-k", "--results", metavar="N", min=1, help="Number of passages to show.")]


def search(context: typer.Context, question: Question = None, count: Count = None, path: Paths = None, kind: Types = None,
           since: Since = None, groups: As = None, explain: Explain = False, batch: Batch = None, library: Libraries = None,
           embed: Embed = None, rerank: Rerank = None, no_engine: NoEngine = False, json: Json = False,
           form: Form = "text") -> None:
    """Find passages in your files. Needs no language model."""
    shape = format_of(form)
    is_form = shape not in {Format.TEXT, Format.JSON}
    require_one(question, batch, {"--explain": explain, f"--format {shape}": is_form})
    question = question_or_stdin(question)
    if json and is_form:
        raise UsageError(f"--json and --format {shape} contradict each other.", "Give one of them.")
    if explain:
        refuse_beside("--explain", {"--results": count is not None, f"--format {shape}": shape is not Format.TEXT})
    wanted = filter_of(path, kind, since)
    settings = settings_of(context, library, embed=embed, rerank=rerank, groups=groups)
    with answering(settings, no_engine=no_engine or batch is not None) as assistant:
        if batch is not None:
            run_batch(batch, lambda asked: to_json.search_result(assistant.search(asked, count or 0, wanted)))
            return
        if explain:
            with spinner("Searching"):
                why = assistant.explain(question or "", wanted)
            to_json.print_result(to_json.explanation(question or "", why), lambda: show_explanation(output(), why), json=json)
            return
        with spinner("Searching"):
            result = assistant.search(question or "", count or 0, wanted)
        if shape in {Format.TEXT, Format.JSON}:
            json = json or shape is Format.JSON
            to_json.print_result(to_json.search_result(result), lambda: show_search(output(), result), json=json)
        else:
            write(formatted(result.hits, shape, question or ""))
        warn_outdated(result.outdated)
        warn_about_filter(wanted, is_empty=not result.hits)
        warn_about_search(settings, result.embedded, result.hits)


def ask(context: typer.Context, question: Question = None, paths: Extra = None, path: Paths = None, kind: Types = None,
        since: Since = None, groups: As = None, strict: Strict = False, fast: Fast = False,
        confidence: ShowConfidence = False, explain: ShowSql = False, batch: Batch = None, library: Libraries = None,
        chat: Chat = None, embed: Embed = None, rerank: Rerank = None, no_engine: NoEngine = False,
        show_sent: ShowSent = False, json: Json = False) -> None:
    """Answer a question from your files, with a source for every claim.

    Exits with code 3 if your files do not contain the answer, or if no passage supports it.
    """
    require_one(question, batch, {"--show-confidence": confidence, "--show-sent": show_sent})
    question = question_or_stdin(question)
    wanted = filter_of(path, kind, since)
    settings = settings_of(context, library, chat, embed, rerank, groups)
    require_model_asked(fast=fast, needs_model=strict or confidence or explain or show_sent)
    if show_sent:
        show_what_leaves(settings, question or "", paths or [], wanted, json=json)
        return
    if (paths or no_engine or not settings.chat) and not fast:
        require_models(settings)
    with answering(settings, no_engine=no_engine or batch is not None) as assistant:
        if paths:
            add_first(assistant, paths)
            wanted = narrow_to(paths, wanted)
        if batch is not None:
            run_batch(batch, lambda asked: to_json.answer(quote(assistant, asked, wanted) if fast else
                                                          assistant.ask(asked, (), wanted, strict).answer))
            return
        if fast:
            show_quote(assistant, settings, quote(assistant, question or "", wanted), wanted, json=json)
            return
        with spinner("Searching"):
            stream = assistant.ask(question or "", (), wanted, strict)
        status = prepare(stream)
        if json:
            to_json.print_json(to_json.answer(stream.answer))
            show_model(stream.answer)
        else:
            show_answer(stream, settings.context_chunks, status)
        if confidence:
            show_confidence(stream.answer)
        if explain and not json:
            show_statement(output(), stream.answer.computation)
        warn_about_filter(wanted, is_empty=found_nothing(stream.answer))
        warn_about_search(settings, assistant.embedded_share(), stream.hits)
        if stream.answer.abstained or stream.answer.is_unsupported:
            raise typer.Exit(ABSTAINED)


def quote(assistant: Answerer, question: str, wanted: Filter) -> Answer:
    """Return the sentence that most likely answers the question, chosen without a chat model."""
    from assistant.app.ask.quoting import quote_answer

    with spinner("Searching"):
        found = assistant.search(question, assistant.settings.context_chunks, wanted)
    return quote_answer(question, found, assistant.settings.embed)


def require_model_asked(*, fast: bool, needs_model: bool) -> None:
    """Raise UsageError if an option that needs a language model is given with --fast."""
    if fast and needs_model:
        raise UsageError("--fast asks no language model, so there is nothing for --strict, --show-confidence, --explain or "
                         "--show-sent to show or check.", "Leave one of them out.")


def show_quote(assistant: Answerer, settings: Settings, answer: Answer, wanted: Filter, *, json: bool) -> None:
    """Print a quoted answer with its source. Exits with code 3 if it is a refusal."""
    to_json.print_result(to_json.answer(answer), lambda: write(f"{answer.text}\n"), json=json)
    if not json and answer.citations:
        write("\n")
        show_sources(output(), answer.citations, quotes=False, paths=True)
    warn_outdated(answer.outdated)
    warn_about_filter(wanted, is_empty=found_nothing(answer))
    warn_about_search(settings, assistant.embedded_share(), answer.hits)
    if answer.abstained:
        raise typer.Exit(ABSTAINED)
    notice("Chosen without a language model: read it before you rely on it. It may not answer the question.")


def show_what_leaves(settings: Settings, question: str, paths: list[Path], wanted: Filter, *, json: bool) -> None:
    """Print the requests that a question would send to another machine, and send nothing. Raises UsageError if it would not.

    Paths are added first, as for the question itself, which is then asked of them only.
    """
    from assistant.server.remote_assistant import open_here

    if not is_address(settings.chat):
        raise UsageError("--show-sent needs a chat model on another machine; with one on this machine nothing leaves.",
                         "Set chat to the address of a server, see docs/guide.md.")
    with open_here(settings) as assistant:
        if paths:
            add_first(assistant, paths)
            wanted = narrow_to(paths, wanted)
        with spinner("Searching"):
            requests = assistant.preview(question, wanted)
    to_json.print_result({"sent": False, "requests": [asdict(request) for request in requests]},
                         lambda: show_requests(requests, when=settings.remote_when), json=json)


def require_models(settings: Settings) -> None:
    """Raise ModelMissing if a model is not on this disk. Called before files are read; the engine checks for itself."""
    from assistant.app.models import chat_spec, reranker_spec

    chat_spec(settings)
    if settings.rerank:
        reranker_spec(settings)


def narrow_to(paths: Sequence[Path], wanted: Filter) -> Filter:
    """Return the filter for a question with paths to add: only these are asked, unless --path names others."""
    return wanted if wanted.paths else replace(wanted, paths=tuple(escape_pattern(str(absolute(each))) for each in paths))


def found_nothing(answer: Answer) -> bool:
    """Return whether search found no passage for an answer: a refusal without a model. Other answers need no passages."""
    return answer.abstained and not answer.hits and not answer.model


def warn_about_filter(wanted: Filter, *, is_empty: bool) -> None:
    """Warn if a filter left no passage."""
    if wanted and is_empty:
        notice("No passage was found in the files that --path, --type and --since leave. See which files there are: "
               "assistant status --files")


def warn_about_search(settings: Settings, embedded: float, hits: Sequence[Hit]) -> None:
    """Warn if some chunks have no embedding yet, or if the reranker ran out of time before its first pair."""
    if embedded < 1:
        notice(f"Only {embedded:.0%} of the passages are embedded. The others are found by keyword only; embed them with: "
               "assistant sync")
    if settings.rerank and hits and all(hit.rerank_score is None for hit in hits):
        notice(f"The reranker had no time to read a passage: {settings.rerank_budget_ms} ms are too short on this machine. "
               "Increase rerank_budget_ms, or choose a smaller reranker.")


def question_or_stdin(question: str | None) -> str | None:
    """Return the question; for "-", what stdin holds. Raises UsageError if that is very long."""
    if question != "-":
        return question
    content = sys.stdin.buffer.read(LONGEST_STDIN + 1)
    if len(content) > LONGEST_STDIN:
        raise UsageError(f"The question on stdin has more than {LONGEST_STDIN:,} bytes.", "Shorten it.")
    return content.decode("utf-8-sig", "replace").strip()


def require_one(question: str | None, batch: str | None, not_in_batch: Mapping[str, bool]) -> None:
    """Raise UsageError unless exactly one of question and batch file is given, and for options without effect on a batch."""
    if batch is not None:
        refuse_beside("--batch", not_in_batch)
    if (question is None) == (batch is None):
        raise UsageError("Give either a QUESTION or --batch FILE.",
                         'For example: assistant ask "When does the lease end?"')
    if question is not None and not question.strip():
        raise UsageError("The question is empty.", 'Ask like this: assistant ask "When does the lease end?"')


def add_first(assistant: Answerer, paths: list[Path]) -> None:
    """Add files before a question; report it only if something changed."""
    from assistant.cli.progress import intake_progress
    from assistant.cli.render.status import show_report

    with intake_progress() as on_progress:
        report = assistant.add(paths, on_progress)
    if report.indexed or report.removed or report.skipped or report.failed:
        show_report(notices(), report)
    if report.interrupted:
        notice("Stopped. Run the command again to continue.")
        raise typer.Exit(INTERRUPTED)


def show_answer(stream: AnswerStreaming, passages: int, status: ReadingStatus) -> None:
    """Show the passages, stream the answer, then show its sources."""
    if notices().is_terminal:
        show_passages(notices(), stream.question, stream.hits[:passages])
    stream_answer(iter(stream), lambda: stream.sentences, status)
    if stream.answer.citations:
        write("\n")
        show_sources(output(), stream.answer.citations, quotes=len(stream.answer.citations) <= QUOTED)
    show_notes(stream.answer)
