"""Render search results, answers and their sources, and print notices about an answer on stderr."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from textwrap import dedent, indent
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from assistant.cli.console import (
    LIVE_CONSOLES,
    counted,
    describe_location,
    harmless,
    linked,
    notice,
    notices,
    on_one_line,
    output,
    write,
)
from assistant.datatypes import PASSAGES, Answer, Answerability, Explanation, OutgoingRequest, Sentence

if TYPE_CHECKING:
    from assistant.datatypes import AnswerStreaming, Citation, Hit, Location, OutdatedFile, Progress, SearchResult


MOST_LINES, FEWEST_LEFT_OUT = 24, 5  # lines of a passage; shorten it only by at least so many
BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n){2,}")
LONGEST_LIKELY = 300  # characters of a quote that is shown while the model reads
MOST_INDENT = 16  # spaces at the start of a line
DEEP_INDENT = re.compile(rf"^ {{{MOST_INDENT},}}", re.M)
NO_FILES = ("memory:", "turn:")


def show_search(console: Console, result: SearchResult) -> None:
    """Show the passages for a question."""
    if not result.hits:
        console.print("No passages found.")
    for rank, hit in enumerate(result.hits, 1):
        line = Text.assemble((f"{rank}. ", "bold"), source_line(hit.title, hit.path, hit.chunk.location))
        line.append(f"  score {hit.score:.3f}", "dim")
        console.print(line)
        console.print(Text(f"   {on_one_line(hit.path)}", "dim"))
        for path, location in hit.also:
            console.print(Text(f"   also {on_one_line(path)}, {describe_location(location)}", "dim"))
        show_indented(console, shortened(hit.chunk.text))
        console.print()


def shortened(text: str) -> str:
    """Return a passage as it is shown: cut after MOST_LINES lines, without long runs of blank lines and deep indentation."""
    whole = dedent(BLANK_LINES.sub("\n\n", text.strip("\n")))
    text = DEEP_INDENT.sub(" " * MOST_INDENT, whole)
    lines = text.split("\n")
    more = len(lines) - MOST_LINES
    return text if more < FEWEST_LEFT_OUT else "\n".join([*lines[:MOST_LINES], f"… {more} more lines"])


def source_line(title: str, path: str, location: Location) -> Text:
    """Return a title with its link and location; without both for facts and turns, which are no files."""
    if path.startswith(NO_FILES):
        return Text(on_one_line(title), "bold")
    heading = f" · {on_one_line(location.heading)}" if location.heading else ""
    return Text.assemble(linked(title, path, location), f", {describe_location(location)}", (heading, "dim"))


def show_indented(console: Console, text: str) -> None:
    """Show a passage's text, indented."""
    words = harmless(text).strip("\n")
    if not console.is_terminal:
        console.print(indent(words, "   "))
        return
    from rich.padding import Padding  # imported only here: other outputs need no layout

    console.print(Padding(Text(words), (0, 0, 0, 3), expand=False))


def show_passages(console: Console, question: str, hits: Sequence[Hit]) -> None:
    """Show the passages that an answer will be based on, and the sentence of them that most likely answers."""
    from assistant.app.ask.quoting import likely_sentences

    if hits:
        console.print(Text("Passages:", "dim"))
    for number, hit in enumerate(hits, 1):
        line = Text.assemble(f"  [{number}] ", source_line(hit.title, hit.path, hit.chunk.location))
        line.stylize("dim")
        console.print(line)
    show_likely(console, likely_sentences(question, hits))


def show_likely(console: Console, likely: Sequence[Citation]) -> None:
    """Show the sentences of the passages that most likely answer, while the model reads."""
    for each in likely:
        words = " ".join(each.quote.split())
        shown = words if len(words) <= LONGEST_LIKELY else f"{words[:LONGEST_LIKELY]}…"
        console.print(Text(f"Most likely in [{each.number}]: “{on_one_line(shown)}”", "dim"))


def show_sources(console: Console, citations: Sequence[Citation], *, quotes: bool = True, paths: bool = False) -> None:
    """Show an answer's sources with their quotes and paths. Without quotes, a path is shown if `paths` or a title needs it."""
    if citations:
        console.print(Text("Sources", "bold"))
    titles = Counter(title for title, _ in {(cited.title, cited.path) for cited in citations})
    for cited in citations:
        console.print(Text.assemble(f"[{cited.number}] ", source_line(cited.title, cited.path, cited.location)))
        if cited.kind == "file" and (quotes or paths or titles[cited.title] > 1):
            console.print(Text(f"   {on_one_line(cited.path)}", "dim"))
        if quotes:
            show_indented(console, f"“{cited.quote.strip()}”")


def show_explanation(console: Console, why: Explanation) -> None:
    """Show the search terms, then each candidate's ranks and scores and the step that dropped it."""
    terms = ", ".join(f"{term} ({count:,})" for term, count in why.terms) or "none"
    console.print(on_one_line(f"Search terms (passages that contain them): {terms}"))
    console.print(f"Weight of the dense ranking relative to BM25: {why.dense_weight:g}")
    if done := why.reranking:
        console.print(on_one_line(
            f"{done.model} scored {done.read} of {counted(done.candidates, 'candidate')} in {done.milliseconds:.0f} of "
            f"{done.budget_milliseconds} ms ({done.pairs_per_second:,.0f} per second); the others follow in their old order"))
    read = ("reranker", "rank before") if why.reranking else ()
    table = RichTable("", "score", "BM25", "BM25 rank", "cosine", "cosine rank", *read, "passage", box=None, pad_edge=False)
    for rank, (hit, fate) in enumerate(why.candidates, 1):
        style = "dim" if fate else ""
        name = Text.assemble(source_line(hit.title, hit.path, hit.chunk.location), f"  dropped: {fate}" if fate else "")
        scores = [hit.keyword_score, hit.keyword_rank, hit.cosine, hit.dense_rank,
                  *((hit.rerank_score, hit.rank_before_rerank) if read else ())]
        table.add_row(str(rank), f"{hit.score:.2f}", *map(score_text, scores), name, style=style)
    console.print(table)


def score_text(value: float | None) -> str:
    """Return a rank or a score; a dash if it is missing."""
    return "–" if value is None else str(value) if isinstance(value, int) else f"{value:.2f}"


MARKS = {"partial": "[~]", "none": "[?]"}
MEANING = {"partial": "[~] The source supports only a part of this. Check the source.",
           "none": "[?] No passage supports this. Do not rely on it."}


class ReadingStatus:
    """What the terminal says until the first word of an answer: how many passages the model reads."""

    def __init__(self) -> None:
        self._words = "Reading"
        self._show: Callable[[str], None] = lambda _: None

    def note(self, progress: Progress) -> None:
        """Say what the model reads from now on."""
        more = progress.total - progress.done
        self._words = (f"Not enough; reading {more} more" if progress.done and more else
                       f"Reading {counted(progress.total, 'passage')}")
        self._show(self._words)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show it (terminal only)."""
        with spinner(self._words) as self._show:
            yield


def stream_answer(pieces: Iterator[str], said: Callable[[], Sequence[Sentence]], status: ReadingStatus) -> None:
    """Write an answer piece by piece, with a mark after each sentence of `said` that is not fully supported."""
    with status.shown():
        first = next(pieces, "")
    marked = 0
    try:
        write(first)
        for piece in pieces:
            marked = write_marks(said(), marked)
            write(piece)
        write_marks(said(), marked)
    finally:
        write("\n")


def write_marks(said: Sequence[Sentence], marked: int) -> int:
    """Write the support marks of the sentences finished since the last call; return how many are finished."""
    for sentence in said[marked:]:
        if sentence.support in MARKS:
            output().print(Text(f" {MARKS[sentence.support]}", "dim yellow"), end="")
    return len(said)


def show_notes(answer: Answer) -> None:
    """Warn about unsupported sentences and masked text, name the model, and print the times."""
    warn_unsupported(answer)
    warn_masked(answer)
    warn_outdated(answer.outdated)
    show_model(answer)
    show_timings(answer)


def warn_unsupported(answer: Answer) -> None:
    """Warn if no passage supports the answer, and explain the marks used in it. On stdout, so that a file or pipe has it too."""
    if answer.is_unsupported:
        output().print(Text("No passage supports this answer. Do not rely on it.", "dim"))
        return
    for support, meaning in MEANING.items():
        if any(sentence.support == support for sentence in answer.sentences):
            output().print(Text(meaning, "dim"))


def warn_masked(answer: Answer) -> None:
    """Report the text that was withheld from the model: suspected instructions and hidden comments."""
    for each in answer.masked:
        if each.sentences:
            notice(f"{each.path}: withheld {counted(each.sentences, 'sentence')} from the model that tried to override its "
                   "instructions.")
        if each.comments:
            notice(f"{each.path}: withheld {counted(each.comments, 'hidden comment')} from the model.")


def show_model(answer: Answer) -> None:
    """Name the model and the machine of an answer that another machine may have written, and say why the local model did."""
    if answer.fallback:
        notice(f"{answer.fallback} The model of this machine answered instead.")
    if answer.model and answer.machine:
        notice(f"Written by {on_one_line(answer.model)} on {on_one_line(answer.machine)}.")


def show_requests(requests: Sequence[OutgoingRequest], *, when: str) -> None:
    """Print requests to another machine exactly as they would be sent; what is said about them goes to stderr."""
    if not requests:
        notice("Nothing would leave this machine for this question.")
        return
    for request in requests:
        write(f"POST {request.url}\n" + "".join(f"{name}: {value}\n" for name, value in request.headers.items()))
        write(f"\n{request.body}\n")
    only = " only if the local model is unsure" if when == "unsure" else ""
    notice(f"Nothing was sent. This would be{only}, with the key, if one is set, in the header Authorization. Requests that "
           "follow contain the same passages and what the model has replied.")


OUTDATED = {"changed": "has changed since it was read. What is shown may be outdated. Read it again with: assistant sync",
            "missing": "is no longer there: it was moved or deleted, or its drive is not connected."}


def warn_outdated(files: Sequence[OutdatedFile]) -> None:
    """Warn about the files whose text in the library may no longer be theirs."""
    for each in files:
        notice(f"{each.path} {OUTDATED[each.state]}")


def show_timings(answer: Answer) -> None:
    """Print times and token counts of an answer that a model wrote (terminal only)."""
    timings = answer.timings
    if not notices().is_terminal or timings.first_token_ms is None:
        return
    writing = timings.writing_ms / 1000
    passages = f"{counted(timings.read_passages, 'passage')} read; " if timings.read_passages else ""
    rate = f", {timings.generated_tokens / writing:.0f} tokens/s" if timings.generated_tokens and writing > 0 else ""
    notices().print(
        f"search {timings.retrieve_ms / 1000:.1f} s, first word after {timings.first_token_ms / 1000:.1f} s; {passages}tokens"
        f"{' (estimated)' if timings.estimated_tokens else ''}: "
        f"{timings.read_tokens:,} read, {timings.reused_tokens:,} cached, "
        f"{timings.generated_tokens:,} written{rate}{unfitted_note(answer)}", style="dim", highlight=False)


def unfitted_note(answer: Answer) -> str:
    """Return a note that whether the files answer was not estimated, for an answer of a model to which nothing was fitted."""
    judged = answer.answerability
    return "; no confidence: nothing is fitted to this model" if judged is not None and judged.p_unanswerable is None else ""


def show_confidence(answer: Answer) -> None:
    """Show the confidence that the files answer the question, and the signals behind it, or why there is none."""
    judged = answer.answerability
    if judged is None or judged.p_unanswerable is None:
        notice(f"No confidence was computed: {explain_missing_estimate(answer)}")
        return
    notice(f"Confidence that your files answer this: {1 - judged.p_unanswerable:.0%} (refused below {1 - judged.threshold:.0%}).")
    measured = ", ".join(describe_signals(judged))
    notice(f"{measured[:1].upper()}{measured[1:]}.")


def explain_missing_estimate(answer: Answer) -> str:
    """Return why an answer has no estimate of its answerability, and what to do."""
    if answer.answerability is None:
        return "there was no passage to judge."
    if ":" in answer.machine:  # HOST:PORT
        return "nothing can be fitted to a model on another machine. Only its answer was checked."
    return (f"nothing was fitted to {on_one_line(answer.model)}. Only its answer was checked. "
            "To fit an estimate with your files: assistant calibrate")


def describe_signals(judged: Answerability) -> Iterator[str]:
    """Yield the signals that were measured."""
    if judged.query_likelihood_gain is not None:
        yield f"query-likelihood gain {judged.query_likelihood_gain:.0%}"
    if judged.p_refusal_token is not None:
        yield f"probability that the model refuses {judged.p_refusal_token:.0%}"
    if judged.p_verified is not None:
        yield f"probability that the model confirms its answer {judged.p_verified:.0%}"
    if judged.probe is not None:
        yield f"probe {judged.probe:+.1f}"


@contextmanager
def spinner(words: str) -> Iterator[Callable[[str], None]]:
    """Show a spinner with a text (terminal only). Yield a function that changes the text."""
    console = notices()
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status(Text(words, "dim"), refresh_per_second=4) as status:  # each frame costs 1 ms of CPU time
        LIVE_CONSOLES.append(console)
        try:
            yield lambda other: status.update(Text(other, "dim"))
        finally:
            LIVE_CONSOLES.remove(console)


def prepare(stream: AnswerStreaming) -> ReadingStatus:
    """Let an answer read whole documents, after an estimate of the time. A short one shows no progress bar.

    Return what the terminal says of passages that are read after that.
    """
    status = ReadingStatus()
    with ExitStack() as shown:
        bars: list[Callable[[Progress], None]] = []

        def show(progress: Progress) -> None:
            if progress.stage == PASSAGES:
                status.note(progress)
                return
            if progress.stage == "estimate":
                notice(f"{progress.total} parts to read, about {progress.current}. "
                       "Ctrl-C stops; ask again to continue where it stopped.")
                return
            if not bars:
                from assistant.cli.progress import document_progress  # imported only here: few questions need it

                bars.append(shown.enter_context(document_progress()))
            bars[0](progress)

        stream.prepare(show)
    return status
