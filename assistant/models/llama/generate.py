"""Generate a reply at temperature 0 while it is iterated, with prompt-lookup decoding."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.models.llama.decoder import Probabilities
    from assistant.models.llama.engine import Engine


@dataclass(frozen=True, slots=True)
class Prefill:
    """What reading a prompt took: tokens that needed no computing, tokens of what was supposed, and how likely that is."""

    reused: int
    supposed_tokens: int = 0
    log_likelihoods: tuple[float, ...] = ()


class LlamaReply:
    """A reply that is generated while it is iterated, at temperature 0."""

    def __init__(self, engine: Engine, read: Callable[[], Prefill], prompt: list[int], max_tokens: int) -> None:
        self._engine, self._read_in, self._prompt, self._max_tokens = engine, read, prompt, max_tokens
        self._prefill = Prefill(0)
        self._first: Probabilities | None = None
        self.prompt_tokens = len(prompt)
        self.supposed_tokens = 0
        self.reused_tokens = 0
        self.generated_tokens = 0
        self.finished = False
        self._read = False
        self._drafts = min(DRAFT, engine.room - len(prompt) - max_tokens)

    def likelihood(self, opening: str) -> float:
        """Return the probability that the reply begins with the first token of `opening`; reads the prompt."""
        self._read_prompt()
        if self._first is None:
            self._first = self._engine.probabilities()
        return float(self._first[self._engine.vocabulary.tokenize(opening, special=False)[0]])

    def log_likelihoods(self) -> tuple[float, ...]:
        """Return the natural logarithm of the probability of each text that was supposed; reads the prompt."""
        self._read_prompt()
        return self._prefill.log_likelihoods

    def _read_prompt(self) -> None:
        if not self._read:
            self._prefill = self._read_in()
            self.reused_tokens, self.supposed_tokens = self._prefill.reused, self._prefill.supposed_tokens
            self._read = True

    def __iter__(self) -> Iterator[str]:
        """Yield the text piece by piece; whole characters only."""
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        for token in self._tokens():
            if text := decoder.decode(self._engine.vocabulary.piece(token)):
                yield text
        if text := decoder.decode(b"", final=True):
            yield text

    def _tokens(self) -> Iterator[int]:
        """Yield the likeliest tokens one by one; several are computed at once where the prompt foretells them."""
        self._read_prompt()
        lookup = Lookup(self._prompt)
        coming = [self._engine.sample()]
        while True:
            for token in coming:
                if self._engine.vocabulary.ends(token):
                    self.finished = True
                    return
                self.generated_tokens += 1
                lookup.add(token)
                yield token
                if self.generated_tokens == self._max_tokens:
                    return
            coming = self._engine.follow(coming[-1], lookup.draft(self._drafts))


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
