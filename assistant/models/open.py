"""The outside world of models: from the name of a model to a model that is ready. One library to a file.

A name is `fake:` (no weights, for tests and trials), or a path. Names of the catalog become paths before they come here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from assistant.datatypes import ChatModel, Embedder, Reranker, never
from assistant.errors import ModelMissing

FAKE = "fake:"


@dataclass(frozen=True, slots=True)
class EmbedderSpec:
    """Where an embedding model lies, and the prompts that it was trained with."""

    name: str
    path: Path
    query_prompt: str = ""
    passage_prompt: str = ""


@dataclass(frozen=True, slots=True)
class ChatSpec:
    """Where a chat model lies and how it is to run. 0 threads: physical cores; -1 GPU layers: as many as fit.

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
        """Where it stands how many threads are fastest, for each chat model on this machine."""
        return self.home / "threads.json"


@dataclass(frozen=True, slots=True)
class RerankerSpec:
    """Where a reranker lies."""

    name: str
    path: Path


def open_embedder(spec: EmbedderSpec) -> Embedder:
    """Load an embedding model. Raises ModelMissing or ModelUnusable."""
    if spec.name == FAKE:
        from assistant.models.fake import FakeEmbedder

        return FakeEmbedder()
    if not spec.path.is_dir():
        raise ModelMissing(f"There is no embedding model at {spec.path}.", "Run: assistant setup")
    from assistant.models.embeddings.sentence_transformers import RecallingEmbedder, open_fastest

    return RecallingEmbedder(open_fastest(spec.name, spec.path, (spec.query_prompt, spec.passage_prompt)))


def open_chat(spec: ChatSpec, should_stop: Callable[[], bool] = never) -> ChatModel:
    """Load a chat model. Raises ModelMissing or ModelUnusable.

    Whatever it computes ends with KeyboardInterrupt once `should_stop` says so, which is asked by the thread that computes.
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
        chat.use_kept_threads(spec.threads_file)
    return chat


def open_reranker(spec: RerankerSpec) -> Reranker:
    """Load a reranker. Raises ModelMissing or ModelUnusable."""
    if spec.name == FAKE:
        from assistant.models.fake import FakeReranker

        return FakeReranker()
    if not spec.path.is_dir():
        raise ModelMissing(f"There is no reranker at {spec.path}.", 'Run: assistant models list; or go without: --rerank ""')
    from assistant.models.rerankers.cross_encoder import CrossReranker

    return CrossReranker(spec.name, spec.path)
