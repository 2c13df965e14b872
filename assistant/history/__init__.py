"""Saved conversations and remembered facts, in private files of the home folder."""

from assistant.history.sessions import IsGone, Sessions, redact_turns

__all__ = ["IsGone", "Sessions", "redact_turns"]
