from __future__ import annotations

import logging

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from assistant.ingest.extractors import images as ocr

needs_engine = pytest.mark.skipif(not ocr.is_available(), reason="needs rapidocr and onnxruntime")
PROSE = [
    "This is the first line of the text",
    "the second line of it goes on here",
    "a third one is below the second",
    "and the fourth of them ends it all",
]


def drawn(*lines: tuple[int, int, str], size: tuple[int, int] = (900, 300), mode: str = "RGB") -> Image.Image:
    picture = Image.new(mode, size, (255, 255, 255, 0)[: len(mode)])
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(28)
    for x, y, text in lines:
        pen.text((x, y), text, fill=(0, 0, 0, 255)[: len(mode)], font=font)
    return picture


@needs_engine
def test_words_are_read_and_kept_apart():
    ((text, box),) = ocr.recognise_lines(drawn((40, 100, "The invoice number is 4711")))
    assert text == "The invoice number is 4711"
    assert 20 < box[0] < 60
    assert 80 < box[1] < box[3] < 160


@needs_engine
def test_columns_are_read_one_after_the_other():
    left = [(20, 40 + 50 * n, line) for n, line in enumerate(PROSE)]
    right = [(620, 40 + 50 * n, line.upper()) for n, line in enumerate(PROSE)]
    lines = [text for text, _ in ocr.recognise_lines(drawn(*left, *right, size=(1300, 300)))]
    assert [line.replace(" ", "").lower() for line in lines] == [line.replace(" ", "").lower() for line in PROSE * 2]


@needs_engine
def test_transparent_pictures_have_a_white_ground():
    assert ocr.join_lines(ocr.recognise_lines(drawn((40, 100, "Hello world"), mode="RGBA"))) == "Hello world"


@needs_engine
def test_a_page_upside_down_is_turned():
    page = drawn(*((40, 40 + 50 * n, line) for n, line in enumerate(PROSE)), size=(700, 300))
    assert ocr.join_lines(ocr.recognise_lines(page.rotate(180))).split("\n")[0] == PROSE[0]


@needs_engine
def test_long_screenshots_are_read_piece_by_piece():
    steps: list[str] = []
    words = [f"Line {number} of many" for number in range(60)]
    page = drawn(*((20, 20 + 50 * n, word) for n, word in enumerate(words)), size=(400, 3040))
    assert ocr.join_lines(ocr.recognise_lines(page, steps.append)).split("\n") == words
    assert len(steps) > 1


@needs_engine
def test_nothing_is_logged_and_nothing_written(capfd):
    ocr.recognise_lines(drawn((40, 100, "Hello world")))
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("RapidOCR").level == logging.CRITICAL


@pytest.mark.parametrize("picture", [Image.new("RGB", (8, 300)), Image.new("L", (300, 300), 128)])
def test_tiny_and_empty_pictures_are_not_looked_at(picture, monkeypatch):
    monkeypatch.setattr(ocr, "is_available", lambda: True)
    monkeypatch.setattr(ocr, "_engine", lambda: pytest.fail("the engine was loaded"))
    assert ocr.recognise_lines(picture) == []


def test_without_the_packages_nothing_is_read(monkeypatch):
    monkeypatch.setattr(ocr, "find_spec", lambda name: None)
    assert not ocr.is_available()
    assert ocr.recognise_lines(drawn((40, 100, "Hello world"))) == []


def test_large_pictures_are_made_smaller(monkeypatch):
    monkeypatch.setattr(ocr, "MAX_OCR_PIXELS", 10_000)
    pixels, scale = ocr._pixels(Image.new("RGB", (400, 100)))
    assert pixels.shape == (50, 200, 3)
    assert scale == 0.5


def test_strips_are_cut_between_lines():
    noise = np.random.default_rng(0).integers(0, 255, (4000, 300, 3)).astype(np.uint8)
    noise[1100] = 255
    strips = list(ocr._strips(noise))
    assert strips[1][0] == 1100
    assert sum(len(strip) for _, strip in strips) == 4000
