from __future__ import annotations

import pytest

from assistant.ingest.extractors.builder import Source
from assistant.ingest.extractors.pdf.layout import Glyph, in_logical_order, in_reading_order, without_overprints
from assistant.ingest.extractors.pdf.page_text import drop_headers_and_footers, is_unmapped, normalise_pages
from assistant.ingest.extractors.pdf.pdf import read_pdf

LEFT = [f"left column line number {word} goes on" for word in "one two three four five six seven".split()]
RIGHT = [f"right column line number {word} goes on" for word in "one two three four five six seven".split()]


def with_content(make_pdf, content: str) -> bytes:
    """Put drawing operators of one's own on a page, by breaking out of the string that is shown."""
    return make_pdf(f") Tj ET {content} BT (")


def shown(x: float, y: float, text: str) -> str:
    return f"BT /F1 10 Tf {x} {y} Td ({text}) Tj ET "


def test_columns_that_are_drawn_line_by_line_are_read_one_after_the_other(make_pdf):
    lines = zip(LEFT, RIGHT, strict=True)
    rows = "".join(shown(50, 700 - 14 * n, left) + shown(320, 700 - 14 * n, right) for n, (left, right) in enumerate(lines))
    title = shown(50, 740, "A title that goes over the whole of the page and over both columns, to its other edge at the right")
    text = read_pdf(Source(with_content(make_pdf, title + rows), "a.pdf")).text
    assert text.split("\n")[0].startswith("A title")
    assert text.split("\n")[1:] == LEFT + RIGHT


def test_columns_in_their_order_and_tables_stay_as_they_are(make_pdf):
    columns = "".join(shown(50, 700 - 14 * n, line) for n, line in enumerate(LEFT))
    columns += "".join(shown(320, 700 - 14 * n, line) for n, line in enumerate(RIGHT))
    assert read_pdf(Source(with_content(make_pdf, columns), "a.pdf")).text.split("\n") == LEFT + RIGHT
    table = "".join(shown(50, 700 - 14 * n, f"Name {n}") + shown(320, 700 - 14 * n, f"value {n}") for n in range(8))
    lines = read_pdf(Source(with_content(make_pdf, table), "a.pdf")).text.split("\n")
    assert lines == [f"Name {n} value {n}" for n in range(8)]


def test_what_is_printed_twice_is_read_once(make_pdf):
    content = shown(50, 700, "Bold words") + shown(50.3, 700, "Bold words twice")
    assert read_pdf(Source(with_content(make_pdf, content), "a.pdf")).text == "Bold words twice"


def test_letters_elsewhere_are_no_overprint():
    glyphs = [Glyph("a", 0, 0, 5, 10), Glyph("a", 5, 0, 10, 10), Glyph("a", 0.5, 0, 5.5, 10)]
    assert without_overprints(glyphs) == glyphs[:2]


def from_the_left(text: str) -> list[Glyph]:
    return [Glyph(letter, 10 * n, 0, 10 * n + 9, 10) for n, letter in enumerate(text)]


def said(glyphs: list[Glyph]) -> str:
    return "".join(glyph.character for glyph in in_logical_order(glyphs))


def test_right_to_left_text_in_the_order_of_the_eye_is_turned():
    assert said(from_the_left("םולש")) == "שלום"
    assert said(from_the_left("abc םלוע םולש 12 abc")) == "abc שלום עולם 12 abc"
    assert said(from_the_left("ב 12 א")) == "א 12 ב"


def test_right_to_left_text_in_its_order_stays():
    text = "שלום 12 עולם"
    from_the_right = [Glyph(letter, -10 * n, 0, 9 - 10 * n, 10) for n, letter in enumerate(text)]
    assert said(from_the_right) == text


def test_letters_of_one_drawing_are_turned_back():
    drawing = [Glyph(letter, 5, 0, 20, 10) for letter in "يبيبَح"]
    assert without_overprints(drawing) == drawing
    assert said(drawing) == "حَبيبي"


def test_columns_and_bands_of_boxes():
    title = (0.0, 0.0, 600.0, 10.0)
    left = [(0.0, 20.0 + 12 * n, 280.0, 30.0 + 12 * n) for n in range(4)]
    right = [(320.0, 20.0 + 12 * n, 600.0, 30.0 + 12 * n) for n in range(4)]
    foot = (100.0, 80.0, 500.0, 90.0)
    woven = [title, *(box for pair in zip(left, right, strict=True) for box in pair), foot]
    rows = [row for block in in_reading_order(woven) for row in block]
    assert rows == [[0], [1], [3], [5], [7], [2], [4], [6], [8], [9]]


def test_short_cells_are_rows():
    cells = [(x, 12.0 * n, x + 50, 12.0 * n + 10) for n in range(4) for x in (0.0, 200.0, 400.0)]
    assert [row for block in in_reading_order(cells) for row in block] == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]
    assert in_reading_order([]) == []


def page(number: int, body: str) -> str:
    head = "The Company" if number % 2 else f"Chapter {number // 4}"
    return f"{head}\n{body}\nmore text of this page {body}\nPage {number} of 12"


def test_headers_and_footers_are_left_out():
    bodies = "apple pear plum grape lemon melon peach mango fig date lime kiwi".split()
    texts = drop_headers_and_footers([page(number, body) for number, body in enumerate(bodies, 1)])
    assert texts[4] == "lemon\nmore text of this page lemon"
    assert texts[0] == "The Company\napple\nmore text of this page apple\nPage 1 of 12"
    assert texts[11] == "kiwi\nmore text of this page kiwi"


def test_page_numbers_must_count_with_the_pages():
    bodies = [f"some text {word} of the page" for word in "a b c d e f".split()]
    numbered = [f"{body}\n{number + 7}" for number, body in enumerate(bodies)]
    assert drop_headers_and_footers(numbered) == bodies
    values = [f"{body}\n{value}" for body, value in zip(bodies, (12, 40, 7, 7, 31, 2), strict=True)]
    assert drop_headers_and_footers(values) == values


@pytest.mark.parametrize("texts", [["head\nbody one"] * 3, ["all the same"] * 9, ["", "", "", "", ""]])
def test_few_pages_and_pages_of_nothing_else_keep_their_lines(texts):
    assert drop_headers_and_footers(texts) == texts


def test_hyphens_at_line_ends_follow_the_rest_of_the_document():
    pages = ["A third\ufffeparty seller gives informa\ufffetion.", "Each third-party has information. SMF\ufffe28"]
    assert normalise_pages(pages)[0] == "A third-party seller gives information."
    assert normalise_pages(pages)[1].endswith("SMF-28")


def test_letters_that_stand_for_others_become_plain():
    assert normalise_pages(["\ufb01nancial \u2f00\r\nnext\0"]) == ["financial 一\nnext"]
    assert normalise_pages(["\ufeb3\ufefc\ufee1"]) == ["سلام"]


def test_glyphs_without_letters_are_garbage():
    assert is_unmapped("\ue001\ue002 \ue003\x05\x06")
    assert not is_unmapped("\uf0b7 a list of things")
    assert not is_unmapped("")
