"""Generate a reply at temperature 0 while it is iterated, with prompt-lookup decoding."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.models.llama.decoder import Probabilities
    from assistant.models.llama.engine import Engine
    from assistant.models.llama.hidden_states import States


@dataclass(frozen=True, slots=True)
class Prefill:
    """The result of a prefill: tokens reused from the cache, tokens of the candidate texts, and their log-likelihoods."""

    reused: int
    candidate_tokens: int = 0
    log_likelihoods: tuple[float, ...] = ()


class LlamaReply:
    """A reply that is generated while it is iterated, at temperature 0."""

    has_estimated_counts = False

    def __init__(self, engine: Engine, prefill: Callable[[], Prefill], prompt: list[int], max_tokens: int) -> None:
        self._engine, self._start_prefill, self._prompt, self._max_tokens = engine, prefill, prompt, max_tokens
        self._states: Mapping[int, States] = {}  # the hidden state at the end of the prompt, by layer
        self._prefill = Prefill(0)
        self._first: Probabilities | None = None
        self.prompt_tokens = len(prompt)
        self.candidate_tokens = 0
        self.reused_tokens = 0
        self.generated_tokens = 0
        self.finished = False
        self._is_prefilled = False
        self._drafts = min(DRAFT, engine.context_size - len(prompt) - max_tokens)

    def likelihood(self, opening: str) -> float:
        """Return the probability that the reply begins with the first token of `opening`, after the prefill."""
        self._run_prefill()
        if self._first is None:
            self._first = self._engine.probabilities()
        return float(self._first[self._engine.vocabulary.tokenize(opening, special=False)[0]])

    def log_likelihoods(self) -> tuple[float, ...]:
        """Return the log-likelihood (natural logarithm) of each candidate text, after the prefill."""
        self._run_prefill()
        return self._prefill.log_likelihoods

    def hidden_state(self, layer: int) -> States | None:
        """Return the hidden state after a layer at the end of the prompt; None if the layer is not watched."""
        self._run_prefill()
        return self._states.get(layer)

    def _run_prefill(self) -> None:
        if not self._is_prefilled:
            self._prefill = self._start_prefill()
            self._states = self._engine.hidden_states()
            self.reused_tokens, self.candidate_tokens = self._prefill.reused, self._prefill.candidate_tokens
            self._is_prefilled = True

    def __iter__(self) -> Iterator[str]:
        """Yield the text in pieces of whole characters."""
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        for token in self._tokens():
            if text := decoder.decode(self._engine.vocabulary.token_bytes(token)):
                yield text
        if text := decoder.decode(b"", final=True):
            yield text

    def _tokens(self) -> Iterator[int]:
        """Yield the likeliest tokens; several are computed at once where prompt lookup proposes drafts."""
        self._run_prefill()
        lookup = PromptLookup(self._prompt)
        coming = [self._engine.sample()]
        while True:
            for token in coming:
                if self._engine.vocabulary.is_end(token):
                    self.finished = True
                    return
                self.generated_tokens += 1
                lookup.add(token)
                yield token
                if self.generated_tokens == self._max_tokens:
                    return
            coming = self._engine.follow(coming[-1], lookup.propose(self._drafts))


NGRAM = 3
DRAFT = 3  # four tokens at once cost llama.cpp's kernels little more than one


class PromptLookup:
    """Prompt-lookup decoding: propose the tokens that followed the last occurrence of the current 3-gram (Saxena 2023)."""

    def __init__(self, tokens: Sequence[int]) -> None:
        self._tokens: list[int] = []
        self._after: dict[tuple[int, ...], int] = {}
        for token in tokens:
            self.add(token)

    def add(self, token: int) -> None:
        """Append a token. The n-gram that it ends is indexed with the next token, so that no n-gram finds itself."""
        if len(self._tokens) >= NGRAM:
            self._after[tuple(self._tokens[-NGRAM:])] = len(self._tokens)
        self._tokens.append(token)

    def propose(self, limit: int = DRAFT) -> list[int]:
        """Return at most `limit` tokens that followed the last occurrence of the current n-gram, or an empty list."""
        start = self._after.get(tuple(self._tokens[-NGRAM:]))
        return self._tokens[start : start + limit] if start is not None else []
