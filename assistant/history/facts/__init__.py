"""Facts that the person asked to keep: in and out of one small database, and found again for a question."""

from assistant.history.facts.recall import found, placed
from assistant.history.facts.store import Facts

__all__ = ["Facts", "found", "placed"]
