"""An embedding model's folder in, the fastest Embedder out that gives its vectors on this machine."""

from __future__ import annotations

import logging
from pathlib import Path

from assistant.backends.encoder.calibration import Choice, calibrate
from assistant.backends.encoder.embedder import EncoderEmbedder
from assistant.backends.encoder.graph import Variant, load_library, processor
from assistant.backends.encoder.memory import recall, remember, situation
from assistant.backends.encoder.recipe import NotKnown, read_recipe
from assistant.backends.sentence import SentenceEmbedder, fingerprint
from assistant.datatypes import Embedder

Prompts = tuple[str, str]
logger = logging.getLogger(__name__)


def open_fastest(name: str, folder: Path, prompts: Prompts) -> Embedder:
    """Return the embedder; its `engine` says which it is. Raises ModelUnusable.

    The first time on a machine takes a race of some seconds; what it found is kept.
    """
    try:
        variant = choose(name, folder, prompts).variant
        if variant:
            return EncoderEmbedder(name, folder, prompts, fingerprint(folder, *prompts), variant)
    except NotKnown as reason:
        logger.info("%s runs by sentence-transformers: %s", name, reason)
    return SentenceEmbedder(name, folder, *prompts)


def choose(name: str, folder: Path, prompts: Prompts) -> Choice:
    """Return the choice for this model on this machine, made now where none is kept. Raises NotKnown or ModelUnusable."""
    read_recipe(folder)
    processor_name, native = processor(load_library())
    mark = fingerprint(folder, *prompts)
    here = situation(mark, processor_name)
    choice = recall(folder, here)
    if choice is None:
        offered: tuple[Variant, ...] = ("f32", "bf16", "int8") if "BF16" in native else ("f32", "int8")
        choice = calibrate(SentenceEmbedder(name, folder, *prompts),
                           lambda variant: EncoderEmbedder(name, folder, prompts, mark, variant), offered)
        remember(folder, here, choice)
    return choice
