"""Write SQL by rule for questions whose words are linked: counts, sums, averages, extremes, order, comparisons."""

from assistant.tables.rules.confidence import with_result
from assistant.tables.rules.read import read_question
from assistant.tables.rules.reading import Reading

__all__ = ["Reading", "read_question", "with_result"]
