"""A page of a PDF in; whether it is a picture of text, and the text that OCR reads off it out."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from assistant.ingest.extract.pages.ocr import as_text, recognise

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

DOTS_PER_INCH, POINTS_PER_INCH = 200, 72
MOST_PIXELS = 8_000_000  # an A4 page has 3.9 million
LITTLE = 40  # characters: a page number, a stamp, what a scanner writes of itself
LARGE_SHARE = 0.5  # of the page
MOST_OBJECTS = 2000


def is_picture(page: PdfPage, text: str) -> bool:
    """Say whether what the page shows is mostly not in its text layer."""
    length = len("".join(text.split()))
    if length >= LITTLE:
        return False
    return _has_drawings(page) if length == 0 else _largest_share(page) >= LARGE_SHARE


def read_off(page: PdfPage, text: str) -> str:
    """Return what can be read off the page, with the little text that it has and the picture has not."""
    scale = _scale(*page.get_size())
    if not scale:
        return text
    bitmap = page.render(scale=scale)
    try:
        found = as_text(recognise(bitmap.to_pil()))
    finally:
        bitmap.close()
    return found if "".join(text.split()) in "".join(found.split()) else f"{found}\n{text}".strip()


def _scale(width: float, height: float) -> float:
    """Return the scale for rendering, 0 for a page that is too narrow to be seen whole."""
    if width <= 0 or height <= 0:
        return 0.0
    scale = min(DOTS_PER_INCH / POINTS_PER_INCH, (MOST_PIXELS / (width * height)) ** 0.5)
    return scale if min(width, height) * scale >= 1 else 0.0


def _has_drawings(page: PdfPage) -> bool:
    from pypdfium2 import raw

    return any(kind != raw.FPDF_PAGEOBJ_TEXT for kind, _ in _objects(page))


def _largest_share(page: PdfPage) -> float:
    from pypdfium2 import raw

    width, height = page.get_size()
    areas = [area for kind, area in _objects(page) if kind == raw.FPDF_PAGEOBJ_IMAGE]
    return float(max(areas, default=0.0) / max(1.0, width * height))


def _objects(page: PdfPage) -> Iterator[tuple[int, float]]:
    """Yield the kind and the area of what is drawn."""
    for drawn in islice(page.get_objects(max_depth=1), MOST_OBJECTS):
        left, bottom, right, top = drawn.get_bounds()
        yield drawn.type, (right - left) * (top - bottom)
