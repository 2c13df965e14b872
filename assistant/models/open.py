"""Open a model from its spec: `fake:` (no weights, for tests and trials) or a path. Backends are imported on first use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from assistant.datatypes import ChatModel, Embedder, Reranker, never_stop
from assistant.errors import ModelMissing
from assistant.system.paths import FAKE


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """The path of an embedding model or a reranker, and the prompts that it was trained with."""

    name: str
    path: Path
    query_prompt: str = ""
    passage_prompt: str = ""


@dataclass(frozen=True, slots=True)
class ChatSpec:
    """The path of a chat model and how to run it. 0 threads: physical cores; -1 GPU layers: as many as fit.

    `home`: the folder that holds the prefix cache, of at most `cache_bytes`, and the measured numbers of threads.
    """

    name: str
    path: Path
    context_tokens: int = 4096
    threads: int = 0
    gpu_layers: int = -1
    home: Path = Path()
    cache_bytes: int = 0

    @property
    def threads_file(self) -> Path:
        """The file of measured numbers of threads for the chat models on this machine."""
        return self.home / "threads.json"


def open_embedder(spec: ModelSpec) -> Embedder:
    """Load an embedding model. Raises ModelMissing or ModelUnusable."""
    if spec.name == FAKE:
        from assistant.models.fake import FakeEmbedder

        return FakeEmbedder()
    if not spec.path.is_dir():
        raise ModelMissing(f"There is no embedding model at {spec.path}.", "Run: assistant setup")
    from assistant.models.sentence_transformers import open_fastest

    return open_fastest(spec.name, spec.path, (spec.query_prompt, spec.passage_prompt))


def open_chat(spec: ChatSpec, should_stop: Callable[[], bool] = never_stop) -> ChatModel:
    """Load a chat model. Raises ModelMissing or ModelUnusable.

    Its computations end with KeyboardInterrupt once `should_stop`, which the computing thread calls, returns True.
    """
    if spec.name == FAKE:
        from assistant.models.fake import FakeChat

        return FakeChat(should_stop=should_stop)
    if not spec.path.is_file():
        raise ModelMissing(f"There is no chat model at {spec.path}.", "Run: assistant setup")
    from assistant.models.llama.chat import LlamaChat
    from assistant.models.llama.kv_cache import open_disk_cache

    chat = LlamaChat(spec.name, spec.path, spec.context_tokens, spec.threads, spec.gpu_layers,
                     open_disk_cache(spec.home, spec.cache_bytes), should_stop)
    if not spec.threads:
        chat.use_tuned_threads(spec.threads_file)
    return chat


def open_reranker(spec: ModelSpec) -> Reranker:
    """Load a reranker. Raises ModelMissing or ModelUnusable."""
    if spec.name == FAKE:
        from assistant.models.fake import FakeReranker

        return FakeReranker()
    if not spec.path.is_dir():
        raise ModelMissing(f"There is no reranker at {spec.path}.", 'Run: assistant models list; or go without: --rerank ""')
    from assistant.models.cross_encoder import CrossReranker

    return CrossReranker(spec.name, spec.path)
