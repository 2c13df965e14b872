"""The tokens of a prompt and its reply so far in; what probably follows, copied from them, out: answers quote their passages.

Prompt lookup (Saxena 2023, "Prompt Lookup Decoding"): where the last three tokens stood before, what followed them then is
a draft that the model checks in one go. A draft never changes the text: a token counts only where the model would write it.
"""

from __future__ import annotations

from collections.abc import Sequence

NGRAM = 3
DRAFT = 3  # four tokens at once cost llama.cpp's kernels little more than one


class Lookup:
    """What was said so far, searchable by its runs of three tokens."""

    def __init__(self, tokens: Sequence[int]) -> None:
        self._tokens: list[int] = []
        self._after: dict[tuple[int, ...], int] = {}
        for token in tokens:
            self.add(token)

    def add(self, token: int) -> None:
        """Take one more token in. The run that it ends is known from the next token on, so that no run finds itself."""
        if len(self._tokens) >= NGRAM:
            self._after[tuple(self._tokens[-NGRAM:])] = len(self._tokens)
        self._tokens.append(token)

    def draft(self, most: int = DRAFT) -> list[int]:
        """Return at most `most` tokens that followed the last three where they last stood; none where they are new."""
        start = self._after.get(tuple(self._tokens[-NGRAM:]))
        return self._tokens[start : start + most] if start is not None else []
