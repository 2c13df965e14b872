"""Saved conversations and remembered facts, in private files of the home folder."""

from assistant.history.sessions import Sessions, redact_turns

__all__ = ["Sessions", "redact_turns"]
