"""Render an evaluation as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from assistant.evaluation.latency import TIME_METRICS, Latency
from assistant.evaluation.reliability import Reliability
from assistant.evaluation.run import Estimate, Estimates, Evaluation, Row, outcome, tally, worst

WORST = 20
SPECIAL = re.compile(r"([\\`*_\[\]<>|#])")
SPELLED = {"ndcg": "nDCG", "mrr": "MRR", "f1": "F1"}
MEANINGS = {
    "contains": "the answer holds a right answer, word for word",
    "exact_match": "the answer is a right answer and nothing else",
    "f1": "words that answer and right answer share",
    "abstention_precision": "refusals that were right",
    "abstention_recall": "questions that cannot be answered and were refused",
    "answerable_refused": "questions that can be answered and were refused; lower is better",
    "cited": "answers with a citation",
    "citation_precision": "citations of a right file",
    "page_citation_precision": "citations of a right page",
    "span_citation_precision": "citations that meet the right words",
    "support_rate": "sentences that the cited passages bear out in full",
    "recall_at_10": "right files among the first ten",
    "ndcg_at_10": "how high the right files stand",
}
COVERAGE_HEADER = ("confidence at least", "answers", "of all questions", "wrong among them")
RELIABILITY_HEADER = ("confidence", "answers", "mean confidence", "right")
METRIC_HEADER = ("metric", "mean", "95 % interval", "questions", "is")
TIME_HEADER = ("time", "median", "95th percentile", "answers")
NAMES_OF_TIMES = {"first_token_seconds": "to the first word", "total_seconds": "in all"}


def markdown(result: Evaluation) -> str:
    """Return the report: outcomes, metrics, times, metrics by group, and the worst questions."""
    return "\n".join(report_lines(result)).rstrip() + "\n"


def report_lines(result: Evaluation) -> Iterator[str]:
    """Yield the lines of the report."""
    yield from (f"# Library {escape_markdown(str(result.about.get('library', '')))}", "", escape_markdown(headline(result)), "")
    became = ((str(name), str(count)) for name, count in tally(result.rows).items())
    yield from markdown_table(["what became of them", "questions"], became)
    yield from markdown_table(METRIC_HEADER, metric_rows(result))
    if result.latencies:
        yield from markdown_table(TIME_HEADER, (timing(name, found) for name, found in result.latencies.items()))
    for found in result.reliability:
        yield from ("## How far the confidence can be trusted", "", calibration_line(found), "")
        yield from markdown_table(COVERAGE_HEADER, coverage_rows(found))
        yield from markdown_table(RELIABILITY_HEADER, reliability_rows(found))
    for header, rows in group_tables(result):
        yield from markdown_table(header, ((escape_markdown(name), *cells) for name, *cells in rows))
    bad = worst(result.rows, WORST)
    if bad:
        yield from ("## The questions that went worst", "")
        for row in bad:
            yield from question_lines(row)


def question_lines(row: Row) -> Iterator[str]:
    """Yield the lines of one question."""
    yield f"**{escape_markdown(row.question)}** ({escape_markdown(row.id)})"
    yield ""
    yield from (f"- {name}: {escape_markdown(value)}" for name, value in question_facts(row).items())
    yield ""


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table and an empty line."""
    yield f"| {' | '.join(header)} |"
    yield f"| {' | '.join(['---'] * len(header))} |"
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""


def escape_markdown(text: str) -> str:
    """Return text of a file or a model on one line, with Markdown characters escaped."""
    return SPECIAL.sub(r"\\\1", " ".join(text.split()))


def display_name(metric: str) -> str:
    """Return the display name of a metric: "ndcg_at_10" is nDCG@10."""
    return " ".join(SPELLED.get(word, word) for word in metric.replace("_at_", "_@").split("_")).replace(" @", "@")


def shares(found: Estimates) -> Estimates:
    """Return the metrics from 0 to 1, without the times."""
    return {name: estimate for name, estimate in found.items() if name not in TIME_METRICS}


def figures(estimate: Estimate) -> tuple[str, str, str]:
    """Return a mean, its interval, and its number of questions."""
    return f"{estimate.mean:.3f}", f"{estimate.low:.3f} to {estimate.high:.3f}", f"{estimate.count:,}"


def timing(name: str, found: Latency) -> tuple[str, str, str, str]:
    """Return a time's name, its median and 95th percentile with their intervals, and its number of answers."""
    return (NAMES_OF_TIMES[name], f"{found.median:.1f} s ({found.median_low:.1f} to {found.median_high:.1f})",
            f"{found.p95:.1f} s ({found.p95_low:.1f} to {found.p95_high:.1f})", f"{found.count:,}")


def calibration_line(found: Reliability) -> str:
    """Return the expected calibration error and what it is measured on."""
    answers = sum(each.answers for each in found.bins)
    return (f"Expected calibration error {found.calibration_error:.3f}: how far the confidence is from the share of right "
            f"answers, on {answers:,} answers of {found.questions:,} questions with a confidence.")


def coverage_rows(found: Reliability) -> Iterator[tuple[str, str, str, str]]:
    """Yield the risk-coverage curve, from the most confident answers to all."""
    for each in found.coverage:
        yield f"{each.least_confidence:.2f}", f"{each.answers:,}", f"{each.coverage:.0%}", f"{each.wrong:.0%}"


def reliability_rows(found: Reliability) -> Iterator[tuple[str, str, str, str]]:
    """Yield the bins of confidence."""
    for each in found.bins:
        yield f"{each.low:.1f} to {each.high:.1f}", f"{each.answers:,}", f"{each.confidence:.2f}", f"{each.right:.2f}"


def headline(result: Evaluation) -> str:
    """Return the number of questions and the models in one line."""
    models = ", ".join(str(result.about[role]) for role in ("embedder", "chat") if result.about.get(role))
    asked = f"{len(result.rows):,} of {result.planned:,}" if len(result.rows) < result.planned else f"{result.planned:,}"
    return f"{asked} questions · {models}"


def metric_rows(result: Evaluation) -> Iterator[Sequence[str]]:
    """Yield a table row for each metric."""
    for name, found in shares(result.metrics).items():
        yield display_name(name), *figures(found), MEANINGS.get(name, "")


def group_tables(result: Evaluation) -> Iterator[tuple[Sequence[str], Sequence[Sequence[str]]]]:
    """Yield the header and the rows of the metrics by kind and by language, if there are several."""
    for title, groups in (("kind", result.kinds), ("language", result.langs)):
        if groups:
            yield [title, *METRIC_HEADER[:-1]], [(name or "(none)", display_name(metric), *figures(found))
                                                 for name, metrics in groups.items() for metric, found in shares(metrics).items()]


def question_facts(row: Row) -> dict[str, str]:
    """Return the non-empty details of one question by label."""
    said = {"outcome": str(outcome(row)), "answer": row.error or row.answer, "expected": "; ".join(row.expected),
            "cited": "; ".join(row.sources)}
    return {name: value for name, value in said.items() if value}
