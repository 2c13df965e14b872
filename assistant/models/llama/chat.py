"""Chat model on llama.cpp: run a GGUF file on CPU or GPU through llama-cpp-python's C bindings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from assistant.datatypes import Message, Supposed, never
from assistant.errors import ContextOverflow
from assistant.models.llama.chat_template import ChatTemplate
from assistant.models.llama.decoder import BATCH
from assistant.models.llama.engine import Branch, Engine, common_prefix
from assistant.models.llama.generate import DRAFT, LlamaReply, Prefill
from assistant.models.llama.kv_cache import DiskKVCache, PrefixCache, build
from assistant.models.llama.load import model_fingerprint
from assistant.models.llama.thread_tuning import READ_AT_ONCE, Threads, calibrate, candidates, recall, remember, usable_cores
from assistant.models.llama.thread_tuning import situation as situation_of

MOST_SCORED = 128  # tokens of a candidate text


class LlamaChat:
    """A chat model from a GGUF file. Consecutive prompts that share a prefix compute it once.

    With a `disk_cache`, the KV state of the instructions is kept for other processes too.
    Any computation ends with KeyboardInterrupt at its next step once `should_stop` returns True.
    """

    def __init__(self, name: str, path: Path, context_tokens: int, threads: int, gpu_layers: int,
                 disk_cache: DiskKVCache | None = None, should_stop: Callable[[], bool] = never) -> None:
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

    def reply(self, messages: Sequence[Message], max_tokens: int, supposed: Sequence[Supposed] = ()) -> LlamaReply:
        """Start a reply; see ChatModel. Raises ContextOverflow if prompt and reply do not fit."""
        prompt, prefix_length = self._template.tokenize_with_prefix(messages)
        if len(prompt) + max_tokens > self.context_tokens:
            raise ContextOverflow(
                f"The prompt has {len(prompt)} tokens and the reply may have {max_tokens}, "
                f"more than the context of {self.context_tokens}.",
                "Ask a shorter question, or raise context_tokens in config.toml.",
            )
        self._engine.make_room(len(prompt) + max(max_tokens, 3 * MOST_SCORED) + DRAFT)
        return LlamaReply(self._engine, lambda: self._prefill(prompt, prefix_length, supposed), prompt, max_tokens)

    def _prefill(self, prompt: list[int], prefix_length: int, supposed: Sequence[Supposed]) -> Prefill:
        """Bring a prompt into the KV cache; score the candidate texts in the same batch as its last tokens."""
        if not supposed:
            computed = self._prefix_cache.restore(prompt[:prefix_length])
            return Prefill(self._engine.prefill(prompt) - computed)
        limit = min(self.context_tokens - len(prompt), BATCH - 1) // len(supposed)
        branches = [branch for each in supposed if (branch := self._branch(each, prompt, limit)).weighed]
        border = max((branch.start for branch in branches), default=len(prompt) - 1)
        computed = self._prefix_cache.restore(prompt[: min(prefix_length, border)])
        reused = self._engine.extend_to(prompt[:border]) - computed
        scores = tuple(self._engine.read_with(prompt[border:], branches))
        return Prefill(reused, sum(len(branch.tokens) - 1 for branch in branches),
                       scores if len(scores) == len(supposed) else (0.0,) * len(supposed))

    def _branch(self, supposed: Supposed, prompt: Sequence[int], limit: int) -> Branch:
        """Return a candidate text as a branch of the prompt of at most `limit` tokens; a long text is cut at its end.

        The branch is empty if its messages share little with the prompt: some templates render a single turn differently.
        """
        asked = self._template.tokenize(supposed.messages)
        start = min(common_prefix(asked, prompt[:-1]), len(asked) - 1)
        fits = max(0, min(MOST_SCORED, limit - (len(asked) - start)))
        text = self._engine.vocabulary.tokenize(supposed.text, special=False)[:fits]
        return Branch(start, [*asked[start:], *text], len(text))

    def tune(self, place: Path, should_stop: Callable[[], bool] = lambda: False) -> Threads:
        """Return how many threads are fastest with this model on this machine: as kept in a file, or measured now and kept."""
        situation = situation_of(self._identity)
        if kept := recall(place, situation):
            return kept
        self._engine.make_room(len(self._engine.held) + READ_AT_ONCE)
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

    def close(self) -> None:
        """Free the model's memory."""
        self._engine.close()
