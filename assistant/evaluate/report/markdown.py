"""An evaluation in, a report in Markdown out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from assistant.evaluate.outcome import tally, worst
from assistant.evaluate.report.wording import MEANINGS, facts, figures, groups, headline, in_words, shares, timing
from assistant.evaluate.summary import Evaluation, Row

WORST = 20
SPECIAL = re.compile(r"([\\`*_\[\]<>|#])")


def markdown(result: Evaluation) -> str:
    """Return the report: outcomes, metrics, times, metrics by group, and the questions that went worst."""
    return "\n".join(lines(result)).rstrip() + "\n"


def lines(result: Evaluation) -> Iterator[str]:
    """Yield the lines of the report."""
    yield from (f"# Library {plain(str(result.about.get('library', '')))}", "", plain(headline(result)), "")
    became = ((str(name), str(count)) for name, count in tally(result.rows).items())
    yield from table(["what became of them", "questions"], became)
    measured = shares(result.metrics).items()
    yield from table(["metric", "mean", "95 % interval", "questions", "is"],
                     ((in_words(name), *figures(found), MEANINGS.get(name, "")) for name, found in measured))
    if result.latencies:
        yield from table(["time", "median", "95th percentile", "answers"],
                         (timing(name, found) for name, found in result.latencies.items()))
    for title, found in groups(result).items():
        rows = ((plain(name) or "(none)", in_words(metric), *figures(each)) for name, metrics in found.items()
                for metric, each in shares(metrics).items())
        yield from table([title, "metric", "mean", "95 % interval", "questions"], rows)
    bad = worst(result.rows, WORST)
    if bad:
        yield from ("## The questions that went worst", "")
        for row in bad:
            yield from question(row)


def question(row: Row) -> Iterator[str]:
    """Yield the lines of one question."""
    yield f"**{plain(row.question)}** ({plain(row.id)})"
    yield ""
    yield from (f"- {name}: {plain(value)}" for name, value in facts(row).items())
    yield ""


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table, and an empty one."""
    yield f"| {' | '.join(header)} |"
    yield f"| {' | '.join(['---'] * len(header))} |"
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""


def plain(text: str) -> str:
    """Return text of a file or a model on one line, so that nothing in it is markup."""
    return SPECIAL.sub(r"\\\1", " ".join(text.split()))
