"""llama.cpp as a chat model: a GGUF file in, replies out, on CPU or GPU, through llama-cpp-python's C bindings."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from assistant.backends.llama.beginnings import Beginnings
from assistant.backends.llama.cores import READ_AT_ONCE, Threads, calibrate, candidates, recall, remember, usable_cores
from assistant.backends.llama.cores import situation as situation_of
from assistant.backends.llama.engine import Engine
from assistant.backends.llama.joining import Joiner
from assistant.backends.llama.lookup import DRAFT, Lookup
from assistant.backends.llama.runs import Run, shared_prefix
from assistant.backends.llama.template import ChatTemplate
from assistant.backends.llama.vault import Vault, build
from assistant.backends.measured import identity
from assistant.datatypes import Message, never
from assistant.errors import ContextOverflow, UsageError


class LlamaReply:
    """A reply that is generated while it is iterated, at temperature 0."""

    def __init__(self, engine: Engine, read: Callable[[], int], prompt: list[int], max_tokens: int) -> None:
        self._engine, self._read_in, self._prompt, self._max_tokens = engine, read, prompt, max_tokens
        self.prompt_tokens = len(prompt)
        self.reused_tokens = 0
        self.generated_tokens = 0
        self.finished = False
        self._read = False
        self._drafts = min(DRAFT, engine.context_tokens - len(prompt) - max_tokens)

    def likelihood(self, opening: str) -> float:
        """Return the probability that the reply begins with the first token of `opening`; reads the prompt."""
        self._read_prompt()
        return self._engine.probability(self._engine.vocabulary.tokenize(opening, special=False)[0])

    def _read_prompt(self) -> None:
        if not self._read:
            self.reused_tokens = self._read_in()
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


class LlamaChat:
    """A chat model from a GGUF file. What two prompts in a row have in common at their start is computed once.

    With a `vault`, so is a passage that stands anywhere in both; with `begins`, so are the instructions, in all processes.
    """

    def __init__(self, name: str, path: Path, context_tokens: int, threads: int, gpu_layers: int,
                 vault: Vault | None = None, begins: Vault | None = None, *, joins: bool = True) -> None:
        self.name = name
        self._engine = Engine(path, context_tokens, threads, gpu_layers)
        self._template = ChatTemplate(self._engine.vocabulary)
        self._identity = model = f"{identity(path)} {build()}"
        self._beginnings = Beginnings(self._engine, begins, model)
        self._joiner = Joiner(self._engine, vault, model, self._beginnings) if vault and self._engine.can_join else None
        self.joins = joins and self._joiner is not None

    @property
    def context_tokens(self) -> int:
        """The number of tokens that prompt and reply must share."""
        return self._engine.context_tokens

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return the length of the prompt that these messages become, template included."""
        return len(self._template.tokenize(messages))

    def reply(self, messages: Sequence[Message], max_tokens: int) -> LlamaReply:
        """Start a reply. Raises ContextOverflow where prompt and reply do not fit."""
        runs, prompt = self._fitting(messages, max_tokens)
        return LlamaReply(self._engine, lambda: self._read(runs, prompt), prompt, max_tokens)

    def _fitting(self, messages: Sequence[Message], max_tokens: int) -> tuple[list[Run], list[int]]:
        """Return the runs and tokens of messages. Raises ContextOverflow where prompt and reply do not fit."""
        runs = self._template.runs(messages)
        prompt = [token for run in runs for token in run.tokens]
        self._engine.go_on()
        if len(prompt) + max_tokens > self.context_tokens:
            raise ContextOverflow(
                f"The prompt has {len(prompt)} tokens and the reply may have {max_tokens}, "
                f"more than the context of {self.context_tokens}.",
                "Ask a shorter question, or raise context_tokens in config.toml.",
            )
        return runs, prompt

    def start_joining(self) -> None:
        """Join passages from now on, where the model can."""
        self.joins = self._joiner is not None

    def compare(self, messages: Sequence[Message], max_tokens: int) -> tuple[str, str]:
        """Return what it answers having read the messages in full, and having joined their passages, at temperature 0."""
        runs, prompt = self._fitting(messages, max_tokens)
        engine, joiner = self._engine, self._joiner
        if joiner is None:
            raise UsageError("What this model computes cannot be moved.", 'Set reuse = "exact" in config.toml.')
        try:
            engine.keep(0)
            full = "".join(LlamaReply(engine, lambda: engine.prefill(prompt), prompt, max_tokens))
            engine.keep(0)
            return full, "".join(LlamaReply(engine, lambda: len(prompt) - joiner.prepare(runs).computed, prompt, max_tokens))
        finally:
            engine.keep(0)  # what was joined must not serve a prompt that is to be read in full

    def _read(self, runs: Sequence[Run], prompt: Sequence[int]) -> int:
        """Bring a prompt into the cache; return how many of its tokens needed no computing."""
        if self._joiner is not None and self.joins:
            return len(prompt) - self._joiner.prepare(runs).computed
        beginning = shared_prefix(runs)
        computed = len(beginning) - self._beginnings.hold(beginning)
        return self._engine.prefill(prompt) - computed

    @property
    def kept_bytes(self) -> int:
        """How much of what was computed of passages is kept on disk."""
        return self._joiner.kept_bytes if self._joiner else 0

    def make_ready(self, messages: Sequence[Message], should_stop: Callable[[], bool] = never) -> int:
        """Compute what may be kept of messages and is not yet; return how many tokens that was.

        Raises ContextOverflow, or KeyboardInterrupt where it is interrupted.
        """
        self._engine.go_on()
        return self._joiner.make_ready(self._template.runs(messages)) if self._joiner and self.joins and not should_stop() else 0

    def tune(self, place: Path, should_stop: Callable[[], bool] = lambda: False) -> Threads:
        """Return how many threads are fastest with this model on this machine: as kept in a file, or measured now and kept."""
        situation = situation_of(self._identity)
        if kept := recall(place, situation):
            return kept
        self._engine.go_on()
        if len(self._engine.held) + READ_AT_ONCE > self.context_tokens:
            self._engine.keep(0)
        found = calibrate(self._engine, should_stop, candidates(*usable_cores()))
        if not should_stop():
            remember(place, situation, found)
        return found

    def use_kept_threads(self, place: Path) -> None:
        """Compute with as many threads as were found to be fastest, where that was measured."""
        if kept := recall(place, situation_of(self._identity)):
            self._engine.set_threads(kept)

    def interrupt(self) -> None:
        """Make the reply that another thread is reading end with KeyboardInterrupt, at the next step of the computation."""
        self._engine.interrupt()

    def close(self) -> None:
        """Free the model's memory."""
        self._engine.close()
