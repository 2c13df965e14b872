"""Openers of archives and compressed files."""
