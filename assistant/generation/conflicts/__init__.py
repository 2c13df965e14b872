"""Detect contradictions between the files that an answer is based on."""
