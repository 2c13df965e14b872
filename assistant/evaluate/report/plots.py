"""Figures in, drawings as SVG out: their colours come from the page, so that they suit light and dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from assistant.evaluate.latency import Latency
from assistant.evaluate.outcome import GOOD, Outcome
from assistant.evaluate.report.wording import in_words
from assistant.evaluate.summary import Estimates

WIDTH = 760
LABEL, FIGURE = 210, 150  # pixels for the name of a row on its left, and for its figures on its right
ROW = 26
BINS = 20
HEIGHT = 140
NARROW = 60  # a part of a bar that is narrower holds no number


def drawing(height: float, parts: Sequence[str], title: str) -> str:
    """Return a drawing with a title for those who cannot see it."""
    return (f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(title)}">'
            f"<title>{escape(title)}</title>{''.join(parts)}</svg>")


def text(x: float, y: float, words: str, anchor: str = "start", kind: str = "") -> str:
    """Return words at a place."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{escape(words)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """Return a line."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def box(x: float, y: float, width: float, height: float, kind: str, words: str) -> str:
    """Return a box that says its words where the mouse rests."""
    return (f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" height="{height:.1f}" class="{kind}">'
            f"<title>{escape(words)}</title></rect>")


def intervals(found: Estimates) -> str:
    """Return a row for each metric: its mean as a dot on its interval, from 0 to 1."""
    wide, foot = WIDTH - LABEL - FIGURE, ROW * len(found) + 8
    ticks = [tick / 4 for tick in range(5)]
    grid = [part for tick in ticks for part in (line(LABEL + tick * wide, 4, LABEL + tick * wide, foot, "grid"),
                                                text(LABEL + tick * wide, foot + 16, f"{tick:g}", "middle", "soft"))]
    rows: list[str] = []
    for number, (name, estimate) in enumerate(found.items()):
        y = ROW * number + ROW / 2 + 4
        low, mean, high = (LABEL + value * wide for value in (estimate.low, estimate.mean, estimate.high))
        rows += [text(LABEL - 12, y + 4, in_words(name), "end"), line(low, y, high, y, "span"),
                 f'<circle cx="{mean:.1f}" cy="{y:.1f}" r="4.5" class="dot"/>',
                 text(WIDTH, y + 4, f"{estimate.mean:.3f}  ({estimate.low:.2f}–{estimate.high:.2f})", "end", "soft")]
    return drawing(foot + 24, [*grid, *rows], "Metrics with their 95 % intervals")


def outcomes(found: Mapping[Outcome, int]) -> str:
    """Return one bar, divided by what became of the questions, and a legend below it."""
    total = sum(found.values())
    parts: list[str] = []
    x = 0.0
    for number, (name, count) in enumerate(found.items()):
        width = WIDTH * count / total
        kind = f"{'good' if name in GOOD else 'bad'} shade{number % 3}"
        parts.append(box(x, 0, width - 2, 34, kind, f"{name}: {count}"))
        if width > NARROW:
            parts.append(text(x + width / 2 - 1, 22, str(count), "middle", "onbar"))
        parts += [box(0, 52 + ROW * number, 14, 14, kind, str(name)),
                  text(24, 64 + ROW * number, f"{name}: {count} ({count / total:.0%})")]
        x += width
    return drawing(56 + ROW * len(found), parts, "What became of the questions")


def histogram(seconds: Sequence[float], found: Latency) -> str:
    """Return how many answers took how long, with the median and the 95th percentile."""
    top = max(seconds) or 1.0
    counts = [0] * BINS
    for value in seconds:
        counts[min(BINS - 1, int(value / top * BINS))] += 1
    wide, most = WIDTH / BINS, max(counts)
    bars = [box(number * wide, 30 + HEIGHT * (1 - count / most), wide - 2, HEIGHT * count / most, "good shade1",
                f"{number * top / BINS:.1f} to {(number + 1) * top / BINS:.1f} s: {count}")
            for number, count in enumerate(counts) if count]
    foot = HEIGHT + 30
    axis = [line(0, foot, WIDTH, foot, "grid"), text(0, foot + 16, "0 s", "start", "soft"),
            text(WIDTH, foot + 16, f"{top:.1f} s", "end", "soft")]
    return drawing(foot + 24, [*bars, *axis, *mark(found.median, top, "median", 12), *mark(found.p95, top, "95 %", 26)],
                   "Seconds of the answers")


def mark(value: float, top: float, name: str, y: float) -> list[str]:
    """Return a line through the histogram with its name."""
    x = value / top * WIDTH
    anchor = "end" if x > WIDTH / 2 else "start"
    return [line(x, y - 8, x, HEIGHT + 30, "mark"), text(x + (-5 if anchor == "end" else 5), y, f"{name} {value:.1f} s", anchor)]
