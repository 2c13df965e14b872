"""Chat model on llama.cpp: run a GGUF file on CPU or GPU through llama-cpp-python's C bindings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from assistant.datatypes import Message, ScoredText, never_stop
from assistant.errors import ContextOverflow
from assistant.models.llama.chat_template import ChatTemplate
from assistant.models.llama.decoder import BATCH
from assistant.models.llama.engine import Branch, Engine, common_prefix
from assistant.models.llama.generate import DRAFT, LlamaReply, Prefill
from assistant.models.llama.kv_cache import DiskKVCache, PrefixCache, build
from assistant.models.llama.load import model_fingerprint
from assistant.models.llama.thread_tuning import (
    PROBE_TOKENS,
    Threads,
    load_threads,
    machine_key,
    store_threads,
    thread_candidates,
    tune_threads,
    usable_cores,
)

MOST_SCORED = 128  # tokens of a candidate text


class LlamaChat:
    """A chat model from a GGUF file. Consecutive prompts that share a prefix compute it once.

    With a `disk_cache`, the KV state of the instructions is kept for other processes too.
    Any computation ends with KeyboardInterrupt at its next step once `should_stop` returns True.
    """

    def __init__(self, name: str, path: Path, context_tokens: int, threads: int, gpu_layers: int,
                 disk_cache: DiskKVCache | None = None, should_stop: Callable[[], bool] = never_stop) -> None:
        self.name = name
        self._engine = Engine(path, context_tokens, threads, gpu_layers, should_stop)
        self._template = ChatTemplate(self._engine.vocabulary)
        self._identity = f"{model_fingerprint(path)} {build()}"
        self._prefix_cache = PrefixCache(self._engine, disk_cache, self._identity)

    @property
    def context_tokens(self) -> int:
        """The number of tokens that prompt and reply must share."""
        return self._engine.context_tokens

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return the length of the prompt that these messages become, template included."""
        return len(self._template.tokenize(messages))

    def reply(self, messages: Sequence[Message], max_tokens: int, candidates: Sequence[ScoredText] = ()) -> LlamaReply:
        """Start a reply; see ChatModel. Raises ContextOverflow if prompt and reply do not fit."""
        prompt, prefix_length = self._template.tokenize_with_prefix(messages)
        if len(prompt) + max_tokens > self.context_tokens:
            raise ContextOverflow(
                f"The prompt has {len(prompt)} tokens and the reply may have {max_tokens}, "
                f"more than the context of {self.context_tokens}.",
                "Ask a shorter question, or raise context_tokens in config.toml.",
            )
        self._engine.grow_context(len(prompt) + max(max_tokens, 3 * MOST_SCORED) + DRAFT)
        return LlamaReply(self._engine, lambda: self._prefill(prompt, prefix_length, candidates), prompt, max_tokens)

    def _prefill(self, prompt: list[int], prefix_length: int, candidates: Sequence[ScoredText]) -> Prefill:
        """Bring a prompt into the KV cache; score the candidate texts in the same batch as its last tokens."""
        if not candidates:
            computed = self._prefix_cache.restore(prompt[:prefix_length])
            return Prefill(self._engine.prefill(prompt) - computed)
        limit = min(self.context_tokens - len(prompt), BATCH - 1) // len(candidates)
        branches = [branch for each in candidates if (branch := self._branch(each, prompt, limit)).scored]
        border = max((branch.start for branch in branches), default=len(prompt) - 1)
        computed = self._prefix_cache.restore(prompt[: min(prefix_length, border)])
        reused = self._engine.prefill(prompt[:border], needs_logits=False) - computed
        scores = tuple(self._engine.decode_and_score(prompt[border:], branches))
        return Prefill(reused, sum(len(branch.tokens) - 1 for branch in branches),
                       scores if len(scores) == len(candidates) else (0.0,) * len(candidates))

    def _branch(self, candidate: ScoredText, prompt: Sequence[int], limit: int) -> Branch:
        """Return a candidate text as a branch of the prompt of at most `limit` tokens; a long text is cut at its end.

        The branch is empty if its messages share little with the prompt: some templates render a single turn differently.
        """
        asked = self._template.tokenize(candidate.messages)
        start = min(common_prefix(asked, prompt[:-1]), len(asked) - 1)
        fits = max(0, min(MOST_SCORED, limit - (len(asked) - start)))
        text = self._engine.vocabulary.tokenize(candidate.text, special=False)[:fits]
        return Branch(start, [*asked[start:], *text], len(text))

    def tune(self, place: Path, should_stop: Callable[[], bool] = lambda: False) -> Threads:
        """Return the fastest numbers of threads for this model on this machine, read from a file or measured now and stored."""
        key = machine_key(self._identity)
        if kept := load_threads(place, key):
            return kept
        self._engine.grow_context(len(self._engine.cached_tokens) + PROBE_TOKENS)
        if len(self._engine.cached_tokens) + PROBE_TOKENS > self.context_tokens:
            self._engine.truncate(0)
        found = tune_threads(self._engine, should_stop, thread_candidates(*usable_cores()))
        if not should_stop():
            store_threads(place, key, found)
        return found

    def use_tuned_threads(self, place: Path) -> None:
        """Set the numbers of threads that were measured, if there are any."""
        if kept := load_threads(place, machine_key(self._identity)):
            self._engine.set_threads(kept)

    def close(self) -> None:
        """Free the model's memory."""
        self._engine.close()
