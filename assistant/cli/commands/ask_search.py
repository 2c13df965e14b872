"""The commands that take a question: passages, or an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli import json_output as to_json
from assistant.cli.batch import read_batch, run_batch
from assistant.cli.commands.engine import answering
from assistant.cli.console import notice, notices, output, write
from assistant.cli.error_boundary import INTERRUPTED
from assistant.cli.options import (
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
    filter_of,
    settings_of,
)
from assistant.cli.render.answer import (
    part_progress,
    show_confidence,
    show_timings,
    spinner,
    stream_answer,
    warn_masked,
    warn_unsupported,
)
from assistant.cli.render.search import show_passages, show_search, show_sources
from assistant.errors import UsageError
from assistant.system.paths import absolute, verbatim

if TYPE_CHECKING:
    from assistant.config import Settings
    from assistant.datatypes import Answering, Filter, Hit
    from assistant.server.remote_assistant import Answerer

ABSTAINED = 3
QUOTED = 12  # sources whose words are shown: an answer with more is a list that says them already

Question = Annotated[str | None, typer.Argument(metavar="QUESTION", help="The question; quote it.", show_default=False)]
Extra = Annotated[list[Path] | None, typer.Argument(metavar="PATH", help="Files and folders to add first.",
                                                 show_default=False)]
Explain = Annotated[bool, typer.Option("--explain", help="Show every candidate with its ranks and scores, and its fate.")]
Strict = Annotated[bool, typer.Option("--strict", help="Leave out every sentence that no passage bears out.")]
ShowDoubt = Annotated[bool, typer.Option("--show-doubt", help="Say how doubtful the answer is, and why.")]
Count = Annotated[int | None, typer.Option("-k", "--results", metavar="N", min=1, help="How many passages.")]


def search(context: typer.Context, question: Question = None, count: Count = None, path: Paths = None, kind: Types = None,
           since: Since = None, explain: Explain = False, batch: Batch = None, library: Libraries = None, embed: Embed = None,
           rerank: Rerank = None, no_engine: NoEngine = False, json: Json = False) -> None:
    """Find passages. No language model is needed."""
    require_one(question, batch)
    wanted = filter_of(path, kind, since)
    settings = settings_of(context, library, embed=embed, rerank=rerank)
    with answering(settings, no_engine=no_engine or batch is not None) as assistant:
        if batch is not None:
            finish_batch(run_batch(
                read_batch(batch), lambda asked: to_json.search_result(assistant.search(asked, count or 0, wanted))
            ))
            return
        if explain:
            explain_search(assistant, question or "", wanted, json=json)
            return
        with spinner("Searching"):
            result = assistant.search(question or "", count or 0, wanted)
        if json:
            to_json.print_json(to_json.search_result(result))
        else:
            show_search(output(), result)
        warn_unembedded(result.embedded)
        warn_reranker_idle(settings, result.hits)


def ask(context: typer.Context, question: Question = None, paths: Extra = None, path: Paths = None, kind: Types = None,
        since: Since = None, strict: Strict = False, doubt: ShowDoubt = False, batch: Batch = None,
        library: Libraries = None, chat: Chat = None, embed: Embed = None, rerank: Rerank = None,
        no_engine: NoEngine = False, json: Json = False) -> None:
    """Answer a question from your files, with the place of every claim.

    Ends with exit code 3 where the files do not say.
    """
    require_one(question, batch)
    wanted = filter_of(path, kind, since)
    settings = settings_of(context, library, chat, embed, rerank)
    if paths or no_engine or not settings.chat:
        require_models(settings)
    with answering(settings, no_engine=no_engine or batch is not None) as assistant:
        if paths:
            add_first(assistant, paths)
            wanted = files_meant(question or "", paths, wanted)
        if batch is not None:
            finish_batch(run_batch(
                read_batch(batch), lambda asked: to_json.answer(assistant.ask(asked, (), wanted, strict).answer)
            ))
            return
        with spinner("Searching"):
            stream = assistant.ask(question or "", (), wanted, strict)
        with part_progress() as on_progress:
            stream.prepare(on_progress)
        if json:
            to_json.print_json(to_json.answer(stream.answer))
        else:
            show_answer(stream, settings.context_chunks)
        if doubt:
            show_confidence(stream.answer.doubt)
        warn_unembedded(assistant.embedded_share())
        warn_reranker_idle(settings, stream.hits)
        if stream.answer.abstained:
            raise typer.Exit(ABSTAINED)


def require_models(settings: Settings) -> None:
    """Raise ModelMissing where a model that an answer needs is not here: it is told before files are read.

    Who asks the engine leaves that to it, unless files are to be read first.
    """
    from assistant.app.models.cache import chat_spec, reranker_spec

    chat_spec(settings)
    if settings.rerank:
        reranker_spec(settings)


def files_meant(question: str, paths: Sequence[Path], wanted: Filter) -> Filter:
    """Return which files a question is about that names some to add: "this file" is the one that was named."""
    from assistant.app.ask.whole_document import is_about_files

    if not is_about_files(question) or wanted.paths:
        return wanted
    return replace(wanted, paths=tuple(verbatim(str(absolute(each))) for each in paths))


def explain_search(assistant: Answerer, question: str, wanted: Filter, *, json: bool) -> None:
    """Show how a search came about."""
    from assistant.cli.render.search import show_explanation

    with spinner("Searching"):
        explanation = assistant.explain(question, wanted)
    if json:
        to_json.print_json(to_json.explanation(question, explanation))
    else:
        show_explanation(output(), explanation)


def warn_unembedded(embedded: float) -> None:
    """Say so where some passages can be found by keyword only."""
    if embedded < 1:
        notice(f"{embedded:.0%} of the passages are embedded; the others are found by keyword only, until: assistant sync")


def warn_reranker_idle(settings: Settings, hits: Sequence[Hit]) -> None:
    """Say so where a reranker was chosen and had no time to read anything."""
    if settings.rerank and hits and all(hit.rerank_score is None for hit in hits):
        notice(f"The reranker read nothing: {settings.rerank_budget_ms} ms are too few for it on this machine. "
               "Give it more (rerank_budget_ms), or choose a smaller one.")


def require_one(question: str | None, batch: str | None) -> None:
    """Raise UsageError unless there is either a question or a file of questions."""
    if (question is None) == (batch is None):
        raise UsageError("Give a QUESTION, or --batch FILE, and not both.",
                         'For example: assistant ask "When does the lease end?"')


def finish_batch(succeeded: bool) -> None:
    """End with exit code 1 where a question has no result."""
    if not succeeded:
        raise typer.Exit(1)


def add_first(assistant: Answerer, paths: list[Path]) -> None:
    """Add files before a question; speak of it only where something changed."""
    from assistant.cli.progress import intake_progress
    from assistant.cli.render.library import show_report

    with intake_progress() as on_progress:
        report = assistant.add(paths, on_progress)
    if report.indexed or report.removed or report.skipped or report.failed:
        show_report(notices(), report)
    if report.interrupted:
        notice("Stopped. Run it again to continue.")
        raise typer.Exit(INTERRUPTED)


def show_answer(stream: Answering, passages: int) -> None:
    """Show the passages, then the answer while it is written, then its sources."""
    if notices().is_terminal:
        show_passages(notices(), stream.hits[:passages])
    stream_answer(iter(stream), lambda: stream.sentences)
    if stream.answer.citations:
        write("\n")
        show_sources(output(), stream.answer.citations, quotes=len(stream.answer.citations) <= QUOTED)
    warn_unsupported(stream.answer)
    warn_masked(stream.answer)
    show_timings(stream.answer)
