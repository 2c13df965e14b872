"""Figures of this machine's speed in; one HTML page with drawings, which needs no network and no script, out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby

from assistant.cli.console import size_in_words
from assistant.evaluation.report.html import LABEL, POLICY, ROW, STYLE, WIDTH, box, drawing, section, table, text

NAMES, FIGURES = LABEL + 150, 110  # pixels for the names on the left and the figures on the right
TITLES = {"tokens/s": "Tokens a second: longer is better", "passages/s": "Passages a second: longer is better",
          "s": "Seconds: shorter is better", "ms": "Milliseconds: shorter is better", "bytes": "Memory"}


def page(about: Mapping[str, str | int], figures: Sequence[tuple[str, str, float, str]]) -> str:
    """Return the page: the machine, a drawing for each unit, and all figures in a table."""
    machine = (f"{about['chat']} and {about['embedder']} on {about['processor']}, {about['cores']} cores, "
               f"{size_in_words(int(about['memory']))} of memory, graphics: {about['graphics']}")
    drawn = "".join(section(TITLES[unit], bars(list(rows), TITLES[unit])) for unit, rows in
                    groupby(sorted(figures, key=lambda row: list(TITLES).index(row[3])), key=lambda row: row[3]))
    listed = section("All figures", table(["figure", "value"], [(name, words) for name, words, _, _ in figures]))
    return (f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Speed of this machine</title>'
            f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>\n'
            f'<body><h1>Speed of this machine</h1><p class="soft">{escape(machine)}</p>\n{drawn}{listed}</body></html>\n')


def bars(rows: Sequence[tuple[str, str, float, str]], title: str) -> str:
    """Return a bar for each figure of one unit."""
    longest = max(value for _, _, value, _ in rows) or 1.0
    wide = WIDTH - NAMES - FIGURES
    parts: list[str] = []
    for number, (name, words, value, _) in enumerate(rows):
        y = ROW * number
        kind = "bad shade2" if name.startswith("estimate") else "good"
        parts += [text(NAMES - 12, y + 17, name, "end"), box(NAMES, y + 4, wide * value / longest, ROW - 8, kind, words),
                  text(WIDTH, y + 17, words, "end", "soft")]
    return drawing(ROW * len(rows) + 4, parts, title)
