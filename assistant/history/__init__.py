"""Conversations in, files of a home out: each turn on the disk when it is over, nobody else's to read."""

from assistant.history.sessions import Sessions

__all__ = ["Sessions"]
