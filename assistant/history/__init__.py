"""Saved conversations and remembered facts, in private files of the home folder."""

from assistant.history.sessions import Sessions

__all__ = ["Sessions"]
