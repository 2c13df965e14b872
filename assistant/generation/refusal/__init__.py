"""Decide whether the files answer the question."""
