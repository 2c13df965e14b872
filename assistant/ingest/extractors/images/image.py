"""Pictures in; the text that can be read off them, one part to a frame where there are several, out."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from assistant.datatypes import Extraction, Part
from assistant.errors import SkippedFile, UnreadableFile
from assistant.ingest.extractors.images.ocr import INSTALL, as_text, is_available, recognise
from assistant.ingest.extractors.source import Source

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PIXELS = 120_000_000
MOST_FRAMES = 2000
FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF")
MOVING = frozenset({"GIF", "WEBP", "PNG"})  # their frames are moments of one picture, not pages
PAGE_BREAK = "\n\n"


def read_image(source: Source) -> Extraction:
    """Read the text off a picture; the frames of a TIFF are its pages."""
    if not is_available():
        raise SkippedFile(f"a picture, not read: {INSTALL}")
    texts = list(_texts(source))
    if not any(texts):
        raise SkippedFile("no text in the picture")
    parts, start = [], 0
    for number, text in enumerate(texts, 1):
        parts.append(Part(start, start + len(text), page=number if len(texts) > 1 else None))
        start += len(text) + len(PAGE_BREAK)
    read = tuple(number for number, text in enumerate(texts, 1) if text)
    empty = tuple(number for number, text in enumerate(texts, 1) if not text)
    return Extraction(PAGE_BREAK.join(texts), tuple(parts), empty_pages=empty, ocr_pages=read)


def _texts(source: Source) -> Iterator[str]:
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of sizes, which are looked at here, and of odd tags
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

    count = 1 if image.format in MOVING else getattr(image, "n_frames", 1)
    if image.format == "MPO":
        count = 1  # the second is the same picture for the other eye
    if count > MOST_FRAMES:
        raise UnreadableFile(f"it has more than {MOST_FRAMES} pages")
    for number in range(count):
        image.seek(number)
        if image.width * image.height > MOST_PIXELS:
            size = f"{image.width} x {image.height}"
            raise UnreadableFile(f"too many pixels: {size}; the limit is {MOST_PIXELS // 1_000_000} million")
        image.draft("RGB", (4000, 4000))
        yield as_text(recognise(ImageOps.exif_transpose(image), source.on_step))
        source.on_step(f"page {number + 1} of {count}, read off the picture")
