"""Commands `eval` (measure search and answers, compare two results, draft questions) and `calibrate`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Annotated

import typer

from assistant.app.assistant import Assistant
from assistant.app.models import chat_spec
from assistant.cli import json_output as to_json
from assistant.cli.batch import read_bytes
from assistant.cli.console import counted, notice, on_one_line, output, say_error
from assistant.cli.error_boundary import INTERRUPTED
from assistant.cli.json_output import escaped
from assistant.cli.options import As, Chat, Embed, Json, Library, Rerank, refuse_beside, settings_of
from assistant.cli.progress import counting_progress
from assistant.cli.render.calibration import show_calibration
from assistant.cli.render.evaluation import show_comparison, show_evaluation
from assistant.config import Settings
from assistant.datatypes import Calibration, FileState, Hit, ProbeCalibration, Progress
from assistant.errors import UsageError
from assistant.evaluation import (
    Evaluation,
    Question,
    Row,
    has_gold_files,
    measure,
    missing_files,
    parse_questions,
    read_rows,
    save_evaluation,
    summarise,
)
from assistant.evaluation import compare as compared
from assistant.evaluation.draft import Draft, DraftContext, draft_to_json, generate_drafts, read_drafted, spread_over_files
from assistant.evaluation.report import require_report, write_report
from assistant.system.paths import expand_user, open_to_append, require_new

NAMED = 5  # missing files that a notice names

Asked = Annotated[str | None, typer.Argument(metavar="QUESTIONS.jsonl", help="A file of JSON lines like "
                                             '{"question": "...", "answers": ["..."], "gold_docs": ["lease.pdf"]}; - is stdin.',
                                             show_default=False)]
Pair = Annotated[tuple[str, str] | None, typer.Option("--compare", metavar="A.json B.json", help="Compare two saved results "
                                                      "and show which differences are significant.")]
Retrieval = Annotated[bool, typer.Option("--retrieval", help="Measure search only. Needs no language model.")]
Depth = Annotated[int, typer.Option("-k", "--results", metavar="N", min=1, show_default=False,
                                    help="Number of passages of each search to evaluate; default 50.")]
Report = Annotated[Path | None, typer.Option("--report", metavar="FILE.md|FILE.html", help="Also write a report to a new file: "
                                             "Markdown, or one HTML page with charts that works offline.")]
Make = Annotated[int, typer.Option("--make", metavar="N", min=0, show_default=False, help="Instead, draft N questions with "
                                   "answers from your files for you to correct. One in four has no answer.")]
Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Also save the result with every question to a "
                                          "new file, to compare it later. With --make: the file to append the questions to.")]


def evaluate(context: typer.Context, questions: Asked = None, compare: Pair = None, retrieval: Retrieval = False,
             count: Depth = 50, out: Out = None, report: Report = None, make: Make = 0, library: Library = None,
             groups: As = None, chat: Chat = None, embed: Embed = None, rerank: Rerank = None, json: Json = False) -> None:
    """Measure search and answer quality on your own library, with questions whose answers you know.

    Each metric has a 95 % confidence interval over the questions.
    """
    if (questions is not None) + (compare is not None) + bool(make) != 1:
        raise UsageError("Give one of QUESTIONS.jsonl, --compare A.json B.json and --make N.",
                         "For example: assistant eval questions.jsonl --retrieval")
    if make:
        refuse_beside("--make", {"--report": report is not None, "--retrieval": retrieval})
        draft_questions(settings_of(context, library, chat, embed, groups=groups), make, out)
        return
    if compare is not None:
        refuse_beside("--compare", {"--report": report is not None, "--out": out is not None})
        first, second = compare
        comparison = compared(read_rows(Path(first)), read_rows(Path(second)))
        to_json.print_result(asdict(comparison), lambda: show_comparison(output(), comparison, first, second), json=json)
        return
    asked = parse_questions(read_bytes(questions or ""))
    require_use(asked, out, retrieval=retrieval)
    if report is not None:
        require_report(report)
    settings = settings_of(context, library, chat, embed, rerank, groups)
    model = "" if retrieval else chat_spec(settings).name  # report a missing model before the search starts
    with Assistant(settings) as assistant:
        warn_absent(asked, assistant)
        rows = measure_questions(assistant, asked, count, retrieval=retrieval)
        held = assistant.status()
    if held.waiting:
        notice(f"{counted(held.waiting, 'passage')} not embedded yet and found by keyword only. Embed them with: assistant sync")
    about: dict[str, str | int] = {"library": held.name, "embedder": held.embedder, "chat": model, "passages": held.chunks,
                                   "results": count}
    conclude(summarise(rows, len(asked), about), out, report, json=json)


def require_use(questions: Sequence[Question], out: Path | None, *, retrieval: bool) -> None:
    """Raise UsageError if the questions or the output file cannot be used, before anything is measured."""
    if retrieval and not any(map(has_gold_files, questions)):
        raise UsageError("No question names the files to find.", 'Name the right files: "gold_docs": ["lease.pdf"]')
    if out is None:
        return
    if expand_user(out).is_dir() or not expand_user(out).parent.is_dir():
        raise UsageError(f"{out} cannot be written: it is a folder, or its folder does not exist.",
                         "Give --out the name of a file.")
    require_new(out)


def warn_absent(questions: Sequence[Question], assistant: Assistant) -> None:
    """Warn about right files that are not in the library: they count as not found."""
    indexed = [entry.path for entry in assistant.ledger() if entry.state is FileState.INDEXED]
    gone = missing_files({document for question in questions if question.answerable for document, _ in question.gains}, indexed)
    if gone:
        names = ", ".join(gone[:NAMED]) + (f" and {len(gone) - NAMED:,} more" if len(gone) > NAMED else "")
        notice(on_one_line(f"{counted(len(gone), 'right file')} not in the library, counted as not found: {names}"))


def measure_questions(assistant: Assistant, questions: Sequence[Question], count: int, *, retrieval: bool) -> list[Row]:
    """Return one row per question; fewer if Ctrl-C stopped the run after the first."""
    rows: list[Row] = []
    ask = None if retrieval else lambda text: assistant.ask(text).answer
    with counting_progress("Asking", "questions") as on_progress:
        try:
            for row in measure(questions, lambda text: assistant.search(text, count).hits, ask):
                rows.append(row)
                if row.error:
                    say_error(f"Question {row.id}: {row.error}")
                on_progress(Progress("asking", len(rows), len(questions)))
        except KeyboardInterrupt:
            if not rows:
                raise
    return rows


def conclude(result: Evaluation, out: Path | None, report: Path | None, *, json: bool) -> None:
    """Show and save the result; exit with 130 if the run was stopped, with 1 if a question failed."""
    to_json.print_result(asdict(result), lambda: show_evaluation(output(), result), json=json)
    if out is not None:
        save_evaluation(out, result)
    if report is not None:
        write_report(report, result)
        notice(on_one_line(f"Report: {report}"))
    if len(result.rows) < result.planned:
        notice(f"Stopped after {len(result.rows):,} of {counted(result.planned, 'question')}; the metrics cover only those.")
        raise typer.Exit(INTERRUPTED)
    if any(row.error for row in result.rows):
        raise typer.Exit(1)


READ_AT_ONCE = 50  # chunks that are read from the library together


def draft_questions(settings: Settings, count: int, out: Path | None) -> None:
    """Append drafted questions to a file until it has `count`, or write them to stdout; Ctrl-C keeps what was written."""
    done = read_drafted(out) if out is not None else frozenset()
    if len(done) >= count:
        notice(on_one_line(f"{out} has {counted(len(done), 'question')} already."))
        return
    with Assistant(settings) as assistant, lines_to(out) as file:
        desk = DraftContext(assistant.draft_question, lambda question: assistant.search(question).hits, done)
        left = count - len(done)
        written = write_all(assistant, generate_drafts(spread_passages(assistant), left, desk), left, file)
    total = len(done) + written
    place = f" in {out}" if out else ""
    notice(on_one_line(f"Drafted {counted(total, 'question')}{place}. Correct them, then run: assistant eval FILE"))
    if total < count:
        notice("No more facts were found in the files to ask about.")


def write_all(assistant: Assistant, drafts: Iterator[Draft], count: int, file: IO[str] | None) -> int:
    """Write each draft as it is made; return their number."""
    paths = [entry.path for entry in assistant.ledger()]
    written = 0
    with counting_progress("Drafting", "questions") as on_progress:
        try:
            for draft in drafts:
                print(escaped(draft_to_json(draft, paths)), file=file, flush=True)
                written += 1
                on_progress(Progress("drafting", written, count))
        except KeyboardInterrupt as stopped:
            notice(f"Stopped after {counted(written, 'question')}. Run the command again to continue.")
            raise typer.Exit(INTERRUPTED) from stopped
    return written


def spread_passages(assistant: Assistant) -> Iterator[Hit]:
    """Yield the chunks of the library, alternating between formats and files."""
    numbers = spread_over_files(assistant.passage_places())
    for start in range(0, len(numbers), READ_AT_ONCE):
        yield from assistant.passages(numbers[start : start + READ_AT_ONCE])


@contextmanager
def lines_to(out: Path | None) -> Iterator[IO[str] | None]:
    """Open a file to append lines to; yield None for stdout. Raises UsageError if it cannot be written."""
    if out is None:
        yield None
        return
    try:
        file = open_to_append(expand_user(out))
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}.", "Give --out the name of a file.") from error
    with file:
        yield file


QuestionCount = Annotated[int, typer.Option("--questions", metavar="N", min=6, help="Number of questions to generate.")]
Reset = Annotated[bool, typer.Option("--reset", help="Discard the calibrations of this library, for every chat model.")]


def calibrate(context: typer.Context, count: QuestionCount = 20, reset: Reset = False, library: Library = None, chat: Chat = None,
              groups: As = None, embed: Embed = None, json: Json = False) -> None:
    """Calibrate to your library what the chat model refuses.

    The chat model writes questions about passages of your files and reads each with them, and with the file in question left out.
    For the starter model this moves the refusal threshold. For another local model it trains an estimate of whether the files
    answer a question, which is kept only if it is clearly better than chance; 40 questions or more are better than 20. If
    stopped, the next run continues. The setting refusal_threshold stays as it is.
    """
    settings = settings_of(context, library, chat, embed, groups=groups)
    with Assistant(settings) as assistant:
        if reset:
            assistant.forget_calibration()
            notice("The calibration was discarded; the default applies again.")
            return
        chat_spec(settings)
        found = run_calibration(assistant, count)
    to_json.print_result(asdict(found), lambda: show_calibration(output(), found), json=json)


def run_calibration(assistant: Assistant, count: int) -> Calibration | ProbeCalibration:
    """Calibrate with a progress bar; Ctrl-C keeps the questions that were asked."""
    asked = 0
    with counting_progress("Asking", "questions") as show:
        def on_progress(progress: Progress) -> None:
            nonlocal asked
            asked = progress.done
            show(progress)

        try:
            return assistant.calibrate(count, on_progress)
        except KeyboardInterrupt as stopped:
            notice(f"Stopped after {counted(asked, 'question')}. Run the command again to continue.")
            raise typer.Exit(INTERRUPTED) from stopped
