"""Resolve the models that the settings name, by catalog name or path, and cache the loaded ones."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from assistant import catalog
from assistant.config import Settings
from assistant.datatypes import ChatModel, Embedder, Reranker, Tunable, never_stop
from assistant.errors import ModelMissing, UsageError
from assistant.models.open import ChatSpec, ModelSpec, open_chat, open_embedder, open_reranker
from assistant.retrieval import PromptOrder
from assistant.system.paths import FAKE, is_fake, user_path

MAGIC = b"GGUF"
NOUNS = {"chat": "chat model", "embedding": "embedding model", "reranker": "reranker"}
HINT = "Check the path, or choose a model of the catalog: assistant models list"


def is_gguf(path: Path) -> bool:
    """Return True if the file begins with the GGUF magic bytes."""
    try:
        with path.open("rb") as opened:
            return opened.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def locate(settings: Settings, name: str, kind: catalog.ModelKind) -> tuple[str, Path, catalog.Model | None]:
    """Return a model's display name and path, and its catalog entry unless it is the user's own or `fake:`.

    Raises ModelMissing, ModelUnusable or UsageError.
    """
    if is_fake(name):
        return FAKE, Path(), None
    if own := user_path(name):
        if not (own.is_file() if kind == "chat" else own.is_dir()):
            raise ModelMissing(f"There is no {NOUNS[kind]} at {own}.", HINT)
        return own.stem if kind == "chat" else own.name, own, None
    model = catalog.find(name)
    if kind == "reranker" and model.kind != kind:
        raise UsageError(f"{model.name} is a model of the kind '{model.kind}' and no reranker.", "See: assistant models list")
    return model.name, catalog.ModelStore(settings.models_folder).require(model), model


def embedder_spec(settings: Settings) -> ModelSpec:
    """Return the spec of the chosen embedding model. Raises ModelMissing, ModelUnusable or UsageError."""
    if not settings.embed:
        raise ModelMissing("No embedding model is chosen yet.", "Run: assistant setup")
    name, path, model = locate(settings, settings.embed, "embedding")
    if model:
        return ModelSpec(name, path, model.query_prompt, model.passage_prompt)
    return ModelSpec(name, path, *(own_prompts(path) if name != FAKE else ()))


def own_prompts(folder: Path) -> tuple[str, str]:
    """Return the query and passage prompts that a model folder specifies, "" for each that it does not."""
    try:
        said = json.loads((folder / "config_sentence_transformers.json").read_text("utf-8"))
        prompts = said.get("prompts") or {}
        return str(prompts.get("query", "")), str(prompts.get("document", prompts.get("passage", "")))
    except (OSError, ValueError, AttributeError):
        return "", ""


def chat_spec(settings: Settings) -> ChatSpec:
    """Return the spec of the chosen chat model. Raises ModelMissing, ModelUnusable or UsageError."""
    if not settings.chat:
        raise ModelMissing("No chat model is chosen yet.", "Run: assistant setup")
    name, path, _ = locate(settings, settings.chat, "chat")
    return ChatSpec(name, path, settings.context_tokens, settings.threads, settings.gpu_layers,
                    settings.home, settings.kv_cache_bytes)


def reranker_spec(settings: Settings) -> ModelSpec:
    """Return the spec of the chosen reranker. Raises ModelMissing, ModelUnusable or UsageError."""
    return ModelSpec(*locate(settings, settings.rerank, "reranker")[:2])


class ModelCache:
    """Loaded models of this process. Each is loaded once, and again after its files have changed. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._embedders: dict[ModelSpec, tuple[FileStamp, Embedder]] = {}
        self._rerankers: dict[ModelSpec, tuple[FileStamp, Reranker]] = {}
        self._chat: tuple[ChatSpec, FileStamp, Future[ChatModel]] | None = None
        self._should_stop: Callable[[], bool] = never_stop
        self.orders = PromptOrder()  # of the chunks in the chat model's prompts

    @property
    def embedder_names(self) -> tuple[str, ...]:
        """The names of the loaded embedding models."""
        return tuple(spec.name for spec in tuple(self._embedders))  # a copy, since another thread may load one

    @property
    def chat_name(self) -> str:
        """The name of the loaded chat model, "" if there is none."""
        chat = self._chat  # read once, since another thread may drop it
        return chat[0].name if chat else ""

    def embedder(self, spec: ModelSpec) -> Embedder:
        """Return a loaded embedding model. Raises ModelMissing or ModelUnusable."""
        with self._lock:
            return load_once(self._embedders, spec, open_embedder)

    def reranker(self, spec: ModelSpec) -> Reranker:
        """Return a loaded reranker. Raises ModelMissing or ModelUnusable."""
        with self._lock:
            return load_once(self._rerankers, spec, open_reranker)

    def start_chat(self, spec: ChatSpec) -> Future[ChatModel]:
        """Start loading a chat model in another thread, after dropping a previous one, since two seldom fit in memory."""
        with self._lock:
            now = file_stamp(spec.path)
            loading = self._chat[2] if self._chat and self._chat[:2] == (spec, now) else None
            if loading is None or (loading.done() and loading.exception()):  # never blocks
                self.drop_chat()
                loader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="load-chat")
                loading = loader.submit(open_chat, spec, self._should_stop)
                self._chat = (spec, now, loading)
                loader.shutdown(wait=False)
            return loading

    def stop_chat_when(self, should_stop: Callable[[], bool]) -> None:
        """Stop every computation of the chat model with KeyboardInterrupt once `should_stop` returns True.

        The computing thread calls it repeatedly; it must not raise.
        """
        self._should_stop = should_stop

    def drop_chat(self) -> None:
        """Free the chat model's memory, after waiting for its loading. Not thread-safe with its computations."""
        with self._lock:
            chat, self._chat = self._chat, None
            if chat and chat[2].exception() is None:  # waits for the end of the loading
                chat[2].result().close()


class ModelProvider:
    """The models that the settings name, each loaded on first use into its own cache or a shared one."""

    def __init__(self, settings: Settings, cache: ModelCache | None = None) -> None:
        self._settings, self._cache = settings, cache or ModelCache()

    @property
    def embedder(self) -> Embedder:
        """The embedding model. Raises ModelMissing or ModelUnusable."""
        return self._cache.embedder(embedder_spec(self._settings))

    @property
    def reranker(self) -> Reranker:
        """The reranker. Raises ModelMissing, ModelUnusable or UsageError."""
        return self._cache.reranker(reranker_spec(self._settings))

    def load_reranker(self) -> None:
        """Load the reranker if the settings name one. Raises ModelMissing, ModelUnusable or UsageError."""
        if self._settings.rerank:
            self._cache.reranker(reranker_spec(self._settings))

    def tune(self, should_stop: Callable[[], bool]) -> None:
        """Measure the fastest numbers of threads for the chat model, unless the settings give one or they are known.

        Raises ModelMissing, ModelUnusable or KeyboardInterrupt.
        """
        chat = self.chat
        if not self._settings.threads and isinstance(chat, Tunable):
            chat.tune(chat_spec(self._settings).threads_file, should_stop)

    def start_chat(self) -> Future[ChatModel]:
        """Begin to load the chat model in another thread. Raises ModelMissing at once if there is none."""
        return self._cache.start_chat(chat_spec(self._settings))

    @property
    def orders(self) -> PromptOrder:
        """The order of chunks in the prompts of recent conversations."""
        return self._cache.orders

    @property
    def chat(self) -> ChatModel:
        """The chat model, loaded. Raises ModelMissing or ModelUnusable."""
        return self.start_chat().result()


FileStamp = tuple[tuple[str, int, int], ...]
Opened = TypeVar("Opened")


def load_once(loaded: dict[ModelSpec, tuple[FileStamp, Opened]], spec: ModelSpec, load: Callable[[ModelSpec], Opened]) -> Opened:
    """Return the model of a spec, loaded if it is not yet or if its files have changed."""
    now = file_stamp(spec.path)
    if spec not in loaded or loaded[spec][0] != now:
        loaded[spec] = (now, load(spec))
    return loaded[spec][1]


def file_stamp(path: Path) -> FileStamp:
    """Return the names, sizes and times of a model's files, by which a change is detected; () if it has no files."""
    if path == Path():
        return ()
    found: list[tuple[str, int, int]] = []
    with suppress(OSError):  # another process has just removed the folder
        for file in sorted((*path.glob("*"), *path.glob("*/*"))) if path.is_dir() else [path]:
            with suppress(OSError):  # or the file
                if file.is_file() and not file.name.startswith("."):
                    stat = file.stat()
                    found.append((str(file), stat.st_size, stat.st_mtime_ns))
    return tuple(found)
