"""Confidence intervals of shares."""

from __future__ import annotations

from math import sqrt

Z = 1.96  # standard deviations of a 95 % interval


def wilson(hits: int, total: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson 1927), (0, 1) if nothing was counted."""
    if not total:
        return 0.0, 1.0
    share, spread = hits / total, Z * Z / total
    middle = (share + spread / 2) / (1 + spread)
    half = Z * sqrt(share * (1 - share) / total + spread / (4 * total)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def share_text(hits: int, total: int) -> str:
    """Return a share with its 95 % interval, such as "0.250 (0.120 to 0.440)"."""
    low, high = wilson(hits, total)
    return f"{hits / total:.3f} ({low:.3f} to {high:.3f})" if total else "–"
