"""Weights of the confidence of a reading."""

WEIGHTS: dict[str, float] = {"bias": 0.0}
