"""Render search results, passages and sources. Imports little, because every question uses it."""

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

MOST_LINES, FEWEST_LEFT_OUT = 40, 5  # lines of a passage; shorten it only by at least so many
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
    """Return a passage cut after MOST_LINES lines."""
    lines = text.strip("\n").split("\n")
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


def show_passages(console: Console, hits: Sequence[Hit]) -> None:
    """Show the passages that an answer will be based on."""
    if hits:
        console.print(Text("Passages:", "dim"))
    for number, hit in enumerate(hits, 1):
        line = Text.assemble(f"  [{number}] ", source_line(hit.title, hit.path, hit.chunk.location))
        line.stylize("dim")
        console.print(line)


def show_sources(console: Console, citations: Sequence[Citation], *, quotes: bool = True) -> None:
    """Show an answer's sources with their quotes."""
    if citations:
        console.print(Text("Sources", "bold"))
    for cited in citations:
        console.print(Text.assemble(f"[{cited.number}] ", source_line(cited.title, cited.path, cited.location)))
        if quotes:
            if cited.kind == "file":
                console.print(Text(f"   {on_one_line(cited.path)}", "dim"))
            show_indented(console, f"“{cited.quote.strip()}”")


def show_explanation(console: Console, why: Explanation) -> None:
    """Show the search terms, then each candidate's ranks and scores and the step that dropped it."""
    terms = ", ".join(f"{term} ({count:,})" for term, count in why.terms) or "none"
    console.print(on_one_line(f"Search terms (passages that contain them): {terms}"))
    console.print(f"Weight of the dense ranking relative to BM25: {why.dense_weight:g}")
    if why.reranking:
        console.print(on_one_line(reranking_line(why.reranking)))
    read = ("reranker", "was") if why.reranking else ()
    table = RichTable("", "score", "BM25", "rank", "cosine", "rank", *read, "passage", box=None, pad_edge=False)
    for rank, (hit, fate) in enumerate(why.candidates, 1):
        style = "dim" if fate else ""
        name = Text.assemble(source_line(hit.title, hit.path, hit.chunk.location), f"  dropped: {fate}" if fate else "")
        scores = [hit.keyword_score, hit.keyword_rank, hit.cosine, hit.dense_rank,
                  *((hit.rerank_score, hit.rank_before_rerank) if read else ())]
        table.add_row(str(rank), f"{hit.score:.2f}", *map(score_text, scores), name, style=style)
    console.print(table)


def reranking_line(done: Reranking) -> str:
    """Return what the reranker did, in one line."""
    return (f"{done.model} scored {done.read} of {counted(done.candidates, 'candidate')} in {done.milliseconds:.0f} of "
            f"{done.budget_milliseconds} ms ({done.pairs_per_second:,.0f} per second); the others follow in their old order")


def score_text(value: float | None) -> str:
    """Return a rank or a score; a dash if it is missing."""
    return "–" if value is None else str(value) if isinstance(value, int) else f"{value:.2f}"
