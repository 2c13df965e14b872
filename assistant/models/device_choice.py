"""Choose the arithmetic (f32, bf16, int8) for an embedding model: the fastest on this machine that agrees with the reference.

A short benchmark decides, since the speeds differ from processor to processor by a factor of five. The result is stored.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from assistant.datatypes import Embedder, Vectors
from assistant.models.openvino_graph import NotSupported, Variant
from assistant.system.atomic_files import write_atomically

AGREEMENT: dict[Variant, float] = {"f32": 0.9999, "bf16": 0.999, "int8": 0.99}
"""The minimum cosine between a sample text's vector and the reference vector, as far as the arithmetic permits.

This loss of int8 moved nDCG@10 by -0.4 to +0.1 points on three sets, as does that of bfloat16 (minimum cosine 0.9999).
"""
LEAD: dict[Variant, float] = {"f32": 1.0, "bf16": 1.05, "int8": 1.25}
"""The speed-up over more exact variants that a variant must have to be chosen."""
ROUNDS, RACE_SECONDS = 3, 3.0

ENGLISH = ("The tenant may end the lease with three months' notice to the end of a quarter; the landlord needs a reason that "
           "the law accepts, in writing, and the deposit of two months' rent is returned within six weeks of the handover. ")
CHINESE = ("第十二条 承租人可以提前三个月书面通知出租人解除合同；出租人应当在交还房屋之日起六周内退还两个月租金的押金，"
           "逾期交货的违约金为每日万分之五，但累计不超过合同总额的百分之十。")
CODE = "def area(radius: float) -> float:\n    # square metres\n    return 3.14159 * radius ** 2  # AX-2040/B, v2.4.1\n"
TABLE = "Item | 2023 | 2024\nRevenue | 1,204.5 | 1,377.0\nCost of sales | (803.2) | (911.8)\nNet income | 95.1 | 120.4\n"
SAMPLE = ("", "?", "milk", "Who wrote it, and when?", "违约金是多少？", "押金 deposit 两个月", CODE, TABLE,
          "naïve café Ångström 🙂 ½", ENGLISH, CHINESE, ENGLISH + CHINESE + TABLE, ENGLISH * 15, CHINESE * 12)
LOAD = (ENGLISH * 3, CHINESE + ENGLISH, TABLE * 2 + CODE, ENGLISH * 2 + TABLE, CODE * 3, ENGLISH * 2, CHINESE, ENGLISH * 3 + CODE)


@dataclass(frozen=True, slots=True)
class VariantChoice:
    """The variant to use, or None if the reference is best, with the reason; `found` describes each measured variant."""

    variant: Variant | None
    reason: str
    found: dict[str, str] = field(default_factory=dict)


def race_variants(reference: Embedder, make: Callable[[Variant], Embedder], offered: Sequence[Variant]) -> VariantChoice:
    """Return the fastest variant that agrees with the reference. One at a time is in memory beside it."""
    passages, question = reference.embed_passages(SAMPLE), reference.embed_question(SAMPLE[3])
    gains: dict[Variant, float] = {}
    found: dict[str, str] = {}
    for variant in offered:
        try:
            embedder = make(variant)
            least = agreement(embedder, reference, passages, question)
            if least >= AGREEMENT[variant]:
                gains[variant] = gain(embedder, reference) / LEAD[variant]
        except NotSupported as reason:
            found[variant] = str(reason)
            continue
        speed = f", {gains[variant] * LEAD[variant]:.2f} times as fast as sentence-transformers" if variant in gains else ""
        found[variant] = f"least cosine {least:.5f}{speed}"
    if not gains:
        return VariantChoice(None, "no variant agrees with sentence-transformers", found)
    best = max(gains, key=lambda variant: gains[variant])
    if gains[best] < 1:  # for example with a graphics card
        return VariantChoice(None, "sentence-transformers is fastest on this machine", found)
    return VariantChoice(best, "fastest of those that agree", found)


def agreement(embedder: Embedder, reference: Embedder, passages: Vectors, question: Vectors) -> float:
    """Return the minimum cosine over the sample, or 0 if token counts or coverage differ."""
    if embedder.count_tokens(SAMPLE) != reference.count_tokens(SAMPLE):
        return 0.0
    if any(embedder.coverage(text) != reference.coverage(text) for text in SAMPLE):
        return 0.0
    cosines = (embedder.embed_passages(SAMPLE) * passages).sum(axis=1)
    least = min(float(cosines.min()), float(embedder.embed_question(SAMPLE[3]) @ question))
    return least if np.isfinite(least) else 0.0


def gain(embedder: Embedder, reference: Embedder) -> float:
    """Return the speed-up over the reference: the best of several rounds, taken in turns so that other load affects both."""
    mine: list[float] = []
    other: list[float] = []
    begin = time.perf_counter()
    while len(mine) < ROUNDS and (not mine or time.perf_counter() - begin < RACE_SECONDS):
        mine.append(seconds(embedder))
        other.append(seconds(reference))
    return min(other) / min(mine)


def seconds(embedder: Embedder) -> float:
    """Return the seconds to embed LOAD."""
    start = time.perf_counter()
    embedder.embed_passages(LOAD)
    return time.perf_counter() - start


CHOICE_FILE = ".engine.json"
RULES = "1"  # a new number makes every machine measure again
DECIDING = ("openvino", "tokenizers", "sentence-transformers", "transformers", "torch")


def machine_hash(fingerprint: str, processor: str) -> str:
    """Return a hash of everything that a choice depends on."""
    return hash_of_parts((RULES, fingerprint, processor, str(os.cpu_count())), DECIDING)


def hash_of_parts(parts: Iterable[str], packages: Iterable[str]) -> str:
    """Return a hash of the parts and of the versions of the packages."""
    versions = [f"{package} {package_version(package)}" for package in packages]
    return hashlib.sha256("\0".join([*parts, *versions]).encode()).hexdigest()[:32]


def package_version(package: str) -> str:
    """Return the version of a package, or "" if it is not installed."""
    with suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.version(package)
    return ""


def load_choice(folder: Path, situation: str) -> VariantChoice | None:
    """Return the stored choice, or None if there is none or its file is damaged."""
    kept = load_measurement(folder, CHOICE_FILE, situation)
    with suppress(TypeError, KeyError):
        if kept["variant"] in (None, "f32", "bf16", "int8"):
            return VariantChoice(**kept)
    return None


def store_choice(folder: Path, situation: str, choice: VariantChoice) -> None:
    """Store a choice; see `store_measurement`."""
    store_measurement(folder, CHOICE_FILE, situation, asdict(choice))


def measurement_files(folder: Path, name: str, situation: str) -> tuple[Path, Path]:
    """Return the possible files of a measurement: beside the model, or in the user's cache if that folder is read-only."""
    import platformdirs

    cache = Path(platformdirs.user_cache_dir("assistant", False))
    return folder / name, cache / f"{name.strip('.').removesuffix('.json')}-{situation}.json"


def load_measurement(folder: Path, name: str, situation: str) -> dict[str, Any]:
    """Return what was measured for a model in this situation, or an empty dict if nothing was or the file is damaged."""
    for file in measurement_files(folder, name, situation):
        with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            kept = json.loads(file.read_text("utf-8"))
            if kept.pop("situation") == situation:
                return dict(kept)
    return {}


def store_measurement(folder: Path, name: str, situation: str, measured: dict[str, Any]) -> None:
    """Store a measurement atomically in the first writable file. If none is writable, the next start measures again."""
    content = json.dumps({"situation": situation, **measured}, indent=1)
    for file in measurement_files(folder, name, situation):
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(file, content.encode())
            return
