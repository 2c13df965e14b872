"""Facts that the person asked to keep: in and out of one small database, and found again for a question."""

from assistant.memory.facts import Facts
from assistant.memory.recall import found, placed

__all__ = ["Facts", "found", "placed"]
