"""Outcomes of several ways of reusing key/values in; a drawing of how much sooner each is against what it loses, as SVG, out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

WIDTH, HEIGHT, EDGE = 640, 400, 60
LEAST, MOST = -0.10, 0.06  # of the difference in right answers


def plot(records: Sequence[dict[str, Any]]) -> str:
    """Return the drawing: to the right is sooner (logarithmic), up is more right answers, both beside reading in full."""
    full = {record["id"]: record for record in records if record["way"] == "full"}
    shapes = [axes()]
    for name in dict.fromkeys(record["way"] for record in records):
        pairs = [(record, full[record["id"]]) for record in records if record["way"] == name and record["id"] in full]
        ratios = sorted(other["seconds"] / one["seconds"] for one, other in pairs)
        loss = sum(one["contains"] - other["contains"] for one, other in pairs) / len(pairs)
        across, down = place(ratios[len(ratios) // 2], loss)
        shapes.append(f'<circle cx="{across:.0f}" cy="{down:.0f}" r="5" fill="#2563eb"/>'
                      f'<text x="{across + 8:.0f}" y="{down - 6:.0f}">{name} ({len(pairs)})</text>')
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">'
            f'{"".join(shapes)}</svg>\n')


def place(sooner: float, difference: float) -> tuple[float, float]:
    """Return where a way stands in the drawing."""
    across = EDGE + (WIDTH - 2 * EDGE) * math.log(max(1.0, sooner)) / math.log(50)
    return across, HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * (min(max(difference, LEAST), MOST) - LEAST) / (MOST - LEAST)


def axes() -> str:
    """Return the axes with their numbers."""
    lines = []
    for sooner in (1, 2, 5, 10, 20, 50):
        across, _ = place(sooner, 0)
        lines.append(f'<line x1="{across:.0f}" y1="{EDGE}" x2="{across:.0f}" y2="{HEIGHT - EDGE}" stroke="#ddd"/>'
                     f'<text x="{across - 8:.0f}" y="{HEIGHT - EDGE + 18}">{sooner}x</text>')
    for points in range(-10, 7, 2):
        _, down = place(1, points / 100)
        lines.append(f'<line x1="{EDGE}" y1="{down:.0f}" x2="{WIDTH - EDGE}" y2="{down:.0f}" '
                     f'stroke="{"#888" if points == 0 else "#eee"}"/><text x="{EDGE - 34}" y="{down + 4:.0f}">{points:+d}</text>')
    lines.append(f'<text x="{EDGE}" y="{EDGE - 24}">right answers beside full reading, in points</text>'
                 f'<text x="{WIDTH - 2 * EDGE - 130}" y="{HEIGHT - 14}">first token so many times sooner</text>')
    return "".join(lines)
