"""llama.cpp as a chat model: a GGUF file in, replies out, on CPU or GPU, through llama-cpp-python's C bindings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from assistant.datatypes import Message, Supposed, never
from assistant.errors import ContextOverflow, UsageError
from assistant.models.llama.chat_template import ChatTemplate, Run, first_of, shared_prefix
from assistant.models.llama.decoder import BATCH
from assistant.models.llama.engine import Branch, Engine, common_prefix
from assistant.models.llama.generate import DRAFT, LlamaReply, Reading
from assistant.models.llama.kv_cache import Beginnings, Vault, build
from assistant.models.llama.kv_reuse import Joiner
from assistant.models.llama.kv_reuse_measured import identity
from assistant.models.llama.thread_tuning import READ_AT_ONCE, Threads, calibrate, candidates, recall, remember, usable_cores
from assistant.models.llama.thread_tuning import situation as situation_of

MOST_WEIGHED = 128  # tokens of a text that is supposed


class LlamaChat:
    """A chat model from a GGUF file. What two prompts in a row have in common at their start is computed once.

    With a `vault`, so is a passage that stands anywhere in both; with `begins`, so are the instructions, in all processes.
    A reply from joined passages goes on only while the model is sure of each token; where it is not, the prompt is read in full.
    Whatever it computes ends with KeyboardInterrupt at the next step once `should_stop` says so.
    """

    def __init__(self, name: str, path: Path, context_tokens: int, threads: int, gpu_layers: int,
                 vault: Vault | None = None, begins: Vault | None = None, *, joins: bool = True,
                 should_stop: Callable[[], bool] = never) -> None:
        self.name = name
        self._engine = Engine(path, context_tokens, threads, gpu_layers, should_stop)
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

    def reply(self, messages: Sequence[Message], max_tokens: int, supposed: Sequence[Supposed] = ()) -> LlamaReply:
        """Start a reply; see ChatModel. Raises ContextOverflow where prompt and reply do not fit."""
        runs, prompt = self._fitting(messages, max_tokens)
        return LlamaReply(self._engine, lambda: self._read(runs, prompt, supposed), prompt, max_tokens)

    def _fitting(self, messages: Sequence[Message], max_tokens: int) -> tuple[list[Run], list[int]]:
        """Return the runs and tokens of messages. Raises ContextOverflow where prompt and reply do not fit."""
        runs = self._template.runs(messages)
        prompt = [token for run in runs for token in run.tokens]
        if len(prompt) + max_tokens > self.context_tokens:
            raise ContextOverflow(
                f"The prompt has {len(prompt)} tokens and the reply may have {max_tokens}, "
                f"more than the context of {self.context_tokens}.",
                "Ask a shorter question, or raise context_tokens in config.toml.",
            )
        self._engine.make_room(len(prompt) + max(max_tokens, 3 * MOST_WEIGHED) + DRAFT)
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
        joins, self.joins = self.joins, True
        try:
            joiner.forget()
            full = "".join(LlamaReply(engine, lambda: Reading(engine.prefill(prompt)), prompt, max_tokens))
            joiner.forget()
            joiner.make_ready(runs)
            return full, "".join(LlamaReply(engine, lambda: self._read(runs, prompt, ()), prompt, max_tokens))
        finally:
            self.joins = joins
            joiner.forget()

    def _read(self, runs: Sequence[Run], prompt: list[int], supposed: Sequence[Supposed]) -> Reading:
        """Bring a prompt into the cache; weigh by the way what is supposed of its beginnings."""
        if not supposed:
            return Reading(self._bring(runs, prompt, is_whole=True), again=self._again(runs))
        most = min(self.context_tokens - len(prompt), BATCH - 1) // len(supposed)
        branches = [branch for each in supposed if (branch := self._branch(each, prompt, most)).weighed]
        border = max((branch.start for branch in branches), default=len(prompt) - 1)
        reused = self._bring(first_of(runs, border), prompt[:border], is_whole=False)
        weighed = self._engine.read_with(prompt[border:], branches)
        found = tuple(weighed) if len(weighed) == len(supposed) else (0.0,) * len(supposed)
        return Reading(reused, sum(len(branch.tokens) - 1 for branch in branches), found, self._again(runs))

    def _again(self, runs: Sequence[Run]) -> Callable[[Sequence[int]], int] | None:
        """Return what reads the prompt in full, where some of what is held was joined; nothing else is read differently."""
        joiner = self._joiner
        if joiner is None or not self.joins or joiner.is_exact:
            return None
        return lambda tokens: joiner.read_in_full(shared_prefix(runs), tokens)

    def _branch(self, supposed: Supposed, prompt: Sequence[int], most: int) -> Branch:
        """Return what is supposed as tokens that part from the prompt, `most` of them; of a long text no more than its beginning.

        Nothing is weighed where its messages have little in common with the prompt: some templates write a single turn otherwise.
        """
        asked = self._template.tokenize(supposed.messages)
        start = min(common_prefix(asked, prompt[:-1]), len(asked) - 1)
        fits = max(0, min(MOST_WEIGHED, most - (len(asked) - start)))
        text = self._engine.vocabulary.tokenize(supposed.text, special=False)[:fits]
        return Branch(start, [*asked[start:], *text], len(text))

    def _bring(self, runs: Sequence[Run], tokens: list[int], *, is_whole: bool) -> int:
        """Bring runs of so many tokens into the cache; return how many of them needed no computing."""
        if self._joiner is not None and self.joins:
            return len(tokens) - self._joiner.prepare(runs, is_whole=is_whole).computed
        beginning = shared_prefix(runs)
        computed = len(beginning) - self._beginnings.hold(beginning)
        return (self._engine.prefill(tokens) if is_whole else self._engine.bring(tokens)) - computed

    @property
    def kept_bytes(self) -> int:
        """How much of what was computed of passages is kept on disk."""
        return self._joiner.kept_bytes if self._joiner else 0

    def make_ready(self, messages: Sequence[Message], should_stop: Callable[[], bool] = never) -> int:
        """Compute what may be kept of messages and is not yet; return how many tokens that was.

        Raises ContextOverflow, or KeyboardInterrupt where it is interrupted.
        """
        return self._joiner.make_ready(self._template.runs(messages)) if self._joiner and self.joins and not should_stop() else 0

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
