"""A text's own number in brackets is neither taken for a citation nor dropped."""

from assistant.datatypes import Chunk, Hit, Location
from assistant.generation.citing_stream import CitingStream


def said(reply: str, *texts: str) -> tuple[str, list[tuple[int, ...]]]:
    hits = [Hit(number, f"/{number}.md", "", Chunk(text, Location(1, 1, 0, len(text)))) for number, text in enumerate(texts)]
    stream = CitingStream(hits)
    text = "".join([*(piece for word in reply.split(" ") for piece in stream.feed(f"{word} ")), *stream.finish()])
    return text.strip(), [sentence.numbers for sentence in stream.sentences]


def test_a_number_that_the_passage_has_stays_in_the_sentence() -> None:
    texts = ("According to source [2], the gauge is 12 metres high.", "Gauges are metres high.")
    text, numbers = said("According to source [2], the gauge is 12 metres high [1].", *texts)
    assert text == "According to source [2], the gauge is 12 metres high [1]."
    assert numbers == [(1,)]


def test_a_footnote_mark_behind_a_sentence_is_no_citation() -> None:
    text, numbers = said("The gauge is 12 metres high.[2]", "The gauge is 12 metres high.[2] It is red.", "The gauge is high.")
    assert "[2]" not in text
    assert numbers == [(1,)]


def test_the_model_s_own_numbers_are_still_read() -> None:
    text, numbers = said("The lamp is red [2].", "The gauge is 12 metres high.", "The lamp is red.")
    assert (text, numbers) == ("The lamp is red [2].", [(2,)])
