"""Cite every sentence of an answer and measure how far the cited chunks support it."""
