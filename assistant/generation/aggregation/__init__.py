"""Decide whether a count, a sum, an average or an extreme stands in the files or must be computed over all rows or files."""

from assistant.generation.aggregation.evidence import needs_all_rows, tables_named

__all__ = ["needs_all_rows", "tables_named"]
