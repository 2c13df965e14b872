"""Passages, a model that writes questions and a search in; questions with their answers, for a person to correct, out."""

from assistant.evaluate.draft.drafts import Draft, read_drafted, to_line
from assistant.evaluate.draft.make import Desk, make
from assistant.evaluate.draft.spread import spread

__all__ = ["Desk", "Draft", "make", "read_drafted", "spread", "to_line"]
