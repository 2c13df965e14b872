"""Chat model on llama.cpp: run a GGUF file on CPU or GPU through llama-cpp-python's C bindings."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path

from assistant.datatypes import Message, ProbeGate, ScoredText, never_stop
from assistant.errors import ContextOverflow
from assistant.models.llama.chat_template import ChatTemplate
from assistant.models.llama.decoder import BATCH
from assistant.models.llama.engine import Branch, Engine, common_prefix
from assistant.models.llama.generate import DRAFT, LlamaReply, Prefill
from assistant.models.llama.hidden_states import can_read_layers
from assistant.models.llama.kv_cache import Beginning, DiskKVCache, PrefixCache, build
from assistant.models.llama.load import model_fingerprint
from assistant.models.llama.probes import shipped_gate
from assistant.models.llama.thread_tuning import (
    ANY_TOKEN,
    PROBE_TOKENS,
    Threads,
    are_outdated,
    forget_threads,
    is_busy,
    load_threads,
    machine_key,
    store_threads,
    thread_candidates,
    time_of,
    tune_threads,
    usable_cores,
)

PARTS = 2  # of the beginning of a prompt: instructions, first passage
MOST_SCORED = 128  # tokens of a candidate text


class LlamaChat:
    """A chat model from a GGUF file. Consecutive prompts that share a prefix compute it once.

    With a `disk_cache`, the KV state of the instructions is kept for other processes too.
    Any computation ends with KeyboardInterrupt at its next step once `should_stop` returns True. The outputs of `layers` are
    watched from the beginning, besides the one that the model's own probe reads.
    """

    machine = ""

    def __init__(self, name: str, path: Path, context_tokens: int, threads: int, gpu_layers: int,
                 disk_cache: DiskKVCache | None = None, should_stop: Callable[[], bool] = never_stop,
                 layers: Collection[int] = ()) -> None:
        self.name = name
        self.fingerprint = model_fingerprint(path)
        self._reads_layers = can_read_layers()
        self.gate = shipped_gate(self.fingerprint, reads_layers=self._reads_layers)
        own = {self.gate.probe.layer} if isinstance(self.gate, ProbeGate) else set[int]()
        self._engine = Engine(path, context_tokens, threads, gpu_layers, should_stop, {*layers, *own})
        self._template = ChatTemplate(self._engine.vocabulary)
        self._identity = f"{self.fingerprint} {build()}"
        self._prefix_cache = PrefixCache(self._engine, disk_cache, self._identity)
        self._threads: Threads | None = None  # the measured numbers in use, and the file that holds them
        self._threads_place: Path | None = None

    @property
    def context_tokens(self) -> int:
        """The number of tokens that prompt and reply must share."""
        return self._engine.context_tokens

    @property
    def layers(self) -> int:
        """The number of layers whose outputs can be read; 0 if this build of llama.cpp cannot."""
        return self._engine.layers if self._reads_layers else 0

    def watch(self, layer: int) -> None:
        """Keep the output of a layer at the end of each prompt from now on: see Reply.hidden_state."""
        self._engine.watch(layer)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return the length of the prompt that these messages become, template included."""
        return len(self._template.tokenize(messages))

    def reply(self, messages: Sequence[Message], max_tokens: int, candidates: Sequence[ScoredText] = ()) -> LlamaReply:
        """Start a reply; see ChatModel. Raises ContextOverflow if prompt and reply do not fit."""
        prompt, borders = self._template.tokenize_with_borders(messages)
        if len(prompt) + max_tokens > self.context_tokens:
            raise ContextOverflow(
                f"The prompt has {len(prompt)} tokens and the reply may have {max_tokens}, "
                f"more than the context of {self.context_tokens}.",
                "Ask a shorter question, or raise context_tokens in config.toml.",
            )
        self._engine.grow_context(len(prompt) + max(max_tokens, 3 * MOST_SCORED) + DRAFT)
        document = next((message.document for message in messages if message.role == "user"), "")
        beginning = Beginning(borders, document)
        return LlamaReply(self._engine, lambda: self._prefill(prompt, beginning, candidates), prompt, max_tokens)

    def _prefill(self, prompt: list[int], beginning: Beginning, candidates: Sequence[ScoredText]) -> Prefill:
        """Bring a prompt into the KV cache and score the candidate texts."""
        started = time.perf_counter()
        done = self._prefill_and_score(prompt, beginning, candidates)
        self._judge_threads(len(prompt) - done.reused, time.perf_counter() - started)
        return done

    def _prefill_and_score(self, prompt: list[int], beginning: Beginning, candidates: Sequence[ScoredText]) -> Prefill:
        """Bring a prompt into the KV cache; score the candidate texts in the same batch as its last tokens."""
        if not candidates:
            computed = self._prefix_cache.restore(prompt, beginning)
            return Prefill(self._engine.prefill(prompt) - computed)
        limit = min(self.context_tokens - len(prompt), BATCH - 1) // len(candidates)
        branches = [branch for each in candidates if (branch := self._branch(each, prompt, limit)).scored]
        border = max((branch.start for branch in branches), default=len(prompt) - 1)
        computed = self._prefix_cache.restore(prompt, beginning.up_to(border))
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

    def prefill(self, messages: Sequence[Message]) -> bool:
        """Store the KV state of the segments that other prompts begin with too; return False if nothing can be stored.

        Prompts that have been cached in memory stay. Raises KeyboardInterrupt if it is stopped.
        """
        prompt, borders = self._template.tokenize_with_borders(messages)
        document = next((message.document for message in messages if message.role == "user"), "")
        if len(borders) < PARTS or not document:
            return False
        if borders[-1] >= self.context_tokens:
            return True
        self._engine.grow_context(borders[-1])
        return self._prefix_cache.store_ahead(prompt, Beginning(borders, document))

    def tune(self, place: Path, should_stop: Callable[[], bool] = never_stop, *, anew: bool = False) -> Threads:
        """Set and return the fastest numbers of threads on this machine: the stored ones, or with `anew` those measured now.

        On a busy machine nothing is measured: the stored numbers are used, or the number of cores.
        """
        key, numbers = machine_key(self._identity), thread_candidates(*usable_cores())
        kept = load_threads(place, key)
        if kept and not anew:
            return self._use(place, kept)
        if is_busy():
            return self._use(place, kept or Threads(numbers[0], numbers[0]))
        found = self._measure_threads(should_stop, numbers)
        if should_stop() or is_busy():
            return self._use(place, kept or Threads(numbers[0], numbers[0]))
        store_threads(place, key, found)
        return self._use(place, found)

    def _measure_threads(self, should_stop: Callable[[], bool], numbers: Sequence[int]) -> Threads:
        """Measure the fastest numbers of threads and the speed of prefill with them."""
        self._engine.grow_context(len(self._engine.cached_tokens) + PROBE_TOKENS)
        if len(self._engine.cached_tokens) + PROBE_TOKENS > self.context_tokens:
            self._engine.truncate(0)
        found = tune_threads(self._engine, should_stop, numbers)
        return replace(found, tokens_per_second=PROBE_TOKENS / time_of(self._engine, [ANY_TOKEN] * PROBE_TOKENS))

    def _use(self, place: Path, threads: Threads) -> Threads:
        """Set numbers of threads that come from a file or a measurement for it."""
        self._engine.set_threads(threads)
        self._threads, self._threads_place = threads, place
        return threads

    def use_tuned_threads(self, place: Path) -> None:
        """Set the numbers of threads that were measured, if there are any."""
        if kept := load_threads(place, machine_key(self._identity)):
            self._use(place, kept)

    def _judge_threads(self, tokens: int, seconds: float) -> None:
        """Forget measured numbers of threads, and use the number of cores, if a prefill was far slower than measured."""
        if self._threads and self._threads_place and are_outdated(self._threads, tokens, seconds):
            forget_threads(self._threads_place, machine_key(self._identity))
            self._engine.set_threads(Threads(*[usable_cores()[0]] * 2))
            self._threads = None

    def close(self) -> None:
        """Free the model's memory."""
        self._engine.close()
