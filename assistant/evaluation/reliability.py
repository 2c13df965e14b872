"""Measure how far the confidence of answers can be trusted: the risk-coverage curve and the expected calibration error.

Risk and coverage after El-Yaniv and Wiener (2010, "On the Foundations of Noise-free Selective Classification"); expected
calibration error after Naeini, Cooper and Hauskrecht (2015), with bins of equal width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

BINS = 10
POINTS = 10  # of the risk-coverage curve, at most


@dataclass(frozen=True, slots=True)
class Verdict:
    """The confidence (0 to 1) of one question that can be judged. A refused question counts as not accepted, right or wrong."""

    confidence: float
    is_accepted: bool
    is_right: bool


@dataclass(frozen=True, slots=True)
class CoveragePoint:
    """The answers with at least a confidence: their share of all questions, and the share of them that are wrong."""

    least_confidence: float
    coverage: float
    wrong: float
    answers: int


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The answers in a range of confidence: their mean confidence and the share of them that are right."""

    low: float
    high: float
    confidence: float
    right: float
    answers: int


@dataclass(frozen=True, slots=True)
class Reliability:
    """How far the confidences of an evaluation can be trusted; from `questions` that have one and can be judged."""

    questions: int
    coverage: tuple[CoveragePoint, ...]
    bins: tuple[ReliabilityBin, ...]
    calibration_error: float  # mean distance between confidence and share of right answers, weighted by answers


def reliability(verdicts: Sequence[Verdict]) -> tuple[Reliability, ...]:
    """Return the reliability in a tuple of one; an empty tuple if no accepted answer has a confidence."""
    accepted = sorted((each for each in verdicts if each.is_accepted), key=lambda each: -each.confidence)
    if not accepted:
        return ()
    bins = reliability_bins(accepted)
    error = sum(each.answers * abs(each.confidence - each.right) for each in bins) / len(accepted)
    return (Reliability(len(verdicts), coverage_points(accepted, len(verdicts)), bins, error),)


def coverage_points(accepted: Sequence[Verdict], total: int) -> tuple[CoveragePoint, ...]:
    """Return the risk-coverage curve of answers, most confident first. Answers of equal confidence are one step."""
    ends = [number for number, (one, other) in enumerate(pairwise(accepted), 1) if one.confidence != other.confidence]
    ends.append(len(accepted))
    chosen = {next(end for end in ends if end * POINTS >= step * len(accepted)) for step in range(1, POINTS + 1)}
    return tuple(CoveragePoint(accepted[end - 1].confidence, end / total, 1 - share_right(accepted[:end]), end)
                 for end in sorted(chosen))


def reliability_bins(accepted: Sequence[Verdict]) -> tuple[ReliabilityBin, ...]:
    """Return the bins that hold answers, lowest confidence first."""
    bins: dict[int, list[Verdict]] = {}
    for each in accepted:
        bins.setdefault(min(BINS - 1, int(each.confidence * BINS)), []).append(each)
    return tuple(ReliabilityBin(number / BINS, (number + 1) / BINS, sum(each.confidence for each in found) / len(found),
                                share_right(found), len(found)) for number, found in sorted(bins.items()))


def share_right(verdicts: Sequence[Verdict]) -> float:
    """Return the share of right answers."""
    return sum(each.is_right for each in verdicts) / len(verdicts)
