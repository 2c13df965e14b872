"""Replace personal identifiers in what is sent by placeholders, and put them back in the streamed reply.

A value keeps its placeholder as long as the model is open, so that follow-up requests about the same text agree. A placeholder
that stands in the text itself is never used.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from assistant.text.identifiers import KINDS, find_identifiers

NAMES = "|".join(KINDS)
PLACEHOLDER = re.compile(rf"\[?\b((?:{NAMES})\\?_\d+)\b\]?")
LONGEST_NAME = max(map(len, KINDS))
# the start of a placeholder, at the end of a text
MAY_BEGIN = re.compile(rf"\[?(?:[A-Z]{{1,{LONGEST_NAME}}}(?:\\?_?\d*)?\]?)?\Z")


@dataclass(slots=True)
class Redactor:
    """The placeholders of all values that were replaced so far."""

    by_value: dict[str, str] = field(default_factory=dict)
    by_placeholder: dict[str, str] = field(default_factory=dict)

    def redact(self, texts: Sequence[str]) -> list[str]:
        """Return the texts with every identifier replaced by its placeholder, such as [EMAIL_1]."""
        taken = {match[1] for text in texts for match in PLACEHOLDER.finditer(text)}
        return ["".join(self._pieces(text, taken)) for text in texts]

    def _pieces(self, text: str, taken: set[str]) -> Iterator[str]:
        end = 0
        for found in find_identifiers(text):
            yield text[end : found.start]
            yield f"[{self._placeholder(found.kind, text[found.start : found.end], taken)}]"
            end = found.end
        yield text[end:]

    def _placeholder(self, kind: str, value: str, taken: set[str]) -> str:
        known = self.by_value.get(value)
        if known and known not in taken:
            return known
        number = 1
        while (name := f"{kind}_{number}") in self.by_placeholder or name in taken:
            number += 1
        self.by_value[value], self.by_placeholder[name] = name, value
        return name

    def restore(self, pieces: Iterable[str]) -> Iterator[str]:
        """Yield a streamed text with the values in place of their placeholders, which may be split over several pieces."""
        pending = ""
        for piece in pieces:
            pending += piece
            held = MAY_BEGIN.search(pending)
            end = held.start() if held else len(pending)
            if end:
                yield self._restored(pending[:end])
                pending = pending[end:]
        if pending:
            yield self._restored(pending)

    def _restored(self, text: str) -> str:
        return PLACEHOLDER.sub(lambda match: self.by_placeholder.get(match[1].replace("\\", ""), match.group()), text)
