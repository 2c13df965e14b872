"""Defend against prompt injection: sanitize the text of files, and detect answers that follow instructions in it."""
