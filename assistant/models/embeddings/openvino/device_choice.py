"""Embedders that should agree in, the Choice among them out: which are true to the reference here, and which is fastest.

A short race on this machine decides: which arithmetic is fast differs from processor to processor by a factor of five.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from assistant.datatypes import Embedder, Vectors
from assistant.models.embeddings.openvino.graph import NotKnown, Variant

AGREEMENT: dict[Variant, float] = {"f32": 0.9999, "bf16": 0.999, "int8": 0.99}
"""The least cosine that any text of the sample may have with the reference's vector: what its arithmetic cannot avoid.

What int8 loses so moved nDCG@10 by -0.4 to +0.1 points on three sets, which bfloat16 (least cosine 0.9999) does as well.
"""
LEAD: dict[Variant, float] = {"f32": 1.0, "bf16": 1.05, "int8": 1.25}
"""How many times faster than what is more exact a variant must be to be worth it."""
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
class Choice:
    """The variant to use; none, and why, where the reference itself is best. `found` says what was seen of each."""

    variant: Variant | None
    reason: str
    found: dict[str, str] = field(default_factory=dict)


def calibrate(reference: Embedder, make: Callable[[Variant], Embedder], offered: Sequence[Variant]) -> Choice:
    """Return the fastest of those variants that agree with the reference. One is in memory at a time, besides it."""
    passages, question = reference.embed_passages(SAMPLE), reference.embed_question(SAMPLE[3])
    gains: dict[Variant, float] = {}
    found: dict[str, str] = {}
    for variant in offered:
        try:
            embedder = make(variant)
            least = agreement(embedder, reference, passages, question)
            if least >= AGREEMENT[variant]:
                gains[variant] = gain(embedder, reference) / LEAD[variant]
        except NotKnown as reason:
            found[variant] = str(reason)
            continue
        speed = f", {gains[variant] * LEAD[variant]:.2f} times as fast as sentence-transformers" if variant in gains else ""
        found[variant] = f"least cosine {least:.5f}{speed}"
    if not gains:
        return Choice(None, "no variant agrees with sentence-transformers", found)
    best = max(gains, key=lambda variant: gains[variant])
    if gains[best] < 1:  # it may have a graphics card
        return Choice(None, "sentence-transformers is fastest on this machine", found)
    return Choice(best, "fastest of those that agree", found)


def agreement(embedder: Embedder, reference: Embedder, passages: Vectors, question: Vectors) -> float:
    """Return the least cosine over the sample; 0 where tokens are counted otherwise."""
    if embedder.count_tokens(SAMPLE) != reference.count_tokens(SAMPLE):
        return 0.0
    if any(embedder.coverage(text) != reference.coverage(text) for text in SAMPLE):
        return 0.0
    cosines = (embedder.embed_passages(SAMPLE) * passages).sum(axis=1)
    least = min(float(cosines.min()), float(embedder.embed_question(SAMPLE[3]) @ question))
    return least if np.isfinite(least) else 0.0


def gain(embedder: Embedder, reference: Embedder) -> float:
    """Return how many times as fast as the reference it is at best, taken in turns: a busy moment hits both alike."""
    mine: list[float] = []
    other: list[float] = []
    begin = time.perf_counter()
    while len(mine) < ROUNDS and (not mine or time.perf_counter() - begin < RACE_SECONDS):
        mine.append(seconds(embedder))
        other.append(seconds(reference))
    return min(other) / min(mine)


def seconds(embedder: Embedder) -> float:
    """Return how long the load takes."""
    start = time.perf_counter()
    embedder.embed_passages(LOAD)
    return time.perf_counter() - start


CHOICE_FILE = ".engine.json"
RULES = "1"  # a new number makes every machine choose anew
DECIDING = ("openvino", "tokenizers", "sentence-transformers", "transformers", "torch")


def situation(fingerprint: str, processor: str) -> str:
    """Return a hash of all that a choice depends on."""
    versions = [f"{package} {version(package)}" for package in DECIDING]
    parts = (RULES, fingerprint, processor, str(os.cpu_count()), *versions)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def version(package: str) -> str:
    """Return the version of a package; nothing where it is not installed."""
    with suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.version(package)
    return ""


def places(folder: Path, situation: str) -> tuple[Path, Path]:
    """Return where a choice may lie: beside the model, or in the person's cache where that cannot be written."""
    import platformdirs

    return folder / CHOICE_FILE, Path(platformdirs.user_cache_dir("assistant", False)) / f"engine-{situation}.json"


def recall(folder: Path, situation: str) -> Choice | None:
    """Return the choice made for this situation; None where none was, or its file is damaged."""
    for place in places(folder, situation):
        with suppress(OSError, ValueError, TypeError, KeyError):
            kept = json.loads(place.read_text("utf-8"))
            if kept.pop("situation") == situation and kept["variant"] in (None, "f32", "bf16", "int8"):
                return Choice(**kept)
    return None


def remember(folder: Path, situation: str, choice: Choice) -> None:
    """Keep the choice, whole or not at all; a disk that cannot be written costs the next start a calibration."""
    content = json.dumps({"situation": situation, **asdict(choice)}, indent=1)
    for place in places(folder, situation):
        with suppress(OSError):
            place.parent.mkdir(parents=True, exist_ok=True)
            write_whole(place, content)
            return


def write_whole(place: Path, content: str) -> None:
    """Write the file beside its place and move it there, so that two at once cannot mix."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=place.parent, prefix=place.name, delete=False) as file:
        file.write(content)
    try:
        Path(file.name).replace(place)
    except OSError:
        Path(file.name).unlink(missing_ok=True)
        raise
