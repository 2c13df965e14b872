"""Results in, what a person reads out: reports, passages, answers' sources, libraries."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import indent

from rich.console import Console
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from assistant.cli.terminal import counted, harmless, linked, place, size_in_words
from assistant.datatypes import (
    Citation,
    Explanation,
    FileState,
    Hit,
    IngestReport,
    LedgerEntry,
    LibraryStatus,
    Location,
    Reranking,
    SearchResult,
)
from assistant.errors import ENCRYPTED

NO_FILES = ("memory:", "turn:")
LISTED = 10  # files that a summary names
MARKS = {FileState.INDEXED: ("indexed", "green"), FileState.SKIPPED: ("skipped", "yellow"), FileState.FAILED: ("failed", "red")}


def show_report(console: Console, report: IngestReport) -> None:
    """Show what `add` or `sync` did, and why files were left out."""
    console.print(Text(summary(report), "bold"))
    left_out = (*report.failed, *report.skipped)
    for entry in left_out[:LISTED]:
        console.print(reasoned(entry))
    if len(left_out) > LISTED:
        console.print(f"  and {len(left_out) - LISTED:,} more")
    if left_out:
        options = [*(["--failed"] if report.failed else []), *(["--skipped"] if report.skipped else [])]
        console.print(Text(f"All of them: assistant status {' '.join(options)}", "dim"))
    if any(ENCRYPTED in entry.reason for entry in report.failed):
        console.print(Text("Encrypted files are read with: assistant sync --password-file FILE", "dim"))
    for root in report.away:
        console.print(Text.assemble("  ", ("away", "yellow"), " ", linked(root, root),
                                    ": it is not there, or empty; what the library holds of it is kept"))


def summary(report: IngestReport) -> str:
    """Return what `add` or `sync` did in one line."""
    counts = {"indexed": report.indexed, "unchanged": report.unchanged, "removed": report.removed,
              "skipped": len(report.skipped), "failed": len(report.failed)}
    parts = [f"{count:,} {word}" for word, count in counts.items() if count or word == "indexed"]
    return f"{', '.join(parts)} ({counted(report.chunks, 'passage')}, {report.seconds:.1f} s)"


def reasoned(entry: LedgerEntry) -> Text:
    """Return a file that was left out, and why."""
    word, style = MARKS[entry.state]
    return Text.assemble("  ", (word, style), " ", linked(entry.path, entry.path), f": {harmless(entry.reason)}")


def show_search(console: Console, result: SearchResult) -> None:
    """Show the passages for a question."""
    if not result.hits:
        console.print("No passage was found.")
    for rank, hit in enumerate(result.hits, 1):
        line = Text.assemble((f"{rank}. ", "bold"), source(hit.title, hit.path, hit.chunk.location))
        line.append(f"  score {hit.score:.3f}", "dim")
        console.print(line)
        console.print(Text(f"   {harmless(hit.path)}", "dim"))
        for path, location in hit.also:
            console.print(Text(f"   also {harmless(path)}, {place(location)}", "dim"))
        show_indented(console, hit.chunk.text)
        console.print()


def show_explanation(console: Console, why: Explanation) -> None:
    """Show how a search came about: the terms, then each candidate's ranks and scores, and the step that dropped it."""
    terms = ", ".join(f"{term} ({count:,})" for term, count in why.terms) or "none"
    console.print(harmless(f"Terms, with the passages that hold them: {terms}"))
    console.print(f"Weight of the meaning beside the words: {why.dense_weight:g}")
    if why.reranking:
        console.print(harmless(reranked(why.reranking)))
    read = ("reranker", "was") if why.reranking else ()
    table = RichTable("", "score", "BM25", "rank", "cosine", "rank", *read, "passage", box=None, pad_edge=False)
    for rank, (hit, fate) in enumerate(why.candidates, 1):
        style = "dim" if fate else ""
        name = Text.assemble(source(hit.title, hit.path, hit.chunk.location), f"  dropped: {fate}" if fate else "")
        table.add_row(str(rank), f"{hit.score:.2f}", figure(hit.keyword_score), figure(hit.keyword_rank), figure(hit.cosine),
                      figure(hit.dense_rank), *([figure(hit.rerank_score), figure(hit.rank_before)] if read else []), name,
                      style=style)
    console.print(table)


def reranked(done: Reranking) -> str:
    """Return what a reranker did in one line."""
    return (f"{done.model} read {done.read} of {counted(done.candidates, 'candidate')} in {done.milliseconds:.0f} of "
            f"{done.budget_milliseconds} ms, at {done.pairs_per_second:,.0f} a second; the others keep their order below")


def figure(value: float | None) -> str:
    """Return a rank or a score; a dash where that search did not find it."""
    return "–" if value is None else str(value) if isinstance(value, int) else f"{value:.2f}"


def source(title: str, path: str, location: Location) -> Text:
    """Return a title with its link, and where in it something stands; what is no file has neither."""
    if path.startswith(NO_FILES):
        return Text(harmless(title), "bold")
    heading = f" · {harmless(location.heading)}" if location.heading else ""
    return Text.assemble(linked(title, path, location), f", {place(location)}", (heading, "dim"))


def show_indented(console: Console, text: str) -> None:
    """Show a passage's own words."""
    words = Text(harmless(text).strip("\n"))
    console.print(Padding(words, (0, 0, 0, 3), expand=False) if console.is_terminal else indent(words.plain, "   "))


def show_passages(console: Console, hits: Sequence[Hit]) -> None:
    """Show what an answer will be made from."""
    if hits:
        console.print(Text("Passages:", "dim"))
    for number, hit in enumerate(hits, 1):
        line = Text.assemble(f"  [{number}] ", source(hit.title, hit.path, hit.chunk.location))
        line.stylize("dim")
        console.print(line)


def show_sources(console: Console, citations: Sequence[Citation], *, quotes: bool = True) -> None:
    """Show where an answer comes from, and the words that stand there."""
    if citations:
        console.print(Text("Sources", "bold"))
    for cited in citations:
        console.print(Text.assemble(f"[{cited.number}] ", source(cited.title, cited.path, cited.location)))
        if quotes:
            if cited.kind == "file":
                console.print(Text(f"   {harmless(cited.path)}", "dim"))
            show_indented(console, f"“{cited.quote.strip()}”")


def show_status(console: Console, status: LibraryStatus) -> None:
    """Show what a library holds."""
    console.print(Text.assemble(("Library ", "bold"), (status.name, "bold"), f"  {harmless(status.path)}"))
    console.print(f"  {counted(status.documents, 'file')}, {counted(status.chunks, 'passage')}, {size_in_words(status.bytes)}, "
                  f"embedded with {status.embedder or 'nothing yet'}")
    console.print(f"  {status.skipped:,} skipped, {status.failed:,} failed")
    if status.waiting:
        console.print(f"  {counted(status.waiting, 'passage')} found by keyword only, until they are embedded: assistant sync")
    for root in status.roots:
        console.print(Text.assemble("  from ", linked(root, root)))


def show_ledger(console: Console, entries: Sequence[LedgerEntry]) -> None:
    """Show what became of each file."""
    for entry in entries:
        word, style = MARKS[entry.state]
        console.print(Text.assemble((f"{word:8}", style), linked(entry.path, entry.path), f"  {details(entry)}"))


def details(entry: LedgerEntry) -> str:
    """Return what is worth knowing of a file."""
    facts = [entry.reason] if entry.reason else [counted(entry.chunks, "passage")]
    if entry.pages:
        facts.append(counted(entry.pages, "page"))
    if entry.ocr_pages:
        facts.append(f"read off pictures: p. {ranges(entry.ocr_pages)}")
    if entry.empty_pages:
        facts.append(f"no text on p. {ranges(entry.empty_pages)}")
    if entry.encoding not in {None, "utf-8"}:
        facts.append(f"encoding {entry.encoding}")
    return harmless("; ".join([*facts, *entry.notes]))


def ranges(numbers: Sequence[int]) -> str:
    """Return rising numbers as a person writes them: "1-3, 7"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
