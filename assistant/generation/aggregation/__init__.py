"""Recognize questions that need a count, a sum, an average or an extreme over all rows of a table or over many files."""

from assistant.generation.aggregation.evidence import needs_all_rows, tables_named
from assistant.generation.aggregation.question import asks_of_table, recognize_aggregate

__all__ = ["asks_of_table", "needs_all_rows", "recognize_aggregate", "tables_named"]
