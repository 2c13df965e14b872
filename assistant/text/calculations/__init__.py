"""Recognize that a question asks for a computation over rows or files, and which, by its words.

`recognize_intent` decides what is computed over a table (English and Chinese); `recognize_aggregate` decides what may not be read
from a few passages (eight languages). Both use the words of `vocabulary`.
"""

from assistant.text.calculations.aggregates import Aggregate, AggregateKind, recognize_aggregate
from assistant.text.calculations.operations import Calculation, Intent, recognize_apart, recognize_intent

__all__ = [
    "Aggregate",
    "AggregateKind",
    "Calculation",
    "Intent",
    "recognize_aggregate",
    "recognize_apart",
    "recognize_intent",
]
