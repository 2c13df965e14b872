"""Search results and answers' sources in, what a person reads out. Light: every question passes here."""

from __future__ import annotations

from textwrap import indent
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from assistant.cli.console import counted, describe_location, harmless, linked, on_one_line
from assistant.datatypes import Explanation, Reranking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from assistant.datatypes import Citation, Hit, Location, SearchResult

MOST_LINES, FEWEST_LEFT_OUT = 40, 5  # of a passage that is shown; lines that are left out
NO_FILES = ("memory:", "turn:")


def show_search(console: Console, result: SearchResult) -> None:
    """Show the passages for a question."""
    if not result.hits:
        console.print("No passage was found.")
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
    """Return a passage without the last of its lines where it has very many, as a list of short values has."""
    lines = text.strip("\n").split("\n")
    more = len(lines) - MOST_LINES
    return text if more < FEWEST_LEFT_OUT else "\n".join([*lines[:MOST_LINES], f"… {more} more lines"])


def source_line(title: str, path: str, location: Location) -> Text:
    """Return a title with its link, and where in it something stands; what is no file has neither."""
    if path.startswith(NO_FILES):
        return Text(on_one_line(title), "bold")
    heading = f" · {on_one_line(location.heading)}" if location.heading else ""
    return Text.assemble(linked(title, path, location), f", {describe_location(location)}", (heading, "dim"))


def show_indented(console: Console, text: str) -> None:
    """Show a passage's own words."""
    words = harmless(text).strip("\n")
    if not console.is_terminal:
        console.print(indent(words, "   "))
        return
    from rich.padding import Padding  # what is no terminal needs no layout

    console.print(Padding(Text(words), (0, 0, 0, 3), expand=False))


def show_passages(console: Console, hits: Sequence[Hit]) -> None:
    """Show what an answer will be made from."""
    if hits:
        console.print(Text("Passages:", "dim"))
    for number, hit in enumerate(hits, 1):
        line = Text.assemble(f"  [{number}] ", source_line(hit.title, hit.path, hit.chunk.location))
        line.stylize("dim")
        console.print(line)


def show_sources(console: Console, citations: Sequence[Citation], *, quotes: bool = True) -> None:
    """Show where an answer comes from, and the words that stand there."""
    if citations:
        console.print(Text("Sources", "bold"))
    for cited in citations:
        console.print(Text.assemble(f"[{cited.number}] ", source_line(cited.title, cited.path, cited.location)))
        if quotes:
            if cited.kind == "file":
                console.print(Text(f"   {on_one_line(cited.path)}", "dim"))
            show_indented(console, f"“{cited.quote.strip()}”")


def show_explanation(console: Console, why: Explanation) -> None:
    """Show how a search came about: the terms, then each candidate's ranks and scores, and the step that dropped it."""
    terms = ", ".join(f"{term} ({count:,})" for term, count in why.terms) or "none"
    console.print(on_one_line(f"Terms, with the passages that hold them: {terms}"))
    console.print(f"Weight of the meaning beside the words: {why.dense_weight:g}")
    if why.reranking:
        console.print(on_one_line(reranking_line(why.reranking)))
    read = ("reranker", "was") if why.reranking else ()
    table = RichTable("", "score", "BM25", "rank", "cosine", "rank", *read, "passage", box=None, pad_edge=False)
    for rank, (hit, fate) in enumerate(why.candidates, 1):
        style = "dim" if fate else ""
        name = Text.assemble(source_line(hit.title, hit.path, hit.chunk.location), f"  dropped: {fate}" if fate else "")
        table.add_row(str(rank), f"{hit.score:.2f}", score_text(hit.keyword_score), score_text(hit.keyword_rank), score_text(hit.cosine),
                      score_text(hit.dense_rank), *([score_text(hit.rerank_score), score_text(hit.rank_before)] if read else []), name,
                      style=style)
    console.print(table)


def reranking_line(done: Reranking) -> str:
    """Return what a reranker did in one line."""
    return (f"{done.model} read {done.read} of {counted(done.candidates, 'candidate')} in {done.milliseconds:.0f} of "
            f"{done.budget_milliseconds} ms, at {done.pairs_per_second:,.0f} a second; the others keep their order below")


def score_text(value: float | None) -> str:
    """Return a rank or a score; a dash where that search did not find it."""
    return "–" if value is None else str(value) if isinstance(value, int) else f"{value:.2f}"
