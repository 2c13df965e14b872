from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from assistant.errors import SkippedFile, UnreadableFile
from assistant.ingest.extractors import images
from assistant.ingest.extractors.builder import Source
from assistant.ingest.extractors.images import read_image


@pytest.fixture(autouse=True)
def reads_sizes(monkeypatch):
    """Make the engine say how large the picture is, and nothing of black ones."""

    def recognise_lines(picture, on_step):
        text = f"{picture.width} x {picture.height}"
        return [(text, (0, 0, 1, 1))] if picture.convert("L").getextrema()[1] else []

    monkeypatch.setattr(images, "is_available", lambda: True)
    monkeypatch.setattr(images, "recognise_lines", recognise_lines)


def saved(*pictures: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    more = {"save_all": True, "append_images": pictures[1:]} if len(pictures) > 1 else {}
    pictures[0].save(buffer, kind, **more, **options)
    return buffer.getvalue()


def white(width: int = 40, height: int = 20) -> Image.Image:
    return Image.new("RGB", (width, height), "white")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF"])
def test_a_picture_is_one_part(kind):
    found = read_image(Source(saved(white(), kind=kind), "a"))
    assert found.text == "40 x 20"
    assert [part.page for part in found.parts] == [None]
    assert found.ocr_pages == (1,)


def test_the_frames_of_a_tiff_are_pages():
    black = Image.new("RGB", (10, 10))
    steps: list[str] = []
    data = saved(white(), black, white(50), kind="TIFF")
    found = read_image(Source(data, "a.tif", on_step=steps.append))
    assert [(part.page, found.text[part.char_start : part.char_end]) for part in found.parts] == [
        (1, "40 x 20"),
        (2, ""),
        (3, "50 x 20"),
    ]
    assert found.empty_pages == (2,)
    assert found.ocr_pages == (1, 3)
    assert steps[-1] == "page 3 of 3, read off the picture"


def test_a_film_is_one_picture():
    assert read_image(Source(saved(white(), white(40, 20), kind="GIF"), "a.gif")).text == "40 x 20"


def test_a_photo_taken_sideways_is_turned():
    exif = Image.Exif()
    exif[0x0112] = 6
    assert read_image(Source(saved(white(), kind="JPEG", exif=exif), "a.jpg")).text == "20 x 40"


def test_pictures_without_text_are_skipped():
    with pytest.raises(SkippedFile, match="no text in the picture"):
        read_image(Source(saved(Image.new("RGB", (40, 20))), "a.png"))


def test_without_ocr_pictures_are_skipped(monkeypatch):
    monkeypatch.setattr(images, "is_available", lambda: False)
    with pytest.raises(SkippedFile, match="a picture, not read: install rapidocr"):
        read_image(Source(saved(white()), "a.png"))


@pytest.mark.parametrize("data", [b"GIF89a", b"no picture", saved(white(400, 400), kind="BMP")[:2000]])
def test_damaged_pictures_say_so(data):
    with pytest.raises(UnreadableFile, match="damaged"):
        read_image(Source(data, "a.png"))


@pytest.mark.parametrize("side", [12_000, 60_000])
def test_bombs_are_refused(side):
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    with pytest.raises(UnreadableFile, match="too many pixels"):
        read_image(Source(data, "a.png"))
