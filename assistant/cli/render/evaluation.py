"""Render evaluation results and comparisons as tables."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from assistant.cli.console import counted, on_one_line
from assistant.evaluation import Comparison, Estimates, Evaluation, MetricDifference
from assistant.evaluation.reliability import Reliability
from assistant.evaluation.report_markdown import (
    COVERAGE_HEADER,
    calibration_line,
    coverage_rows,
    display_name,
    figures,
    shares,
    timing,
)
from assistant.evaluation.run import tally

HEADLINES = ("recall_at_10", "ndcg_at_10", "mrr_at_10", "page_recall_at_10", "span_recall", "contains", "f1",
             "abstention_recall", "answerable_refused")  # shown for each group of questions; the JSON has all metrics
BETTER_LOWER = frozenset({"answerable_refused", "first_token_seconds", "total_seconds"})
UNNAMED = "(none)"


def show_evaluation(console: Console, result: Evaluation) -> None:
    """Show all metrics, then the main ones of each kind and language."""
    models = ", ".join(on_one_line(str(result.about[role])) for role in ("embedder", "chat") if result.about.get(role))
    console.print(Text.assemble(("Library ", "bold"), (on_one_line(str(result.about.get("library", ""))), "bold"),
                                f"  {counted(len(result.rows), 'question')}, {models}"))
    console.print(estimate_table({"": shares(result.metrics)}, ""))
    if result.latencies:
        table = plain_table(["time", "median", "95th percentile", "answers"], right={"answers"})
        for name, measured in result.latencies.items():
            table.add_row(*timing(name, measured))
        console.print()
        console.print(table)
    for trusted in result.reliability:
        show_reliability(console, trusted)
    if result.about.get("chat"):
        outcomes = ", ".join(f"{count:,} {name}" for name, count in tally(result.rows).items())
        console.print()
        console.print(Text(f"Of {counted(len(result.rows), 'question')}: {outcomes}"))
    for title, groups in (("kind", result.kinds), ("language", result.langs)):
        if groups:
            console.print()
            main = {name: {metric: found[metric] for metric in HEADLINES if metric in found} for name, found in groups.items()}
            console.print(estimate_table(main, title))


def show_reliability(console: Console, found: Reliability) -> None:
    """Show how many answers are wrong as less confidence is accepted, and the calibration error."""
    table = plain_table(list(COVERAGE_HEADER), right=set(COVERAGE_HEADER))
    for cells in coverage_rows(found):
        table.add_row(*cells)
    console.print()
    console.print(table)
    console.print(calibration_line(found))


def estimate_table(groups: Mapping[str, Estimates], title: str) -> Table:
    """Return a table of the metrics of all groups. Without a title it has no column for the group names."""
    columns = [*([title] if title else []), "metric", "mean", "95 % interval", "questions"]
    table = plain_table(columns, right={"mean", "questions"})
    for name, found in groups.items():
        for metric, estimate in found.items():
            table.add_row(*([on_one_line(name) or UNNAMED] if title else []), display_name(metric), *figures(estimate))
    return table


def show_comparison(console: Console, comparison: Comparison, first: str, second: str) -> None:
    """Show each metric of both results, and which differences are significant."""
    console.print(Text.assemble(("A ", "bold"), on_one_line(first), ("  B ", "bold"), on_one_line(second),
                                f"  {counted(comparison.shared, 'question')} in both"))
    left_out = comparison.only_first + comparison.only_second
    if left_out:
        console.print(Text(f"Left out: {comparison.only_first:,} only in A, {comparison.only_second:,} only in B", "dim"))
    table = plain_table(["metric", "A", "B", "B - A", "95 % interval", "questions", ""],
                        right={"A", "B", "B - A", "questions"})
    for name, found in comparison.metrics.items():
        table.add_row(display_name(name), f"{found.first:.3f}", f"{found.second:.3f}", f"{found.difference:+.3f}",
                      f"{found.low:+.3f} to {found.high:+.3f}", f"{found.count:,}", verdict(name, found))
    console.print(table)


def verdict(name: str, found: MetricDifference) -> Text:
    """Return whether B is better or worse than A, or the difference is noise."""
    if not found.more_than_noise:
        return Text("noise" if found.difference else "", "dim")
    is_better = (found.difference > 0) is (name not in BETTER_LOWER)
    return Text("B is better", "green") if is_better else Text("B is worse", "red")


def plain_table(columns: list[str], right: set[str]) -> Table:
    """Return an empty table without lines; the columns in `right` are right-aligned."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", no_wrap=True)
    return table
