"""Read images by OCR: lines of text in reading order, one part per frame of a multi-page image.

RapidOCR runs the PP-OCR models of its own package; nothing is downloaded. If it is not installed, no image is read and the
reason says what to install.
"""

from __future__ import annotations

import io
import logging
import os
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
import numpy.typing as npt

from assistant.datatypes import Extraction, Part
from assistant.errors import SkippedFile, UnreadableFile
from assistant.ingest.extractors.builder import Source, ignore_step
from assistant.ingest.extractors.pdf.layout import PAGE_BREAK, Box, in_reading_order, page_parts

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PIXELS = 120_000_000
MAX_FRAMES = 2000
FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF")
SINGLE = frozenset({"GIF", "WEBP", "PNG", "MPO"})  # their frames are not pages: animations, and in MPO a picture in stereo
Pixels = npt.NDArray[np.uint8]
Line = tuple[str, Box]
PACKAGES = ("rapidocr", "onnxruntime")
INSTALL = "install rapidocr and onnxruntime for OCR"
THREADS = min(2, os.cpu_count() or 1)
MAX_OCR_PIXELS = 12_000_000
MIN_SIDE = 12  # pixels
MIN_CONTRAST = 12  # grey levels between the darkest and the lightest pixel; an image with less is empty
MAX_STRIP_RATIO = 2.0  # height to width: in a longer image the text becomes too small for the detector
MIN_STRIP_ROWS = 1200
# Longer side of the image for the detector: less loses text of 6 points, the default of 2000 takes four times as long.
DETECTOR_SIDE = 1280
DOUBTFUL, CERTAIN = 0.75, 0.9  # merit below which other rotations are tried, and above which they are not
MIN_LINES = 3  # that are needed to detect a rotated image
RUNNING = threading.Lock()  # held while the models are loaded, too


def read_image(source: Source) -> Extraction:
    """Read an image by OCR. The frames of a TIFF are its pages."""
    if not is_available():
        raise SkippedFile(f"a picture, not read: {INSTALL}")
    texts = list(_texts(source))
    if not any(texts):
        raise SkippedFile("no text in the picture")
    read = tuple(number for number, text in enumerate(texts, 1) if text)
    parts = page_parts(texts, [""] * len(texts)) if len(texts) > 1 else (Part(0, len(texts[0])),)
    empty = tuple(number for number, text in enumerate(texts, 1) if not text)
    return Extraction(PAGE_BREAK.join(texts), parts, empty_pages=empty, ocr_pages=read)


def _texts(source: Source) -> Iterator[str]:
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # sizes are checked here; unknown tags do not matter
            with Image.open(io.BytesIO(source.data), formats=FORMATS) as image:
                yield from _frames(image, source)
    except UnidentifiedImageError as error:
        raise UnreadableFile("damaged: it is no picture of a known kind") from error
    except Image.DecompressionBombError as error:
        raise UnreadableFile("too many pixels: it would take too much memory") from error
    except (OSError, SyntaxError, EOFError, ValueError) as error:
        raise UnreadableFile("damaged: the picture cannot be read to its end") from error


def _frames(image: Image, source: Source) -> Iterator[str]:
    from PIL import ImageOps

    count = 1 if image.format in SINGLE else getattr(image, "n_frames", 1)
    if count > MAX_FRAMES:
        raise UnreadableFile(f"it has more than {MAX_FRAMES} pages")
    for number in range(count):
        image.seek(number)
        if image.width * image.height > MOST_PIXELS:
            size = f"{image.width} x {image.height}"
            raise UnreadableFile(f"too many pixels: {size}; the limit is {MOST_PIXELS // 1_000_000} million")
        image.draft("RGB", (4000, 4000))
        yield join_lines(recognise_lines(ImageOps.exif_transpose(image), source.on_step))
        source.on_step(f"page {number + 1} of {count}, read off the picture")


def is_available() -> bool:
    """Return True if the packages for OCR are installed."""
    return all(find_spec(name) for name in PACKAGES)


def recognise_lines(image: Image, on_step: Callable[[str], None] = ignore_step) -> list[Line]:
    """Return the lines of text with their boxes in pixels, in reading order."""
    if min(image.size) < MIN_SIDE or not is_available():
        return []
    pixels, scale = _pixels(image)
    if int(pixels.max()) - int(pixels.min()) < MIN_CONTRAST:
        return []
    found: list[Line] = []
    for top, strip in _strips(pixels):
        for text, (left, above, right, below) in _recognise_rotated(strip, on_step):
            found.append((text, (left / scale, (above + top) / scale, right / scale, (below + top) / scale)))
        on_step("a picture, read off")
    return _in_order(found)


def join_lines(lines: Sequence[Line]) -> str:
    """Join recognised lines to a text."""
    return "\n".join(text for text, _ in lines)


def _pixels(image: Image) -> tuple[Pixels, float]:
    """Return the image as BGR pixels, on a white background and at most MAX_OCR_PIXELS, and the scale that was applied."""
    from PIL import Image as Pictures

    scale = min(1.0, (MAX_OCR_PIXELS / (image.width * image.height)) ** 0.5)
    if scale < 1:
        image = image.resize((max(1, int(image.width * scale)), max(1, int(image.height * scale))), reducing_gap=2.0)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        image = Pictures.alpha_composite(Pictures.new("RGBA", layer.size, "white"), layer)
    return np.asarray(image.convert("RGB"))[:, :, ::-1], scale


def _strips(pixels: Pixels) -> Iterator[tuple[int, Pixels]]:
    """Yield strips of a tall image with their top; it is cut at the rows with the least contrast."""
    height, width = pixels.shape[:2]
    longest = max(MIN_STRIP_ROWS, int(MAX_STRIP_RATIO * width))
    top = 0
    while height - top > longest:
        first = top + int(0.8 * longest)
        contrast = pixels[first : top + longest].astype(np.float32).std(axis=(1, 2))
        bottom = first + int(contrast.argmin())
        yield top, pixels[top:bottom]
        top = bottom
    yield top, pixels[top:]


def _recognise_rotated(pixels: Pixels, on_step: Callable[[str], None]) -> list[Line]:
    """Run OCR on an image; if the result is doubtful, also on its rotations, and return the best lines."""
    best = _recognise_upright(pixels)
    is_vertical = best.vertical_share > 0.5
    is_doubtful = len(best.lines) >= MIN_LINES and (best.merit < DOUBTFUL or is_vertical)
    for turn in ((1, 3) if is_vertical else (2, 1, 3)) if is_doubtful else ():
        on_step("a picture, turned")
        best = max(best, _recognise_upright(np.rot90(pixels, turn)), key=lambda result: result.merit)
        if best.merit > CERTAIN:
            break
    return best.lines


@dataclass(frozen=True, slots=True)
class _OcrResult:
    """The lines of an image and their confidence."""

    lines: list[Line]
    scores: list[float]

    @property
    def merit(self) -> float:
        """The mean confidence per letter, less a small penalty for vertical lines."""
        letters = sum(len(text) for text, _ in self.lines)
        confidence = sum(score * len(text) for (text, _), score in zip(self.lines, self.scores, strict=True))
        return confidence / max(1, letters) - 0.1 * self.vertical_share

    @property
    def vertical_share(self) -> float:
        """The share of vertical lines."""
        vertical = sum(box[3] - box[1] > 1.5 * (box[2] - box[0]) for text, box in self.lines if len(text) > 1)
        return vertical / max(1, len(self.lines))


def _recognise_upright(pixels: Pixels) -> _OcrResult:
    with RUNNING:
        found = _engine()(np.ascontiguousarray(pixels))
    if found.txts is None or found.boxes is None:
        return _OcrResult([], [])
    lines: list[Line] = []
    for text, corners in zip(found.txts, map(np.asarray, found.boxes), strict=True):
        (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
        lines.append((text.strip(), (float(left), float(top), float(right), float(bottom))))
    return _OcrResult(lines, [float(score) for score in found.scores])


def _in_order(lines: Sequence[Line]) -> list[Line]:
    """Return the lines in reading order; those side by side are joined."""
    boxes = [box for _, box in lines]
    ordered = []
    for block in in_reading_order(boxes):
        for row in block:
            text = " ".join(lines[index][0] for index in row if lines[index][0])
            if text:
                lefts, tops, rights, bottoms = zip(*(boxes[index] for index in row), strict=True)
                ordered.append((text, (min(lefts), min(tops), max(rights), max(bottoms))))
    return ordered


class _Found(Protocol):
    """The output of the OCR engine."""

    boxes: npt.NDArray[np.float64] | None
    txts: Sequence[str] | None
    scores: Sequence[float]


@cache
def _engine() -> Callable[[Pixels], _Found]:
    """Load the models. Their paths are given because the library downloads models without a path."""
    import onnxruntime
    import rapidocr

    onnxruntime.disable_telemetry_events()  # the Windows builds send telemetry
    models = Path(rapidocr.__file__).parent / "models"
    settings: dict[str, Any] = {
        "Global.log_level": "critical",
        "Global.max_side_len": 10_000,
        "Global.use_cls": False,  # the classifier turns correct lines upside down
        "Det.limit_type": "max",
        "Det.limit_side_len": DETECTOR_SIDE,
        "Rec.rec_batch_num": 1,
        "EngineConfig.onnxruntime.intra_op_num_threads": THREADS,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        **{f"{step}.model_path": _model(models, step.lower()) for step in ("Det", "Rec")},
    }
    engine = rapidocr.RapidOCR(params=settings)
    logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
    return cast(Callable[[Pixels], _Found], engine)


def _model(folder: Path, step: str) -> str:
    found = sorted(folder.glob(f"*_{step}_*.onnx"))
    if not found:
        raise UnreadableFile(f"OCR lacks its model for {step!r}: install rapidocr anew")
    return str(found[0])
