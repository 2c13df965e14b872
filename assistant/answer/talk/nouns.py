"""What a follow-up question comes to: the nouns of this room."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from assistant.datatypes import READINGS


class Leaning(StrEnum):
    """How a question leans on what was said before."""

    NONE = "none"
    ELLIPSIS = "ellipsis"  # "and in 2023?": a part of the last question with something new
    PRONOUN = "pronoun"  # "when does it end?"
    BARE = "bare"  # "why?": nothing of its own


@dataclass(frozen=True, slots=True)
class Rewriting:
    """What to search for: one text, or several readings where the rules are not `sure`."""

    queries: tuple[str, ...]
    leaning: Leaning = Leaning.NONE
    sure: bool = True

    @property
    def shown(self) -> str:
        """The queries as a person reads them."""
        return READINGS.join(self.queries)
