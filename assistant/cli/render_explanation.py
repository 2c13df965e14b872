"""How a search came about in, what a person reads of it out."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from assistant.cli.render import source
from assistant.cli.terminal import counted, on_one_line
from assistant.datatypes import Explanation, Reranking


def show_explanation(console: Console, why: Explanation) -> None:
    """Show how a search came about: the terms, then each candidate's ranks and scores, and the step that dropped it."""
    terms = ", ".join(f"{term} ({count:,})" for term, count in why.terms) or "none"
    console.print(on_one_line(f"Terms, with the passages that hold them: {terms}"))
    console.print(f"Weight of the meaning beside the words: {why.dense_weight:g}")
    if why.reranking:
        console.print(on_one_line(reranked(why.reranking)))
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
