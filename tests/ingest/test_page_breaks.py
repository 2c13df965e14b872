import pytest

from assistant.datatypes import Extraction, Part, Shape
from assistant.ingest.chunking.page_breaks import whole_sentence_parts


def two_pages(first: str, second: str, shape: Shape = Shape.PROSE) -> Extraction:
    text = f"{first}\n{second}"
    parts = (Part(0, len(first), page=1), Part(len(first) + 1, len(text), page=2))
    return Extraction(text, parts=parts, shape=shape)


def texts(extraction: Extraction) -> list[str]:
    return [extraction.text[part.char_start : part.char_end].strip() for part in whole_sentence_parts(extraction)]


def test_a_sentence_over_a_page_break_belongs_to_the_page_on_which_it_begins() -> None:
    pages = two_pages("The pump was bought in May. Its valve opens at a", "pressure of 6 bar. It is tested in June.")
    assert texts(pages) == ["The pump was bought in May. Its valve opens at a\npressure of 6 bar.", "It is tested in June."]


@pytest.mark.parametrize(("first", "second", "shape"), [
    ("The pump was bought in May.", "its valve opens at 6 bar.", Shape.PROSE),
    ("The pump was bought in", "- an item of a list", Shape.PROSE),
    ("P-11 | 2025-03-04 | seen and", "approved | by Moreau", Shape.TABLE),
])
def test_what_ends_on_its_page_stays_there(first: str, second: str, shape: Shape) -> None:
    assert texts(two_pages(first, second, shape)) == [first, second]
