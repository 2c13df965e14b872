"""Write an evaluation report as Markdown, or as one HTML page with SVG plots, without scripts or external files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import pairwise
from pathlib import Path

from assistant.errors import UsageError
from assistant.evaluation.latency import Latency
from assistant.evaluation.reliability import Reliability
from assistant.evaluation.report_markdown import (
    COVERAGE_HEADER,
    METRIC_HEADER,
    RELIABILITY_HEADER,
    TIME_HEADER,
    calibration_line,
    coverage_rows,
    display_name,
    group_tables,
    headline,
    markdown,
    metric_rows,
    question_facts,
    reliability_rows,
    shares,
    timing,
)
from assistant.evaluation.run import GOOD, Estimates, Evaluation, Outcome, Row, outcome, tally, worst
from assistant.system.paths import expand_user, require_new, write_new_file


def require_report(path: Path) -> None:
    """Raise UsageError if no report can be written to the path, before any long work."""
    if path.suffix.lower() not in {".md", ".html", ".htm"}:
        raise UsageError(f"{path.name} is neither Markdown nor HTML.", "Call the report FILE.md or FILE.html.")
    if expand_user(path).is_dir() or not expand_user(path).parent.is_dir():
        raise UsageError(f"{path} cannot be written: it is a folder, or its folder does not exist.", "Give --report a file name.")
    require_new(path)


def write_report(path: Path, result: Evaluation) -> None:
    """Write the report. Raises UsageError if it cannot be written."""
    require_report(path)
    text = markdown(result) if path.suffix.lower() == ".md" else page(result)
    try:
        write_new_file(expand_user(path), text.encode("utf-8", "replace"))
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.", "Give --report the name of a file.") from error


WORST = 20
STYLE = """
:root{color-scheme:light dark;--page:#fbfbf9;--ink:#1d2326;--soft:#5f6a70;--rule:#d9dddc;--good:#2f7d6d;--bad:#b4512d;--card:#fff}
@media(prefers-color-scheme:dark){:root{--page:#15191b;--ink:#e4e8e7;--soft:#98a4a8;--rule:#333b3e;--good:#5fb8a4;--bad:#e08a63;
--card:#1c2224}}
body{background:var(--page);color:var(--ink);font:16px/1.55 system-ui,sans-serif;max-width:860px;margin:0 auto;
padding:32px 20px 80px}
h1{font-size:1.6rem;margin:0}h2{font-size:1.1rem;margin:2.4em 0 .6em}p.soft,.soft{color:var(--soft)}
svg{width:100%;height:auto;font:13px system-ui,sans-serif;overflow:visible}svg text{fill:var(--ink)}
svg text.soft{fill:var(--soft)}
svg text.onbar{fill:var(--page);font-weight:600}.grid{stroke:var(--rule)}.span{stroke:var(--good);stroke-width:3;opacity:.55}
.dot{fill:var(--good)}.mark{stroke:var(--ink);stroke-dasharray:3 3}rect.good{fill:var(--good)}rect.bad{fill:var(--bad)}
.shade1{opacity:.8}.shade2{opacity:.62}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;padding:5px 14px 5px 0;border-bottom:1px solid var(--rule);vertical-align:top}th{font-weight:600}
td.number{font-variant-numeric:tabular-nums;white-space:nowrap}
article{background:var(--card);border:1px solid var(--rule);border-left:4px solid var(--bad);border-radius:4px;padding:12px 16px;
margin:12px 0}article.good{border-left-color:var(--good)}article h3{font-size:1rem;margin:0 0 6px}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 14px;margin:0;font-size:.92rem}dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}summary{cursor:pointer;font-weight:600;margin-top:2.4em}
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
WIDTH = 760
LABEL, FIGURE = 210, 150  # pixels for a row's label on the left and its figures on the right
ROW = 26
BINS = 20
HEIGHT = 140
MARGIN = 44  # pixels beside the risk-coverage curve
NARROW = 60  # pixels: narrower parts of a bar have no number


def page(result: Evaluation) -> str:
    """Return the page: outcomes, metrics, times, metrics by group, the worst questions, and all others."""
    name = escape(str(result.about.get("library", "")))
    return (f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Library {name}: evaluation</title>'
            f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>\n'
            f'<body><h1>Library {name}</h1><p class="soft">{escape(headline(result))}</p>\n{page_body(result)}</body></html>\n')


def page_body(result: Evaluation) -> str:
    """Return the content below the title."""
    found, bad = shares(result.metrics), worst(result.rows, WORST)
    parts = [section("What became of the questions", outcome_bar(tally(result.rows))), metrics_section(result)] if found else []
    parts += [latency_section(result)] if result.latencies else []
    parts += [reliability_section(each) for each in result.reliability]
    parts += [section(f"By {header[0]}", html_table(header, rows)) for header, rows in group_tables(result)]
    parts += [section("The questions that went worst", "".join(map(article, bad)))] if bad else []
    others = [row for row in result.rows if row not in bad]
    parts += [f"<details><summary>All other questions ({len(others):,})</summary>{''.join(map(article, others))}</details>"
              if others else ""]
    return "\n".join(parts)


def section(title: str, content: str) -> str:
    """Return a section with a title."""
    return f"<section><h2>{escape(title)}</h2>{content}</section>"


def metrics_section(result: Evaluation) -> str:
    """Return the plot and the table of all metrics."""
    note = ('<p class="soft">Dot: the mean. Line: its 95 % interval, how far the mean could move with other questions of '
            "the same sort (bootstrap).</p>")
    return section("How good", interval_plot(shares(result.metrics)) + note + html_table(METRIC_HEADER, metric_rows(result)))


def latency_section(result: Evaluation) -> str:
    """Return the plot and the table of the times."""
    seconds = [row.metrics["total_seconds"] for row in (result.rows[1:] or result.rows) if "total_seconds" in row.metrics]
    rows = (timing(name, each) for name, each in result.latencies.items())
    drawn = histogram(seconds, result.latencies["total_seconds"])
    return section("How long", drawn + html_table(TIME_HEADER, rows))


def reliability_section(found: Reliability) -> str:
    """Return the plot and the tables of the confidences."""
    note = (f'<p class="soft">{escape(calibration_line(found))} Plot: the share of all questions that are answered, against the '
            "share of those answers that are wrong, as less and less confidence is accepted.</p>")
    tables = html_table(COVERAGE_HEADER, coverage_rows(found)) + html_table(RELIABILITY_HEADER, reliability_rows(found))
    return section("How far the confidence can be trusted", risk_plot(found) + note + tables)


def risk_plot(found: Reliability) -> str:
    """Return the risk-coverage curve: coverage from left to right, the share of wrong answers upwards, both from 0 to 1."""
    foot, wide = HEIGHT + 30, WIDTH - 2 * MARGIN
    places = [(MARGIN + each.coverage * wide, foot - each.wrong * HEIGHT) for each in found.coverage]
    grid = [part for tick in range(5) for part in (
        svg_line(MARGIN, foot - tick / 4 * HEIGHT, MARGIN + wide, foot - tick / 4 * HEIGHT, "grid"),
        svg_text(MARGIN - 8, foot - tick / 4 * HEIGHT + 4, f"{tick / 4:.0%}", "end", "soft"),
        svg_text(MARGIN + tick / 4 * wide, foot + 16, f"{tick / 4:.0%}", "middle", "soft"))]
    lines = [svg_line(*one, *other, "span") for one, other in pairwise(places)]
    dots = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" class="dot"/>' for x, y in places]
    names = [svg_text(0, 14, "wrong among the answers", "start", "soft"), svg_text(WIDTH, foot + 34, "answered", "end", "soft")]
    return drawing(foot + 40, [*grid, *lines, *dots, *names], "Wrong answers against answered questions")


def html_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return an HTML table."""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    lines = "".join(f"<tr>{''.join(map(table_cell, row))}</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{head}</tr>{lines}</table></div>'


def table_cell(value: str) -> str:
    """Return a table cell; numbers do not wrap."""
    kind = ' class="number"' if value[:1].isdigit() else ""
    return f"<td{kind}>{escape(value)}</td>"


def article(row: Row) -> str:
    """Return one question with its answer and gold answers."""
    kind = "good" if outcome(row) in GOOD else "bad"
    said = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in question_facts(row).items())
    return f'<article class="{kind}"><h3>{escape(row.question)}</h3><dl><dt>id</dt><dd>{escape(row.id)}</dd>{said}</dl></article>'


def drawing(height: float, parts: Sequence[str], title: str) -> str:
    """Return an SVG with an accessible title."""
    return (f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(title)}">'
            f"<title>{escape(title)}</title>{''.join(parts)}</svg>")


def svg_text(x: float, y: float, words: str, anchor: str = "start", kind: str = "") -> str:
    """Return an SVG text."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{escape(words)}</text>'


def svg_line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """Return an SVG line."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def svg_box(x: float, y: float, width: float, height: float, kind: str, words: str) -> str:
    """Return an SVG rectangle with a tooltip."""
    return (f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" height="{height:.1f}" class="{kind}">'
            f"<title>{escape(words)}</title></rect>")


def interval_plot(found: Estimates) -> str:
    """Return a plot with one row per metric: the mean as a dot on its interval, from 0 to 1."""
    wide, foot = WIDTH - LABEL - FIGURE, ROW * len(found) + 8
    ticks = [tick / 4 for tick in range(5)]
    grid = [part for tick in ticks for part in (svg_line(LABEL + tick * wide, 4, LABEL + tick * wide, foot, "grid"),
                                                svg_text(LABEL + tick * wide, foot + 16, f"{tick:g}", "middle", "soft"))]
    rows: list[str] = []
    for number, (name, estimate) in enumerate(found.items()):
        y = ROW * number + ROW / 2 + 4
        low, mean, high = (LABEL + value * wide for value in (estimate.low, estimate.mean, estimate.high))
        rows += [svg_text(LABEL - 12, y + 4, display_name(name), "end"), svg_line(low, y, high, y, "span"),
                 f'<circle cx="{mean:.1f}" cy="{y:.1f}" r="4.5" class="dot"/>',
                 svg_text(WIDTH, y + 4, f"{estimate.mean:.3f}  ({estimate.low:.2f}–{estimate.high:.2f})", "end", "soft")]
    return drawing(foot + 24, [*grid, *rows], "Metrics with their 95 % intervals")


def outcome_bar(found: Mapping[Outcome, int]) -> str:
    """Return one bar divided by outcome, with a legend."""
    total = sum(found.values())
    parts: list[str] = []
    x = 0.0
    for number, (name, count) in enumerate(found.items()):
        width = WIDTH * count / total
        kind = f"{'good' if name in GOOD else 'bad'} shade{number % 3}"
        parts.append(svg_box(x, 0, width - 2, 34, kind, f"{name}: {count}"))
        if width > NARROW:
            parts.append(svg_text(x + width / 2 - 1, 22, str(count), "middle", "onbar"))
        parts += [svg_box(0, 52 + ROW * number, 14, 14, kind, str(name)),
                  svg_text(24, 64 + ROW * number, f"{name}: {count} ({count / total:.0%})")]
        x += width
    return drawing(56 + ROW * len(found), parts, "What became of the questions")


def histogram(seconds: Sequence[float], found: Latency) -> str:
    """Return a histogram of answer times with median and 95th percentile."""
    top = max(seconds) or 1.0
    counts = [0] * BINS
    for value in seconds:
        counts[min(BINS - 1, int(value / top * BINS))] += 1
    wide, most = WIDTH / BINS, max(counts)
    bars = [svg_box(number * wide, 30 + HEIGHT * (1 - count / most), wide - 2, HEIGHT * count / most, "good shade1",
                f"{number * top / BINS:.1f} to {(number + 1) * top / BINS:.1f} s: {count}")
            for number, count in enumerate(counts) if count]
    foot = HEIGHT + 30
    axis = [svg_line(0, foot, WIDTH, foot, "grid"), svg_text(0, foot + 16, "0 s", "start", "soft"),
            svg_text(WIDTH, foot + 16, f"{top:.1f} s", "end", "soft")]
    lines = [*histogram_mark(found.median, top, "median", 12), *histogram_mark(found.p95, top, "95 %", 26)]
    return drawing(foot + 24, [*bars, *axis, *lines], "Seconds of the answers")


def histogram_mark(value: float, top: float, name: str, y: float) -> list[str]:
    """Return a labelled vertical line in the histogram."""
    x = value / top * WIDTH
    anchor = "end" if x > WIDTH / 2 else "start"
    label = svg_text(x + (-5 if anchor == "end" else 5), y, f"{name} {value:.1f} s", anchor)
    return [svg_line(x, y - 8, x, HEIGHT + 30, "mark"), label]
