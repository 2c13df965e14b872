"""Cite and check each sentence of an answer."""
