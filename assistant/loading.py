"""From settings to loaded models: a catalog's name or a path of the person's own becomes a model that is ready, once."""

from __future__ import annotations

import json
import os
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from assistant import catalog
from assistant.backends import FAKE, ChatSpec, EmbedderSpec, open_chat, open_embedder
from assistant.config import Settings
from assistant.datatypes import ChatModel, Embedder
from assistant.errors import ModelMissing

MAGIC = b"GGUF"
HINT = "Check the path, or choose a model of the catalog: assistant models list"


def own_path(name: str) -> Path | None:
    """Return the path where the name is one of the person's own files; None where it is a catalog's name."""
    looks_like_path = os.sep in name or "/" in name or name.startswith(("~", ".")) or name.lower().endswith(".gguf")
    return Path(name).expanduser().absolute() if looks_like_path else None


def is_fake(name: str) -> bool:
    """Return whether the name is that of the models without weights."""
    return name == FAKE


def is_gguf(path: Path) -> bool:
    """Return whether the file begins as a GGUF file does."""
    try:
        with path.open("rb") as opened:
            return opened.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def embedder_spec(settings: Settings) -> EmbedderSpec:
    """Return where the chosen embedding model lies. Raises ModelMissing or UsageError."""
    if not settings.embed:
        raise ModelMissing("No embedding model is chosen yet.", "Run: assistant setup")
    if is_fake(settings.embed):
        return EmbedderSpec(FAKE, Path())
    if own := own_path(settings.embed):
        if not own.is_dir():
            raise ModelMissing(f"There is no embedding model at {own}.", HINT)
        return EmbedderSpec(own.name, own, *own_prompts(own))
    model = catalog.find(settings.embed)
    path = catalog.ModelStore(settings.models_folder).require(model)
    return EmbedderSpec(model.name, path, model.query_prompt, model.passage_prompt)


def own_prompts(folder: Path) -> tuple[str, str]:
    """Return what a model wants in front of a question and of a passage, as its folder says; nothing where it does not."""
    try:
        said = json.loads((folder / "config_sentence_transformers.json").read_text("utf-8"))
        prompts = said.get("prompts") or {}
        passage = prompts.get("document", prompts.get("passage", ""))
        return str(prompts.get("query", "")), str(passage)
    except (OSError, ValueError, AttributeError):
        return "", ""


def chat_spec(settings: Settings) -> ChatSpec:
    """Return where the chosen chat model lies and how it runs. Raises ModelMissing or UsageError."""
    if not settings.chat:
        raise ModelMissing("No chat model is chosen yet.", "Run: assistant setup")
    if is_fake(settings.chat):
        name, path = FAKE, Path()
    elif own := own_path(settings.chat):
        if not own.is_file():
            raise ModelMissing(f"There is no chat model at {own}.", HINT)
        name, path = own.stem, own
    else:
        model = catalog.find(settings.chat)
        name, path = model.name, catalog.ModelStore(settings.models_folder).require(model)
    return ChatSpec(name, path, settings.context_tokens, settings.threads, settings.gpu_layers)


class Models:
    """The two models of a session, each loaded when it is first needed and kept."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._embedder: Embedder | None = None
        self._chat: Future[ChatModel] | None = None

    @property
    def embedder(self) -> Embedder:
        """The embedding model. Raises ModelMissing or ModelUnusable."""
        if self._embedder is None:
            self._embedder = open_embedder(embedder_spec(self._settings))
        return self._embedder

    def start_chat(self) -> None:
        """Begin to load the chat model beside whatever comes next. Raises ModelMissing at once where there is none."""
        if self._chat is None:
            spec = chat_spec(self._settings)
            loader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="load-chat")
            self._chat = loader.submit(open_chat, spec)
            loader.shutdown(wait=False)

    @property
    def chat(self) -> ChatModel:
        """The chat model. Raises ModelMissing or ModelUnusable."""
        self.start_chat()
        assert self._chat is not None
        return self._chat.result()
