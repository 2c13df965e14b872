"""A picture in; its lines of text, in reading order, out.

RapidOCR runs the PP-OCR models that lie in its package; nothing is ever downloaded. Without it every picture is
without text, and readers say what to install.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
import numpy.typing as npt

from assistant.errors import UnreadableFile
from assistant.ingest.extractors.pdf.reading_order import Box, in_reading_order
from assistant.ingest.extractors.source import ignore_step

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels = npt.NDArray[np.uint8]
Line = tuple[str, Box]

PACKAGES = ("rapidocr", "onnxruntime")
INSTALL = "install rapidocr and onnxruntime for OCR"
THREADS = min(2, os.cpu_count() or 1)
MOST_PIXELS = 12_000_000
SMALLEST_SIDE = 12
FAINTEST = 12  # levels of grey between the darkest and the lightest spot; less is an empty page
LONGEST_STRIP = 2.0  # times its width: text on a long screenshot would become too small for the detector
FEWEST_STRIP_ROWS = 1200
# The detector sees the page at this size: a smaller one loses print of 6 points, the usual 2000 takes four times as long.
DETECTOR_SIDE = 1280
DOUBTFUL, CERTAIN, FEWEST_LINES = 0.75, 0.9, 3
LOADING, RUNNING = threading.Lock(), threading.Lock()


def is_available() -> bool:
    """Say whether pictures can be read on this machine."""
    return all(find_spec(name) for name in PACKAGES)


def recognise(image: Image, on_step: Callable[[str], None] = ignore_step) -> list[Line]:
    """Return the lines of text and where they stand in the picture, in reading order, columns one after the other."""
    if min(image.size) < SMALLEST_SIDE or not is_available():
        return []
    pixels, scale = _pixels(image)
    if int(pixels.max()) - int(pixels.min()) < FAINTEST:
        return []
    found: list[Line] = []
    for top, strip in _strips(pixels):
        found += [(text, _moved(box, top)) for text, box in _read(strip, on_step)]
        on_step("a picture, read off")
    return _in_order([(text, _scaled(box, scale)) for text, box in found])


def as_text(lines: Sequence[Line]) -> str:
    """Return the text of recognised lines."""
    return "\n".join(text for text, _ in lines)


def _pixels(image: Image) -> tuple[Pixels, float]:
    """Return the picture in colour, on white where it is transparent and not too large, and how much smaller it is."""
    from PIL import Image as Pictures

    scale = min(1.0, (MOST_PIXELS / (image.width * image.height)) ** 0.5)
    if scale < 1:
        image = image.resize((max(1, int(image.width * scale)), max(1, int(image.height * scale))), reducing_gap=2.0)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        image = Pictures.alpha_composite(Pictures.new("RGBA", layer.size, "white"), layer)
    return np.asarray(image.convert("RGB"))[:, :, ::-1], scale


def _strips(pixels: Pixels) -> Iterator[tuple[int, Pixels]]:
    """Yield a tall picture piece by piece, cut where there is least to cut through."""
    height, width = pixels.shape[:2]
    longest = max(FEWEST_STRIP_ROWS, int(LONGEST_STRIP * width))
    top = 0
    while height - top > longest:
        first = top + int(0.8 * longest)
        unrest = pixels[first : top + longest].astype(np.float32).std(axis=(1, 2))
        bottom = first + int(unrest.argmin())
        yield top, pixels[top:bottom]
        top = bottom
    yield top, pixels[top:]


def _read(pixels: Pixels, on_step: Callable[[str], None]) -> list[Line]:
    """Return the lines of a picture as it lies or, where it reads badly so, turned: of the turns, the one that reads best."""
    best = _read_as_it_lies(pixels)
    turns = ((1, 3) if best.share_upright > 0.5 else (2, 1, 3)) if best.is_doubtful else ()
    for turn in turns:
        on_step("a picture, turned")
        best = max(best, _read_as_it_lies(np.rot90(pixels, turn)), key=lambda reading: reading.merit)
        if best.merit > CERTAIN:
            break
    return best.lines


@dataclass(frozen=True, slots=True)
class _Reading:
    lines: list[Line]
    scores: list[float]

    @property
    def merit(self) -> float:
        """The trust in it, to a letter: lines that lie count fully, upright ones little less."""
        letters = sum(len(text) for text, _ in self.lines)
        trust = sum(score * len(text) for (text, _), score in zip(self.lines, self.scores, strict=True))
        return trust / max(1, letters) - 0.1 * self.share_upright

    @property
    def share_upright(self) -> float:
        """The share of lines that run down the picture."""
        upright = sum(box[3] - box[1] > 1.5 * (box[2] - box[0]) for text, box in self.lines if len(text) > 1)
        return upright / max(1, len(self.lines))

    @property
    def is_doubtful(self) -> bool:
        """Whether it looks as if the picture were turned."""
        return len(self.lines) >= FEWEST_LINES and (self.merit < DOUBTFUL or self.share_upright > 0.5)


def _read_as_it_lies(pixels: Pixels) -> _Reading:
    engine = _load_once()
    with RUNNING:
        found = engine(np.ascontiguousarray(pixels))
    if found.txts is None or found.boxes is None:
        return _Reading([], [])
    lines = [(text.strip(), _box(np.asarray(corners))) for text, corners in zip(found.txts, found.boxes, strict=True)]
    return _Reading(lines, [float(score) for score in found.scores])


def _box(corners: npt.NDArray[np.float64]) -> Box:
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def _in_order(lines: Sequence[Line]) -> list[Line]:
    """Return the lines in reading order; what stands side by side becomes one line."""
    boxes = [box for _, box in lines]
    ordered = []
    for block in in_reading_order(boxes):
        for row in block:
            text = " ".join(lines[index][0] for index in row if lines[index][0])
            if text:
                ordered.append((text, _around([boxes[index] for index in row])))
    return ordered


def _around(boxes: Sequence[Box]) -> Box:
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _moved(box: Box, down: int) -> Box:
    return box[0], box[1] + down, box[2], box[3] + down


def _scaled(box: Box, scale: float) -> Box:
    return box[0] / scale, box[1] / scale, box[2] / scale, box[3] / scale


class _Found(Protocol):
    boxes: npt.NDArray[np.float64] | None
    txts: Sequence[str] | None
    scores: Sequence[float]


class _Engine(Protocol):
    def __call__(self, picture: Pixels, /) -> _Found: ...


def _load_once() -> _Engine:
    with LOADING:
        return _engine()


@cache
def _engine() -> _Engine:
    """Load the models. Their paths are given, as the library fetches what it has no path for."""
    import onnxruntime
    import rapidocr

    onnxruntime.disable_telemetry_events()  # the builds for Windows report usage to their maker
    models = Path(rapidocr.__file__).parent / "models"
    settings: dict[str, Any] = {
        "Global.log_level": "critical",
        "Global.max_side_len": 10_000,
        "Global.use_cls": False,  # it turns lines upside down that stand rightly, which loses them
        "Det.limit_type": "max",
        "Det.limit_side_len": DETECTOR_SIDE,
        "Rec.rec_batch_num": 1,
        "EngineConfig.onnxruntime.intra_op_num_threads": THREADS,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        **{f"{step}.model_path": _model(models, step.lower()) for step in ("Det", "Rec")},
    }
    engine = rapidocr.RapidOCR(params=settings)
    logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
    return cast(_Engine, engine)


def _model(folder: Path, step: str) -> str:
    found = sorted(folder.glob(f"*_{step}_*.onnx"))
    if not found:
        raise UnreadableFile(f"OCR lacks its model for {step!r}: install rapidocr anew")
    return str(found[0])
